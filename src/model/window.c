/* SPDX-License-Identifier: Apache-2.0 */
#include "model/window.h"

#include "base/clock.h"
#include "model/fleet.h"

enum {
	DAY = 24 * 3600,
	MONDAY = 3,      /* of 1970-01-01, a Thursday, and those after it */
	JOINED_MOST = 9, /* windows that touch: one that is open on is told as so many */
};

const char *const weekday_names[WEEKDAYS + 1] = { "mon", "tue", "wed", "thu",
						  "fri", "sat", "sun", NULL };

static int64_t day_of(int64_t local)
{
	return local >= 0 ? local / DAY : -((-local + DAY - 1) / DAY);
}

static bool has_day(const struct window *w, int64_t day)
{
	return w->days & 1U << (unsigned)(((day + MONDAY) % WEEKDAYS + WEEKDAYS) % WEEKDAYS);
}

/* Its first opening that ends after `at`. */
static struct open_span window_opening(const struct window *w, int64_t at)
{
	/* a day more, for clocks that are put forward or back */
	int64_t day = day_of(zone_to_local(w->zone, at) - w->duration) - 1;
	struct open_span o = { 0 };

	do {
		while (!has_day(w, day))
			day++;
		o.from = zone_from_local(w->zone, day++ * DAY + w->start);
		o.until = o.from + w->duration;
	} while (o.until <= at);
	return o;
}

/* Freezes left aside. */
static struct open_span windows_opening(const struct role *r, int64_t at)
{
	const struct restart *p = &r->restart;
	struct open_span first = { .from = INT64_MAX, .until = INT64_MAX };
	bool joined = true;

	if (!p->window_count)
		return (struct open_span){ .from = INT64_MIN, .until = INT64_MAX };
	for (size_t i = 0; i < p->window_count; i++) {
		struct open_span o = window_opening(&p->windows[i], at);

		if (o.from < first.from)
			first = o;
	}
	for (size_t n = 0; n < JOINED_MOST && joined; n++) {
		joined = false;
		for (size_t i = 0; i < p->window_count; i++) {
			struct open_span o = window_opening(&p->windows[i], first.until);

			if (o.from > first.until)
				continue;
			first.until = o.until;
			joined = true;
		}
	}
	return first;
}

static const struct freeze *freeze_at(const struct freeze *list, size_t count, int64_t at)
{
	const struct freeze *longest = NULL;

	for (size_t i = 0; i < count; i++)
		if (list[i].from <= at && at < list[i].to && (!longest || list[i].to > longest->to))
			longest = &list[i];
	return longest;
}

const struct freeze *role_frozen(const struct fleet *f, const struct role *r, int64_t at)
{
	const struct freeze *own = freeze_at(r->restart.freezes, r->restart.freeze_count, at);
	const struct freeze *all = freeze_at(f->freezes, f->freeze_count, at);

	return own && (!all || own->to >= all->to) ? own : all;
}

/* The first freeze of a list after `at`, if that begins before `until`. */
static int64_t cut_by(const struct freeze *list, size_t count, int64_t at, int64_t until)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].from > at && list[i].from < until)
			until = list[i].from;
	return until;
}

bool role_is_scheduled(const struct fleet *f, const struct role *r)
{
	return r->restart.window_count || r->restart.freeze_count || f->freeze_count;
}

struct open_span role_opening(const struct fleet *f, const struct role *r, int64_t at)
{
	const struct freeze *frozen = role_frozen(f, r, at);
	int64_t from = at;
	struct open_span o = { 0 };

	for (const struct freeze *in = frozen;; in = role_frozen(f, r, from)) {
		if (in)
			from = in->to;
		o = windows_opening(r, from);
		if (o.from > from)
			from = o.from;
		if (!role_frozen(f, r, from))
			break;
	}
	if (o.from < from && from > at)
		o.from = from;
	o.until = cut_by(f->freezes, f->freeze_count, from, o.until);
	o.until = cut_by(r->restart.freezes, r->restart.freeze_count, from, o.until);
	o.frozen = frozen;
	return o;
}

int64_t role_waits_until(const struct fleet *f, const struct role *r, int64_t at)
{
	const int64_t from = role_opening(f, r, at).from;

	return from > at ? from : 0;
}

bool role_last_opening(const struct fleet *f, const struct role *r, int64_t least, int64_t before,
		       struct open_span *out)
{
	for (int64_t at = before - DAY; at > least - DAY; at -= DAY) {
		struct open_span o = role_opening(f, r, at < least ? least : at);

		if (o.from >= before)
			continue;
		*out = o;
		while (o.until < before && o.from < before) {
			*out = o;
			o = role_opening(f, r, o.until);
		}
		if (o.from < before)
			*out = o;
		if (out->from < least)
			out->from = least;
		return true;
	}
	return false;
}

const char *opening_words(const struct open_span *o, struct arena *a)
{
	char from[TIME_TEXT];
	char until[TIME_TEXT];

	return o->until == INT64_MAX ? arena_printf(a, "from %s on", time_format(o->from, from))
				     : arena_printf(a, "from %s to %s", time_format(o->from, from),
						    time_format(o->until, until));
}
