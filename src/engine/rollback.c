/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rollback of the processes of a wave: the previous pair is reinstalled on all
 * their components; processes that were activated, or may have been, are
 * activated again and have to prove it.  The new generation is first recorded
 * as rejected there, and the roll back as begun, so that a crash in between neither
 * makes the next apply try it again unasked, nor leaves it there: what was begun is a
 * step of the next plan.
 */
#include "base/clock.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/handoff_file.h"
#include "engine/internal.h"
#include "engine/pairs.h"
#include "model/activation.h"

#include <stdlib.h>
#include <string.h>

/* Component that got a new pair, in this run or in one that was interrupted. */
struct rollback_item {
	const struct component *component;
	const char *fingerprint; /* of the installed pair, the new one */
	const char *before;      /* of the replaced pair; NULL: unknown */
	size_t process;          /* index */
	size_t planned;          /* its step in the batch, when the roll back goes on */
	bool changed;            /* by the roll back, or it may have been */
	bool proven;             /* that `before` is served again */
	struct err error;
	struct job activation; /* of its process, in the first of its components */
};

/* Effects of this run on a process. */
struct process_state {
	bool activated; /* or may have been */
	bool looked_at; /* its served certificate was verified */
	bool swapped;   /* its commit may have activated it */
	bool as_before; /* back in its previous state, and proven where it was touched */
};

struct rollback {
	struct run *r;
	const char *const *processes; /* sorted */
	size_t process_count;
	struct process_state *states; /* by process */
	struct rollback_item *list;   /* by process */
	size_t count;
	bool planned; /* it goes on: its steps are journalled and reported by the run */
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

static bool find_process(const struct rollback *t, const char *process, size_t *at)
{
	const char *const *found =
		process ? text_find(process, t->processes, t->process_count, sizeof(process))
			: NULL;

	*at = found ? (size_t)(found - t->processes) : 0;
	return found != NULL;
}

static void rollback_add(struct rollback *t, const struct component *c, struct rollback_item item)
{
	item.component = c;
	t->list[t->count++] = item;
	t->states[item.process].swapped |= component_swaps_at_commit(c);
}

static void list_commit(struct rollback *t, size_t number, size_t process)
{
	const struct run *r = t->r;
	const struct step *s = &r->plan->steps[number];
	struct rollback_item item = { .fingerprint = run_fingerprint(r, s),
				      .before = run_replaced(r, s),
				      .process = process };

	/* A repaired pair of the same certificate replaced itself: no way back. */
	if (r->changed[number] && !text_equal(item.before, item.fingerprint))
		rollback_add(t, run_component(r, s), item);
}

static bool rollback_is_listed(const struct rollback *t, const struct component *c)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].component == c)
			return true;
	return false;
}

/*
 * Commits of an earlier run that it has not proven; whether it had activated their
 * processes is not known.
 */
static void list_earlier(struct rollback *t)
{
	const struct fleet *f = t->r->en->fleet;

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		const struct component_seen *seen = run_seen(t->r, c->name);
		struct rollback_item item = { .fingerprint = seen->now.installed,
					      .before = seen->replaced };

		if (!item.before || !item.fingerprint || !*item.fingerprint ||
		    !strcmp(item.fingerprint, item.before) ||
		    !find_process(t, c->process, &item.process) || rollback_is_listed(t, c))
			continue;
		rollback_add(t, c, item);
		t->states[item.process].activated = true;
	}
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

		if (!begun || !find_process(t, s->process, &process))
			continue;
		if (s->kind == STEP_COMMIT)
			list_commit(t, i, process);
		/* An unsent signal activated nothing. */
		t->states[process].activated |= s->kind == STEP_ACTIVATE && r->changed[i];
		t->states[process].looked_at |= s->kind == STEP_VERIFY;
	}
	list_earlier(t);
	if (t->count)
		qsort(t->list, t->count, sizeof(*t->list), by_process);
	for (size_t i = 0; i < t->process_count; i++)
		t->states[i].as_before = !t->states[i].activated && !t->states[i].looked_at;
	for (size_t i = 0; i < t->count; i++)
		t->states[t->list[i].process].as_before = true;
}

/* ---- rejected generations ---- */

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

		if (!text_equal(k->fingerprint, k->before))
			run_reject(r, seen, k->fingerprint);
		seen->rollback = k->before ? ROLLBACK_BEGUN : ROLLBACK_NONE;
		seen->activation_due = due_then(t, k);
		change_component(change, seen);
	}
	return state_commit(r->en->state, change, e);
}

/* ---- revert, activate, verify ---- */

static void reverted(const struct rollback *t, const struct rollback_item *k)
{
	struct component_seen *seen = run_seen(t->r, k->component->name);

	seen->now.installed = k->before;
	if (k->component->deliver.kind == DRIVER_HANDOFF)
		seen->handed_over = k->before;
}

static void rollback_revert(struct rollback *t)
{
	AUTO(pairs) pairs = { 0 };
	AUTO(handoff_files) files = { 0 };
	AUTO(arena) a = { 0 };

	pairs_init(&pairs, t->count);
	handoff_files_init(&files, t->count);
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
		/* an activation alone is a new order, too */
		if (!sequence_begin(t->r, &job, 1, &k->error) ||
		    text_equal(k->fingerprint, k->before))
			continue;
		pairs_hand_over(&pairs, t->r, &job);
		if (!handoff_fill(&files, t->r, &job, &k->error))
			continue;
		sequence_fill(t->r, &job);
		drivers_run(t->r->en->drivers, &job, 1);
		k->changed = job.began;
		if (job.done && handoff_written(t->r, &job, &k->error))
			reverted(t, k);
		else if (!job.done)
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
	appmon_fill(t->r, &job);
	job.ordered = 0; /* that order was to take the other pair */
	drivers_run(t->r->en->drivers, &job, 1);
	for (size_t i = first; i < end; i++)
		t->list[i].changed |= job.began;
	t->list[first].activation = job;
	if (!job.done)
		fail_all(t, first, end, &job.error);
}

static bool needs_proof(const struct rollback *t, const struct rollback_item *k)
{
	const struct process_state *state = &t->states[k->process];

	/* what goes on may have been activated by the run that began it */
	return t->planned || state->activated || state->looked_at || state->swapped;
}

/* Without a port the driver's own answer counts, where there is one. */
static void ask_driver(struct rollback *t, struct rollback_item *k)
{
	struct run *r = t->r;
	struct component_seen *seen = run_seen(r, k->component->name);
	struct job job = { .verb = DRIVER_PROBE, .component = k->component, .arena = &r->arena };

	drivers_run(r->en->drivers, &job, 1);
	if (!job.done)
		return;
	seen->now.served = job.seen.served;
	seen->now.evidence = job.seen.served ? EVIDENCE_DRIVER : EVIDENCE_NONE;
	k->proven = job.seen.served && !strcmp(job.seen.served, k->before);
}

/* A roll back has a time of its own, from its own activation on; 0: from now. */
static int64_t began_ms(const struct rollback *t, const struct rollback_item *k)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].process == k->process && t->list[i].activation.component)
			return t->list[i].activation.began_ms;
	return 0;
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

		r->verified[run_seen(r, k->component->name) - r->components] = NULL;
		if (k->error.code || !needs_proof(t, k) || !*k->before)
			continue;
		if (!component_is_provable(k->component, run_seen(r, k->component->name))) {
			ask_driver(t, k);
			continue;
		}
		from[count] = k;
		proofs[count++] = (struct proof){ .component = k->component,
						  .expected = k->before,
						  .finishes = true,
						  .began_ms = began_ms(t, k) };
	}
	prove_served(r, proofs, count);
	for (size_t i = 0; i < count; i++) {
		from[i]->error = proofs[i].error;
		from[i]->proven = !proofs[i].error.code;
		if (from[i]->proven)
			r->verified[run_seen(r, proofs[i].component->name) - r->components] =
				proofs[i].expected;
		proof_observe(&proofs[i], &run_seen(r, proofs[i].component->name)->now);
	}
}

/* ---- result ---- */

/* The result of one component, for the run and for its record. */
static void rollback_check(struct rollback *t, struct rollback_item *k, struct component_seen *seen)
{
	struct run *r = t->r;
	struct process_state *state = &t->states[k->process];
	bool good = !k->error.code;
	bool proven = good && (k->proven || !needs_proof(t, k));

	r->result.rejected++;
	r->result.rolled_back += proven;
	r->result.failed += !proven && !t->planned;
	state->as_before &= proven;
	if (good) {
		seen->rollback = proven ? ROLLBACK_PROVEN : ROLLBACK_UNPROVEN;
		if (seen->replaced)
			run_unreject(r, seen, seen->replaced);
		seen->replaced = NULL;
		if (state->activated)
			seen->activation_due = NULL;
	}
	if (good && !proven)
		err_set(&k->error, ERR_REMOTE, "taken back, but nothing can prove what '%s' serves",
			k->component->name);
	if (proven)
		return;
	if (k->component->deliver.kind == DRIVER_HANDOFF)
		engine_note(
			r->en,
			"only a person can put back what was handed over: '%s' holds the former pair of '%s' now; import it, then run 'certfleet apply' again",
			k->component->deliver.handoff->file, k->component->name);
	seen->last_error = arena_strdup(&r->arena, k->error.text);
}

static void rollback_record(struct rollback *t)
{
	struct run *r = t->r;
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		struct rollback_item *k = &t->list[i];
		struct component_seen *seen = run_seen(r, k->component->name);

		rollback_check(t, k, seen);
		if (!t->planned)
			report_rollback(r, k->component, k->before, &k->error);
		change_component(change, seen);
	}
	if (!state_commit(r->en->state, change, &e)) {
		engine_note(r->en, "warning: cannot record the roll back: %s", e.text);
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].activation.component)
			activation_forget(r->en, &t->list[i].activation);
}

static bool rollback_run(struct rollback *t, struct err *e)
{
	engine_note(t->r->en, "rolling back %zu component%s", t->count, t->count == 1 ? "" : "s");
	if (!remember_rejected(t, e))
		return err_in(e, "cannot begin the roll back");
	rollback_revert(t);
	/* once for each process whose pairs are all back */
	for (size_t i = 0; i < t->count; i = process_end(t, i))
		activate_one(t, i, process_end(t, i));
	rollback_verify(t);
	rollback_record(t);
	return true;
}

/* ---- committed before its turn ---- */

/* By certificate of the fleet: whether one of the processes, sorted, uses it. */
static const bool *used_certificates(struct run *r, const char *const *processes, size_t count)
{
	const struct fleet *f = r->en->fleet;
	bool *used = arena_array(&r->arena, f->certificate_count, sizeof(*used));

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (text_find(c->process, processes, count, sizeof(*processes)))
			used[c->certificate - f->certificates] = true;
	}
	return used;
}

/* Processes that were activated or verified. */
static struct stepped touched_processes(struct run *r)
{
	const char **names = arena_array(&r->arena, r->plan->step_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];
		enum step_progress p = r->progress[i];

		if (s->wave != NO_WAVE && s->process &&
		    (p == PROGRESS_SUCCEEDED || p == PROGRESS_FAILED || p == PROGRESS_CUT_OFF))
			names[count++] = s->process;
	}
	return stepped_sorted(names, count);
}

/* Sorts the names and keeps each once. */
static void set_processes(struct rollback *t, const char **names, size_t count)
{
	if (count)
		qsort(names, count, sizeof(*names), text_compare);
	t->processes = names;
	for (size_t i = 0; i < count; i++)
		if (!i || strcmp(names[i], names[t->process_count - 1]))
			names[t->process_count++] = names[i];
	t->states = arena_array(&t->r->arena, t->process_count, sizeof(*t->states));
}

/*
 * Whether the pair was committed before its turn: all-first, or by a run that was
 * interrupted.  What is postponed waits for its restart as planned.
 */
static bool is_committed_early(const struct component *c, const struct component_seen *seen)
{
	return seen->replaced && (c->certificate->commit == COMMIT_ALL_FIRST ||
				  c->role->restart.when != RESTART_POSTPONED);
}

/*
 * The processes, and those that only have the commit of a certificate of theirs: an
 * outside restart would take the rejected pair up.
 */
static void list_processes(struct rollback *t, const char *const *processes, size_t count)
{
	struct run *r = t->r;
	const struct fleet *f = r->en->fleet;
	const bool *used = used_certificates(r, processes, count);
	const struct stepped touched = touched_processes(r);
	VEC(const char *) all = { 0 };

	for (size_t i = 0; i < count; i++)
		VEC_PUSH(&all, &t->r->arena, processes[i]);
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (is_committed_early(c, run_seen(t->r, c->name)) &&
		    used[c->certificate - f->certificates] && !stepped_has(&touched, c->process))
			VEC_PUSH(&all, &t->r->arena, c->process);
	}
	set_processes(t, all.items, all.count);
}

/* ---- a roll back after a failure of this run, and one that goes on ---- */

void roll_back(struct run *r, const char *const *processes, size_t count)
{
	struct rollback t = {
		.r = r,
		.list = arena_array(&r->arena, r->plan->step_count + r->en->fleet->component_count,
				    sizeof(*t.list)),
	};
	size_t process = 0;
	struct err e = { 0 };

	list_processes(&t, processes, count);
	list_items(&t);
	if (!t.count)
		return;
	if (!rollback_run(&t, &e)) {
		engine_note(r->en, "%s", e.text);
		return;
	}
	/* failed steps of processes in their previous state count as rolled back */
	for (size_t i = 0; i < r->plan->step_count; i++)
		if ((r->progress[i] == PROGRESS_FAILED || r->progress[i] == PROGRESS_CUT_OFF) &&
		    find_process(&t, r->plan->steps[i].process, &process) &&
		    t.states[process].as_before)
			r->progress[i] = PROGRESS_ROLLED_BACK;
}

/* The process is activated where that was recorded as due, and proven where it can be. */
void step_rollback(struct run *r, struct step_batch *b)
{
	struct rollback t = {
		.r = r,
		.planned = true,
		.list = arena_array(&r->arena, b->count, sizeof(*t.list)),
	};
	const char **processes = arena_array(&r->arena, b->count, sizeof(*processes));
	struct err e = { 0 };

	for (size_t i = 0; i < b->count; i++)
		processes[i] = batch_step(r, b, i)->process;
	set_processes(&t, processes, b->count);
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct component *c = run_component(r, s);
		struct rollback_item item = { .fingerprint = s->replaces,
					      .before = s->generation,
					      .planned = i };

		(void)!find_process(&t, s->process, &item.process);
		rollback_add(&t, c, item);
		t.states[item.process].activated |=
			text_equal(run_seen(r, c->name)->activation_due, s->generation);
		t.states[item.process].looked_at |= c->verify_count > 0;
	}
	qsort(t.list, t.count, sizeof(*t.list), by_process);
	if (!rollback_run(&t, &e))
		batch_fail(b, &e);
	for (size_t k = 0; k < t.count; k++) {
		const struct rollback_item *item = &t.list[k];

		run_set_changed(r, b->numbers[item->planned], item->changed);
		if (item->error.code)
			b->errors[item->planned] = item->error;
	}
}
