/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/token.h"

#include "base/random.h"
#include "base/text.h"

#include <string.h>

enum {
	DIGITS = 2 * TOKEN_BYTES,
	GROUP = 4,
	TEXT_LENGTH = DIGITS + DIGITS / GROUP - 1,
};

void token_make(struct secret *out)
{
	secret_alloc(out, TOKEN_BYTES);
	random_bytes(out->bytes, out->len);
}

void token_to_text(const struct secret *token, struct secret *out)
{
	char hex[DIGITS + 1];
	size_t n = 0;

	text_hex(token->bytes, TOKEN_BYTES, hex);
	secret_alloc(out, TEXT_LENGTH);
	for (size_t i = 0; i < DIGITS; i++) {
		if (i && i % GROUP == 0)
			out->bytes[n++] = '-';
		out->bytes[n++] = (unsigned char)hex[i];
	}
	wipe(hex, sizeof(hex));
}

bool token_from_text(const struct secret *text, struct secret *out, struct err *e)
{
	AUTO(secret) digits = { 0 };
	AUTO(secret) token = { 0 };
	size_t n = 0;

	secret_alloc(&digits, text->len);
	for (size_t i = 0; i < text->len; i++)
		if (!strchr(" -\t\r\n", text->bytes[i]))
			digits.bytes[n++] = text->bytes[i];
	secret_alloc(&token, TOKEN_BYTES);
	if (n != DIGITS || !text_unhex((const char *)digits.bytes, token.bytes, TOKEN_BYTES))
		return err_set(e, ERR_INPUT, "the token is malformed: it has %d digits of 0-9 a-f",
			       DIGITS);
	*out = TAKE(token);
	return true;
}

void token_digest(const struct secret *token, char out[SHA256_TEXT])
{
	sha256_text(token->bytes, token->len, out);
}
