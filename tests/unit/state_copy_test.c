/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state_copy.h"
#include "test.h"

#include "state/enrolment_records.h"
#include "state_fixture.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LINEAGE "11111111-2222-4333-8444-555555555555"

static const struct copy_head head = { "shop", LINEAGE, 41 };

/* Where the former state is kept, in `a`. */
static const char *make_copy_in(const struct place *p, struct arena *a, struct err *e)
{
	AUTO(rebuild) r = NULL;
	const struct component_seen seen = { .name = "front" };
	struct state *s = NULL;
	const char *former = NULL;
	int64_t found = 0;

	must(rebuild_open(p->dir, &head, "the test", &r, &found, e), e);
	must(rebuild_state(r, &s, e), e);
	AUTO(change) c = change_new(s);

	change_component(c, &seen);
	must_commit(s, c);
	must(rebuild_finish(r, a, &former, e), e);
	return former;
}

static void make_copy(const struct place *p, struct err *e)
{
	AUTO(arena) a = { 0 };

	assert_null(make_copy_in(p, &a, e));
}

TEST(a_rebuilt_state_has_the_lineage_and_a_higher_serial)
{
	struct err e = { 0 };

	make_copy(*state, &e);
	struct state *s = must_open_state(*state, false);

	assert_string_equal(state_lineage(s), LINEAGE);
	assert_int_equal(state_serial(s), 42);
	state_close(s);
}

TEST(what_is_not_finished_leaves_nothing)
{
	struct place *p = *state;
	struct rebuild *r = NULL;
	struct state *s = NULL;
	struct err e = { 0 };
	int64_t found = 0;
	char beside[400];

	snprintf(beside, sizeof(beside), "%s.restoring", p->dir);
	must(rebuild_open(p->dir, &head, "the test", &r, &found, &e), &e);
	assert_int_equal(found, NO_SERIAL);
	must(rebuild_state(r, &s, &e), &e);
	assert_int_equal(access(beside, F_OK), 0);
	rebuild_close(r);
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(access(p->dir, F_OK), -1);
}

TEST(a_state_of_another_lineage_is_in_the_way)
{
	struct place *p = *state;
	struct rebuild *r = NULL;
	struct err e = { 0 };
	int64_t found = 0;

	state_close(must_open_state(p, true));
	assert_false(rebuild_open(p->dir, &head, "the test", &r, &found, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "move it away first"));
}

TEST(a_state_in_use_is_in_the_way)
{
	struct place *p = *state;
	struct rebuild *r = NULL;
	struct err e = { 0 };
	int64_t found = 0;

	make_copy(p, &e);
	struct state *s = must_open_state(p, true);

	assert_false(rebuild_open(p->dir, &head, "another", &r, &found, &e));
	assert_int_equal(e.code, ERR_BUSY);
	state_close(s);
	assert_true(rebuild_open(p->dir, &head, "another", &r, &found, &e));
	assert_int_equal(found, 42);
	rebuild_close(r);
}

TEST(a_state_that_was_replaced_is_not_locked)
{
	struct place *p = *state;
	struct place other = *p;
	struct err e = { 0 };

	make_copy(p, &e);
	struct backend *b = must_open(p, true);

	snprintf(other.dir, sizeof(other.dir), "%.200s/other", p->home);
	assert_int_equal(rename(p->dir, other.dir), 0);
	make_copy(p, &e);
	assert_false(b->ops->lock(b, "the test", 0, &e));
	assert_int_equal(e.code, ERR_STALE);
	b->ops->close(b);
	each_file(other.dir, remove_file, NULL);
	rmdir(other.dir);
}

TEST(each_former_state_is_kept_even_of_one_second)
{
	struct place *p = *state;
	AUTO(arena) a = { 0 };
	struct err e = { 0 };
	const char *formers[3];

	make_copy(p, &e);
	for (size_t i = 0; i < 3; i++)
		formers[i] = make_copy_in(p, &a, &e);
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(formers[i]);
		each_file(formers[i], remove_file, NULL);
		assert_int_equal(rmdir(formers[i]), 0);
	}
}

static void expect_refused_record(struct change *c, const char *key, const char *value,
				  const char *why)
{
	struct err e = { 0 };

	assert_false(change_copied(c, &(struct stored_record){ .key = key, .value = value }, &e));
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, why))
		fail_msg("refused, but for: %s", e.text);
}

TEST(a_record_that_does_not_fit_is_refused)
{
	struct state *s = must_open_state(*state, true);
	struct change *c = change_new(s);
	const struct generation due = {
		.owner = "web", .number = 1, .fingerprint = HASH_A, .spki = HASH_A
	};
	struct err e = { 0 };

	expect_refused_record(c, "invite/x", "{}", "does not know its record 'invite/x'");
	expect_refused_record(c, "meta", "{}", "does not know");
	expect_refused_record(c, "component/a", "[]", "not a JSON object");
	expect_refused_record(c, "component/a",
			      "{\"name\":\"b\",\"rejected\":[],\"retire_remove\":false}",
			      "belongs to another record");
	expect_refused_record(c, "agent/a/000001", "{}", "'agent'");
	assert_false(change_copied_generation(c, "{}", &due, NULL, &e));
	assert_int_equal(e.code, ERR_INPUT);
	change_free(c);
	state_close(s);
}

TEST(what_is_carried_comes_back)
{
	struct place *p = *state;
	AUTO(arena) a = { 0 };
	struct stored_record *records = NULL;
	size_t count = 0;
	const char *const keys[] = { HASH_A };
	const struct component_seen seen = { .name = "edge/e 1", .order_given = 7 };
	const struct enrolled agent = { .agent = "e1", .number = 2 };
	const struct component_seen *back = NULL;
	size_t back_count = 0;
	struct err e = { 0 };
	struct state *s = must_open_state(p, true);
	struct change *c = change_new(s);

	change_component(c, &seen);
	change_enrolled(c, &agent);
	change_accepted(c, keys, 1);
	must_commit(s, c);
	must(state_carried(s, &a, &records, &count, &e), &e);
	assert_int_equal(count, 3);
	change_uncopied(c, "edge/e 1");
	change_uncopied(c, "edge/e2");
	for (size_t i = 0; i < count; i++)
		must(change_copied(c, &records[i], &e), &e);
	must_commit(s, c);
	must(state_components(s, &a, &back, &back_count, &e), &e);
	assert_int_equal(back_count, 2);
	assert_int_equal(back[0].order_given, 7);
	assert_true(back[0].restored);
	assert_int_equal(back[1].order_given, 0);
	assert_true(back[1].restored);
	change_free(c);
	state_close(s);
}

TEST_EACH(make_place, remove_place)
