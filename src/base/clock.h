/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time.  Points in time are seconds since 1970 UTC in int64_t, durations are
 * seconds in int64_t, deadlines are milliseconds of the monotonic clock.  Only
 * callers near main() read the clock; the planner gets the time as an argument.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TIME_TEXT = 32,
	DURATION_TEXT = 32
};

int64_t clock_now(void);
int64_t clock_mono_ms(void);
/* Sleeps, but returns early when a stop is requested (base/stop.h). */
void clock_sleep_ms(int64_t ms);

/* RFC 3339 in UTC, whole seconds: 2026-11-23T08:00:00Z.  Returns `text`. */
const char *time_format(int64_t when, char text[TIME_TEXT]);
/* Parses RFC 3339 (with Z or an offset) or a date, 2026-11-23. */
bool time_parse(const char *text, int64_t *when);

/* "90d", "36h", "1y": a count and one unit of s m h d w y (365 days). */
bool duration_parse(const char *text, int64_t *seconds);
/* For people: the largest unit that divides the duration, "90 days", "1 hour". */
const char *duration_words(int64_t seconds, char text[DURATION_TEXT]);
/* For people, rounded down to about two digits: "9 days", "5 hours". */
const char *duration_about(int64_t seconds, char text[DURATION_TEXT]);

#endif
