/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc_message.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

TEST(fields_come_back_in_order)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_begin(&body, 8 + 3 + 8 + 2);
	size_t len = 0;

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

TEST(reading_past_the_end_gives_nothing)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_begin(&body, 10);
	size_t len = 1;

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

TEST(a_length_that_overflows_is_past_the_end)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_begin(&body, 10);

	f = fields_of(&body);
	assert_int_equal(fields_number(&f), 0);
	assert_null(fields_bytes(&f, SIZE_MAX));
	f = fields_of(&body);
	assert_int_equal(fields_number(&f), 0);
	assert_null(fields_bytes(&f, SIZE_MAX - 7));
	assert_true(f.failed);
}

TEST(an_empty_body_has_no_fields)
{
	AUTO(secret) body = { 0 };
	struct fields f = fields_of(&body);
	size_t len = 1;

	(void)fields_rest(&f, &len);
	assert_int_equal(len, 0);
	assert_int_equal(fields_number(&f), 0);
	assert_true(f.failed);
}
