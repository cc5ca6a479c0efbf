/* SPDX-License-Identifier: Apache-2.0 */
#include "config/window_types.h"

#include "base/clock.h"
#include "base/zone.h"
#include "config/values.h"

#include <string.h>

enum {
	DAY = 24 * 3600,
	FREEZE_MOST = 366, /* days */
};

/* The number of a weekday that `text` begins with; WEEKDAYS: none. */
static unsigned weekday_in(const char *text, size_t len)
{
	unsigned day = 0;

	while (day < WEEKDAYS &&
	       (strlen(weekday_names[day]) != len || strncmp(text, weekday_names[day], len) != 0))
		day++;
	return day;
}

/* "sat", or "mon..fri"; a range may go on over sunday. */
static bool read_weekday(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *text = n->text;
	const char *dots = n->kind == NODE_TEXT ? strstr(text, "..") : NULL;
	unsigned first = WEEKDAYS;
	unsigned last = WEEKDAYS;

	if (!value_raw(ld, f, n))
		return false;
	first = weekday_in(text, dots ? (size_t)(dots - text) : strlen(text));
	last = dots ? weekday_in(dots + 2, strlen(dots + 2)) : first;
	if (first == WEEKDAYS || last == WEEKDAYS)
		return config_error(
			ld, n,
			"'%s' cannot be '%s': a day is one of mon, tue, wed, thu, fri, sat, sun, or a range like mon..fri",
			f->key, shown(ld, text));
	*(unsigned *)slot = 1U << last;
	for (unsigned day = first; day != last; day = (day + 1) % WEEKDAYS)
		*(unsigned *)slot |= 1U << day;
	return true;
}

static bool read_weekdays(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	struct items days = { 0 };

	if (!one_or_list_type.read(ld, f, n, &days))
		return false;
	*(unsigned *)slot = 0;
	for (size_t i = 0; i < days.count; i++)
		*(unsigned *)slot |= ((unsigned *)days.list)[i];
	return true;
}

static bool read_day_time(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	const char *t = n->text;
	int hours = 0;
	int minutes = 0;

	if (!value_raw(ld, f, n))
		return false;
	if (strlen(t) == 5 && strspn(t, "0123456789") == 2 && t[2] == ':' &&
	    strspn(t + 3, "0123456789") == 2) {
		hours = (t[0] - '0') * 10 + t[1] - '0';
		minutes = (t[3] - '0') * 10 + t[4] - '0';
	} else {
		hours = 24;
	}
	if (hours > 23 || minutes > 59)
		return config_error(
			ld, n, "'%s' cannot be '%s': a time of the day is \"00:00\" to \"23:59\"",
			f->key, shown(ld, t));
	*(int64_t *)slot = hours * 3600 + minutes * 60;
	return true;
}

static bool read_zone(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct zone *zone = NULL;

	if (!value_raw(ld, f, n))
		return false;
	vec_each (known, &ld->zones)
		if (!strcmp((*known)->name, n->text)) {
			*(const struct zone **)slot = *known;
			return true;
		}
	zone = ARENA_NEW(&ld->fleet.arena, struct zone);
	if (!zone_read(n->text, &ld->fleet.arena, zone))
		return config_error(
			ld, n,
			"'%s' cannot be '%s': this machine has no such time zone; it is one like Europe/Vienna or UTC, from the package tzdata",
			f->key, shown(ld, n->text));
	VEC_PUSH(&ld->zones, &ld->work, zone);
	*(const struct zone **)slot = zone;
	return true;
}

static bool read_edge(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct freeze_edge *out = slot;

	if (!value_raw(ld, f, n))
		return false;
	if (!time_parse(n->text, &out->at))
		return config_error(
			ld, n,
			"'%s' cannot be '%s': it is a day like 2026-12-24, or a time like 2026-12-24T18:00:00Z",
			f->key, shown(ld, n->text));
	out->is_day = strlen(n->text) == strlen("2026-12-24");
	return true;
}

static struct freeze freeze_from(const struct freeze_form *form)
{
	const struct zone *z = form->zone ? form->zone : &zone_utc;
	int64_t to = form->to.is_day ? form->to.at + DAY : form->to.at;

	return (struct freeze){
		.from = form->from.is_day ? zone_from_local(z, form->from.at) : form->from.at,
		.to = form->to.is_day ? zone_from_local(z, to) : to,
		.reason = form->reason,
	};
}

bool freeze_check(struct loader *ld, const struct node *n, void *out)
{
	const struct freeze z = freeze_from(out);

	if (z.to <= z.from)
		return config_error(ld, node_find(n, "to"), "'to' is not after 'from'");
	return z.to - z.from <= (int64_t)FREEZE_MOST * DAY ||
	       config_error(ld, node_find(n, "to"), "'to' is more than %d days after 'from'",
			    FREEZE_MOST);
}

const struct freeze *freezes_from(struct loader *ld, const struct items *forms)
{
	struct freeze *list = arena_array(&ld->fleet.arena, forms->count, sizeof(*list));

	for (size_t i = 0; i < forms->count; i++)
		list[i] = freeze_from(&((const struct freeze_form *)forms->list)[i]);
	return list;
}

const struct window *windows_from(struct loader *ld, const struct items *windows)
{
	struct window *list = arena_array(&ld->fleet.arena, windows->count, sizeof(*list));

	for (size_t i = 0; i < windows->count; i++) {
		list[i] = ((const struct window *)windows->list)[i];
		if (!list[i].zone)
			list[i].zone = &zone_utc;
	}
	return list;
}

const struct field_type weekday_type = {
	read_weekday, SHAPE_TEXT,
	"^(mon|tue|wed|thu|fri|sat|sun)([.][.](mon|tue|wed|thu|fri|sat|sun))?$", .words = "day"
};
const struct field_type weekdays_type = { read_weekdays, SHAPE_ONE_OR_LIST, NULL };
const struct field_type day_time_type = { read_day_time, SHAPE_TEXT,
					  "^([01][0-9]|2[0-3]):[0-5][0-9]$", .words = "time" };
const struct field_type zone_type = { read_zone, SHAPE_TEXT, "^[A-Z][A-Za-z0-9_+/-]*$",
				      .words = "time zone" };
const struct field_type edge_type = { read_edge, SHAPE_TEXT,
				      "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$",
				      .words = "day or time" };
