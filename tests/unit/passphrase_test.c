/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/passphrase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static void sixteen_bytes_of_eight_kinds_are_enough(void **state)
{
	(void)state;
	assert_true(is_strong("abcdefghabcdefgh", 16));
	assert_true(is_strong("p\xc3\xa4ssw\xc3\xb6rter sind gut", 21));
}

static void fifteen_bytes_are_too_short(void **state)
{
	(void)state;
	assert_false(is_strong("abcdefghijklmno", 15));
	assert_false(is_strong("", 0));
}

static void seven_kinds_of_bytes_are_too_few(void **state)
{
	(void)state;
	assert_false(is_strong("abcdefgabcdefgabcdefg", 21));
}

static void control_characters_are_refused(void **state)
{
	(void)state;
	assert_false(is_strong("abcdefghijklmnop\n", 17));
	assert_false(is_strong("abcdefgh\0jklmnop", 16));
	assert_false(is_strong("abcdefghijklmno\x7f", 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_bytes_of_eight_kinds_are_enough),
		cmocka_unit_test(fifteen_bytes_are_too_short),
		cmocka_unit_test(seven_kinds_of_bytes_are_too_few),
		cmocka_unit_test(control_characters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
