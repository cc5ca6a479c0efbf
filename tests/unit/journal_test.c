/* SPDX-License-Identifier: Apache-2.0 */
#include "state/journal.h"
#include "test.h"

#include "state_fixture.h"

static struct run_record begun_run(struct state *s, const char *plan)
{
	struct run_record r = {
		.plan_hash = "hash", .plan = plan, .who = "root@host", .started = 100
	};
	struct err e = { 0 };

	must(journal_begin_run(s, &r, &e), &e);
	return r;
}

static void must_step(struct state *s, const struct run_record *r, unsigned number,
		      enum step_outcome outcome)
{
	const struct step_record step = { .number = number,
					  .kind = STEP_COMMIT,
					  .component = "front",
					  .outcome = outcome,
					  .started = 101,
					  .error = outcome == STEP_FAILED ? "no space" : NULL };
	struct err e = { 0 };

	must(journal_step(s, r, &step, &e), &e);
}

static void must_end(struct state *s, struct run_record *r)
{
	struct err e = { 0 };

	r->ended = 200;
	r->exit_status = 7;
	must(journal_end_run(s, r, NULL, &e), &e);
}

TEST(runs_are_numbered_and_come_back)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record *runs = NULL;
	struct run_record one = { 0 };
	size_t count = 0;
	struct err e = { 0 };
	struct run_record r = begun_run(s, "{\"steps\":[]}");

	assert_int_equal(r.number, 1);
	must_end(s, &r);
	r = begun_run(s, NULL);
	assert_int_equal(r.number, 2);
	state_close(s);

	s = must_open_state(*state, false);
	assert_true(journal_runs(s, &a, &runs, &count, &e));
	assert_int_equal(count, 2);
	assert_int_equal(runs[0].number, 1);
	assert_int_equal(runs[0].ended, 200);
	assert_int_equal(runs[0].exit_status, 7);
	assert_string_equal(runs[0].who, "root@host");
	assert_int_equal(runs[1].ended, 0);
	assert_true(journal_run(s, 1, &a, &one, &e));
	assert_string_equal(one.plan, "{\"steps\":[]}");
	assert_true(journal_run(s, 2, &a, &one, &e));
	assert_null(one.plan);
	assert_false(journal_run(s, 3, &a, &one, &e));
	assert_int_equal(e.code, ERR_MISSING);
	state_close(s);
}

TEST(the_last_outcome_of_a_step_counts)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct step_record *steps = NULL;
	size_t count = 0;
	struct err e = { 0 };
	struct run_record other = begun_run(s, NULL);

	must_step(s, &other, 5, STEP_BEGUN);
	struct run_record r = begun_run(s, NULL);

	must_step(s, &r, 2, STEP_BEGUN);
	must_step(s, &r, 10, STEP_BEGUN);
	must_step(s, &r, 2, STEP_FAILED);
	assert_true(journal_run_steps(s, r.number, &a, &steps, &count, &e));
	assert_int_equal(count, 2);
	assert_int_equal(steps[0].number, 2);
	assert_int_equal(steps[0].outcome, STEP_FAILED);
	assert_string_equal(steps[0].error, "no space");
	assert_int_equal(steps[1].number, 10);
	assert_int_equal(steps[1].kind, STEP_COMMIT);
	assert_int_equal(steps[1].outcome, STEP_BEGUN);
	assert_string_equal(steps[1].component, "front");
	assert_null(steps[1].certificate);
	assert_null(steps[1].error);
	state_close(s);
}

static void begin_and_die(const struct place *p)
{
	struct state *s = must_open_state(p, true);
	struct run_record r = begun_run(s, "{\"plan\":1}");

	must_step(s, &r, 1, STEP_BEGUN);
}

TEST(a_run_that_was_killed_is_open)
{
	AUTO(arena) a = { 0 };
	struct run_record open = { 0 };
	struct step_record *steps = NULL;
	size_t count = 0;
	struct err e = { 0 };

	in_child(begin_and_die, *state);
	struct state *s = must_open_state(*state, true);

	assert_true(journal_open_run(s, &a, &open, &e));
	assert_int_equal(open.number, 1);
	assert_string_equal(open.plan, "{\"plan\":1}");
	assert_int_equal(open.serial, state_serial(s));
	assert_true(journal_run_steps(s, 1, &a, &steps, &count, &e));
	assert_int_equal(count, 1);
	assert_int_equal(steps[0].outcome, STEP_BEGUN);
	must_end(s, &open);
	assert_false(journal_open_run(s, &a, &open, &e));
	assert_int_equal(e.code, ERR_MISSING);
	state_close(s);
}

TEST(without_any_run_none_is_open)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record open = { 0 };
	struct err e = { 0 };

	assert_false(journal_open_run(s, &a, &open, &e));
	assert_int_equal(e.code, ERR_MISSING);
	state_close(s);
}

static void commit_something(struct state *s)
{
	AUTO(change) c = change_new(s);

	change_record(c, "x", "{}");
	must_commit(s, c);
}

TEST(the_serial_of_a_run_follows_all_its_commits)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record open = { 0 };
	struct err e = { 0 };
	struct run_record r = begun_run(s, NULL);

	assert_int_equal(r.serial, 1);
	commit_something(s);
	assert_true(journal_open_run(s, &a, &open, &e));
	assert_int_equal(open.serial, 2);
	state_close(s);

	/* a process that resumes it */
	s = must_open_state(*state, true);
	must_step(s, &open, 1, STEP_BEGUN);
	commit_something(s);
	assert_true(journal_open_run(s, &a, &open, &e));
	assert_int_equal(open.serial, 4);
	state_close(s);

	/* and one that has nothing to do with it */
	s = must_open_state(*state, true);
	commit_something(s);
	assert_true(journal_open_run(s, &a, &open, &e));
	assert_int_not_equal(open.serial, state_serial(s));
	state_close(s);
}

TEST(what_ends_with_the_run_is_one_commit_with_it)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record r = begun_run(s, NULL);
	AUTO(change) c = change_new(s);
	const struct component_seen seen = { .name = "front", .deferred_at = 100 };
	const struct component_seen *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	change_component(c, &seen);
	r.ended = 200;
	assert_true(journal_end_run(s, &r, c, &e));
	assert_int_equal(state_serial(s), 2);
	assert_true(state_components(s, &a, &list, &count, &e));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].deferred_at, 100);
	state_close(s);
}

TEST(a_commit_after_the_end_is_not_the_runs)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record out = { 0 };
	struct err e = { 0 };
	struct run_record r = begun_run(s, NULL);

	must_end(s, &r);
	assert_int_equal(r.serial, 2);
	commit_something(s);
	assert_true(journal_run(s, 1, &a, &out, &e));
	assert_int_equal(out.serial, 2);
	state_close(s);
}

TEST(a_plan_larger_than_a_record_comes_back)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record out = { 0 };
	struct err e = { 0 };
	size_t len = 2 * RECORD_LIMIT + 1;
	char *plan = malloc(len + 1);

	/* quotes grow when they are kept, and pieces may cut a character */
	for (size_t i = 0; i < len; i++)
		plan[i] = "\"\xc3\xb6"[i % 3];
	plan[len - len % 3] = '\0';
	begun_run(s, plan);
	assert_true(journal_open_run(s, &a, &out, &e));
	assert_string_equal(out.plan, plan);
	state_close(s);
	free(plan);
}

TEST(a_damaged_run_is_named)
{
	AUTO(arena) a = { 0 };
	struct run_record *runs = NULL;
	size_t count = 0;
	struct err e = { 0 };

	state_close(must_open_state(*state, true));
	set_record(*state, "run/000001", "{\"number\":\"one\"}");
	struct state *s = must_open_state(*state, false);

	assert_false(journal_runs(s, &a, &runs, &count, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "'run/000001'"));
	state_close(s);
}

TEST(a_damaged_step_is_named)
{
	AUTO(arena) a = { 0 };
	struct step_record *steps = NULL;
	size_t count = 0;
	struct err e = { 0 };
	struct state *s = must_open_state(*state, true);
	struct run_record r = begun_run(s, NULL);

	must_step(s, &r, 1, STEP_BEGUN);
	state_close(s);
	set_record(*state, "step/000001/000001", "{\"number\":1,\"kind\":\"dance\"}");
	s = must_open_state(*state, false);
	assert_false(journal_run_steps(s, 1, &a, &steps, &count, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "'step/000001/000001'"));
	assert_non_null(strstr(e.text, "'kind'"));
	state_close(s);
}

TEST(a_run_that_cannot_be_recorded_gets_no_number)
{
	state_close(must_open_state(*state, true));
	struct state *s = must_open_state(*state, false);
	struct run_record r = { .plan_hash = "h", .who = "w" };
	struct err e = { 0 };

	assert_false(journal_begin_run(s, &r, &e));
	assert_int_equal(r.number, 0);
	assert_int_equal(state_serial(s), 0);
	state_close(s);
}

TEST(who_was_told_of_a_run_is_recorded_at_its_end)
{
	static const struct notified told[] = { { "page me", NULL }, { "POST https://a/", "no" } };
	AUTO(arena) a = { 0 };
	struct flaw_list flaws = { .arena = &a };
	struct state *s = must_open_state(*state, true);
	struct run_record r = begun_run(s, NULL);
	struct run_record read = { 0 };
	struct err e = { 0 };

	must_end(s, &r);
	r.told = told;
	r.told_count = 2;
	must(journal_end_run(s, &r, NULL, &e), &e);
	must(journal_run(s, 1, &a, &read, &e), &e);
	assert_int_equal(read.told_count, 2);
	assert_string_equal(read.told[0].target, "page me");
	assert_null(read.told[0].error);
	assert_string_equal(read.told[1].error, "no");
	must(history_verify(s, &flaws, &e), &e);
	assert_int_equal(flaws.lines.count, 0);
	assert_int_equal(flaws.records, 1);
	r = begun_run(s, NULL);
	must_end(s, &r);
	must(history_verify(s, &flaws, &e), &e);
	assert_int_equal(flaws.lines.count, 0);
	state_close(s);
}

TEST_EACH(make_place, remove_place)
