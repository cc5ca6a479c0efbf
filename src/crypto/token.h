/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: 128 random bits that a person carries from one machine to another,
 * once.  As text 32 hex digits in groups of four; what is kept of one is its
 * SHA-256 alone.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdbool.h>

enum {
	TOKEN_BYTES = 16,
	TOKEN_FILE_LIMIT = 4096, /* of a file that holds one */
};

/* `out` must be empty, here and below. */
void token_make(struct secret *out);
void token_to_text(const struct secret *token, struct secret *out);
/* Blanks and dashes do not matter; ERR_INPUT when it is none. */
MUST_CHECK bool token_from_text(const struct secret *text, struct secret *out, struct err *e);
void token_digest(const struct secret *token, char out[SHA256_TEXT]);

#endif
