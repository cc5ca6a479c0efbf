/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/table.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"
#include "state/journal.h"
#include "json/record.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_FORMAT "1.5"

enum {
	FINGERPRINT_SHOWN = 12
};

struct history_options {
	bool json;
	bool verify;
};

static const struct option options[] = {
	FLAG(struct history_options, json, .name = "json",
	     .help = "print it as JSON (schemas/history.schema.json)"),
	FLAG(struct history_options, verify, .name = "verify",
	     .help = "check that no run is missing or was changed"),
	{ 0 },
};

static const char *const run_titles[] = { "RUN", "BEGAN", "TOOK", "WHO", "OUTCOME", "STEPS", NULL };
static const char *const step_titles[] = { "STEP",        "KIND",       "COMPONENT",
					   "CERTIFICATE", "GENERATION", "OUTCOME",
					   "BEGAN",       "TOOK",       NULL };

/* The outcome of a run, in words. */
static const char *outcome_of(const struct run_record *r)
{
	if (!r->ended)
		return "did not end";
	if (r->stopped && r->exit_status == EXIT_PARTLY)
		return "stopped";
	if (r->stopped && r->exit_status == EXIT_FAILED)
		return "stopped, no component changed";
	for (const struct exit_status_row *row = exit_status_rows; row->meaning; row++)
		if (row->run && (int)row->status == r->exit_status)
			return row->run;
	return "failed";
}

static enum tone tone_of(const struct run_record *r)
{
	if (!r->ended || r->stopped || r->exit_status == EXIT_ROLLED_BACK)
		return TONE_WARN;
	return r->exit_status == EXIT_DONE ? TONE_GOOD : TONE_BAD;
}

/* ---- all runs ---- */

struct history_run {
	struct run_record record;
	size_t steps;
};

static json_t *write_exit_status(const void *slot, size_t index)
{
	const struct run_record *r = slot;

	(void)index;
	return r->ended ? json_integer(r->exit_status) : NULL;
}

static json_t *write_outcome(const void *slot, size_t index)
{
	(void)index;
	return json_string(outcome_of(slot));
}

/* Null where no line is before it, or none that is known. */
static json_t *write_previous(const void *slot, size_t index)
{
	const struct run_record *r = slot;

	(void)index;
	return r->previous && *r->previous ? json_string(r->previous) : json_null();
}

static const struct member history_approval_members[] = {
	TEXT_MEMBER("name", struct approval, name, .absent = ABSENT_NULL),
	TEXT_MEMBER("key", struct approval, key, .absent = ABSENT_NULL),
	TIME_MEMBER("expires", struct approval, expires, .absent = ABSENT_NULL),
	{ 0 },
};

static const struct member history_told_members[] = {
	TEXT_MEMBER("target", struct notified, target, .absent = ABSENT_NULL),
	TEXT_MEMBER("error", struct notified, error, .absent = ABSENT_NULL),
	{ 0 },
};

static const struct member history_run_members[] = {
	NUMBER_MEMBER("run", struct history_run, record.number, 0, UINT_MAX),
	TIME_MEMBER("started", struct history_run, record.started, .absent = ABSENT_NULL),
	TIME_MEMBER("ended", struct history_run, record.ended, .absent = ABSENT_NULL),
	TEXT_MEMBER("who", struct history_run, record.who, .absent = ABSENT_NULL),
	CUSTOM_MEMBER("exit_status", struct history_run, record, write_exit_status, NULL),
	CUSTOM_MEMBER("outcome", struct history_run, record, write_outcome, NULL),
	FLAG_MEMBER("stopped", struct history_run, record.stopped),
	NUMBER_MEMBER("serial", struct history_run, record.serial, 0, INT64_MAX),
	TEXT_MEMBER("plan_hash", struct history_run, record.plan_hash, .absent = ABSENT_NULL),
	LIST_MEMBER("approvals", struct history_run, record.approvals, record.approval_count,
		    history_approval_members),
	TEXT_MEMBER("reason", struct history_run, record.reason, .absent = ABSENT_OMITTED),
	LIST_MEMBER("notified", struct history_run, record.told, record.told_count,
		    history_told_members),
	CUSTOM_MEMBER("previous", struct history_run, record, write_previous, NULL),
	NUMBER_MEMBER("steps", struct history_run, steps, 0, INT64_MAX),
	{ 0 },
};

static void add_run(struct table *t, const struct run_record *r, size_t steps)
{
	char text[TIME_TEXT];
	char took[DURATION_TEXT] = "";

	if (r->ended)
		duration_about(r->ended - r->started, took);
	table_add(t, arena_printf(t->arena, "%u", r->number), TONE_PLAIN);
	table_add(t, time_format(r->started, text), TONE_PLAIN);
	table_add(t, took, TONE_PLAIN);
	table_add(t, r->who, TONE_PLAIN);
	table_add(t, outcome_of(r), tone_of(r));
	table_add(t, arena_printf(t->arena, "%zu", steps), TONE_PLAIN);
}

static const struct member history_restored_members[] = {
	TEXT_MEMBER("copy", struct state_origin, copy),
	TEXT_MEMBER("who", struct state_origin, who),
	TIME_MEMBER("at", struct state_origin, at, .absent = ABSENT_NULL),
	NUMBER_MEMBER("run", struct state_origin, run, 0, UINT_MAX),
	{ 0 },
};

/* What stands before the first run of a rebuilt state. */
static void add_restored(const struct state_origin *o, struct buf *out)
{
	char at[TIME_TEXT];

	buf_puts(out, "Restored from '");
	text_escape(out, o->copy, strlen(o->copy));
	buf_printf(out, "' at %s by ", time_format(o->at, at));
	text_escape(out, o->who, strlen(o->who));
	if (o->run)
		buf_printf(out, "; runs up to %u are in the history of the state before it",
			   o->run);
	buf_putc(out, '\n');
}

static bool show_runs(struct session *s, bool json, struct err *e)
{
	struct state *state = engine_state(s->engine);
	const struct state_origin *origin = state ? state_origin(state) : NULL;
	struct table t = { .arena = &s->arena, .titles = run_titles };
	AUTO(json) list = json_array();
	AUTO(buf) text = { 0 };
	struct run_record *runs = NULL;
	size_t count = 0;

	if (!session_runs(s, &runs, &count, e))
		return false;
	for (size_t i = count; i-- > 0;) {
		AUTO(arena) own = { 0 };
		struct step_record *ignored = NULL;
		size_t steps = 0;

		if (!journal_run_steps(state, runs[i].number, &own, &ignored, &steps, e))
			return false;
		add_run(&t, &runs[i], steps);
		json_array_append_new(list, json_encode(history_run_members,
							&(struct history_run){ runs[i], steps }));
	}
	if (json) {
		AUTO(json) document = json_pack("{ss so sO}", "format_version", HISTORY_FORMAT,
						"fleet", json_text(s->fleet.name), "runs", list);

		if (origin)
			json_object_set_new(document, "restored",
					    json_encode(history_restored_members, origin));
		term_print_json(&s->terminal, document, false);
		return true;
	}
	table_render(&t, s->terminal.color, &text);
	if (origin)
		add_restored(origin, &text);
	term_print(&s->terminal, &text);
	if (!count)
		term_note(&s->terminal, "nothing was applied yet");
	return true;
}

/* ---- one run ---- */

static const enum tone outcome_tones[STEP_OUTCOME_COUNT] = {
	[STEP_BEGUN] = TONE_WARN,
	[STEP_DONE] = TONE_GOOD,
	[STEP_FAILED] = TONE_BAD,
	[STEP_UNDONE] = TONE_WARN,
};

static const struct member history_step_members[] = {
	NUMBER_MEMBER("number", struct step_record, number, 0, UINT_MAX),
	CHOICE_MEMBER("kind", struct step_record, kind, step_kind_names),
	TEXT_MEMBER("component", struct step_record, component, .absent = ABSENT_NULL),
	TEXT_MEMBER("certificate", struct step_record, certificate, .absent = ABSENT_NULL),
	TEXT_MEMBER("copy", struct step_record, copy, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("generation", struct step_record, generation, .absent = ABSENT_NULL),
	CHOICE_MEMBER("outcome", struct step_record, outcome, step_outcome_names),
	TIME_MEMBER("started", struct step_record, started, .absent = ABSENT_NULL),
	TIME_MEMBER("ended", struct step_record, ended, .absent = ABSENT_NULL),
	TEXT_MEMBER("error", struct step_record, error, .absent = ABSENT_NULL),
	{ 0 },
};

/* From the plan of the run: what was acknowledged, on the command line or before. */
static json_t *list_acknowledged(const struct run_record *run)
{
	AUTO(json) plan = run->plan ? json_parse(run->plan, strlen(run->plan)) : NULL;
	json_t *list = json_array();
	size_t i = 0;
	json_t *p = NULL;

	json_array_foreach(json_object_get(plan, "preconditions"), i, p)
	{
		if (!json_is_true(json_object_get(p, "acknowledged")))
			continue;
		json_array_append_new(list,
				      json_pack("{sO? sO? sO?}", "code", json_object_get(p, "code"),
						"on", json_object_get(p, "component"), "message",
						json_object_get(p, "message")));
	}
	return list;
}

static void add_acknowledged(const struct run_record *run, struct buf *out)
{
	AUTO(json) list = list_acknowledged(run);
	size_t i = 0;
	json_t *item = NULL;

	json_array_foreach(list, i, item)
	{
		const char *on = json_string_value(json_object_get(item, "on"));
		const char *code = json_string_value(json_object_get(item, "code"));
		const char *message = json_string_value(json_object_get(item, "message"));

		if (!on || !code || !message)
			continue;
		buf_puts(out, "Acknowledged: ");
		text_escape(out, code, strlen(code));
		buf_puts(out, *on ? " " : "");
		text_escape(out, on, strlen(on));
		buf_puts(out, ": ");
		text_escape(out, message, strlen(message));
		buf_putc(out, '\n');
	}
}

/* The choices of a run that were given a reason for. */
static const struct {
	const char *key; /* of the plan's choices */
	const char *title;
} reasoned[] = { { "ignore_windows", "Windows and freezes ignored" },
		 { "over_limits", "Over the limits" } };

static json_t *list_reasons(const struct run_record *run)
{
	AUTO(json) plan = run->plan ? json_parse(run->plan, strlen(run->plan)) : NULL;
	const json_t *choices = json_object_get(plan, "choices");
	json_t *list = json_object();

	for (size_t i = 0; i < sizeof(reasoned) / sizeof(*reasoned); i++) {
		json_t *reason = json_object_get(choices, reasoned[i].key);

		if (json_is_string(reason))
			json_object_set(list, reasoned[i].key, reason);
	}
	return list;
}

static void add_reasons(const struct run_record *run, struct buf *out)
{
	AUTO(json) list = list_reasons(run);

	for (size_t i = 0; i < sizeof(reasoned) / sizeof(*reasoned); i++) {
		const char *reason = json_string_value(json_object_get(list, reasoned[i].key));

		if (!reason)
			continue;
		buf_printf(out, "%s: ", reasoned[i].title);
		text_escape(out, reason, strlen(reason));
		buf_putc(out, '\n');
	}
}

static void add_approvals(const struct run_record *run, struct buf *out)
{
	char until[TIME_TEXT];

	for (size_t i = 0; i < run->approval_count; i++) {
		const struct approval *one = &run->approvals[i];

		buf_puts(out, "Approved: by ");
		text_escape(out, one->name, strlen(one->name));
		buf_printf(out, ", key %.*s, until %s\n", FINGERPRINT_SHOWN, one->key,
			   time_format(one->expires, until));
	}
	if (!run->reason)
		return;
	buf_puts(out, "Not approved: ");
	text_escape(out, run->reason, strlen(run->reason));
	buf_putc(out, '\n');
}

static void add_told(const struct run_record *run, struct buf *out)
{
	for (size_t i = 0; i < run->told_count; i++) {
		const struct notified *one = &run->told[i];

		buf_puts(out, one->error ? "Not notified: " : "Notified: ");
		text_escape(out, one->target, strlen(one->target));
		if (one->error) {
			buf_puts(out, ": ");
			text_escape_whole(out, one->error, strlen(one->error));
		}
		buf_putc(out, '\n');
	}
}

static void show_steps(struct session *s, const struct run_record *run,
		       const struct step_record *steps, size_t count)
{
	struct table t = { .arena = &s->arena, .titles = step_titles };
	AUTO(buf) text = { 0 };
	char began[TIME_TEXT];
	char took[DURATION_TEXT];

	for (size_t i = 0; i < count; i++) {
		const struct step_record *r = &steps[i];
		const char *generation = r->generation;

		if (generation)
			generation = arena_printf(t.arena, "%.*s", FINGERPRINT_SHOWN, generation);
		table_add(&t, arena_printf(t.arena, "%u", r->number), TONE_PLAIN);
		table_add(&t, step_kind_names[r->kind], TONE_PLAIN);
		table_add(&t, r->copy ? r->copy : r->component, TONE_PLAIN);
		table_add(&t, r->certificate, TONE_PLAIN);
		table_add(&t, generation, TONE_PLAIN);
		table_add(&t, step_outcome_names[r->outcome], outcome_tones[r->outcome]);
		table_add(&t, time_format(r->started, began), TONE_PLAIN);
		table_add(&t, r->ended ? duration_about(r->ended - r->started, took) : "",
			  TONE_PLAIN);
		if (r->error)
			table_note(&t, r->error);
	}
	buf_printf(&text, "Run %u of %s by ", run->number, time_format(run->started, began));
	text_escape(&text, run->who, strlen(run->who));
	buf_printf(&text, ": %s\nPlan: ", outcome_of(run));
	text_escape(&text, run->plan_hash, strlen(run->plan_hash));
	buf_putc(&text, '\n');
	add_approvals(run, &text);
	add_acknowledged(run, &text);
	add_reasons(run, &text);
	add_told(run, &text);
	buf_putc(&text, '\n');
	table_render(&t, s->terminal.color, &text);
	term_print(&s->terminal, &text);
}

static void show_steps_json(struct session *s, const struct run_record *run,
			    const struct step_record *steps, size_t count)
{
	AUTO(json) list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_encode(history_step_members, &steps[i]));

	AUTO(json) document =
		json_pack("{ss so so so so sO}", "format_version", HISTORY_FORMAT, "fleet",
			  json_text(s->fleet.name), "run",
			  json_encode(history_run_members, &(struct history_run){ *run, count }),
			  "acknowledged", list_acknowledged(run), "reasons", list_reasons(run),
			  "steps", list);

	term_print_json(&s->terminal, document, false);
}

static bool find_run(struct session *s, unsigned number, struct run_record *out, struct err *e)
{
	struct state *state = engine_state(s->engine);
	struct run_record *runs = NULL;
	size_t count = 0;

	if (!session_runs(s, &runs, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (runs[i].number == number)
			return journal_run(state, number, &s->arena, out, e);
	}
	return err_set(e, ERR_MISSING, "there is no run %u; 'certfleet history' lists them",
		       number);
}

static bool show_run(struct session *s, const char *word, bool json, struct err *e)
{
	struct run_record run = { 0 };
	struct step_record *steps = NULL;
	size_t count = 0;
	size_t digits = strspn(word, "0123456789");

	if (word[digits] || !digits || digits > 9)
		return err_set(e, ERR_USAGE,
			       "'%s' is not the number of a run; 'certfleet history' lists them",
			       text_escaped(&s->arena, word));
	if (!find_run(s, (unsigned)strtoul(word, NULL, 10), &run, e) ||
	    !journal_run_steps(engine_state(s->engine), run.number, &s->arena, &steps, &count, e))
		return false;
	if (json)
		show_steps_json(s, &run, steps, count);
	else
		show_steps(s, &run, steps, count);
	return true;
}

/* ---- verification ---- */

static bool verify_history(struct session *s, int *status, struct err *e)
{
	struct history_report report = { 0 };
	AUTO(buf) text = { 0 };

	if (!session_has_state(s)) {
		term_note(&s->terminal, "nothing was applied yet");
		return true;
	}
	if (!engine_check_history(s->engine, &s->arena, &report, e))
		return false;
	vec_each (line, &report.flaws.lines) {
		buf_printf(&text, "%s\n", *line);
	}
	if (text.len)
		*status = EXIT_FAILED;
	else
		buf_printf(&text,
			   "%zu run%s proven by the hash that follows; %zu bundle%s agree%s\n",
			   report.flaws.records, report.flaws.records == 1 ? " is" : "s are",
			   report.bundles, report.bundles == 1 ? "" : "s",
			   report.bundles == 1 ? "s" : "");
	term_print(&s->terminal, &text);
	return true;
}

static bool cmd_history_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct history_options *o = call->options;

	if (o->verify && (o->json || call->word_count))
		return err_set(e, ERR_USAGE,
			       "'--verify' checks all runs; give neither RUN nor '--json'");
	if (o->verify)
		return verify_history(s, status, e);
	if (call->word_count)
		return show_run(s, call->words[0], o->json, e);
	return show_runs(s, o->json, e);
}

const struct command command_history = {
	.name = "history",
	.words = "[RUN]",
	.summary = "list the runs, or the steps of one run",
	.help = "Reads the state of the fleet file in the working directory. Each run has the\nhash of the one before, and each bundle that of the newest; --verify ends with 1\nwhen a run is missing or was changed.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct history_options),
	.run = cmd_history_run,
};
