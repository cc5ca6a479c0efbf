/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a PEM text (RFC 7468), for the .c files of pki/. */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include "base/err.h"
#include "pki/gnutls_handle.h"

#include <stdbool.h>
#include <stddef.h>

/* One block, pointing into the text that was searched. */
struct pem_block {
	char label[64];
	gnutls_datum_t text; /* BEGIN and END lines included */
	bool whole;          /* the END line was found */
};

/*
 * Finds the next block from *at on, skipping any text between blocks, and moves
 * *at behind it.  False: no more blocks.
 */
bool pem_next(gnutls_datum_t text, size_t *at, struct pem_block *out);
bool pem_is_cert(const struct pem_block *b);
bool pem_is_key(const struct pem_block *b);
/* The decoded body of the block; ERR_INPUT: not base64. */
MUST_CHECK bool pem_decode(const struct pem_block *b, gnutls_datum_t *der, struct err *e);

#endif
