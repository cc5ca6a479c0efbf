/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fields_come_back_in_order(void **state)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_begin(&body, 8 + 3 + 8 + 2);
	size_t len = 0;

	(void)state;
	fields_put_number(&f, UINT64_MAX);
	fields_put(&f, "abc", 3);
	fields_put_number(&f, 7);
	fields_put(&f, "de", 2);
	f = fields_of(&body);
	assert_true(fields_number(&f) == UINT64_MAX);
	assert_memory_equal(fields_bytes(&f, 3), "abc", 3);
	assert_int_equal(fields_number(&f), 7);
	assert_memory_equal(fields_rest(&f, &len), "de", 2);
	assert_int_equal(len, 2);
	assert_false(f.failed);
}

static void reading_past_the_end_gives_nothing(void **state)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_begin(&body, 10);
	size_t len = 1;

	(void)state;
	f = fields_of(&body);
	assert_null(fields_bytes(&f, 11));
	assert_true(f.failed);
	assert_int_equal(fields_number(&f), 0);
	assert_null(fields_bytes(&f, 1));
	assert_null(fields_rest(&f, &len));
	assert_int_equal(len, 0);
	f = fields_of(&body);
	assert_int_equal(fields_number(&f), 0);
	assert_false(f.failed);
	assert_int_equal(fields_number(&f), 0);
	assert_true(f.failed);
}

static void a_length_that_overflows_is_past_the_end(void **state)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_begin(&body, 10);

	(void)state;
	f = fields_of(&body);
	assert_int_equal(fields_number(&f), 0);
	assert_null(fields_bytes(&f, SIZE_MAX));
	f = fields_of(&body);
	assert_int_equal(fields_number(&f), 0);
	assert_null(fields_bytes(&f, SIZE_MAX - 7));
	assert_true(f.failed);
}

static void an_empty_body_has_no_fields(void **state)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_of(&body);
	size_t len = 1;

	(void)state;
	(void)fields_rest(&f, &len);
	assert_int_equal(len, 0);
	assert_int_equal(fields_number(&f), 0);
	assert_true(f.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_back_in_order),
		cmocka_unit_test(reading_past_the_end_gives_nothing),
		cmocka_unit_test(a_length_that_overflows_is_past_the_end),
		cmocka_unit_test(an_empty_body_has_no_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
