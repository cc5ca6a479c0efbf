/* SPDX-License-Identifier: Apache-2.0 */
/* Small things of base/: memory, errors, diagnostics, threads. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/parallel.h"
#include "base/secret.h"
#include "base/vec.h"
#include "test.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

TEST(an_arena_gives_zeroed_aligned_memory_of_any_size)
{
	AUTO(arena) a = { 0 };

	for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
		unsigned char *p = arena_alloc(&a, size);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i += 97)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		assert_string_equal(arena_printf(&a, "%zu", size) + 0,
				    arena_strdup(&a, arena_printf(&a, "%zu", size)));
	}
	arena_release(&a);
	arena_release(&a);
}

TEST(a_vector_keeps_what_was_pushed)
{
	AUTO(arena) a = { 0 };
	VEC(int) v = { 0 };
	int expected = 0;

	for (int i = 0; i < 1000; i++)
		VEC_PUSH(&v, &a, i);
	assert_int_equal(v.count, 1000);
	vec_each (item, &v) {
		assert_int_equal(*item, expected++);
	}
}

TEST(a_buffer_fails_at_its_limit_and_stays_failed)
{
	AUTO(buf) b = { .limit = 5 };

	buf_puts(&b, "12345");
	assert_false(b.failed);
	buf_putc(&b, '6');
	assert_true(b.failed);
	buf_printf(&b, "%s", "");
	assert_string_equal(buf_text(&b), "12345");
	buf_release(&b);
	assert_string_equal(buf_text(&b), "");
	buf_puts(&b, "again");
	assert_false(b.failed);
}

TEST(an_error_grows_from_the_inside_out)
{
	struct err e = { 0 };

	errno = ENOENT;
	assert_false(err_sys(&e, "cannot open '%s'", "x"));
	assert_int_equal(e.code, ERR_MISSING);
	assert_false(err_in(&e, "cannot deploy"));
	assert_string_equal(e.text, "cannot deploy: cannot open 'x': No such file or directory");
	assert_int_equal(e.code, ERR_MISSING);
	for (size_t i = 0; i < 500; i++)
		err_in(&e, "and so on");
	assert_true(strlen(e.text) < sizeof(e.text));
}

TEST(an_error_gets_a_remedy_unless_it_has_one)
{
	struct err e = { 0 };

	err_set(&e, ERR_IO, "no disk");
	assert_false(err_remedy(&e, "buy one"));
	assert_string_equal(e.text, "no disk; buy one");
	assert_false(err_remedy(&e, "rent one"));
	assert_string_equal(e.text, "no disk; buy one");
	assert_int_equal(e.code, ERR_IO);
}

TEST(every_error_has_its_exit_status)
{
	assert_int_equal(err_exit_status(ERR_NONE), 0);
	assert_int_equal(err_exit_status(ERR_USAGE), 64);
	assert_int_equal(err_exit_status(ERR_INPUT), 65);
	assert_int_equal(err_exit_status(ERR_BUSY), 6);
	assert_int_equal(err_exit_status(ERR_STALE), 5);
	assert_int_equal(err_exit_status(ERR_REMOTE), 1);
}

TEST(a_secret_grows_by_what_is_added)
{
	AUTO(secret) s = { 0 };

	secret_add(&s, "ab", 2);
	secret_add(&s, NULL, 0);
	memcpy(secret_grow(&s, 3), "cde", 3);
	assert_int_equal(s.len, 5);
	assert_string_equal((char *)s.bytes, "abcde");
}

TEST(a_secret_is_empty_after_its_release)
{
	struct secret s = { 0 };

	secret_copy(&s, "key", 3);
	assert_string_equal((char *)s.bytes, "key");
	secret_release(&s);
	assert_null(s.bytes);
	assert_int_equal(s.len, 0);
	secret_release(&s);
}

TEST(mistakes_are_sorted_and_shown_with_their_line)
{
	static const char text[] = "first: 1\n\tsecond: \xc3\xa9 x\n";
	AUTO(diags) d = { 0 };
	AUTO(buf) out = { 0 };
	uint32_t source = diag_source(&d, "a.yaml", text, strlen(text));
	uint32_t silent = diag_source(&d, "s.csv", NULL, 0);

	diag_error(&d, (struct where){ silent, 7, 2 }, "bad row");
	diag_error(&d, (struct where){ source, 2, 13 }, "late");
	diag_warn(&d, (struct where){ source, 1, 1 }, "early");
	diag_error(&d, (struct where){ source, 2, 13 }, "late");
	diag_render(&d, &out);
	assert_string_equal(buf_text(&out), "a.yaml:1:1: warning: early\n"
					    "    first: 1\n"
					    "    ^\n"
					    "a.yaml:2:13: late\n"
					    "     second: \xc3\xa9 x\n"
					    "               ^\n"
					    "s.csv:7:2: bad row\n");
	assert_int_equal(d.errors, 3);
}

TEST(endless_mistakes_are_counted)
{
	AUTO(diags) d = { 0 };
	AUTO(buf) out = { 0 };
	uint32_t source = diag_source(&d, "a", NULL, 0);

	for (uint32_t i = 0; i < DIAG_LIMIT + 5; i++)
		diag_error(&d, (struct where){ source, i + 1, 1 }, "x");
	diag_render(&d, &out);
	assert_non_null(strstr(buf_text(&out), "and 5 more\n"));
}

static void count_call(void *ctx, size_t index)
{
	atomic_uint *calls = ctx;

	if (parallel_is_running())
		atomic_fetch_add(&calls[index], 1);
}

TEST(parallel_work_is_done_once_each)
{
	static const enum parallel_kind kinds[] = { PARALLEL_COMPUTE, PARALLEL_DISK };

	for (size_t k = 0; k < 2; k++) {
		atomic_uint calls[1000] = { 0 };

		parallel_run(count_call, calls, 0, kinds[k]);
		parallel_run(count_call, calls, 1000, kinds[k]);
		for (size_t i = 0; i < 1000; i++)
			assert_int_equal(calls[i], 1);
	}
	assert_false(parallel_is_running());
}
