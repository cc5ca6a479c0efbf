/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"
#include "test.h"

#include "state_fixture.h"

#include "state/journal.h"

static const char spki_1[] = "1111111111111111111111111111111111111111111111111111111111111111";

/* A state with one of most kinds of records. */
static void make_state(const struct place *p)
{
	struct state *s = must_open_state(p, true);
	AUTO(change) c = change_new(s);
	static const uint8_t der[] = { 0x30, 0x00 };
	const struct der certs[] = { { der, sizeof(der) } };
	const struct cert_set set = { .certs = certs, .count = 1 };
	const char *const reach[] = { "host a" };
	const struct generation g = {
		.owner = "shop",
		.number = 1,
		.fingerprint = spki_1,
		.spki = spki_1,
		.chain = "",
		.serial = "",
		.subject = "",
		.issuer = "",
		.authority = "",
		.key = "",
		.request = "",
	};
	const struct component_seen seen = { .name = "front", .known = true };
	struct run_record run = { .plan_hash = "", .plan = "{}", .who = "the test" };
	const struct step_record step = { .number = 1 };
	struct err e = { 0 };

	must_unseal(s);
	must_keep_key(s, spki_1);
	change_generation(c, &g, &set);
	change_component(c, &seen);
	change_accepted(c, reach, 1);
	must(change_reach(c, reach, 1, &e), &e);
	must_commit(s, c);
	must(state_observe(s, &seen, 1, &e), &e);
	must(journal_begin_run(s, &run, &e), &e);
	must(journal_step(s, &run, &step, &e), &e);
	state_close(s);
}

static size_t flaws(const struct place *p, struct arena *a, const char **first)
{
	struct state *s = must_open_state(p, false);
	struct flaw_list found = { .arena = a };
	struct err e = { 0 };

	must(state_check_all(s, &found, &e), &e);
	state_close(s);
	assert_true(found.records > 0);
	*first = found.lines.count ? found.lines.items[0] : "";
	return found.lines.count;
}

TEST(a_state_as_it_is_written_has_no_flaw)
{
	AUTO(arena) a = { 0 };
	const char *first = NULL;

	make_state(*state);
	if (flaws(*state, &a, &first))
		fail_msg("%s", first);
}

TEST(each_record_that_cannot_be_read_is_one_flaw_with_a_remedy)
{
	static const char *const keys[] = {
		"generation/c/shop/000001",
		"certs/c/shop/000001",
		"component/front",
		"observation/front",
		"reach/000001",
		"accepted",
		"run/000001",
		"step/000001/000001",
		"plan/000001/000001",
		"invite/x",
		"agent/x/000001",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		AUTO(arena) a = { 0 };
		const char *first = NULL;
		struct place *p = *state;

		snprintf(p->dir, sizeof(p->dir), "%.200s/%zu", p->home, i);
		make_state(p);
		set_record(p, keys[i], "7");
		assert_int_equal(flaws(p, &a, &first), 1);
		if (!strstr(first, keys[i]) || !strstr(first, "backup restore latest"))
			fail_msg("%s: %s", keys[i], first);
	}
}

TEST(a_record_that_another_refers_to_is_missed)
{
	static const struct {
		const char *gone;
		const char *key;
	} rows[] = {
		{ "key/1111111111111111111111111111111111111111111111111111111111111111",
		  "generation/c/shop/000001" },
		{ "certs/c/shop/000001", "generation/c/shop/000001" },
		{ "generation/c/shop/000001", "certs/c/shop/000001" },
		{ "run/000001", "plan/000001/000001" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(arena) a = { 0 };
		const char *first = NULL;
		struct place *p = *state;

		snprintf(p->dir, sizeof(p->dir), "%.200s/%zu", p->home, i);
		make_state(p);
		set_record(p, rows[i].gone, NULL);
		assert_true(flaws(p, &a, &first) > 0);
		if (!strstr(first, rows[i].gone) || !strstr(first, rows[i].key))
			fail_msg("%s: %s", rows[i].gone, first);
	}
}

TEST(a_record_of_an_unknown_kind_is_a_flaw)
{
	AUTO(arena) a = { 0 };
	const char *first = NULL;

	make_state(*state);
	set_record(*state, "other/1", "{}");
	assert_int_equal(flaws(*state, &a, &first), 1);
	assert_non_null(strstr(first, "other/1"));
}

TEST_EACH(make_place, remove_place)
