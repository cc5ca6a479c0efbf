/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/stop.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct unit {
	char letter;
	const char *word;
	int64_t seconds;
};

static const struct unit units[] = {
	{ 'y', "year", 31536000 }, { 'w', "week", 604800 }, { 'd', "day", 86400 },
	{ 'h', "hour", 3600 },     { 'm', "minute", 60 },   { 's', "second", 1 },
};
enum {
	UNIT_COUNT = sizeof(units) / sizeof(*units)
};

int64_t clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void clock_sleep_ms(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!stop_requested()) {
		int64_t left = end - clock_mono_ms();

		if (left <= 0)
			return;
		if (left > 100)
			left = 100;

		struct timespec t = { .tv_nsec = (long)left * 1000000 };
		nanosleep(&t, NULL);
	}
}

const char *time_format(int64_t when, char text[TIME_TEXT])
{
	time_t t = (time_t)when;
	struct tm parts;

	if (!gmtime_r(&t, &parts) || !strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &parts))
		snprintf(text, TIME_TEXT, "@%lld", (long long)when);
	return text;
}

/* Reads "+hh:mm", "-hh:mm" or "Z" to the end of `text`. */
static bool parse_offset(const char *text, int64_t *seconds)
{
	unsigned hours;
	unsigned minutes;
	int used = 0;

	*seconds = 0;
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if (*text != '+' && *text != '-')
		return false;
	if (sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || used != 5 || text[6] ||
	    hours > 23 || minutes > 59)
		return false;
	*seconds = (int64_t)hours * 3600 + minutes * 60;
	if (*text == '-')
		*seconds = -*seconds;
	return true;
}

bool time_parse(const char *text, int64_t *when)
{
	struct tm parts = { 0 };
	int64_t offset = 0;
	const char *rest = strptime(text, "%Y-%m-%d", &parts);

	if (!rest || rest - text != 10)
		return false;
	if (*rest) {
		if (*rest != 'T' && *rest != 't' && *rest != ' ')
			return false;
		rest = strptime(rest + 1, "%H:%M:%S", &parts);
		if (!rest || !parse_offset(rest, &offset))
			return false;
	}

	struct tm normal = parts;
	int64_t t = (int64_t)timegm(&normal);

	if (normal.tm_mday != parts.tm_mday || normal.tm_mon != parts.tm_mon)
		return false; /* 30 February */
	*when = t - offset;
	return true;
}

bool duration_parse(const char *text, int64_t *seconds)
{
	char *end = NULL;

	if (!isdigit((unsigned char)*text) || strlen(text) > 12)
		return false;

	int64_t count = strtoll(text, &end, 10);

	if (!*end || end[1])
		return false;
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (units[i].letter == *end)
			return !__builtin_mul_overflow(count, units[i].seconds, seconds) &&
			       *seconds <= 1000 * units[0].seconds;
	return false;
}

static const char *in_words(int64_t count, const struct unit *u, char text[DURATION_TEXT])
{
	snprintf(text, DURATION_TEXT, "%lld %s%s", (long long)count, u->word,
		 count == 1 || count == -1 ? "" : "s");
	return text;
}

const char *duration_words(int64_t seconds, char text[DURATION_TEXT])
{
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (seconds && units[i].letter != 'w' && seconds % units[i].seconds == 0)
			return in_words(seconds / units[i].seconds, &units[i], text);
	return in_words(seconds, &units[UNIT_COUNT - 1], text);
}

const char *duration_about(int64_t seconds, char text[DURATION_TEXT])
{
	int64_t size = seconds < 0 ? -seconds : seconds;

	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (units[i].letter != 'w' && size >= 2 * units[i].seconds)
			return in_words(seconds / units[i].seconds, &units[i], text);
	return in_words(seconds, &units[UNIT_COUNT - 1], text);
}
