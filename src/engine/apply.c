/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/lineage.h"
#include "engine/observe.h"
#include "plan/planner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH_LIMIT = 512
};

const struct step_ops step_ops[STEP_KIND_COUNT] = {
	[STEP_CREATE_ISSUER] = { step_create_issuer },
	[STEP_PUBLISH] = { step_publish },
	[STEP_ISSUE] = { step_issue },
	[STEP_IMPORT] = { step_import },
	[STEP_EXPORT] = { step_export },
	[STEP_BACKUP] = { step_backup },
	[STEP_COPY] = { step_copy },
	[STEP_STAGE] = { step_stage },
	[STEP_COMMIT] = { step_commit },
	[STEP_ACTIVATE] = { step_activate },
	[STEP_VERIFY] = { step_verify },
	[STEP_REVERT] = { step_revert },
	[STEP_ROLLBACK] = { step_rollback },
	[STEP_RETIRE] = { step_retire },
};

/* ---- events and the journal ---- */

/* NULL: none yet, or that of the product, which is not known. */
static const char *journal_fingerprint(const struct run *r, const struct step *s)
{
	const char *fingerprint = run_fingerprint(r, s);

	return fingerprint && !strcmp(fingerprint, BUILTIN_PAIR) ? NULL : fingerprint;
}

static void report_step(struct run *r, enum event_kind kind, size_t number, const struct err *error)
{
	const struct step *s = &r->plan->steps[number];
	struct event event = {
		.kind = kind,
		.at = clock_now(),
		.run = r->record.number,
		.step = s,
		.number = number + 1,
		.total = r->plan->step_count,
		.generation = journal_fingerprint(r, s),
		.outcome = error && error->code ? STEP_FAILED : STEP_DONE,
		.text = error && error->code ? error->text : NULL,
	};

	if (r->en->listen)
		r->en->listen(r->en->listen_ctx, &event);
}

static void report_run(struct run *r, enum event_kind kind)
{
	struct event event = {
		.kind = kind,
		.at = clock_now(),
		.run = r->record.number,
		.total = r->plan->step_count,
		.exit_status = r->result.exit_status,
		.waits_until = r->waits_until,
	};

	if (r->en->listen)
		r->en->listen(r->en->listen_ctx, &event);
}

static bool journal_batch(struct run *r, const struct step_batch *b, bool ended, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct step_record *records = arena_array(&a, b->count, sizeof(*records));

	for (size_t i = 0; i < b->count; i++) {
		size_t number = b->numbers[i];
		const struct step *s = &r->plan->steps[number];
		bool failed = b->errors[i].code != ERR_NONE;

		records[i] = (struct step_record){
			.number = (unsigned)number + 1,
			.kind = s->kind,
			.component = s->component,
			.certificate = s->certificate,
			.copy = s->copy,
			.generation = journal_fingerprint(r, s),
			.outcome = !ended   ? STEP_BEGUN
				   : failed ? STEP_FAILED
					    : STEP_DONE,
			.started = r->started[number],
			.ended = ended ? clock_now() : 0,
			.error = failed ? b->errors[i].text : NULL,
		};
	}
	return journal_steps(r->en->state, &r->record, records, b->count, e);
}

void report_rollback(struct run *r, const struct component *c, const char *fingerprint,
		     const struct err *error)
{
	struct step step = { .kind = STEP_ROLLBACK,
			     .component = c->name,
			     .certificate = c->certificate->name,
			     .process = c->process,
			     .generation = fingerprint,
			     .wave = NO_WAVE };
	struct event event = { .kind = EVENT_STEP_ENDED,
			       .at = clock_now(),
			       .run = r->record.number,
			       .step = &step,
			       .total = r->plan->step_count,
			       .generation = fingerprint,
			       .outcome = error->code ? STEP_FAILED : STEP_DONE,
			       .text = error->code ? error->text : NULL };
	struct step_record record = {
		.number = (unsigned)(r->plan->step_count + ++r->extra_steps),
		.kind = STEP_ROLLBACK,
		.component = c->name,
		.certificate = c->certificate->name,
		.generation = fingerprint,
		.outcome = event.outcome,
		.started = event.at,
		.ended = event.at,
		.error = event.text,
	};
	struct err e = { 0 };

	if (r->en->listen)
		r->en->listen(r->en->listen_ctx, &event);
	if (!journal_step(r->en->state, &r->record, &record, &e))
		engine_note(r->en, "warning: cannot record a roll back: %s", e.text);
}

/* ---- one batch ---- */

void batch_fail(struct step_batch *b, const struct err *e)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->errors[i].code == ERR_NONE)
			b->errors[i] = *e;
}

void batch_record(struct run *r, struct step_batch *b, struct change *change)
{
	struct err e = { 0 };

	if (state_commit(r->en->state, change, &e))
		return;
	err_in(&e, "done, but it cannot be recorded");
	batch_fail(b, &e);
	r->halted = true;
}

/* Entry of the certificate `name` in `flags`; NULL when it left the fleet file. */
static bool *flag_of(const struct run *r, bool *flags, const char *name)
{
	const struct fleet *f = r->en->fleet;
	const struct certificate *c = name ? fleet_certificate(f, name) : NULL;

	return c ? &flags[c - f->certificates] : NULL;
}

static bool is_flagged(const struct run *r, bool *flags, const char *name)
{
	const bool *flag = flag_of(r, flags, name);

	return flag && *flag;
}

/*
 * Whether the step's process is blocked: an all-first certificate is not
 * committed everywhere, or another process of its quorum failed.
 */
static bool is_blocked_process(const struct run *r, const struct step *s)
{
	return s->wave != NO_WAVE && s->process &&
	       (run_is_spared(r, s->process) ||
		text_find(s->process, r->blocked.items, r->blocked.count,
			  sizeof(*r->blocked.items)));
}

/* Dependencies on steps of other processes are for the order only. */
static bool is_needed(const struct step *before, const struct step *s)
{
	return !before->process || !s->process || !strcmp(before->process, s->process);
}

/*
 * Whether the step has nothing to do, since its certificate is abandoned: a stage or
 * commit; the verification of that component; the activation of a process all of whose
 * commits are left.
 */
static bool step_is_left(const struct run *r, const struct step *s)
{
	size_t commits = 0;
	size_t left = 0;

	if (s->kind == STEP_STAGE || s->kind == STEP_COMMIT)
		return is_flagged(r, r->abandoned, s->certificate);
	for (size_t i = 0; i < s->after_count; i++) {
		const struct step *before = &r->plan->steps[s->after[i]];
		bool own = s->kind == STEP_ACTIVATE || text_equal(before->component, s->component);

		if (before->kind != STEP_COMMIT || !is_needed(before, s) || !own)
			continue;
		commits++;
		left += r->progress[s->after[i]] == PROGRESS_LEFT;
	}
	return commits && left == commits;
}

/*
 * Whether the steps that this one depends on succeeded.  The failure of other
 * processes is a matter for the restart policy; the pair that is left does not keep
 * its process from taking the others.
 */
static bool is_ready(const struct run *r, const struct step *s)
{
	if (is_blocked_process(r, s))
		return false;
	for (size_t i = 0; i < s->after_count; i++) {
		const struct step *before = &r->plan->steps[s->after[i]];
		enum step_progress progress = r->progress[s->after[i]];

		if (is_needed(before, s) && progress != PROGRESS_SUCCEEDED &&
		    progress != PROGRESS_LEFT)
			return false;
	}
	return true;
}

/*
 * A certificate that cannot be made, or one of whose pairs cannot be staged, is
 * abandoned: no component commits it, and nothing else fails for it.
 */
static void abandon(struct run *r, const struct step *s)
{
	bool *abandoned = s->kind <= STEP_STAGE ? flag_of(r, r->abandoned, s->certificate) : NULL;

	if (abandoned && s->kind >= STEP_ISSUE)
		*abandoned = true;
}

static void apply_finish(struct run *r, const struct step_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		enum err_code code = b->errors[i].code;
		bool broke = code != ERR_NONE;

		r->progress[b->numbers[i]] = !broke                ? PROGRESS_SUCCEEDED
					     : code == ERR_STOPPED ? PROGRESS_CUT_OFF
								   : PROGRESS_FAILED;
		r->result.failed += broke;
		r->result.done += !broke;
		if (broke)
			abandon(r, s);
		report_step(r, EVENT_STEP_ENDED, b->numbers[i], &b->errors[i]);
	}
}

static void apply_carry_out(struct run *r, struct step_batch *b)
{
	struct err e = { 0 };
	enum step_kind kind = batch_step(r, b, 0)->kind;

	for (size_t i = 0; i < b->count; i++) {
		r->started[b->numbers[i]] = clock_now();
		report_step(r, EVENT_STEP_STARTED, b->numbers[i], NULL);
	}
	if (!journal_batch(r, b, false, &e)) {
		err_in(&e, "cannot record the next steps");
		batch_fail(b, &e);
		r->halted = true;
	} else {
		step_ops[kind].run(r, b);
		if (!journal_batch(r, b, true, &e)) {
			err_in(&e, "done, but it cannot be recorded");
			batch_fail(b, &e);
			r->halted = true;
		}
	}
	apply_finish(r, b);
}

/*
 * A stop lets nothing begin but the verification of a process that this run has
 * changed.
 */
static bool stop_lets(const struct run *r, const struct step *s)
{
	if (!stop_requested())
		return true;
	return !stop_insisted() && s->kind == STEP_VERIFY && run_has_changed(r, s->process);
}

static bool is_halted(const struct run *r, const struct step *s)
{
	return r->halted || (s->wave != NO_WAVE &&
			     r->halted_roles[run_component(r, s)->role - r->en->fleet->roles]);
}

void run_batch(struct run *r, const size_t *numbers, size_t count)
{
	size_t ready[BATCH_LIMIT];
	static const struct err none;

	while (count > 0) {
		AUTO(arena) a = { 0 };
		struct step_batch b = { .numbers = ready };

		for (; count > 0 && b.count < BATCH_LIMIT; numbers++, count--) {
			const struct step *s = &r->plan->steps[*numbers];
			if (r->waits_until[*numbers])
				continue;

			bool left = step_is_left(r, s);
			bool stopped = is_halted(r, s) || !stop_lets(r, s);

			if (!left && !stopped && is_ready(r, s)) {
				ready[b.count++] = *numbers;
				continue;
			}
			r->progress[*numbers] = left ? PROGRESS_LEFT : PROGRESS_SKIPPED;
			if (!stopped)
				abandon(r, s);
			r->result.not_started++;
		}
		b.errors = arena_array(&a, b.count, sizeof(none));
		if (b.count)
			apply_carry_out(r, &b);
	}
}

void retract_proof(struct run *r, const struct component *c, const struct err *error)
{
	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		struct err shown = *error;
		struct step_batch b = { &i, &shown, 1 };
		struct err e = { 0 };

		if (!s->component || strcmp(s->component, c->name) != 0)
			continue;
		if (r->progress[i] == PROGRESS_ROLLED_BACK)
			r->progress[i] = PROGRESS_FAILED;
		if (s->kind != STEP_VERIFY || r->progress[i] != PROGRESS_SUCCEEDED)
			continue;
		if (!journal_batch(r, &b, true, &e))
			engine_note(r->en, "warning: cannot record a step: %s", e.text);
		r->progress[i] = PROGRESS_FAILED;
		r->result.done--;
		report_step(r, EVENT_STEP_ENDED, i, error);
	}
	r->result.failed++;
}

/* ---- all-first: every commit before the first activation ---- */

/*
 * An all-first certificate that is not committed everywhere blocks the
 * activation of every process that uses it.
 */
static void hold_processes(struct run *r, const size_t *numbers, size_t count)
{
	const struct plan *p = r->plan;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const char *name = p->steps[numbers[i]].certificate;
		bool *uncommitted = flag_of(r, r->uncommitted, name);

		if (r->progress[numbers[i]] == PROGRESS_SUCCEEDED || !uncommitted)
			continue;
		*uncommitted = true;
		any = true;
	}
	for (size_t i = 0; any && i < p->step_count; i++)
		if (p->steps[i].process && is_flagged(r, r->uncommitted, p->steps[i].certificate))
			VEC_PUSH(&r->blocked, &r->arena, p->steps[i].process);
	if (r->blocked.count)
		qsort(r->blocked.items, r->blocked.count, sizeof(*r->blocked.items), text_compare);
}

/* ---- run ---- */

void run_look_at_windows(struct run *r)
{
	AUTO(arena) a = { 0 };
	const struct fleet *f = r->en->fleet;
	int64_t now = clock_now();
	int64_t *waits = NULL;

	if (now < r->windows_end)
		return;
	r->windows_end = INT64_MAX;
	for (size_t i = 0; i < f->role_count; i++) {
		const struct open_span o = role_opening(f, &f->roles[i], now);

		if (o.from <= now && o.until < r->windows_end)
			r->windows_end = o.until;
	}
	waits = arena_array(&a, r->plan->step_count, sizeof(*waits));
	plan_windows(r->plan, f, now, waits);
	for (size_t i = 0; i < r->plan->step_count; i++)
		if (r->progress[i] == PROGRESS_WAITING && !r->waits_until[i])
			r->waits_until[i] = waits[i];
}

static void run_all(struct run *r)
{
	const struct plan *p = r->plan;

	for (size_t first = 0; first < p->step_count;) {
		const struct step *s = &p->steps[first];
		size_t end = first + 1;

		/* the steps of one wave, or of one kind, are executed together */
		while (end < p->step_count && p->steps[end].wave == s->wave &&
		       (s->wave != NO_WAVE || p->steps[end].kind == s->kind))
			end++;
		if (s->wave != NO_WAVE) {
			run_wave(r, first, end);
		} else {
			size_t *numbers = arena_array(&r->arena, end - first, sizeof(*numbers));

			for (size_t i = first; i < end; i++)
				numbers[i - first] = i;
			run_batch(r, numbers, end - first);
			if (s->kind == STEP_COMMIT)
				hold_processes(r, numbers, end - first);
		}
		first = end;
	}
	if (stop_requested())
		abort_stages(r);
}

static enum exit_status run_exit_status(const struct run *r)
{
	size_t broken = 0;
	bool changed = false;

	for (size_t i = 0; i < r->plan->step_count; i++) {
		broken += r->progress[i] == PROGRESS_FAILED || r->progress[i] == PROGRESS_CUT_OFF;
		changed |= r->changed[i];
	}
	if (r->result.rolled_back > 0 && r->result.rolled_back == r->result.rejected && !broken)
		return EXIT_ROLLED_BACK;
	if (r->result.failed == 0 && r->result.not_started == 0)
		return plan_waiting_status(r->plan);
	return changed ? EXIT_PARTLY : EXIT_FAILED;
}

static void run_init(struct run *r, struct engine *en, const struct apply_order *order)
{
	const struct plan *p = order->plan;
	const struct snapshot *s = order->snapshot;

	*r = (struct run){ .en = en, .order = order, .plan = p };
	r->progress = arena_array(&r->arena, p->step_count, sizeof(*r->progress));
	r->started = arena_array(&r->arena, p->step_count, sizeof(*r->started));
	r->changed = arena_array(&r->arena, p->step_count, sizeof(bool));
	r->waits_until = arena_array(&en->arena, p->step_count, sizeof(*r->waits_until));
	r->result.waits_until = r->waits_until;
	run_index_processes(r);
	r->abandoned = arena_array(&r->arena, en->fleet->certificate_count, sizeof(bool));
	r->uncommitted = arena_array(&r->arena, en->fleet->certificate_count, sizeof(bool));
	r->failed_processes =
		arena_array(&r->arena, en->fleet->role_count, sizeof(*r->failed_processes));
	r->halted_roles = arena_array(&r->arena, en->fleet->role_count, sizeof(*r->halted_roles));
	r->components = arena_array(&r->arena, s->component_count, sizeof(*r->components));
	r->signalled = arena_array(&r->arena, s->component_count, sizeof(*r->signalled));
	r->activated_ms = arena_array(&r->arena, s->component_count, sizeof(*r->activated_ms));
	if (s->component_count)
		memcpy(r->components, s->components, s->component_count * sizeof(*r->components));
	r->component_count = s->component_count;
	r->verified = arena_array(&r->arena, s->component_count, sizeof(*r->verified));
	r->record = (struct run_record){ .plan_hash = order->plan_hash,
					 .plan = order->plan_json,
					 .who = engine_who(&r->arena),
					 .approvals = order->approvals,
					 .approval_count = order->approval_count,
					 .reason = order->reason,
					 .started = clock_now() };
}

static void apply_run_release(struct run *r)
{
	arena_release(&r->arena);
}
AUTO_STRUCT(run, struct run, apply_run_release)

/*
 * New bundle when the backup passphrases changed: bundles for the old ones do
 * not count as a backup.
 */
static bool renew_bundle(struct run *r, struct err *e)
{
	const char *name = NULL;

	if (!r->order->new_bundle)
		return true;
	for (size_t i = 0; i < r->plan->step_count; i++)
		if (r->plan->steps[i].kind == STEP_BACKUP)
			return true;
	if (!backup_create(r->en, &r->arena, &name, e))
		return false;
	engine_note(r->en, "backup '%s' written and read back", name);
	return backup_copy_all(r->en, r->plan, e);
}

/* Within the run, so that a saved plan whose run is killed here can be resumed. */
static bool record_holds(struct run *r, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < r->plan->hold_count; i++) {
		const struct hold *h = &r->plan->holds[i];
		size_t count = 0;
		const struct generation *all = snapshot_generations(
			r->order->snapshot, OF_CERTIFICATE, h->certificate, &count);

		for (size_t k = 0; k < count; k++) {
			struct generation g = all[k];

			if (strcmp(g.fingerprint, h->fingerprint) != 0 || g.source != SOURCE_ISSUED)
				continue;
			g.held_until = h->until;
			g.held_request = h->request;
			change_generation(change, &g, NULL);
		}
	}
	return state_commit(r->en->state, change, e) ||
	       err_in(e, "cannot record which generation is used");
}

bool engine_apply(struct engine *en, const struct apply_order *order, struct apply_result *result,
		  struct err *e)
{
	AUTO(run) r = { 0 };
	bool recorded = false;

	run_init(&r, en, order);
	if (!may_begin(&r, e))
		return false;
	/* before the state counts as one: an accepted new lineage must not be refused later */
	recorded = lineage_record(en);
	if (!renamed_adopt(en, order->snapshot, e) || !renew_bundle(&r, e) ||
	    !journal_begin_run(en->state, &r.record, e) || !activations_adopt(en, e) ||
	    !record_holds(&r, e))
		return false;
	if (!state_observe(en->state, r.components, r.component_count, e))
		return err_in(e, "cannot record what was seen");

	report_run(&r, EVENT_RUN_STARTED);
	run_look_at_windows(&r);
	run_all(&r);
	verify_again(&r);
	r.result.run = r.record.number;
	r.result.exit_status = run_exit_status(&r);
	end_run(&r);
	if (recorded) /* its authorities are known now */
		(void)lineage_record(en);
	report_run(&r, EVENT_RUN_ENDED);
	*result = r.result;
	return true;
}
