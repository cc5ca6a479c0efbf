/* SPDX-License-Identifier: Apache-2.0 */
/* What later plans will have to do, day by day. */
#include "plan/planner.h"

#include "plan_fixture.h"

#include "model/renewal.h"

/* The certificate was issued now, and is everywhere. */
static struct generation *issued_now(struct world *w, size_t components)
{
	struct generation *g = ARENA_NEW(&w->a, struct generation);

	world_init(w, components);
	*g = (struct generation){ .of = OF_CERTIFICATE,
				  .owner = "web",
				  .number = 1,
				  .source = SOURCE_ISSUED,
				  .fingerprint = world_fingerprint(&w->a, "web/1"),
				  .spki = "",
				  .serial = "",
				  .subject = "",
				  .issuer = "",
				  .authority = "",
				  .request = "",
				  .not_before = WORLD_NOW - BACKDATE_SECONDS,
				  .not_after = WORLD_NOW + 90 * DAY };
	w->snapshot.generations = g;
	w->snapshot.generation_count = 1;
	for (size_t i = 0; i < components; i++) {
		w->seen[i].now.observed_at = WORLD_NOW;
		w->seen[i].now.installed = g->fingerprint;
		w->seen[i].now.served = g->fingerprint;
		w->seen[i].now.evidence = EVIDENCE_HANDSHAKE;
	}
	return g;
}

static struct forecast foresee(struct world *w, int64_t seconds)
{
	struct forecast f = { 0 };

	forecast_make(&w->fleet, &w->snapshot, WORLD_NOW, WORLD_NOW + seconds, &w->a, &f);
	return f;
}

static int64_t day_of(int64_t when)
{
	return when / DAY * DAY;
}

TEST(a_renewal_is_on_its_day_and_at_the_end_of_the_time_no_more)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 3);
	f = foresee(&w, 60 * DAY);
	assert_int_equal(f.day_count, 0);
	f = foresee(&w, 60 * DAY + 1);
	assert_int_equal(f.day_count, 1);
	assert_int_equal(f.days[0].day, day_of(WORLD_NOW + 60 * DAY));
	assert_int_equal(f.days[0].renewals, 1);
	assert_int_equal(f.days[0].components, 3);
	assert_int_equal(f.days[0].certificate_count, 1);
	assert_string_equal(f.days[0].certificates[0], "web");
}

TEST(renewals_follow_one_another_for_as_long_as_is_looked_ahead)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 2);
	f = foresee(&w, 200 * DAY);
	assert_int_equal(f.day_count, 3);
	for (size_t i = 0; i < f.day_count; i++) {
		assert_int_equal(f.days[i].day, day_of(WORLD_NOW + (int64_t)(i + 1) * 60 * DAY));
		assert_int_equal(f.days[i].renewals, 1);
		assert_int_equal(f.days[i].components, 2);
	}
}

TEST(what_is_not_issued_yet_is_due_at_once)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	world_init(&w, 2);
	f = foresee(&w, DAY);
	assert_int_equal(f.day_count, 1);
	assert_int_equal(f.days[0].day, day_of(WORLD_NOW));
	assert_int_equal(f.days[0].renewals, 1);
	assert_int_equal(f.days[0].components, 2);
}

TEST(what_lacks_its_pair_gets_it_today_without_a_renewal)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 3);
	w.seen[1].now.installed = world_fingerprint(&w.a, "web/0");
	w.seen[1].now.served = w.seen[1].now.installed;
	f = foresee(&w, DAY);
	assert_int_equal(f.day_count, 1);
	assert_int_equal(f.days[0].day, day_of(WORLD_NOW));
	assert_int_equal(f.days[0].renewals, 0);
	assert_int_equal(f.days[0].components, 1);
}

TEST(what_was_never_looked_at_is_due_today)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 3);
	w.seen[2].now.observed_at = 0;
	f = foresee(&w, DAY);
	assert_int_equal(f.day_count, 1);
	assert_int_equal(f.days[0].components, 1);
}

TEST(the_first_day_over_the_limits_is_named)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 3);
	w.fleet.limits.components = 3;
	f = foresee(&w, 200 * DAY);
	assert_null(f.first_over);
	w.fleet.limits.components = 2;
	f = foresee(&w, 200 * DAY);
	assert_ptr_equal(f.first_over, &f.days[0]);
	for (size_t i = 0; i < f.day_count; i++)
		assert_true(f.days[i].over_limits);
}

TEST(restarts_are_those_of_commands_and_not_of_postponed_roles)
{
	static const char *const argv[] = { "restart", NULL };
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 3);
	w.components[0].activate = (struct activate){ .kind = ACTIVATE_COMMAND, .argv = argv };
	f = foresee(&w, 61 * DAY);
	assert_int_equal(f.days[0].restarts, 1);
	w.roles[0].restart.when = RESTART_POSTPONED;
	f = foresee(&w, 61 * DAY);
	assert_int_equal(f.days[0].restarts, 0);
	assert_int_equal(f.days[0].components, 3);
}

TEST(an_import_is_listed_and_never_renewed)
{
	AUTO(world) w = { 0 };
	struct generation *g = issued_now(&w, 1);
	struct forecast f = { 0 };

	g->source = SOURCE_IMPORTED;
	w.certificates[0].issuer = NULL;
	w.certificates[0].import.kind = IMPORT_PEM;
	f = foresee(&w, 90 * DAY);
	assert_int_equal(f.day_count, 0);
	assert_int_equal(f.import_count, 1);
	assert_string_equal(f.imports[0].certificate, "web");
	assert_int_equal(f.imports[0].not_after, g->not_after);
	assert_in_range(f.imports[0].renew_at, WORLD_NOW, g->not_after);
	f = foresee(&w, f.imports[0].renew_at - WORLD_NOW);
	assert_int_equal(f.import_count, 0);
}

TEST(a_freeze_moves_the_delivery_and_conflicts_with_what_ends_in_it)
{
	struct freeze freeze = { .from = WORLD_NOW + 50 * DAY,
				 .to = WORLD_NOW + 80 * DAY,
				 .reason = "the holidays" };
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	issued_now(&w, 2);
	w.fleet.freezes = &freeze;
	w.fleet.freeze_count = 1;
	f = foresee(&w, 100 * DAY);
	assert_int_equal(f.day_count, 2);
	assert_int_equal(f.days[0].renewals, 1);
	assert_int_equal(f.days[0].components, 0);
	assert_int_equal(f.days[1].day, day_of(freeze.to));
	assert_int_equal(f.days[1].components, 2);
	assert_int_equal(f.conflict_count, 0);
	freeze.to = WORLD_NOW + 95 * DAY;
	f = foresee(&w, 100 * DAY);
	assert_int_equal(f.conflict_count, 1);
	assert_string_equal(f.conflicts[0].certificate, "web");
	assert_string_equal(f.conflicts[0].freeze, "the holidays");
	assert_int_equal(f.conflicts[0].renew_at, WORLD_NOW + 60 * DAY);
	assert_int_equal(f.conflicts[0].not_after, WORLD_NOW + 90 * DAY);
	assert_int_equal(f.conflicts[0].last.until, freeze.from);
}

TEST(an_empty_fleet_has_nothing_to_foresee)
{
	AUTO(world) w = { 0 };
	struct forecast f = { 0 };

	f = foresee(&w, 3650 * (int64_t)DAY);
	assert_int_equal(f.day_count, 0);
	assert_int_equal(f.import_count, 0);
	assert_int_equal(f.conflict_count, 0);
	assert_null(f.first_over);
}
