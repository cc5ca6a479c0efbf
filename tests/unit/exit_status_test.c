/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit_status.h"

#include "base/arena.h"
#include "base/fs.h"
#include "test.h"

#include <string.h>

TEST(the_readme_has_every_exit_status_and_no_other)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) readme = { 0 };
	AUTO(buf) rows = { 0 };
	struct err e = { 0 };

	for (const struct exit_status_row *r = exit_status_rows; r->meaning; r++)
		buf_printf(&rows, "| %d | %s |\n", (int)r->status, r->meaning);
	assert_true(fs_read("README.md", 1 << 20, &readme, &e));

	const char *table = strstr(buf_text(&readme), "| code | meaning |\n|---|---|\n");

	assert_non_null(table);
	table = strchr(strchr(table, '\n') + 1, '\n') + 1;
	assert_string_equal(arena_strndup(&a, table, (size_t)(strstr(table, "\n\n") + 1 - table)),
			    buf_text(&rows));
}

TEST(exit_statuses_stand_in_order)
{
	for (const struct exit_status_row *r = exit_status_rows + 1; r->meaning; r++)
		assert_true(r[-1].status < r->status);
}
