/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over DER, for structures that GnuTLS does not read: key formats that it
 * refuses as a whole although each part is sound (ec_key.c, pbes.c), and the LDAP
 * response (starttls.c), whose lengths need not be in minimal form.  Definite
 * lengths only.
 *
 * A writer of DER, from the end to the beginning: content first, then its head.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include "base/secret.h"
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

/* An object identifier as its DER content; a table ends with a row of length 0. */
struct oid_row {
	int means;
	size_t len;
	unsigned char oid[10];
};
/* Consumes an object identifier that is in `rows`. */
bool der_take_oid(struct der *in, const struct oid_row *rows, int *means);

struct der_writer {
	struct secret *bytes; /* what is written ends where they end */
	size_t at;            /* of what is written */
};
void der_put(struct der_writer *w, const void *bytes, size_t len);
/* Tag and length before everything up to `end`. */
void der_wrap(struct der_writer *w, enum der_tag tag, size_t end);
/* The identifier of the row with this meaning. */
void der_put_oid(struct der_writer *w, const struct oid_row *rows, int means);
void der_put_count(struct der_writer *w, unsigned count);
/* A copy of what is written; `out` must be empty. */
void der_finish(const struct der_writer *w, struct secret *out);

#endif
