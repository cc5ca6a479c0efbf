/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/passphrase.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>

#include <string.h>

static bool is_strong(const char *text, size_t len)
{
	AUTO(secret) p = { 0 };
	struct err e = { 0 };

	secret_copy(&p, text, len);
	if (passphrase_is_strong(&p, &e))
		return true;
	assert_int_equal(e.code, ERR_INPUT);
	if (len > 3)
		assert_null(strstr(e.text, text));
	return false;
}

TEST(sixteen_bytes_of_eight_kinds_are_enough)
{
	assert_true(is_strong("abcdefghabcdefgh", 16));
	assert_true(is_strong("p\xc3\xa4ssw\xc3\xb6rter sind gut", 21));
}

TEST(fifteen_bytes_are_too_short)
{
	assert_false(is_strong("abcdefghijklmno", 15));
	assert_false(is_strong("", 0));
}

TEST(seven_kinds_of_bytes_are_too_few)
{
	assert_false(is_strong("abcdefgabcdefgabcdefg", 21));
}

TEST(control_characters_are_refused)
{
	assert_false(is_strong("abcdefghijklmnop\n", 17));
	assert_false(is_strong("abcdefgh\0jklmnop", 16));
	assert_false(is_strong("abcdefghijklmno\x7f", 16));
}
