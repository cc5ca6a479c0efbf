/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a PEM text (RFC 7468), for the .c files of pki/. */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include "base/err.h"
#include "pki/gnutls_handle.h"

#include <stdbool.h>
#include <stddef.h>

/* Borrowed from the text it was found in. */
struct pem_block {
	char label[64];
	gnutls_datum_t text; /* BEGIN and END lines included */
	bool whole;          /* the END line was found */
};

/*
 * The next block from *at on, whatever stands between blocks; moves *at
 * behind it.  False: there is none.
 */
bool pem_next(gnutls_datum_t text, size_t *at, struct pem_block *out);
bool pem_is_cert(const struct pem_block *b);
bool pem_is_key(const struct pem_block *b);
/* What stands between the lines; ERR_INPUT when it is not base64. */
MUST_CHECK bool pem_decode(const struct pem_block *b, gnutls_datum_t *der, struct err *e);

#endif
