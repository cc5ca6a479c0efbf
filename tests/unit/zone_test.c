/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone.h"

#include "base/clock.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the clocks of a zone show, and when they show that. */
static void assert_when(const char *zone, const char *local, const char *utc)
{
	AUTO(arena) a = { 0 };
	struct zone z = { 0 };
	int64_t shown = 0;
	char got[TIME_TEXT];

	assert_true(zone_read(zone, &a, &z));
	assert_true(time_parse(local, &shown));
	assert_string_equal(time_format(zone_from_local(&z, shown), got), utc);
}

static void assert_local(const char *zone, const char *utc, const char *local)
{
	AUTO(arena) a = { 0 };
	struct zone z = { 0 };
	int64_t when = 0;
	char got[TIME_TEXT];

	assert_true(zone_read(zone, &a, &z));
	assert_true(time_parse(utc, &when));
	assert_string_equal(time_format(zone_to_local(&z, when), got), local);
}

TEST(a_zone_has_its_summer_time)
{
	assert_local("Europe/Vienna", "2026-01-15T12:00:00Z", "2026-01-15T13:00:00Z");
	assert_local("Europe/Vienna", "2026-07-15T12:00:00Z", "2026-07-15T14:00:00Z");
	assert_local("Australia/Lord_Howe", "2026-01-15T12:00:00Z", "2026-01-15T23:00:00Z");
	assert_local("Asia/Kathmandu", "2026-01-15T12:00:00Z", "2026-01-15T17:45:00Z");
	assert_local("America/New_York", "2099-07-15T12:00:00Z", "2099-07-15T08:00:00Z");
	assert_local("UTC", "2026-07-15T12:00:00Z", "2026-07-15T12:00:00Z");
}

TEST(a_time_that_the_clocks_skip_is_when_they_are_put_forward)
{
	assert_when("Europe/Vienna", "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z");
	assert_when("Europe/Vienna", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z");
	assert_when("Europe/Vienna", "2026-03-29T02:30:00Z", "2026-03-29T01:00:00Z");
	assert_when("Europe/Vienna", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z");
	assert_when("America/New_York", "2026-03-08T02:30:00Z", "2026-03-08T07:00:00Z");
	/* half an hour only */
	assert_when("Australia/Lord_Howe", "2026-10-04T02:15:00Z", "2026-10-03T15:30:00Z");
}

TEST(of_a_time_that_comes_twice_the_first_is_meant)
{
	assert_when("Europe/Vienna", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z");
	assert_when("Europe/Vienna", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z");
	assert_when("America/New_York", "2026-11-01T01:30:00Z", "2026-11-01T05:30:00Z");
}

TEST(leap_days_are_days)
{
	assert_when("Europe/Vienna", "2028-02-29T02:00:00Z", "2028-02-29T01:00:00Z");
	assert_local("Pacific/Auckland", "2028-02-28T12:00:00Z", "2028-02-29T01:00:00Z");
	/* 2100 has none */
	assert_local("Europe/Vienna", "2100-02-28T23:30:00Z", "2100-03-01T00:30:00Z");
}

TEST(what_is_no_zone_is_refused)
{
	static const char *const bad[] = { "",
					   "Europe",
					   "Europe/",
					   "Europe/Wien",
					   "europe/vienna",
					   "../../../etc/passwd",
					   "Europe/../Europe/Vienna",
					   "/usr/share/zoneinfo/UTC",
					   ":UTC",
					   "right/Europe/Vienna",
					   "tzdata.zi",
					   "CET-1CEST" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(arena) a = { 0 };
		struct zone z = { 0 };

		if (zone_read(bad[i], &a, &z))
			fail_msg("'%s' was read", bad[i]);
	}
}

TEST(the_environment_neither_counts_nor_changes)
{
	setenv("TZ", "Asia/Tokyo", 1);
	setenv("TZDIR", "/nowhere", 1);
	tzset();
	assert_local("Europe/Vienna", "2026-01-15T12:00:00Z", "2026-01-15T13:00:00Z");
	unsetenv("TZDIR");
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	unsetenv("TZ");
	assert_local("Europe/Vienna", "2026-01-15T12:00:00Z", "2026-01-15T13:00:00Z");
	assert_null(getenv("TZ"));
}
