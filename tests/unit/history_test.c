/* SPDX-License-Identifier: Apache-2.0 */
#include "state/journal.h"
#include "test.h"

#include "state_fixture.h"

static struct run_record run(struct state *s, bool ends)
{
	struct run_record r = {
		.plan_hash = "hash", .plan = "{\"steps\":[]}", .who = "root@host", .started = 100
	};
	const struct step_record step = {
		.number = 1, .kind = STEP_COMMIT, .component = "front", .outcome = STEP_DONE
	};
	struct err e = { 0 };

	must(journal_begin_run(s, &r, &e), &e);
	must(journal_step(s, &r, &step, &e), &e);
	r.ended = 200;
	if (ends)
		must(journal_end_run(s, &r, NULL, &e), &e);
	return r;
}

/* Three runs, of which the second was killed. */
static void make_history(const struct place *p)
{
	struct state *s = must_open_state(p, true);

	run(s, true);
	run(s, false);
	run(s, true);
	state_close(s);
}

/* All flaws, one a line, and how many lines are proven. */
static const char *flaws(const struct place *p, struct arena *a, size_t *proven)
{
	struct state *s = must_open_state(p, false);
	struct flaw_list list = { .arena = a };
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	must(history_verify(s, &list, &e), &e);
	state_close(s);
	vec_each (line, &list.lines)
		buf_printf(&text, "%s\n", *line);
	*proven = list.records;
	return arena_strdup(a, buf_text(&text));
}

static void assert_flaws(const struct place *p, const char *due, size_t proven)
{
	AUTO(arena) a = { 0 };
	size_t got = 0;

	assert_string_equal(flaws(p, &a, &got), due);
	assert_int_equal(got, proven);
}

TEST(each_line_has_the_hash_of_the_one_before)
{
	AUTO(arena) a = { 0 };
	struct run_record *runs = NULL;
	size_t count = 0;
	struct err e = { 0 };

	make_history(*state);

	struct state *s = must_open_state(*state, false);

	must(journal_runs(s, &a, &runs, &count, &e), &e);
	assert_int_equal(count, 3);
	assert_string_equal(runs[0].previous, "");
	assert_int_equal(strlen(runs[1].previous), 64);
	assert_string_not_equal(runs[1].previous, runs[2].previous);
	assert_int_equal(state_history(s).run, 3);
	state_close(s);
	assert_flaws(*state, "", 3);
}

TEST(a_run_that_is_not_ended_is_told_of_by_the_next)
{
	struct state *s = must_open_state(*state, true);

	run(s, true);
	run(s, false);
	assert_int_equal(state_history(s).run, 1);
	state_close(s);
	assert_flaws(*state, "", 1);
}

TEST(a_changed_line_is_found_whatever_of_it_changed)
{
	static const struct {
		const char *key;
		const char *flaw;
	} lines[] = {
		{ "run/000001", "run 1 is not as it was when run 2 began\n" },
		{ "step/000001/000001", "run 1 is not as it was when run 2 began\n" },
		{ "plan/000002/000001", "run 2 is not as it was when run 3 began\n" },
		{ "step/000002/000001", "run 2 is not as it was when run 3 began\n" },
		{ "step/000003/000001", "run 3 is not as it was when it ended\n" },
	};
	AUTO(arena) a = { 0 };

	make_history(*state);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *before = get_record(*state, lines[i].key, &a);
		char *changed = arena_printf(&a, "%s ", before);

		set_record(*state, lines[i].key, changed);
		assert_flaws(*state, lines[i].flaw, 2);
		set_record(*state, lines[i].key, before);
	}
	assert_flaws(*state, "", 3);
}

TEST(a_step_that_was_added_or_removed_is_found)
{
	AUTO(arena) a = { 0 };
	const char *step = NULL;

	make_history(*state);
	step = get_record(*state, "step/000001/000001", &a);
	set_record(*state, "step/000001/000002", step);
	assert_flaws(*state, "run 1 is not as it was when run 2 began\n", 2);
	set_record(*state, "step/000001/000002", NULL);
	assert_flaws(*state, "", 3);
	set_record(*state, "step/000001/000001", NULL);
	assert_flaws(*state, "run 1 is not as it was when run 2 began\n", 2);
}

TEST(a_missing_line_is_found_wherever_it_stood)
{
	AUTO(arena) a = { 0 };

	make_history(*state);
	for (unsigned i = 1; i <= 3; i++) {
		const char *key = arena_printf(&a, "run/%06u", i);
		const char *before = get_record(*state, key, &a);
		size_t proven = 0;

		set_record(*state, key, NULL);
		assert_string_equal(flaws(*state, &a, &proven),
				    arena_printf(&a, "run %u is missing\n", i));
		set_record(*state, key, before);
	}
	assert_flaws(*state, "", 3);
}

/* A copy of a record in which the first `old` is `new`. */
static const char *replaced(struct arena *a, const char *record, const char *old, const char *new)
{
	const char *at = strstr(record, old);

	assert_non_null(at);
	return arena_printf(a, "%.*s%s%s", (int)(at - record), record, new, at + strlen(old));
}

TEST(an_end_that_was_written_into_a_run_without_one_is_found)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);

	run(s, true);
	run(s, false);
	state_close(s);
	set_record(
		*state, "run/000002",
		replaced(&a, get_record(*state, "run/000002", &a), "\"ended\":0", "\"ended\":9"));
	assert_flaws(*state, "the end of run 2 was not recorded here\n", 1);
}

TEST(a_line_after_the_newest_is_none_of_this_state)
{
	AUTO(arena) a = { 0 };

	make_history(*state);
	set_record(
		*state, "run/000004",
		replaced(&a, get_record(*state, "run/000003", &a), "\"number\":3", "\"number\":4"));
	assert_flaws(*state, "run 4 is none of this state\n", 3);
}

TEST(a_line_that_lost_its_hash_is_found)
{
	AUTO(arena) a = { 0 };
	char *line = NULL;
	char *hash = NULL;

	make_history(*state);
	line = arena_strdup(&a, get_record(*state, "run/000003", &a));
	hash = strstr(line, "\"previous\"");
	assert_non_null(hash);
	memcpy(hash, "\"previoux\"", 10);
	set_record(*state, "run/000003", line);
	assert_flaws(*state, "run 3 has lost the hash of the run before\n", 1);
}

TEST(lines_of_a_former_version_are_known_from_the_next_one_on)
{
	struct state *s = must_open_state(*state, true);

	run(s, true);
	state_close(s);
	set_record(
		*state, "run/000001",
		"{\"number\":1,\"plan_hash\":\"h\",\"who\":\"w\",\"started\":1,\"ended\":2,\"exit_status\":0,\"serial\":1}");
	assert_flaws(*state, "", 0);
	s = must_open_state(*state, true);
	run(s, true);
	state_close(s);
	assert_flaws(*state, "", 2);
}

TEST(the_state_goes_on_when_the_newest_line_was_removed)
{
	AUTO(arena) a = { 0 };
	size_t proven = 0;
	struct state *s = NULL;

	make_history(*state);
	set_record(*state, "run/000003", NULL);
	s = must_open_state(*state, true);
	run(s, true);
	state_close(s);
	assert_string_equal(flaws(*state, &a, &proven), "run 3 is missing\n");
}

TEST(what_a_bundle_knows_is_compared)
{
	AUTO(arena) a = { 0 };
	struct flaw_list list = { .arena = &a };
	struct err e = { 0 };
	struct state *s = NULL;

	make_history(*state);
	s = must_open_state(*state, false);

	struct history_head head = state_history(s);

	must(history_compare(s, &head, "bundle 'b.zip'", &list, &e), &e);
	assert_int_equal(list.lines.count, 0);
	head.run = 2;
	must(history_compare(s, &head, "bundle 'b.zip'", &list, &e), &e);
	assert_int_equal(list.lines.count, 1);
	assert_string_equal(list.lines.items[0], "run 2 is not as bundle 'b.zip' knows it");
	head.run = 9;
	must(history_compare(s, &head, "bundle 'b.zip'", &list, &e), &e);
	assert_string_equal(list.lines.items[1], "run 9 is missing, which bundle 'b.zip' knows");
	state_close(s);
}

TEST_EACH(make_place, remove_place)
