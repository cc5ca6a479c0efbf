/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone.h"

#include "base/alloc.h"
#include "base/auto.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "base/vec.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo/"

enum {
	WEEK = 7 * 24 * 3600, /* no zone shifts twice in one */
	NAME_MOST = 64,
};
static const int64_t first_time = 946684800; /* 2000-01-01 */
static const int64_t last_time = 5680281600; /* 2150-01-01 */

const struct zone zone_utc = {
	.name = "UTC",
	.shifts = &(const struct zone_shift){ 0 },
	.count = 1,
};

/* Areas begin with a capital letter; other files there are none, or count leap seconds. */
static bool is_zone_name(const char *name)
{
	const char *capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(name);

	return len && len <= NAME_MOST && strchr(capitals, *name) && !strstr(name, "//") &&
	       name[len - 1] != '/' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
		       len;
}

static bool is_zone_file(const char *path)
{
	AUTO(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char magic[4] = "";

	return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       !memcmp(magic, "TZif", sizeof(magic));
}

/* In the zone that TZ names. */
static int32_t ahead_at(int64_t when)
{
	time_t t = (time_t)when;
	struct tm parts = { 0 };

	return localtime_r(&t, &parts) ? (int32_t)parts.tm_gmtoff : 0;
}

/* The first moment after `before` at which it is no more as it was then. */
static int64_t shift_between(int64_t before, int64_t after)
{
	int32_t ahead = ahead_at(before);

	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (ahead_at(middle) == ahead)
			before = middle;
		else
			after = middle;
	}
	return after;
}

static void list_shifts(struct arena *a, struct zone *z)
{
	VEC(struct zone_shift) list = { 0 };

	VEC_PUSH(&list, a, ((struct zone_shift){ first_time, ahead_at(first_time) }));
	for (int64_t at = first_time; at < last_time; at += WEEK) {
		int64_t shift = 0;

		if (ahead_at(at) == ahead_at(at + WEEK))
			continue;
		shift = shift_between(at, at + WEEK);
		VEC_PUSH(&list, a, ((struct zone_shift){ shift, ahead_at(shift) }));
	}
	z->shifts = list.items;
	z->count = list.count;
}

bool zone_read(const char *name, struct arena *a, struct zone *out)
{
	const char *path = arena_printf(a, ZONES "%s", name);
	const char *before = getenv("TZ");

	if (!is_zone_name(name) || !is_zone_file(path))
		return false;
	assert(!parallel_is_running());
	before = before ? arena_strdup(a, before) : NULL;
	setenv("TZ", arena_printf(a, ":%s", path), 1);
	tzset();
	out->name = arena_strdup(a, name);
	list_shifts(a, out);
	if (before)
		setenv("TZ", before, 1);
	else
		unsetenv("TZ");
	tzset();
	return true;
}

static int32_t ahead_of(const struct zone *z, int64_t utc)
{
	size_t low = 0;
	size_t high = z->count;

	/* the last one from `utc` on or earlier */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (z->shifts[middle].from <= utc)
			low = middle;
		else
			high = middle;
	}
	return z->shifts[low].ahead;
}

int64_t zone_to_local(const struct zone *z, int64_t utc)
{
	return utc + ahead_of(z, utc);
}

/* When the clocks are put forward over a local time. */
static int64_t shift_over(const struct zone *z, int64_t local)
{
	for (size_t i = 1; i < z->count; i++)
		if (z->shifts[i].from + z->shifts[i - 1].ahead <= local &&
		    z->shifts[i].from + z->shifts[i].ahead > local)
			return z->shifts[i].from;
	return local;
}

int64_t zone_from_local(const struct zone *z, int64_t local)
{
	/* no shift is further away than a day: one offset holds before, one after */
	const int64_t day = 24 * 3600;
	int64_t early = local - ahead_of(z, local - day);
	int64_t late = local - ahead_of(z, local + day);

	if (zone_to_local(z, early) == local)
		return early;
	if (zone_to_local(z, late) == local)
		return late;
	return shift_over(z, local);
}
