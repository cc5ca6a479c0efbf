/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"
#include "state_fixture.h"
#include "test.h"

#include <string.h>

static void must_remember(struct state *s, const char *const *reach, size_t count)
{
	AUTO(change) c = change_new(s);
	struct err e = { 0 };

	must(change_reach(c, reach, count, &e), &e);
	must_commit(s, c);
}

static void assert_reach(struct state *s, const char *const *reach, size_t count)
{
	AUTO(arena) a = { 0 };
	const char *const *got = NULL;
	size_t got_count = 0;
	struct err e = { 0 };

	must(state_reach(s, &a, &got, &got_count, &e), &e);
	assert_int_equal(got_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(got[i], reach[i]);
}

TEST(before_the_first_run_nothing_was_reached)
{
	struct state *s = must_open_state(*state, true);

	assert_reach(s, NULL, 0);
	state_close(s);
}

TEST(the_newest_list_counts)
{
	static const char *const first[] = { "command a", "path b", "path c" };
	static const char *const second[] = { "path \xc3\xa9 \"x\"" };
	struct state *s = must_open_state(*state, true);

	must_remember(s, first, 3);
	assert_reach(s, first, 3);
	state_close(s);
	s = must_open_state(*state, true);
	assert_reach(s, first, 3);
	must_remember(s, second, 1);
	assert_reach(s, second, 1);
	must_remember(s, NULL, 0);
	assert_reach(s, NULL, 0);
	state_close(s);
}

/* More than a record may hold. */
TEST(a_large_fleet_reaches_much_and_then_less)
{
	enum {
		MANY = 200 * 1000
	};
	AUTO(arena) a = { 0 };
	const char **many = arena_array(&a, MANY, sizeof(*many));
	struct state *s = must_open_state(*state, true);

	for (size_t i = 0; i < MANY; i++)
		many[i] = arena_printf(&a, "path /etc/tls/edge-%06zu/site", i);
	must_remember(s, many, MANY);
	assert_reach(s, many, MANY);
	must_remember(s, many, 3);
	assert_reach(s, many, 3);
	state_close(s);
}

TEST(a_damaged_list_is_named)
{
	static const char *const bad[] = { "{}", "[1]", "[\"a\"" };
	struct state *s = must_open_state(*state, true);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(arena) a = { 0 };
		AUTO(change) c = change_new(s);
		const char *const *got = NULL;
		size_t count = 0;
		struct err e = { 0 };

		change_record(c, "reach/000001", bad[i]);
		must_commit(s, c);
		assert_false(state_reach(s, &a, &got, &count, &e));
		assert_int_equal(e.code, ERR_IO);
		assert_non_null(strstr(e.text, "'reach/000001' is damaged"));
	}
	state_close(s);
}

TEST_EACH(make_place, remove_place)
