/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over DER, for what GnuTLS does not read: two structures that it
 * refuses as a whole although each part is sound (import_ec.c), and LDAP's
 * answer (starttls.c), whose lengths may be longer than they need be.
 * Definite lengths only.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>

enum der_tag {
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_SEQUENCE = 0x30,
	DER_LDAP_EXTENDED_RESPONSE = 0x78,
	DER_CONTEXT_0 = 0xa0,
};

/* Whether the next element has this tag. */
bool der_is(const struct der *in, enum der_tag tag);
/* Takes the next element off `in` when it has this tag and fits. */
bool der_take(struct der *in, enum der_tag tag, struct der *content);
/* A positive integer of at most 31 bits. */
bool der_take_count(struct der *in, unsigned *out);

#endif
