/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: 128 random bits that a person carries from one machine to another,
 * once.  The text form is 32 hex digits in groups of four; only its SHA-256 is
 * stored.
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdbool.h>

enum {
	TOKEN_BYTES = 16,
	TOKEN_FILE_LIMIT = 4096, /* of a file that holds a token */
};

/* `out` must be empty, here and below. */
void token_make(struct secret *out);
void token_to_text(const struct secret *token, struct secret *out);
/* Blanks and dashes are ignored; ERR_INPUT when the text is no token. */
MUST_CHECK bool token_from_text(const struct secret *text, struct secret *out, struct err *e);
void token_digest(const struct secret *token, char out[SHA256_TEXT]);

#endif
