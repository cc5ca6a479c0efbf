/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over DER, for structures that GnuTLS does not read: two key formats
 * that it refuses as a whole although each part is sound (ec_key.c), and the
 * LDAP response (starttls.c), whose lengths need not be in minimal form.
 * Definite lengths only.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_SEQUENCE = 0x30,
	DER_LDAP_EXTENDED_RESPONSE = 0x78,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
};

/* Whether the next element has this tag. */
bool der_is(const struct der *in, enum der_tag tag);
/* Consumes the next element of `in` when the tag matches and the element is whole. */
bool der_take(struct der *in, enum der_tag tag, struct der *content);
/* Consumes an integer from 0 to 2^31 - 1. */
bool der_take_count(struct der *in, unsigned *out);

#endif
