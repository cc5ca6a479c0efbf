/* SPDX-License-Identifier: Apache-2.0 */
/* Stage, commit and activate steps: pairs onto components, through the drivers. */
#include "base/clock.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/handoff_file.h"
#include "engine/internal.h"
#include "engine/pairs.h"
#include "model/drift.h"
#include "model/hold.h"

#include <string.h>

/*
 * Runs the jobs of the steps without an error; results and errors go back to
 * the batch.
 */
static void run_jobs(struct run *r, struct step_batch *b, struct job *jobs)
{
	AUTO(arena) a = { 0 };
	struct job *ready = arena_array(&a, b->count, sizeof(*ready));
	size_t *from = arena_array(&a, b->count, sizeof(*from));
	size_t count = 0;

	for (size_t i = 0; i < b->count; i++) {
		if (b->errors[i].code)
			continue;
		from[count] = i;
		ready[count++] = jobs[i];
	}
	drivers_run(r->en->drivers, ready, count);
	for (size_t k = 0; k < count; k++) {
		jobs[from[k]] = ready[k];
		if (!ready[k].done)
			b->errors[from[k]] = ready[k].error;
	}
}

/* Records why a step failed on its component. */
static void note_failure(struct run *r, const struct step_batch *b, size_t i, struct change *change)
{
	struct component_seen *seen = run_seen(r, batch_step(r, b, i)->component);

	seen->last_error = arena_strdup(&r->arena, b->errors[i].text);
	change_component(change, seen);
}

/* False: every step failed, because no order could be numbered. */
static bool number(struct run *r, struct step_batch *b, struct job *jobs)
{
	struct err e = { 0 };

	if (!sequence_begin(r, jobs, b->count, &e)) {
		batch_fail(b, &e);
		r->halted = true;
		return false;
	}
	for (size_t i = 0; i < b->count; i++)
		sequence_fill(r, &jobs[i]);
	return true;
}

void step_stage(struct run *r, struct step_batch *b)
{
	AUTO(pairs) pairs = { 0 };
	AUTO(handoff_files) files = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(change) change = change_new(r->en->state);
	struct job *jobs = arena_array(&a, b->count, sizeof(*jobs));
	struct err e = { 0 };

	if (!bundles_confirm(r, &e)) {
		batch_fail(b, &e);
		return;
	}
	pairs_init(&pairs, b->count);
	handoff_files_init(&files, b->count);
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct loaded *l = pairs_load(&pairs, r, run_fingerprint(r, s));
		const char *refusal =
			run_refusal(r, run_component(r, s), run_fingerprint(r, s), &a);

		b->errors[i] = l->error;
		if (refusal && !l->error.code)
			err_set(&b->errors[i], ERR_INPUT, "no client would accept it: %s", refusal);
		jobs[i] = (struct job){ .verb = DRIVER_STAGE,
					.component = run_component(r, s),
					.fingerprint = l->fingerprint,
					.set = &l->set,
					.key = &l->key,
					.arena = &a };
		if (!b->errors[i].code)
			(void)!handoff_fill(&files, r, &jobs[i], &b->errors[i]);
	}
	if (!number(r, b, jobs))
		return;
	run_jobs(r, b, jobs);
	for (size_t i = 0; i < b->count; i++) {
		if (!b->errors[i].code)
			(void)!handoff_written(r, &jobs[i], &b->errors[i]);
		if (b->errors[i].code)
			note_failure(r, b, i, change);
	}
	batch_record(r, b, change);
}

/* The same pair again, with its owner and mode: its process has taken it. */
static bool is_taken_already(const struct run *r, const struct component_seen *seen,
			     const char *fingerprint)
{
	const struct generation *g = snapshot_generation(r->order->snapshot, fingerprint);

	return g && !seen->activation_due &&
	       installed_drift(&seen->now, fingerprint, g->chain) == DRIFT_ATTRIBUTES;
}

/* Whoever goes back to a bundle is asked before a later apply goes forward again. */
static void reject_newer(struct run *r, const struct step *s, struct component_seen *seen)
{
	const struct snapshot *known = r->order->snapshot;
	const struct certificate *c = run_component(r, s)->certificate;
	const struct generation *newest = desired_generation(known, c, r->record.started);
	const char *own = run_fingerprint(r, s);

	if (newest && strcmp(newest->fingerprint, own) != 0)
		run_reject(r, seen, newest->fingerprint);
	if (s->replaces && *s->replaces && strcmp(s->replaces, own) != 0)
		run_reject(r, seen, s->replaces);
}

/*
 * What a person has handed over is due until it is proven, however it is activated: until
 * then another pair at its port says nothing.
 */
static bool is_due(const struct component *c, const struct component_seen *seen,
		   const char *fingerprint)
{
	bool activates = component_activation(c, seen) != ACTIVATION_NONE;

	if (c->deliver.kind != DRIVER_HANDOFF)
		return activates;
	return (activates || component_is_provable(c, seen)) &&
	       !text_equal(seen->handed_over, fingerprint);
}

/*
 * Before the switch the state records that an activation is due and which pair is
 * replaced, so that a crash in between can neither leave the process with the old
 * pair for good, nor with a new one that turns out not to work.
 */
static bool announce(struct run *r, struct step_batch *b, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct component *c = run_component(r, s);
		struct component_seen *seen = run_seen(r, s->component);

		seen->certificate = s->certificate;
		seen->retire_remove = c->retire_remove;
		seen->deliver = deliver_to_text(&c->deliver, &r->arena);
		if (r->en->source)
			reject_newer(r, s, seen);
		if (is_due(c, seen, run_fingerprint(r, s)) &&
		    !is_taken_already(r, seen, run_fingerprint(r, s)))
			seen->activation_due = run_fingerprint(r, s);
		if (!text_equal(s->replaces, run_fingerprint(r, s))) {
			seen->replaced = run_replaced(r, s);
			seen->rollback = ROLLBACK_NONE;
		}
		change_component(change, seen);
	}
	return state_commit(r->en->state, change, e);
}

/*
 * Whether the commit took effect.  A failure after the switch does not undo it;
 * when the result is unknown, the switch counts as done.
 */
static bool is_switched(struct run *r, const struct step *s, const struct job *j)
{
	struct job probe = { .verb = DRIVER_PROBE, .component = j->component, .arena = &r->arena };
	const char *now = NULL;

	if (j->done)
		return true;
	if (j->error.code == ERR_STOPPED || !j->began)
		return false;
	drivers_run(r->en->drivers, &probe, 1);
	now = probe.done ? probe.seen.installed : NULL;
	return !now ||
	       (!strcmp(now, j->fingerprint) && !(s->replaces && !strcmp(s->replaces, now)));
}

/* Nothing was switched: what was announced is taken back. */
static void not_committed(const struct component_seen *earlier, struct component_seen *seen)
{
	seen->activation_due = earlier ? earlier->activation_due : NULL;
	seen->replaced = earlier ? earlier->replaced : NULL;
	seen->rollback = earlier ? earlier->rollback : ROLLBACK_NONE;
	seen->rejected = earlier ? earlier->rejected : NULL;
	seen->rejected_count = earlier ? earlier->rejected_count : 0;
}

static void committed(const struct component *c, struct component_seen *seen,
		      const char *fingerprint)
{
	seen->now.installed = fingerprint;
	if (c->deliver.kind == DRIVER_HANDOFF)
		seen->handed_over = fingerprint;
	seen->now.chain = NULL;
	seen->now.damage = NULL;
	seen->now.attr_flaw = NULL;
	seen->now.staged = NULL;
	seen->reverted_at = 0;
	seen->reverted_to = NULL;
	seen->last_error = NULL;
	seen->now.observed_at = clock_now();
	if (!component_is_provable(c, seen))
		seen->now.served = NULL;
}

static void record_commits(struct run *r, struct step_batch *b, const struct job *jobs)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct component *c = run_component(r, s);
		struct component_seen *seen = run_seen(r, s->component);
		const struct component_seen *earlier =
			snapshot_component(r->order->snapshot, s->component);
		bool switched = is_switched(r, s, &jobs[i]);

		run_set_changed(r, b->numbers[i], switched);
		if (switched)
			committed(c, seen, run_fingerprint(r, s));
		else
			not_committed(earlier, seen);
		if (b->errors[i].code)
			note_failure(r, b, i, change);
		else if (component_activation(c, seen) == ACTIVATION_NONE &&
			 !component_is_provable(c, seen))
			run_accept(r, seen, run_fingerprint(r, s));
		change_component(change, seen);
	}
	batch_record(r, b, change);
}

void step_commit(struct run *r, struct step_batch *b)
{
	AUTO(pairs) pairs = { 0 };
	AUTO(arena) a = { 0 };
	struct job *jobs = arena_array(&a, b->count, sizeof(*jobs));
	struct err e = { 0 };

	pairs_init(&pairs, b->count);
	if (!announce(r, b, &e)) {
		batch_fail(b, &e);
		r->halted = true;
		return;
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);

		jobs[i] = (struct job){ .verb = DRIVER_COMMIT,
					.component = run_component(r, s),
					.fingerprint = run_fingerprint(r, s),
					.replaces = s->replaces,
					.arena = &a };
		pairs_hand_over(&pairs, r, &jobs[i]);
		sequence_fill(r, &jobs[i]);
	}
	run_jobs(r, b, jobs);
	record_commits(r, b, jobs);
}

void process_fill(struct run *r, struct job *job)
{
	const char *name = job->component->name;
	const struct component_seen *seen = run_seen(r, name);

	job->proven = seen->proven;
	if (plan_accepts(r->plan, PLAN_PIDFILE_DOUBTFUL, name))
		job->accepted = seen->now.executable;
}

/*
 * Before a restart is ordered the state records when, so that a later run asks what
 * became of that order before it sends another one.
 */
static bool announce_orders(struct run *r, const struct job *jobs, size_t count, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);
	size_t orders = 0;

	for (size_t i = 0; i < count; i++) {
		struct component_seen *seen = run_seen(r, jobs[i].component->name);

		if (jobs[i].component->activate.kind != ACTIVATE_APPMON)
			continue;
		orders++;
		seen->ordered = clock_now();
		change_component(change, seen);
	}
	return !orders || state_commit(r->en->state, change, e);
}

/* What became of it is known, unless it was not waited for. */
static void order_ended(struct run *r, const struct job *j, struct change *change)
{
	struct component_seen *seen = run_seen(r, j->component->name);

	if (!seen->ordered || j->error.code == ERR_STOPPED)
		return;
	seen->ordered = 0;
	change_component(change, seen);
}

/* Records that a component's process was activated. */
static void step_deliver_reported(struct run *r, const struct component *c, const struct job *j,
				  struct change *change)
{
	struct component_seen *seen = run_seen(r, c->name);
	const char *due = seen->activation_due;

	r->signalled[seen - r->components] = j->executable;
	r->activated_ms[seen - r->components] = j->began_ms;
	seen->activation_due = NULL;
	/* Without a port that can be verified, the activation is all the proof there is. */
	if (due && !component_is_provable(c, seen))
		run_accept(r, seen, due);
	/* it was restarted, and is connected: more than that no collector shows */
	if (due && c->appmon.kind == APPMON_COLLECTOR && !c->verify_count) {
		seen->now.served = due;
		seen->now.evidence = EVIDENCE_DRIVER;
		seen->now.link = LINK_CONNECTED;
		seen->now.started = 0; /* another one, which was not asked for */
	}
	if (due)
		change_component(change, seen);
}

/* Records the activation for every component of the process. */
static void activated(struct run *r, const struct step *s, const struct job *j,
		      struct change *change)
{
	const struct fleet *f = r->en->fleet;

	if (!strcmp(s->process, s->component)) {
		step_deliver_reported(r, run_component(r, s), j, change);
		return;
	}
	for (size_t i = 0; i < f->component_count; i++)
		if (!strcmp(f->components[i].process, s->process))
			step_deliver_reported(r, &f->components[i], j, change);
}

/*
 * Whether an activation may have had an effect: a command that began may have
 * done anything, but a signal was sent or not.
 */
static bool may_have_acted(const struct job *j)
{
	if (j->done)
		return true;
	return j->component->activate.kind != ACTIVATE_SIGNAL &&
	       (j->error.code == ERR_REMOTE || j->error.code == ERR_STOPPED);
}

void step_activate(struct run *r, struct step_batch *b)
{
	AUTO(arena) a = { 0 };
	AUTO(change) change = change_new(r->en->state);
	struct job *jobs = arena_array(&a, b->count, sizeof(*jobs));
	struct err e = { 0 };

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);

		jobs[i] = (struct job){ .verb = DRIVER_ACTIVATE,
					.component = run_component(r, s),
					.fingerprint = run_fingerprint(r, s),
					.arena = &r->arena };
		process_fill(r, &jobs[i]);
		appmon_fill(r, &jobs[i]);
	}
	if (!number(r, b, jobs))
		return;
	if (!announce_orders(r, jobs, b->count, &e)) {
		batch_fail(b, &e);
		r->halted = true;
		return;
	}
	run_jobs(r, b, jobs);
	for (size_t i = 0; i < b->count; i++) {
		run_set_changed(r, b->numbers[i], may_have_acted(&jobs[i]));
		order_ended(r, &jobs[i], change);
		if (b->errors[i].code)
			note_failure(r, b, i, change);
		else
			activated(r, batch_step(r, b, i), &jobs[i], change);
	}
	batch_record(r, b, change);
	for (size_t i = 0; i < b->count && !r->halted; i++)
		activation_forget(r->en, &jobs[i]);
}

/* By entry of `components`: whether its commit has begun. */
static bool *list_committed(struct run *r, struct arena *a)
{
	bool *committed = arena_array(a, r->component_count, sizeof(*committed));

	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		enum step_progress p = r->progress[i];

		if (s->kind == STEP_COMMIT && p != PROGRESS_WAITING && p != PROGRESS_SKIPPED)
			committed[run_seen(r, s->component) - r->components] = true;
	}
	return committed;
}

/* A failure is only a leftover: the next stage replaces it. */
void abort_stages(struct run *r)
{
	AUTO(arena) a = { 0 };
	struct job *jobs = arena_array(&a, r->plan->step_count, sizeof(*jobs));
	const bool *committed = list_committed(r, &a);
	size_t count = 0;

	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];

		if (s->kind != STEP_STAGE || r->progress[i] != PROGRESS_SUCCEEDED ||
		    committed[run_seen(r, s->component) - r->components])
			continue;
		jobs[count] = (struct job){ .verb = DRIVER_ABORT,
					    .component = run_component(r, s),
					    .fingerprint = run_fingerprint(r, s),
					    .arena = &a };
		sequence_fill(r, &jobs[count++]);
	}
	if (!count)
		return;
	engine_note(r->en, "stopping: %zu staged pair%s removed", count,
		    count == 1 ? " is" : "s are");
	drivers_run(r->en->drivers, jobs, count);
	for (size_t i = 0; i < count; i++)
		if (jobs[i].done)
			run_seen(r, jobs[i].component->name)->now.staged = NULL;
}
