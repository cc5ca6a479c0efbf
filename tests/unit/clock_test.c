/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "test.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void assert_time(const char *text, int64_t expected)
{
	int64_t when = -1;

	if (!time_parse(text, &when))
		fail_msg("'%s' was refused", text);
	assert_int_equal(when, expected);
}

TEST(times_are_rfc_3339)
{
	char text[TIME_TEXT];

	assert_time("1970-01-01T00:00:00Z", 0);
	assert_time("2026-11-23T08:00:00Z", 1795420800);
	assert_time("2026-11-23T08:00:00+02:00", 1795413600);
	assert_time("2026-11-23T08:00:00-00:30", 1795422600);
	assert_time("2026-11-23", 1795392000);
	assert_time("2028-02-29", 1835395200);
	assert_string_equal(time_format(1795420800, text), "2026-11-23T08:00:00Z");
	assert_string_equal(time_format(4102444800, text), "2100-01-01T00:00:00Z");
}

TEST(what_is_no_time_is_refused)
{
	static const char *const bad[] = {
		"",
		"tomorrow",
		"2026-11-23T08:00:00",
		"2026-11-23T08:00Z",
		"2026-02-30",
		"2027-02-29",
		"2026-13-01",
		"26-11-23",
		"2026-11-23T08:00:00Zx",
		"2026-11-23T08:00:00+2:00",
		"2026-11-23T08:00:00+25:00",
		"2026-11-23 ",
	};
	int64_t when = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (time_parse(bad[i], &when))
			fail_msg("'%s' was taken", bad[i]);
}

TEST(durations_are_a_count_and_a_unit)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = { { "90d", 7776000 }, { "36h", 129600 }, { "1y", 31536000 },
		     { "2w", 1209600 },  { "5m", 300 },     { "0s", 0 } };
	static const char *const bad[] = { "",     "90",  "d",    "-1d",   "1.5d",
					   "90 d", "90D", "90dd", "1001y", "99999999999s" };
	int64_t seconds = 0;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(duration_parse(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (duration_parse(bad[i], &seconds))
			fail_msg("'%s' was taken", bad[i]);
}

TEST(durations_are_said_in_words)
{
	char text[DURATION_TEXT];

	assert_string_equal(duration_words(7776000, text), "90 days");
	assert_string_equal(duration_words(3600, text), "1 hour");
	assert_string_equal(duration_words(3660, text), "61 minutes");
	assert_string_equal(duration_words(0, text), "0 seconds");
	assert_string_equal(duration_about(9 * 86400 + 5, text), "9 days");
	assert_string_equal(duration_about(86400 + 5, text), "24 hours");
	assert_string_equal(duration_about(-3 * 86400, text), "-3 days");
	assert_string_equal(duration_about(1, text), "1 second");
}
