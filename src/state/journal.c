/* SPDX-License-Identifier: Apache-2.0 */
#include "state/journal.h"

#include "base/buf.h"
#include "base/text.h"
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <limits.h>
#include <string.h>

enum {
	/* a plan is stored in pieces far below RECORD_LIMIT, escapes included */
	PLAN_PIECE = 512 * 1024,
};

const char *const step_outcome_names[STEP_OUTCOME_COUNT + 1] = {
	[STEP_BEGUN] = "begun",
	[STEP_DONE] = "done",
	[STEP_FAILED] = "failed",
	[STEP_UNDONE] = "undone",
};

static const struct member run_approval_members[] = {
	TEXT_MEMBER("name", struct approval, name),
	TEXT_MEMBER("key", struct approval, key),
	NUMBER_MEMBER("expires", struct approval, expires, INT64_MIN, INT64_MAX),
	{ 0 },
};

static const struct member run_told_members[] = {
	TEXT_MEMBER("target", struct notified, target),
	TEXT_MEMBER("error", struct notified, error, .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member run_record_members[] = {
	NUMBER_MEMBER("number", struct run_record, number, 0, UINT_MAX),
	TEXT_MEMBER("plan_hash", struct run_record, plan_hash),
	TEXT_MEMBER("who", struct run_record, who),
	NUMBER_MEMBER("started", struct run_record, started, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("ended", struct run_record, ended, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("exit_status", struct run_record, exit_status, INT_MIN, INT_MAX),
	FLAG_MEMBER("stopped", struct run_record, stopped, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("serial", struct run_record, serial, INT64_MIN, INT64_MAX),
	LIST_MEMBER("approvals", struct run_record, approvals, approval_count, run_approval_members,
		    .absent = ABSENT_OMITTED),
	TEXT_MEMBER("reason", struct run_record, reason, .absent = ABSENT_OMITTED),
	LIST_MEMBER("told", struct run_record, told, told_count, run_told_members,
		    .absent = ABSENT_OMITTED),
	TEXT_MEMBER("previous", struct run_record, previous, .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member step_record_members[] = {
	NUMBER_MEMBER("number", struct step_record, number, 0, UINT_MAX),
	CHOICE_MEMBER("kind", struct step_record, kind, step_kind_names),
	TEXT_MEMBER("component", struct step_record, component, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("certificate", struct step_record, certificate, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("copy", struct step_record, copy, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("generation", struct step_record, generation, .absent = ABSENT_OMITTED),
	CHOICE_MEMBER("outcome", struct step_record, outcome, step_outcome_names),
	NUMBER_MEMBER("started", struct step_record, started, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("ended", struct step_record, ended, INT64_MIN, INT64_MAX),
	TEXT_MEMBER("error", struct step_record, error, .absent = ABSENT_OMITTED),
	{ 0 },
};

const char *run_key(struct arena *a, unsigned run)
{
	return arena_printf(a, RUN_PREFIX "%06u", run);
}

const char *steps_prefix(struct arena *a, unsigned run)
{
	return arena_printf(a, STEP_PREFIX "%06u/", run);
}

const char *plan_prefix(struct arena *a, unsigned run)
{
	return arena_printf(a, PLAN_PREFIX "%06u/", run);
}

/* ---- the plan of a run, in pieces ---- */

/* Length of the next piece, ending with a whole UTF-8 character. */
static size_t piece_length(const char *text)
{
	size_t len = strnlen(text, PLAN_PIECE);

	if (len < PLAN_PIECE)
		return len;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static bool put_plan(struct change *c, const struct run_record *r, struct err *e)
{
	struct arena *a = &c->arena;
	const char *at = r->plan ? r->plan : "";

	if (!text_is_utf8(at, strlen(at)))
		return err_set(e, ERR_INPUT, "the plan is not UTF-8");
	for (unsigned piece = 1; *at; piece++) {
		size_t len = piece_length(at);
		AUTO(json) json = json_stringn(at, len);

		change_put(c, arena_printf(a, "%s%06u", plan_prefix(a, r->number), piece),
			   json_to_text(json, a));
		at += len;
	}
	return true;
}

static bool add_plan_piece(const struct stored_record *r, struct buf *plan, struct err *e)
{
	AUTO(json) json = json_parse(r->value, strlen(r->value));

	if (!json_is_string(json))
		return record_damaged(r, "it is not a JSON string", e);
	buf_add(plan, json_string_value(json), json_string_length(json));
	return true;
}

static bool read_plan(struct state *s, struct arena *a, struct run_record *r, struct err *e)
{
	AUTO(arena) own = { 0 };
	AUTO(buf) plan = { 0 };
	struct stored_record *pieces = NULL;
	size_t count = 0;

	if (!s->backend->ops->list(s->backend, plan_prefix(&own, r->number), &own, &pieces, &count,
				   e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_plan_piece(&pieces[i], &plan, e))
			return false;
	if (count > 0)
		r->plan = arena_strdup(a, buf_text(&plan));
	return true;
}

/* ---- writing ---- */

/* Commits on behalf of a run, which becomes the state's current run. */
static bool commit_for(struct state *s, struct change *c, unsigned run, struct err *e)
{
	unsigned before = s->run;

	s->run = run;
	if (state_commit(s, c, e))
		return true;
	s->run = before;
	return false;
}

/* The same, which closes a line of the history. */
static bool commit_line(struct state *s, struct change *c, unsigned run,
			const struct history_head *closed, struct err *e)
{
	const struct history_head before = s->meta.history;

	s->meta.history = *closed;
	if (commit_for(s, c, run, e))
		return true;
	s->meta.history = before;
	return false;
}

/* The line before a new run is closed as it stands, also when its run did not end. */
static bool close_previous(struct state *s, struct history_head *out, struct err *e)
{
	const char *sha256 = NULL;

	*out = s->meta.history;
	if (s->meta.runs <= s->meta.origin.run)
		return true;
	if (!history_hash(s, s->meta.runs, NULL, &s->arena, &sha256, e))
		return err_ignore(e, ERR_MISSING);
	*out = (struct history_head){ s->meta.runs, sha256 };
	return true;
}

static void put_run(struct change *c, const struct run_record *r)
{
	struct arena *a = &c->arena;

	change_put(c, run_key(a, r->number), record_encode(run_record_members, r, a));
}

bool journal_begin_run(struct state *s, struct run_record *r, struct err *e)
{
	AUTO(change) c = change_new(s);
	struct run_record begun = *r;
	struct history_head before = { 0 };

	if (!close_previous(s, &before, e))
		return err_in(e, "cannot record the run");
	begun.number = s->meta.runs + 1;
	begun.serial = s->meta.serial + 1;
	begun.previous = before.sha256 ? before.sha256 : "";
	put_run(c, &begun);
	if (!put_plan(c, &begun, e) || !commit_line(s, c, begun.number, &before, e))
		return err_in(e, "cannot record the run");
	*r = begun;
	return true;
}

bool journal_end_run(struct state *s, struct run_record *r, struct change *more, struct err *e)
{
	AUTO(change) own = change_new(s);
	struct change *c = more ? more : own;
	struct run_record ended = *r;
	struct history_head closed = { .run = r->number };

	ended.serial = s->meta.serial + 1;
	put_run(c, &ended);
	if (!history_hash(s, ended.number, record_encode(run_record_members, &ended, &c->arena),
			  &s->arena, &closed.sha256, e) ||
	    !commit_line(s, c, ended.number, &closed, e))
		return err_in(e, "cannot record the end of run %u", r->number);
	s->run = 0;
	*r = ended;
	return true;
}

bool journal_steps(struct state *s, const struct run_record *r, const struct step_record *steps,
		   size_t count, struct err *e)
{
	AUTO(change) c = change_new(s);
	struct arena *a = &c->arena;
	const char *prefix = steps_prefix(a, r->number);

	for (size_t i = 0; i < count; i++)
		change_put(c, arena_printf(a, "%s%06u", prefix, steps[i].number),
			   record_encode(step_record_members, &steps[i], a));
	if (!commit_for(s, c, r->number, e))
		return err_in(e, "cannot record a step of run %u", r->number);
	return true;
}

bool journal_step(struct state *s, const struct run_record *r, const struct step_record *step,
		  struct err *e)
{
	return journal_steps(s, r, step, 1, e);
}

/* ---- reading ---- */

static bool read_run(const struct state *s, const struct stored_record *r, struct arena *a,
		     struct run_record *out, struct err *e)
{
	struct run_record run = { 0 };

	if (!record_decode(r, run_record_members, a, &run, e))
		return false;
	/* a later serial of the run is only in the meta record */
	if (s->meta.run == run.number)
		run.serial = s->meta.serial;
	*out = run;
	return true;
}

bool journal_runs(struct state *s, struct arena *a, struct run_record **out, size_t *count,
		  struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *records = NULL;
	size_t found = 0;

	if (!s->backend->ops->list(s->backend, RUN_PREFIX, &own, &records, &found, e))
		return false;

	struct run_record *runs = arena_array(a, found, sizeof(*runs));

	for (size_t i = 0; i < found; i++)
		if (!read_run(s, &records[i], a, &runs[i], e))
			return false;
	*out = runs;
	*count = found;
	return true;
}

bool journal_run(struct state *s, unsigned number, struct arena *a, struct run_record *out,
		 struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };
	struct run_record run = { 0 };

	if (!s->backend->ops->get(s->backend, run_key(&own, number), &own, &r, e))
		return e->code == ERR_MISSING
			       ? err_set(e, ERR_MISSING,
					 "there is no run %u; 'certfleet history' lists them",
					 number)
			       : false;
	if (!read_run(s, &r, a, &run, e) || !read_plan(s, a, &run, e))
		return false;
	*out = run;
	return true;
}

bool journal_run_steps(struct state *s, unsigned run, struct arena *a, struct step_record **out,
		       size_t *count, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record *records = NULL;
	size_t found = 0;

	if (!s->backend->ops->list(s->backend, steps_prefix(&own, run), &own, &records, &found, e))
		return false;

	struct step_record *steps = arena_array(a, found, sizeof(*steps));

	for (size_t i = 0; i < found; i++)
		if (!record_decode(&records[i], step_record_members, a, &steps[i], e))
			return false;
	*out = steps;
	*count = found;
	return true;
}

bool journal_open_run(struct state *s, struct arena *a, struct run_record *out, struct err *e)
{
	struct run_record newest = { 0 };

	if (s->meta.runs == 0)
		return err_set(e, ERR_MISSING, "no run has been recorded");
	if (!journal_run(s, s->meta.runs, a, &newest, e))
		return false;
	if (newest.ended != 0)
		return err_set(e, ERR_MISSING, "every run has ended");
	*out = newest;
	return true;
}

/* ---- checking ---- */

bool run_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	AUTO(arena) own = { 0 };
	struct run_record run = { 0 };

	if (!record_decode(r, run_record_members, a, &run, e))
		return false;
	return !strcmp(run_key(&own, run.number), r->key) ||
	       record_damaged(r, "its content belongs to another record", e);
}

bool step_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	struct step_record ignored = { 0 };

	return record_decode(r, step_record_members, a, &ignored, e);
}

bool plan_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	AUTO(buf) ignored = { 0 };

	(void)a;
	return add_plan_piece(r, &ignored, e);
}
