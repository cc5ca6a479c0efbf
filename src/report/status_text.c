/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"
#include "report/status.h"

#include <string.h>

enum {
	FINGERPRINT_SHOWN = 12,
	DATE_SHOWN = 10,
};

static const enum tone state_tones[COMPONENT_STATE_COUNT] = {
	[COMPONENT_ABSENT] = TONE_WARN,     [COMPONENT_OUTDATED] = TONE_WARN,
	[COMPONENT_STAGED] = TONE_WARN,     [COMPONENT_RESTART_PENDING] = TONE_WARN,
	[COMPONENT_IN_SYNC] = TONE_GOOD,    [COMPONENT_FAILED] = TONE_BAD,
	[COMPONENT_ROLLED_BACK] = TONE_BAD, [COMPONENT_DEFERRED] = TONE_WARN,
	[COMPONENT_INVALID] = TONE_BAD,     [COMPONENT_UNKNOWN] = TONE_WARN,
	[COMPONENT_UNPROVEN] = TONE_PLAIN,  [COMPONENT_NOT_USED] = TONE_FAINT,
	[COMPONENT_AWAITING] = TONE_ASK,
};

static const char *const component_titles[] = { "COMPONENT", "STATE",    "DESIRED", "INSTALLED",
						"SERVED",    "EVIDENCE", NULL };
static const char *const certificate_titles[] = { "CERTIFICATE", "ISSUED BY", "ENDS", "LEFT",
						  "RENEWED",     "DESIRED",   NULL };

static const char *const agent_titles[] = { "AGENT",   "ISSUED BY", "ENDS", "LEFT",
					    "RENEWED", "SERIAL",    NULL };

/* ---- components ---- */

static void add_fingerprint(struct table *t, const char *fingerprint, const char *desired)
{
	const char *shown = !fingerprint ? "unknown"
			    : !*fingerprint
				    ? "nothing"
				    : arena_strndup(t->arena, fingerprint, FINGERPRINT_SHOWN);
	bool other = fingerprint && desired && strcmp(fingerprint, desired) != 0;

	table_add(t, shown, other ? TONE_WARN : TONE_PLAIN);
}

static void add_notes(struct table *t, const struct component_seen *seen)
{
	if (!seen->now.online)
		table_note(t, "offline");
	if (seen->now.damage)
		table_note(t, seen->now.damage);
	if (seen->now.attr_flaw)
		table_note(t, seen->now.attr_flaw);
	if (seen->now.served_flaw)
		table_note(t, seen->now.served_flaw);
	if (seen->now.error)
		table_note(t, seen->now.error);
	if (seen->last_error)
		table_note(t, arena_printf(t->arena, "last run: %s", seen->last_error));
}

static void status_text_add_component(struct table *t, const struct status_component *row)
{
	static const struct component_seen never = { .now.online = true };
	const struct component_seen *seen = row->seen ? row->seen : &never;
	const char *desired = row->desired ? row->desired->fingerprint : NULL;

	table_add(t, row->component->name, TONE_PLAIN);
	table_add(t, component_state_names[row->state], state_tones[row->state]);
	table_add(t, desired ? arena_strndup(t->arena, desired, FINGERPRINT_SHOWN) : NULL,
		  TONE_PLAIN);
	add_fingerprint(t, seen->now.installed, desired);
	add_fingerprint(t, seen->now.served, desired);
	table_add(t, evidence_names[seen->now.evidence], TONE_PLAIN);
	if (row->refusal)
		table_note(t, row->refusal);
	if (row->waits_reason)
		table_note(t, row->waits_reason);
	if (row->late)
		table_note(t, row->late);
	if (row->state != COMPONENT_IN_SYNC)
		add_notes(t, seen);
}

/* ---- certificates ---- */

static const char *date(struct arena *a, int64_t when)
{
	char text[TIME_TEXT];

	return arena_strndup(a, time_format(when, text), DATE_SHOWN);
}

static const char *left(struct arena *a, int64_t seconds)
{
	char words[DURATION_TEXT];

	if (seconds <= 0)
		return "ended";
	return arena_strdup(a, duration_about(seconds, words));
}

static void add_certificate(struct table *t, const struct status *s,
			    const struct status_certificate *row)
{
	const struct generation *g = row->generation;
	const struct certificate *c = row->certificate;
	bool due = row->renew_at && row->renew_at <= s->now;
	char words[DURATION_TEXT];
	const char *renewed = NULL;

	table_add(t, c ? c->name : row->issuer->name, TONE_PLAIN);
	table_add(t,
		  !c           ? "itself (issuer)"
		  : c->issuer  ? c->issuer->name
		  : c->builtin ? "built in"
			       : "import",
		  TONE_PLAIN);
	if (!g) {
		table_add(t, c && c->builtin ? "2019-03-07" : "not issued yet", TONE_FAINT);
		for (int i = 0; i < 3; i++)
			table_add(t, NULL, TONE_PLAIN);
		return;
	}
	table_add(t, date(t->arena, g->not_after), TONE_PLAIN);
	table_add(t, left(t->arena, row->left),
		  row->left <= 0 ? TONE_BAD
		  : due          ? TONE_WARN
				 : TONE_PLAIN);
	/* An import is renewed by its owner, so the column says when it is time. */
	if (row->renew_at && c && c->import.kind != IMPORT_NONE)
		renewed = due ? "get a new one" : "by hand";
	else if (row->held_until)
		renewed =
			arena_printf(t->arena, "reused until %s", date(t->arena, row->held_until));
	else if (due)
		renewed = arena_printf(t->arena, "due for %s",
				       duration_about(s->now - row->renew_at, words));
	else if (row->renew_at)
		renewed = arena_printf(t->arena, "from %s", date(t->arena, row->renew_at));
	table_add(t, renewed, TONE_PLAIN);
	table_add(t, arena_strndup(t->arena, g->fingerprint, FINGERPRINT_SHOWN), TONE_PLAIN);
}

/* ---- agents ---- */

static void add_agent(struct table *t, const struct status_agent *row)
{
	const struct enrolled *agent = row->enrolled;
	bool ended = row->left <= 0;

	table_add(t, agent->agent, TONE_PLAIN);
	table_add(t, agent->issuer, TONE_PLAIN);
	table_add(t, row->replaced ? "-" : date(t->arena, agent->not_after), TONE_PLAIN);
	table_add(t, row->replaced ? "replaced" : left(t->arena, row->left),
		  ended && !row->renewed_by ? TONE_BAD : TONE_PLAIN);
	table_add(t,
		  row->renewed_by ? arena_printf(t->arena, "by '%s'", row->renewed_by->name)
				  : "enrol it again",
		  TONE_PLAIN);
	table_add(t, agent->serial, TONE_PLAIN);
}

/* ---- the document ---- */

static void add_head(const struct status *s, struct buf *out)
{
	char at[TIME_TEXT];

	buf_puts(out, "Fleet '");
	text_escape(out, s->fleet->name, strlen(s->fleet->name));
	buf_putc(out, '\'');
	if (!s->offline)
		buf_printf(out, " at %s\n\n", time_format(s->now, at));
	else if (s->observed_at)
		buf_printf(out, " as last seen, at the earliest at %s\n\n",
			   time_format(s->observed_at, at));
	else
		buf_puts(out, ", of which nothing was ever seen\n\n");
}

static void add_problems(const struct status *s, struct buf *out)
{
	const struct precondition *all = s->problems.items;
	size_t count = s->problems.count;

	for (size_t i = 0, alike = 0; i < count; i += alike) {
		alike = preconditions_alike(&all[i], count - i);
		preconditions_told(&all[i], alike, out);
		buf_puts(out, "; ");
		preconditions_remedy(&all[i], alike, out);
		buf_putc(out, '\n');
	}
	if (count)
		buf_putc(out, '\n');
}

static void add_summary(const struct status *s, struct buf *out)
{
	static const char *const waits[STATUS_WAIT_COUNT] = {
		[WAIT_WINDOW] = "waiting for a window",
		[WAIT_LIMITS] = "left to a later apply by 'limits'",
	};
	size_t counts[COMPONENT_STATE_COUNT] = { 0 };
	size_t waiting[STATUS_WAIT_COUNT] = { 0 };
	const char *separator = ": ";

	for (size_t i = 0; i < s->component_count; i++) {
		counts[s->components[i].state]++;
		waiting[s->components[i].waits]++;
	}
	buf_printf(out, "%zu component%s", s->component_count, s->component_count == 1 ? "" : "s");
	for (size_t i = 0; i < COMPONENT_STATE_COUNT; i++) {
		if (!counts[i])
			continue;
		buf_printf(out, "%s%zu %s", separator, counts[i], component_state_names[i]);
		separator = ", ";
	}
	for (size_t i = WAIT_WINDOW; i < STATUS_WAIT_COUNT; i++)
		if (waiting[i])
			buf_printf(out, "; %zu %s", waiting[i], waits[i]);
	buf_putc(out, '\n');
}

void status_render_text(const struct status *s, bool color, struct buf *out)
{
	AUTO(arena) a = { 0 };
	struct table components = { .arena = &a, .titles = component_titles };
	struct table certificates = { .arena = &a, .titles = certificate_titles };
	struct table agents = { .arena = &a, .titles = agent_titles };

	for (size_t i = 0; i < s->component_count; i++)
		status_text_add_component(&components, &s->components[i]);
	for (size_t i = 0; i < s->certificate_count; i++)
		add_certificate(&certificates, s, &s->certificates[i]);
	for (size_t i = 0; i < s->agent_count; i++)
		add_agent(&agents, &s->agents[i]);
	add_head(s, out);
	table_render(&components, color, out);
	if (s->component_count)
		buf_putc(out, '\n');
	table_render(&certificates, color, out);
	if (s->certificate_count)
		buf_putc(out, '\n');
	table_render(&agents, color, out);
	if (s->agent_count)
		buf_putc(out, '\n');
	add_problems(s, out);
	add_summary(s, out);
}
