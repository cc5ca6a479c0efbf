/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rollback of the processes of a wave: the previous pair is reinstalled on all
 * their components; processes that were activated, or may have been, are
 * activated again and have to prove it.  The new generation is first recorded
 * as rejected there, so that a crash in between cannot make the next apply try
 * it again unasked.
 */
#include "base/clock.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/internal.h"
#include "engine/pairs.h"

#include <stdlib.h>
#include <string.h>

/* Component that got a new pair in this run. */
struct rollback_item {
	const struct component *component;
	const char *fingerprint; /* of the new pair */
	const char *before;      /* of the replaced pair; NULL: unknown */
	size_t process;          /* index */
	struct err error;
};

/* Effects of this run on a process. */
struct process_state {
	bool activated; /* or may have been */
	bool looked_at; /* its served certificate was verified */
	bool as_before; /* back in its previous state, as far as can be known */
};

struct rollback {
	struct run *r;
	const char *const *processes; /* sorted */
	size_t process_count;
	struct process_state *states; /* by process */
	struct rollback_item *list;   /* by process */
	size_t count;
};

static int by_process(const void *left, const void *right)
{
	const struct rollback_item *a = left;
	const struct rollback_item *b = right;

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	return strcmp(a->component->name, b->component->name);
}

/* ---- list of components ---- */

static bool find_process(const struct rollback *t, const struct step *s, size_t *at)
{
	const char *const *found = s->process ? bsearch(&s->process, t->processes, t->process_count,
							sizeof(s->process), text_compare)
					      : NULL;

	*at = found ? (size_t)(found - t->processes) : 0;
	return found != NULL;
}

static void rollback_add(struct rollback *t, size_t number, size_t process)
{
	const struct run *r = t->r;
	const struct step *s = &r->plan->steps[number];
	const char *fingerprint = run_fingerprint(r, s);

	/* A repaired pair of the same certificate replaced itself: no way back. */
	if (!r->changed[number] || (s->replaces && !strcmp(s->replaces, fingerprint)))
		return;
	t->list[t->count++] = (struct rollback_item){ .component = run_component(r, s),
						      .fingerprint = fingerprint,
						      .before = s->replaces,
						      .process = process };
}

/* All-first commits precede the waves, so the whole plan is searched. */
static void list_items(struct rollback *t)
{
	const struct run *r = t->r;

	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		enum step_progress p = r->progress[i];
		bool begun =
			p == PROGRESS_SUCCEEDED || p == PROGRESS_FAILED || p == PROGRESS_CUT_OFF;
		size_t process = 0;

		if (!begun || !find_process(t, s, &process))
			continue;
		if (s->kind == STEP_COMMIT)
			rollback_add(t, i, process);
		/* An unsent signal activated nothing. */
		t->states[process].activated |= s->kind == STEP_ACTIVATE && r->changed[i];
		t->states[process].looked_at |= s->kind == STEP_VERIFY;
	}
	if (t->count)
		qsort(t->list, t->count, sizeof(*t->list), by_process);
	for (size_t i = 0; i < t->process_count; i++)
		t->states[i].as_before = !t->states[i].activated && !t->states[i].looked_at;
	for (size_t i = 0; i < t->count; i++)
		t->states[t->list[i].process].as_before = true;
}

/* ---- rejected generations ---- */

/* Expired generations leave the list, which keeps it short. */
static void reject(struct run *r, struct component_seen *seen, const char *fingerprint)
{
	const char **list = arena_array(&r->arena, seen->rejected_count + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < seen->rejected_count; i++) {
		const struct generation *g =
			snapshot_generation(r->order->snapshot, seen->rejected[i]);
		bool ended = g && g->not_after < r->record.started;

		if (!ended && strcmp(seen->rejected[i], fingerprint) != 0)
			list[count++] = seen->rejected[i];
	}
	list[count++] = fingerprint;
	qsort(list, count, sizeof(*list), text_compare);
	seen->rejected = list;
	seen->rejected_count = count;
}

/* Activation due once the previous pair is back; NULL: none. */
static const char *due_then(const struct rollback *t, const struct rollback_item *k)
{
	const struct component_seen *earlier =
		snapshot_component(t->r->order->snapshot, k->component->name);

	if (!t->states[k->process].activated)
		return earlier ? earlier->activation_due : NULL;
	return k->before && *k->before ? k->before : NULL;
}

/* The rejection is durable before anything is reinstalled. */
static bool remember_rejected(const struct rollback *t, struct err *e)
{
	struct run *r = t->r;
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < t->count; i++) {
		const struct rollback_item *k = &t->list[i];
		struct component_seen *seen = run_seen(r, k->component->name);

		reject(r, seen, k->fingerprint);
		seen->rolled_back_to = k->before;
		seen->activation_due = due_then(t, k);
		change_component(change, seen);
	}
	return state_commit(r->en->state, change, e);
}

/* ---- revert, activate, verify ---- */

static void rollback_revert(struct rollback *t)
{
	AUTO(pairs) pairs = { 0 };
	AUTO(arena) a = { 0 };

	pairs_init(&pairs, t->count);
	for (size_t i = 0; i < t->count; i++) {
		struct rollback_item *k = &t->list[i];
		struct job job = { .verb = DRIVER_REVERT,
				   .component = k->component,
				   .fingerprint = k->before,
				   .replaces = k->fingerprint,
				   .arena = &a };

		if (!k->before) {
			err_set(&k->error, ERR_REMOTE, "what was installed before is not known");
			continue;
		}
		pairs_hand_over(&pairs, t->r, &job);
		if (!sequence_begin(t->r, &job, 1, &k->error))
			continue;
		sequence_fill(t->r, &job);
		drivers_run(t->r->en->drivers, &job, 1);
		if (job.done)
			run_seen(t->r, k->component->name)->now.installed = k->before;
		else
			k->error = job.error;
	}
}

/* End of the components from `first` that share a process. */
static size_t process_end(const struct rollback *t, size_t first)
{
	size_t end = first + 1;

	while (end < t->count && t->list[end].process == t->list[first].process)
		end++;
	return end;
}

/* It fails for all of them. */
static void fail_all(struct rollback *t, size_t first, size_t end, const struct err *e)
{
	for (size_t i = first; i < end; i++)
		if (!t->list[i].error.code)
			t->list[i].error = *e;
}

static void activate_one(struct rollback *t, size_t first, size_t end)
{
	const struct rollback_item *failed = NULL;
	const struct rollback_item *with = NULL;
	struct err e = { 0 };

	for (size_t i = first; i < end; i++) {
		const struct rollback_item *k = &t->list[i];

		if (!failed && k->error.code)
			failed = k;
		if (!with && k->before && *k->before)
			with = k;
	}
	if (!t->states[t->list[first].process].activated || !with)
		return;
	if (failed) {
		err_set(&e, ERR_REMOTE,
			"not activated: '%s', which shares its process, was not rolled back",
			failed->component->name);
		fail_all(t, first, end, &e);
		return;
	}

	struct job job = { .verb = DRIVER_ACTIVATE,
			   .component = with->component,
			   .fingerprint = with->before,
			   .rolls_back = true,
			   .arena = &t->r->arena };

	sequence_fill(t->r, &job);
	process_fill(t->r, &job);
	drivers_run(t->r->en->drivers, &job, 1);
	if (!job.done)
		fail_all(t, first, end, &job.error);
}

static bool has_proof(struct run *r, const struct rollback_item *k)
{
	return component_is_provable(k->component, run_seen(r, k->component->name)) && k->before &&
	       *k->before;
}

static void rollback_verify(struct rollback *t)
{
	struct run *r = t->r;
	AUTO(arena) a = { 0 };
	struct proof *proofs = arena_array(&a, t->count, sizeof(*proofs));
	struct rollback_item **from = arena_array(&a, t->count, sizeof(*from));
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct rollback_item *k = &t->list[i];
		const struct process_state *state = &t->states[k->process];

		r->verified[run_seen(r, k->component->name) - r->components] = NULL;
		if (k->error.code || !has_proof(r, k) || (!state->activated && !state->looked_at))
			continue;
		from[count] = k;
		proofs[count++] =
			(struct proof){ .component = k->component, .expected = k->before };
	}
	prove_served(r, proofs, count);
	for (size_t i = 0; i < count; i++) {
		from[i]->error = proofs[i].error;
		if (!proofs[i].error.code)
			r->verified[run_seen(r, proofs[i].component->name) - r->components] =
				proofs[i].expected;
		proof_observe(&proofs[i], &run_seen(r, proofs[i].component->name)->now);
	}
}

/* ---- result ---- */

static void rollback_check(struct rollback *t, const struct rollback_item *k)
{
	struct run *r = t->r;
	struct process_state *state = &t->states[k->process];
	bool needs_proof = state->activated || state->looked_at;

	r->result.rejected++;
	r->result.rolled_back += !k->error.code;
	r->result.failed += k->error.code != ERR_NONE;
	state->as_before &= !k->error.code && (!needs_proof || has_proof(r, k));
	if (!k->error.code && needs_proof && !has_proof(r, k))
		engine_note(r->en, "nothing can prove what '%s' serves after its roll back",
			    k->component->name);
}

static void rollback_record(struct rollback *t)
{
	struct run *r = t->r;
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		const struct rollback_item *k = &t->list[i];
		struct component_seen *seen = run_seen(r, k->component->name);

		rollback_check(t, k);
		if (k->error.code)
			seen->last_error = arena_strdup(&r->arena, k->error.text);
		else if (t->states[k->process].activated)
			seen->activation_due = NULL;
		report_rollback(r, k->component, k->before, &k->error);
		change_component(change, seen);
	}
	if (!state_commit(r->en->state, change, &e))
		engine_note(r->en, "warning: cannot record the roll back: %s", e.text);
}

void roll_back(struct run *r, const char *const *processes, size_t count)
{
	struct rollback t = {
		.r = r,
		.processes = processes,
		.process_count = count,
		.states = arena_array(&r->arena, count, sizeof(*t.states)),
		.list = arena_array(&r->arena, r->plan->step_count, sizeof(*t.list)),
	};
	size_t process = 0;
	struct err e = { 0 };

	list_items(&t);
	if (!t.count)
		return;
	engine_note(r->en, "rolling back %zu component%s", t.count, t.count == 1 ? "" : "s");
	if (!remember_rejected(&t, &e)) {
		engine_note(r->en, "cannot begin the roll back: %s", e.text);
		return;
	}
	rollback_revert(&t);
	/* once for each process whose pairs are all back */
	for (size_t i = 0; i < t.count; i = process_end(&t, i))
		activate_one(&t, i, process_end(&t, i));
	rollback_verify(&t);
	rollback_record(&t);
	/* failed steps of processes in their previous state count as rolled back */
	for (size_t i = 0; i < r->plan->step_count; i++)
		if ((r->progress[i] == PROGRESS_FAILED || r->progress[i] == PROGRESS_CUT_OFF) &&
		    find_process(&t, &r->plan->steps[i], &process) && t.states[process].as_before)
			r->progress[i] = PROGRESS_ROLLED_BACK;
}
