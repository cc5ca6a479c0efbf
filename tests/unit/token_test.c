/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/token.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool reads(const char *text, struct secret *out)
{
	AUTO(secret) s = { 0 };
	struct err e = { 0 };
	bool good = false;

	secret_copy(&s, text, strlen(text));
	good = token_from_text(&s, out, &e);
	assert_int_equal(e.code, good ? ERR_NONE : ERR_INPUT);
	return good;
}

TEST(a_token_comes_back_from_its_text)
{
	AUTO(secret) token = { 0 };
	AUTO(secret) text = { 0 };
	AUTO(secret) again = { 0 };

	token_make(&token);
	token_to_text(&token, &text);
	assert_int_equal(text.len, 39);
	assert_int_equal(text.bytes[4], '-');
	assert_true(reads((const char *)text.bytes, &again));
	assert_int_equal(again.len, TOKEN_BYTES);
	assert_memory_equal(again.bytes, token.bytes, TOKEN_BYTES);
}

TEST(tokens_differ)
{
	AUTO(secret) one = { 0 };
	AUTO(secret) other = { 0 };
	char a[SHA256_TEXT];
	char b[SHA256_TEXT];

	token_make(&one);
	token_make(&other);
	token_digest(&one, a);
	token_digest(&other, b);
	assert_string_not_equal(a, b);
}

TEST(blanks_dashes_and_case_do_not_matter)
{
	static const unsigned char bytes[TOKEN_BYTES] = { 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45,
							  0x67, 0x89, 0x00, 0x11, 0x22, 0x33,
							  0x44, 0x55, 0x66, 0x77 };
	static const char *const good[] = {
		"abcdef01234567890011223344556677",
		"ABCD-EF01-2345-6789-0011-2233-4455-6677\r\n",
		" abcdef0123456789\t0011 2233-44556677 ",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		AUTO(secret) token = { 0 };

		assert_true(reads(good[i], &token));
		assert_memory_equal(token.bytes, bytes, TOKEN_BYTES);
	}
}

TEST(what_is_no_token_is_refused)
{
	static const char *const bad[] = {
		"",
		"token",
		"abcdef0123456789001122334455667",
		"abcdef012345678900112233445566778",
		"gbcdef01234567890011223344556677",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(secret) token = { 0 };

		assert_false(reads(bad[i], &token));
	}
}
