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
bool pem_is_pkcs7(const struct pem_block *b);
/* One line of a block without its end: line breaks and blanks. */
struct pem_line {
	const char *text;
	size_t len;
	unsigned number; /* 1: the line behind BEGIN */
};

/* The lines between BEGIN and END. */
struct pem_lines {
	const char *at;
	const char *end;
	unsigned number;
};

struct pem_lines pem_lines_of(const struct pem_block *b);
bool pem_line_next(struct pem_lines *lines, struct pem_line *out);
/* ERR_INPUT: an empty line in the base64, which GnuTLS skips. */
MUST_CHECK bool pem_check_lines(const struct pem_block *b, struct err *e);
/* Whether headers come before the base64, as in the encryption of RFC 1421. */
bool pem_has_headers(const struct pem_block *b);
/* The decoded body of the block; ERR_INPUT: not base64. */
MUST_CHECK bool pem_decode(const struct pem_block *b, gnutls_datum_t *der, struct err *e);

#endif
