/* SPDX-License-Identifier: Apache-2.0 */
#include "model/window.h"

#include "base/clock.h"
#include "model/fleet.h"
#include "test.h"

#include <string.h>

/* Role with windows in one zone, and freezes. */
struct calendar {
	struct arena a;
	struct zone zone;
	struct fleet fleet;
	struct role role;
	struct window windows[3];
	struct freeze freezes[3];
};

static void calendar_release(struct calendar *c)
{
	arena_release(&c->a);
}
AUTO_STRUCT(calendar, struct calendar, calendar_release)

enum {
	HOUR = 3600,
	MON = 1,
	SAT = 1 << 5,
	SUN = 1 << 6,
};

static void begin(struct calendar *c, const char *zone)
{
	assert_true(zone_read(zone, &c->a, &c->zone));
	c->role.restart.windows = c->windows;
	c->role.restart.freezes = c->freezes;
}

static void add_window(struct calendar *c, unsigned days, int64_t start, int64_t duration)
{
	c->windows[c->role.restart.window_count++] =
		(struct window){ days, start, duration, &c->zone };
}

static void add_freeze(struct calendar *c, const char *from, const char *to)
{
	struct freeze *f = &c->freezes[c->role.restart.freeze_count++];

	f->reason = "calm";
	assert_true(time_parse(from, &f->from));
	assert_true(time_parse(to, &f->to));
}

static void assert_opening(const struct calendar *c, const char *at, const char *from,
			   const char *until)
{
	int64_t when = 0;
	struct open_span o = { 0 };
	char text[TIME_TEXT];

	assert_true(time_parse(at, &when));
	o = role_opening(&c->fleet, &c->role, when);
	assert_string_equal(time_format(o.from, text), from);
	assert_string_equal(time_format(o.until, text), until);
}

TEST(a_window_opens_at_its_local_time)
{
	AUTO(calendar) c = { 0 };

	begin(&c, "Europe/Vienna");
	add_window(&c, EVERY_DAY & ~(SAT | SUN), 2 * HOUR, 3 * HOUR);
	/* 2026-11-23 is a Monday */
	assert_opening(&c, "2026-11-23T00:59:59Z", "2026-11-23T01:00:00Z", "2026-11-23T04:00:00Z");
	assert_opening(&c, "2026-11-23T03:59:59Z", "2026-11-23T01:00:00Z", "2026-11-23T04:00:00Z");
	assert_opening(&c, "2026-11-23T04:00:00Z", "2026-11-24T01:00:00Z", "2026-11-24T04:00:00Z");
	assert_opening(&c, "2026-11-27T05:00:00Z", "2026-11-30T01:00:00Z", "2026-11-30T04:00:00Z");
	assert_opening(&c, "2026-07-20T05:00:00Z", "2026-07-21T00:00:00Z", "2026-07-21T03:00:00Z");
	assert_opening(&c, "2028-02-28T05:00:00Z", "2028-02-29T01:00:00Z", "2028-02-29T04:00:00Z");
}

TEST(it_lasts_as_long_as_ever_when_the_clocks_change)
{
	AUTO(calendar) c = { 0 };

	begin(&c, "Europe/Vienna");
	add_window(&c, EVERY_DAY, 2 * HOUR + HOUR / 2, 3 * HOUR);
	/* 02:30 is skipped on 2026-03-29, and comes twice on 2026-10-25 */
	assert_opening(&c, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z");
	assert_opening(&c, "2026-03-29T12:00:00Z", "2026-03-30T00:30:00Z", "2026-03-30T03:30:00Z");
	assert_opening(&c, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T03:30:00Z");
	assert_opening(&c, "2026-10-25T03:30:00Z", "2026-10-26T01:30:00Z", "2026-10-26T04:30:00Z");
}

TEST(a_window_may_go_on_after_midnight_and_days_are_local)
{
	AUTO(calendar) c = { 0 };

	begin(&c, "Pacific/Auckland");
	add_window(&c, MON, 23 * HOUR, 48 * HOUR);
	/* Monday 23:00 there is Monday 10:00 UTC */
	assert_opening(&c, "2026-11-24T20:00:00Z", "2026-11-23T10:00:00Z", "2026-11-25T10:00:00Z");
	assert_opening(&c, "2026-11-25T10:00:00Z", "2026-11-30T10:00:00Z", "2026-12-02T10:00:00Z");
}

TEST(windows_that_touch_are_one)
{
	AUTO(calendar) c = { 0 };

	begin(&c, "UTC");
	add_window(&c, SAT, 22 * HOUR, 2 * HOUR);
	add_window(&c, SUN, 0, 4 * HOUR);
	add_window(&c, SUN, 3 * HOUR, 3 * HOUR);
	assert_opening(&c, "2026-11-23T00:00:00Z", "2026-11-28T22:00:00Z", "2026-11-29T06:00:00Z");
}

TEST(freezes_are_cut_out)
{
	AUTO(calendar) c = { 0 };

	begin(&c, "UTC");
	add_window(&c, EVERY_DAY, 2 * HOUR, 4 * HOUR);
	add_freeze(&c, "2026-12-20T04:00:00Z", "2026-12-25");
	add_freeze(&c, "2026-12-24", "2027-01-06T03:00:00Z");
	assert_opening(&c, "2026-12-20T00:00:00Z", "2026-12-20T02:00:00Z", "2026-12-20T04:00:00Z");
	assert_opening(&c, "2026-12-20T04:00:00Z", "2027-01-06T03:00:00Z", "2027-01-06T06:00:00Z");
	assert_opening(&c, "2027-01-06T06:00:00Z", "2027-01-07T02:00:00Z", "2027-01-07T06:00:00Z");
}

TEST(without_windows_only_a_freeze_closes)
{
	AUTO(calendar) c = { 0 };
	struct open_span last = { 0 };
	int64_t at = 0;
	int64_t end = 0;
	char text[TIME_TEXT];

	begin(&c, "UTC");
	assert_false(role_is_scheduled(&c.fleet, &c.role));
	c.fleet.freezes = c.freezes;
	add_freeze(&c, "2026-12-20", "2027-01-06");
	c.role.restart.freeze_count = 0;
	c.fleet.freeze_count = 1;
	assert_true(role_is_scheduled(&c.fleet, &c.role));
	assert_true(time_parse("2026-12-01", &at) && time_parse("2026-12-28", &end));
	assert_true(role_opening(&c.fleet, &c.role, at).from <= at);
	assert_true(role_opening(&c.fleet, &c.role, end).from > end);
	assert_true(role_last_opening(&c.fleet, &c.role, at, end, &last));
	assert_string_equal(time_format(last.from, text), "2026-12-01T00:00:00Z");
	assert_string_equal(time_format(last.until, text), "2026-12-20T00:00:00Z");
	assert_false(role_last_opening(&c.fleet, &c.role, end, end + HOUR, &last));
}

TEST(the_last_opening_is_the_last_that_begins_before)
{
	AUTO(calendar) c = { 0 };
	struct open_span last = { 0 };
	int64_t at = 0;
	int64_t end = 0;
	char text[TIME_TEXT];

	begin(&c, "UTC");
	add_window(&c, MON, 2 * HOUR, HOUR);
	add_window(&c, MON, 12 * HOUR, HOUR);
	add_freeze(&c, "2026-12-15", "2027-01-06");
	assert_true(time_parse("2026-11-25", &at) && time_parse("2027-01-01", &end));
	assert_true(role_last_opening(&c.fleet, &c.role, at, end, &last));
	assert_string_equal(time_format(last.from, text), "2026-12-14T12:00:00Z");
	assert_true(time_parse("2026-11-29", &end));
	assert_false(role_last_opening(&c.fleet, &c.role, at, end, &last));
}
