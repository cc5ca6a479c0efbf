/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/entries.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

TEST(names_that_could_lead_elsewhere_are_not_safe)
{
	static const char *const bad[] = {
		"",       ".",     "..",   "/",   "/a",  "a/",  "a//b", "../a", "a/..",
		"a/../b", "a/./b", "a\\b", "a b", "a\n", "a:b", "a*",   "C:/a", "\xc3\xa9",
	};
	static const char *const good[] = { "a", "a/b.c", "...", "a..b", ".a", "%2E/x-y_z" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (entry_name_is_safe(bad[i]))
			fail_msg("'%s' is safe", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!entry_name_is_safe(good[i]))
			fail_msg("'%s' is not safe", good[i]);
}

TEST(a_name_has_a_limit)
{
	char name[ENTRY_NAME_LIMIT + 2];

	memset(name, 'a', sizeof(name));
	name[ENTRY_NAME_LIMIT + 1] = '\0';
	assert_false(entry_name_is_safe(name));
	name[ENTRY_NAME_LIMIT] = '\0';
	assert_true(entry_name_is_safe(name));
}

TEST(a_name_is_found_as_it_is_written_alone)
{
	struct bundle_entry items[] = { { "b", "1", 1 }, { "A", "2", 1 } };
	struct entries list = { .items = items, .count = 2 };
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	assert_true(entries_index(&list, &a, &e));
	assert_ptr_equal(entries_find(&list, "b"), &items[0]);
	assert_ptr_equal(entries_find(&list, "A"), &items[1]);
	assert_null(entries_find(&list, "a"));
	assert_null(entries_find(&list, "c"));
}

/* The sandbox may have been taken over: its answer is foreign, too. */
TEST(frames_that_were_tampered_with_are_refused)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) frames = { 0 };
	struct entries got = { 0 };
	struct err e = { 0 };

	entries_frame(&frames, "name", 3);
	buf_add(&frames, "abc", 4);
	assert_true(entries_unframe(frames.data, frames.len, &a, &got, &e));
	for (size_t len = 1; len < frames.len; len++) {
		char *cut = malloc(len);

		memcpy(cut, frames.data, len);
		assert_false(entries_unframe(cut, len, &a, &got, &e));
		free(cut);
	}
	for (size_t i = 0; i < 12; i++) {
		frames.data[i] ^= (char)0x80;
		assert_false(entries_unframe(frames.data, frames.len, &a, &got, &e));
		frames.data[i] ^= (char)0x80;
	}
}
