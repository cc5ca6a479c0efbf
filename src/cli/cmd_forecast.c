/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"
#include "plan/planner.h"
#include "json/value.h"

#include <stdlib.h>
#include <string.h>

#define FORECAST_FORMAT "1.0"

enum {
	DAY = 24 * 3600,
	DAYS_USUAL = 90,
	DAYS_MOST = 3650,
	DAY_TEXT = sizeof("2026-12-24"),
	NAMES_SHOWN = 3, /* of one day */
};

struct forecast_options {
	const char *days;
	bool json;
};

static const struct option options[] = {
	TEXT(struct forecast_options, days, .name = "days", .argument = "N",
	     .help = "how far to look ahead; 90 when left out, at most 3650"),
	FLAG(struct forecast_options, json, .name = "json",
	     .help = "print it as JSON (schemas/forecast.schema.json)"),
	{ 0 },
};

static const char *day_text(int64_t when, char text[TIME_TEXT])
{
	time_format(when, text);
	if (strlen(text) >= DAY_TEXT)
		text[DAY_TEXT - 1] = '\0';
	return text;
}

/* ---- freezes ---- */

struct shown_freeze {
	const struct freeze *freeze;
	const char *role; /* NULL: of the fleet */
};

typedef void freeze_fn(void *ctx, const struct shown_freeze *f);

/* Those of the time that is looked at: of the fleet, then of each role. */
static void each_freeze(const struct forecast *f, freeze_fn *fn, void *ctx)
{
	const struct fleet *fleet = f->fleet;

	for (size_t i = 0; i < fleet->freeze_count; i++)
		if (fleet->freezes[i].from < f->until && fleet->freezes[i].to > f->at)
			fn(ctx, &(struct shown_freeze){ &fleet->freezes[i], NULL });
	for (size_t k = 0; k < fleet->role_count; k++) {
		const struct restart *p = &fleet->roles[k].restart;

		for (size_t i = 0; i < p->freeze_count; i++)
			if (p->freezes[i].from < f->until && p->freezes[i].to > f->at)
				fn(ctx,
				   &(struct shown_freeze){ &p->freezes[i], fleet->roles[k].name });
	}
}

/* ---- JSON ---- */

static json_t *day_json(const struct forecast_day *d)
{
	char text[TIME_TEXT];
	json_t *names = json_array();

	for (size_t i = 0; i < d->certificate_count; i++)
		json_array_append_new(names, json_text(d->certificates[i]));
	return json_pack("{ss sI sI sI sb so}", "day", day_text(d->day, text), "renewals",
			 (json_int_t)d->renewals, "components", (json_int_t)d->components,
			 "restarts", (json_int_t)d->restarts, "over_limits", d->over_limits,
			 "certificates", names);
}

static json_t *conflict_json(const struct forecast_conflict *c)
{
	json_t *last = c->last.until ? json_pack("{so so}", "from", json_moment(c->last.from),
						 "until", json_moment(c->last.until))
				     : json_null();

	return json_pack("{so so so so so so}", "certificate", json_text(c->certificate), "role",
			 json_text(c->role), "renew_at", json_moment(c->renew_at), "not_after",
			 json_moment(c->not_after), "freeze", json_text(c->freeze), "last_window",
			 last);
}

static void add_freeze_json(void *ctx, const struct shown_freeze *f)
{
	json_array_append_new(ctx,
			      json_pack("{so so so so}", "from", json_moment(f->freeze->from), "to",
					json_moment(f->freeze->to), "reason",
					json_text(f->freeze->reason), "role", json_text(f->role)));
}

static json_t *forecast_json(const struct forecast *f)
{
	char text[TIME_TEXT];
	size_t limit = fleet_run_limit(f->fleet);
	json_t *days = json_array();
	json_t *imports = json_array();
	json_t *conflicts = json_array();
	json_t *freezes = json_array();

	for (size_t i = 0; i < f->day_count; i++)
		json_array_append_new(days, day_json(&f->days[i]));
	for (size_t i = 0; i < f->import_count; i++)
		json_array_append_new(imports,
				      json_pack("{so so so}", "certificate",
						json_text(f->imports[i].certificate), "renew_at",
						json_moment(f->imports[i].renew_at), "not_after",
						json_moment(f->imports[i].not_after)));
	for (size_t i = 0; i < f->conflict_count; i++)
		json_array_append_new(conflicts, conflict_json(&f->conflicts[i]));
	each_freeze(f, add_freeze_json, freezes);
	return json_pack(
		"{ss so so so so so so so so so}", "format_version", FORECAST_FORMAT, "fleet",
		json_text(f->fleet->name), "at", json_moment(f->at), "until", json_moment(f->until),
		"limit", limit == SIZE_MAX ? json_null() : json_integer((json_int_t)limit),
		"first_over_limits",
		f->first_over ? json_string(day_text(f->first_over->day, text)) : json_null(),
		"days", days, "imports", imports, "conflicts", conflicts, "freezes", freezes);
}

/* ---- text ---- */

static const char *const day_titles[] = { "DAY",      "RENEWALS",     "COMPONENTS",
					  "RESTARTS", "CERTIFICATES", NULL };

static void add_days(const struct forecast *f, struct table *t)
{
	char text[TIME_TEXT];

	for (size_t i = 0; i < f->day_count; i++) {
		const struct forecast_day *d = &f->days[i];
		AUTO(buf) names = { 0 };

		for (size_t k = 0; k < d->certificate_count && k < NAMES_SHOWN; k++)
			buf_printf(&names, "%s%s", k ? ", " : "", d->certificates[k]);
		if (d->certificate_count > NAMES_SHOWN)
			buf_printf(&names, " and %zu more", d->certificate_count - NAMES_SHOWN);
		table_add(t, day_text(d->day, text), TONE_PLAIN);
		table_add(t, arena_printf(t->arena, "%zu", d->renewals), TONE_PLAIN);
		table_add(t,
			  arena_printf(t->arena, "%zu%s", d->components,
				       d->over_limits ? " (over limits)" : ""),
			  d->over_limits ? TONE_WARN : TONE_PLAIN);
		table_add(t, arena_printf(t->arena, "%zu", d->restarts), TONE_PLAIN);
		table_add(t, buf_text(&names), TONE_PLAIN);
	}
}

static void add_freeze_line(void *ctx, const struct shown_freeze *f)
{
	struct buf *out = ctx;
	char from[TIME_TEXT];
	char to[TIME_TEXT];

	buf_printf(out, "Freeze from %s to %s", time_format(f->freeze->from, from),
		   time_format(f->freeze->to, to));
	if (f->role) {
		buf_puts(out, " of role '");
		text_escape(out, f->role, strlen(f->role));
		buf_putc(out, '\'');
	}
	buf_puts(out, ": ");
	text_escape(out, f->freeze->reason, strlen(f->freeze->reason));
	buf_putc(out, '\n');
}

static void add_conflict(const struct forecast_conflict *c, struct arena *a, struct buf *out)
{
	char due[TIME_TEXT];
	char ends[TIME_TEXT];

	buf_puts(out, "Conflict: '");
	text_escape(out, c->certificate, strlen(c->certificate));
	buf_putc(out, '\'');
	if (*c->role) {
		buf_puts(out, " in role '");
		text_escape(out, c->role, strlen(c->role));
		buf_putc(out, '\'');
	}
	buf_printf(out, " is due at %s and ends at %s, and no window opens between",
		   time_format(c->renew_at, due), time_format(c->not_after, ends));
	if (c->freeze) {
		buf_puts(out, ", for the freeze '");
		text_escape(out, c->freeze, strlen(c->freeze));
		buf_putc(out, '\'');
	}
	if (c->last.until)
		buf_printf(out, "; the last safe window is %s\n", opening_words(&c->last, a));
	else
		buf_puts(out, "; no safe window is left\n");
}

static void forecast_text(const struct forecast *f, struct arena *a, bool color, struct buf *out)
{
	struct table t = { .arena = a, .titles = day_titles };
	char from[TIME_TEXT];
	char until[TIME_TEXT];

	buf_printf(out, "Forecast from %s to %s, for an apply each day\n\n", day_text(f->at, from),
		   day_text(f->until, until));
	add_days(f, &t);
	table_render(&t, color, out);
	buf_puts(out, f->day_count ? "\n" : "Nothing is due.\n");
	for (size_t i = 0; i < f->import_count; i++) {
		buf_puts(out, "Import '");
		text_escape(out, f->imports[i].certificate, strlen(f->imports[i].certificate));
		buf_printf(out, "' is to be replaced from %s on, it ends at %s\n",
			   time_format(f->imports[i].renew_at, from),
			   time_format(f->imports[i].not_after, until));
	}
	each_freeze(f, add_freeze_line, out);
	for (size_t i = 0; i < f->conflict_count; i++)
		add_conflict(&f->conflicts[i], a, out);
	if (f->first_over)
		buf_printf(out,
			   "The first day over 'limits' is %s: %zu components, of %zu in one run\n",
			   day_text(f->first_over->day, from), f->first_over->components,
			   fleet_run_limit(f->fleet));
}

/* ---- the command ---- */

static bool read_days(const char *text, int64_t *days, struct err *e)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	*days = text ? atoi(text) : DAYS_USUAL;
	return (!text ||
		(digits && digits < 5 && !text[digits] && *days >= 1 && *days <= DAYS_MOST)) ||
	       err_set(e, ERR_USAGE, "'--days' must be a number from 1 to %d", DAYS_MOST);
}

static bool cmd_forecast_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct forecast_options *o = call->options;
	AUTO(snapshot) snapshot = { 0 };
	AUTO(buf) text = { 0 };
	struct forecast f;
	int64_t now = clock_now();
	int64_t days = 0;

	(void)status;
	if (!read_days(o->days, &days, e) || !engine_recall(s->engine, now, &snapshot, e))
		return false;
	forecast_make(&s->fleet, &snapshot, now, now + days * DAY, &s->arena, &f);
	if (o->json) {
		AUTO(json) document = forecast_json(&f);

		term_print_json(&s->terminal, document, false);
		return true;
	}
	forecast_text(&f, &s->arena, s->terminal.color, &text);
	term_print(&s->terminal, &text);
	return true;
}

const struct command command_forecast = {
	.name = "forecast",
	.words = "[FILE]",
	.summary = "show what is due in the next days",
	.help = "A calendar of renewals and restarts, when an apply runs each day: how many\ncomponents each day changes, the first day that is over 'limits', and what\nconflicts with windows and freezes. Reads the fleet file and the state only.",
	.needs = NEEDS_FLEET_WORD | NEEDS_ENGINE,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct forecast_options),
	.run = cmd_forecast_run,
};
