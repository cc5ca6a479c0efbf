/* SPDX-License-Identifier: Apache-2.0 */
#include "report/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const titles[] = { "NAME", "STATE", NULL };

static void columns_are_as_wide_as_their_widest_cell(void **unused)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	(void)unused;

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

static void a_table_without_rows_is_nothing(void **unused)
{
	AUTO(buf) out = { 0 };
	struct table t = { .titles = titles };
	(void)unused;

	table_render(&t, false, &out);
	assert_int_equal(out.len, 0);
}

static void cells_cannot_begin_a_line_or_color_it(void **unused)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	(void)unused;

	table_add(&t, "a\nb", TONE_PLAIN);
	table_add(&t, "\033[31m", TONE_GOOD);
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out), "NAME    STATE\n"
					    "a\\x0ab  \\x1b[31m\n");
}

static void a_column_has_a_widest(void **unused)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) out = { 0 };
	struct table t = { .arena = &a, .titles = titles };
	(void)unused;

	table_add(&t, "0123456789012345678901234567890123456789012345678901234567", TONE_PLAIN);
	table_add(&t, "x", TONE_PLAIN);
	table_render(&t, false, &out);
	assert_string_equal(buf_text(&out),
			    "NAME                                              STATE\n"
			    "0123456789012345678901234567890123456789012345678901234567  x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(a_table_without_rows_is_nothing),
		cmocka_unit_test(cells_cannot_begin_a_line_or_color_it),
		cmocka_unit_test(a_column_has_a_widest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
