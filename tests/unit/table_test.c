/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"
#include "test.h"

#include <stdint.h>

static const char *const titles[] = { "NAME", "STATE", NULL };

TEST(columns_are_as_wide_as_their_widest_cell)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	table_add(&t, "f\xc3\xbcnf", TONE_PLAIN);
	table_add(&t, "good", TONE_PLAIN);
	table_note(&t, "a note");
	table_add(&t, "longer", TONE_PLAIN);
	table_add(&t, NULL, TONE_PLAIN);
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out), "NAME    STATE\n"
					    "f\xc3\xbcnf    good\n"
					    "  a note\n"
					    "longer  -\n");
}

TEST(columns_line_up_by_what_is_displayed)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	table_add(&t, "\u8a3c\u660e", TONE_PLAIN);
	table_add(&t, "wide", TONE_PLAIN);
	table_add(&t, "fu\u0308nf", TONE_PLAIN);
	table_add(&t, "a mark over a letter", TONE_PLAIN);
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out), "NAME  STATE\n"
					    "\u8a3c\u660e  wide\n"
					    "fu\u0308nf  a mark over a letter\n");
}

TEST(a_table_without_rows_is_nothing)
{
	AUTO(buf) out = { 0 };
	struct table t = { .titles = titles };
	table_render(&t, false, &out);
	assert_int_equal(out.len, 0);
}

TEST(lines_of_a_note_stand_below_it_marked)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	table_add(&t, "a", TONE_PLAIN);
	table_add(&t, "failed", TONE_PLAIN);
	table_note(&t, "ended with status 1:\nb  in-sync\n\033[2J");
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out), "NAME  STATE\n"
					    "a     failed\n"
					    "  ended with status 1:\n"
					    "    | b  in-sync\n"
					    "    | \\x1b[2J\n");
}

TEST(cells_cannot_begin_a_line_or_color_it)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	table_add(&t, "a\nb", TONE_PLAIN);
	table_add(&t, "\033[31m", TONE_GOOD);
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out), "NAME    STATE\n"
					    "a\\x0ab  \\x1b[31m\n");
}

TEST(a_column_has_a_widest)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	table_add(&t, "0123456789012345678901234567890123456789012345678901234567", TONE_PLAIN);
	table_add(&t, "x", TONE_PLAIN);
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out),
			    "NAME                                              STATE\n"
			    "0123456789012345678901234567890123456789012345678901234567  x\n");
}
