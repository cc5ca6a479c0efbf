/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"
#include "test.h"

#include "state_fixture.h"

static const char spki_1[] = "1111111111111111111111111111111111111111111111111111111111111111";

static void assert_not_opened(const struct place *p, const char *fleet, enum err_code code,
			      const char *word)
{
	const struct state_options o = { .path = p->dir, .fleet = fleet };
	struct state *s = NULL;
	struct err e = { 0 };

	assert_false(state_open(&o, &s, &e));
	assert_null(s);
	if (e.code != code || !strstr(e.text, word))
		fail_msg("%d: %s", e.code, e.text);
}

TEST(a_new_state_has_a_lineage_that_stays)
{
	struct state *s = must_open_state(*state, true);
	char lineage[64];

	snprintf(lineage, sizeof(lineage), "%s", state_lineage(s));
	assert_int_equal(strlen(lineage), 36);
	assert_int_equal(lineage[14], '4');
	assert_int_equal(state_serial(s), 0);
	state_close(s);
	s = must_open_state(*state, false);
	assert_string_equal(state_lineage(s), lineage);
	state_close(s);
}

TEST(two_states_have_two_lineages)
{
	struct place other = *(struct place *)*state;
	struct state *a = must_open_state(*state, true);

	snprintf(other.dir, sizeof(other.dir), "%.200s/other", other.home);
	struct state *b = must_open_state(&other, true);

	assert_string_not_equal(state_lineage(a), state_lineage(b));
	state_close(a);
	state_close(b);
	each_file(other.dir, remove_file, NULL);
	rmdir(other.dir);
}

TEST(no_state_is_missing)
{
	struct place *p = *state;

	assert_not_opened(p, "shop", ERR_MISSING, "there is no state");
	assert_int_equal(access(p->dir, F_OK), -1);
}

TEST(a_state_whose_making_was_cut_short_is_none)
{
	struct place *p = *state;
	struct backend *b = must_open(p, true);

	b->ops->close(b);
	assert_not_opened(p, "shop", ERR_MISSING, "there is no state");
	state_close(must_open_state(p, true));
}

TEST(records_without_meta_are_damage)
{
	set_record(*state, "run/000001", "{}");
	assert_not_opened(*state, "shop", ERR_IO, "'meta' is damaged");
}

TEST(another_fleets_state_is_refused)
{
	state_close(must_open_state(*state, true));
	assert_not_opened(*state, "bank", ERR_INPUT, "'shop'");
	assert_not_opened(*state, "bank", ERR_INPUT, "'bank'");
}

TEST(a_newer_format_is_refused)
{
	set_record(*state, "meta", "{\"format\":2}");
	assert_not_opened(*state, "shop", ERR_INPUT, "newer certfleet");
}

TEST(a_damaged_meta_is_named)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"\xff",
		"{}",
		"{\"format\":1}",
		"{\"format\":0,\"fleet\":\"shop\",\"lineage\":\"l\",\"serial\":1,\"runs\":0,\"run\":0}",
		"{\"format\":1,\"fleet\":\"shop\",\"lineage\":7}",
		"{\"format\":1,\"fleet\":\"shop\",\"lineage\":\"l\",\"serial\":1,\"runs\":-1,\"run\":0}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		set_record(*state, "meta", bad[i]);
		assert_not_opened(*state, "shop", ERR_IO, "'meta'");
	}
}

TEST(a_second_apply_is_told_who_holds_the_lock)
{
	struct place *p = *state;
	const struct state_options o = {
		.path = p->dir, .fleet = "shop", .create = true, .holder = "the second"
	};
	struct state *first = must_open_state(p, true);
	struct state *second = NULL;
	struct err e = { 0 };

	assert_false(state_open(&o, &second, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_non_null(strstr(e.text, "the test"));
	state_close(must_open_state(p, false)); /* reading is no matter */
	state_close(first);
	assert_true(state_open(&o, &second, &e));
	state_close(second);
}

TEST(the_serial_grows_with_commits_alone)
{
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const struct component_seen seen = { .name = "front" };
	struct err e = { 0 };

	must_commit(s, c);
	assert_int_equal(state_serial(s), 0);
	change_component(c, &seen);
	must_commit(s, c);
	assert_int_equal(state_serial(s), 1);
	assert_true(state_observe(s, &seen, 1, &e));
	must_unseal(s);
	assert_int_equal(state_serial(s), 1);
	must_commit(s, c); /* it is empty again */
	assert_int_equal(state_serial(s), 1);
	change_component(c, &seen);
	must_commit(s, c);
	state_close(s);
	s = must_open_state(*state, false);
	assert_int_equal(state_serial(s), 2);
	state_close(s);
}

TEST(a_writer_that_was_overtaken_is_stale)
{
	struct place *p = *state;
	struct state *s = must_open_state(p, true);
	AUTO(arena) a = { 0 };
	AUTO(change) c = change_new(s);
	const struct component_seen *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	change_component(c, &(struct component_seen){ .name = "front" });
	set_record(p, "meta", get_record(p, "meta", &a));
	for (int again = 0; again < 2; again++) {
		assert_false(state_commit(s, c, &e));
		assert_int_equal(e.code, ERR_STALE);
	}
	assert_int_equal(state_serial(s), 0);
	assert_true(state_components(s, &a, &list, &count, &e));
	assert_int_equal(count, 0);
	state_close(s);
}

static void commit_then_die(const struct place *p)
{
	struct state *s = must_open_state(p, true);
	AUTO(change) c = change_new(s);

	must_unseal(s);
	must_keep_key(s, spki_1);
	change_component(c, &(struct component_seen){ .name = "front" });
	must_commit(s, c);
	change_component(c, &(struct component_seen){ .name = "never" });
	_exit(0);
}

TEST(what_was_committed_survives_a_kill)
{
	AUTO(arena) a = { 0 };
	const struct component_seen *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	in_child(commit_then_die, *state);
	struct state *s = must_open_state(*state, true);

	assert_int_equal(state_serial(s), 2);
	assert_true(state_components(s, &a, &list, &count, &e));
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "front");
	must_unseal(s);
	assert_true(state_has_key(s, spki_1));
	state_close(s);
}

TEST_EACH(make_place, remove_place)
