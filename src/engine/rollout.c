/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rollout of one wave: commit, activate and verify its processes, the unit of
 * rollback, then apply the role's restart policy.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

/* One wave, and its steps in the plan. */
struct rollout {
	const struct wave *wave;
	size_t first;
	size_t end;
};

static void run_kind(struct run *r, const struct rollout *o, enum step_kind kind)
{
	size_t *numbers = arena_array(&r->arena, o->end - o->first, sizeof(*numbers));
	size_t count = 0;

	for (size_t i = o->first; i < o->end; i++)
		if (r->plan->steps[i].kind == kind)
			numbers[count++] = i;
	run_batch(r, numbers, count);
}

bool run_is_spared(const struct run *r, const char *process)
{
	return text_find(process, r->spared.items, r->spared.count, sizeof(*r->spared.items));
}

/*
 * Marks failed processes of the wave, and counts them: a step failed, or was skipped because one
 * it depends on had failed, or it failed in an earlier run, whose roll back was
 * finished now.  A stop request is not a failure, nor is a step skipped because of it.
 */
static unsigned failures(const struct run *r, const struct rollout *o, bool *failed)
{
	const struct wave *w = o->wave;
	unsigned count = 0;

	for (size_t i = o->first; i < o->end; i++) {
		enum step_progress p = r->progress[i];
		const char *const *at = text_find(r->plan->steps[i].process, w->processes,
						  w->process_count, sizeof(*w->processes));

		if (p != PROGRESS_FAILED && (p != PROGRESS_SKIPPED || stop_requested()) &&
		    r->plan->steps[i].kind != STEP_ROLLBACK)
			continue;
		if (!at || failed[at - w->processes] || run_is_spared(r, *at))
			continue;
		failed[at - w->processes] = true;
		count++;
	}
	return count;
}

/*
 * Halts a role, those after it, and those with a component of an all-first
 * certificate of the role: its tiers must agree.  Other roles go on.
 */
static void halt_role(struct run *r, const struct role *role)
{
	AUTO(arena) a = { 0 };
	const struct fleet *f = r->en->fleet;
	bool *tiers = arena_array(&a, f->certificate_count, sizeof(*tiers));

	if (r->halted_roles[role - f->roles])
		return;
	r->halted_roles[role - f->roles] = true;
	for (size_t i = 0; i < f->role_count; i++)
		for (size_t k = 0; k < f->roles[i].after_count; k++)
			if (f->roles[i].after[k] == role)
				halt_role(r, &f->roles[i]);
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (c->role == role && c->certificate->commit == COMMIT_ALL_FIRST)
			tiers[c->certificate - f->certificates] = true;
	}
	for (size_t i = 0; i < f->component_count; i++)
		if (tiers[f->components[i].certificate - f->certificates])
			halt_role(r, f->components[i].role);
}

/* Whether a later step of the plan takes the process out of service. */
static bool is_taken_down(const struct run *r, const struct rollout *o, const char *process)
{
	for (size_t i = o->end; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];

		if (text_equal(s->process, process) &&
		    (s->kind == STEP_REVERT ||
		     (s->kind == STEP_ACTIVATE && s->activation == ACTIVATION_RESTART)))
			return true;
	}
	return false;
}

/* A process that failed may be down: none of its quorums loses another one by this run. */
static void keep_quorums(struct run *r, const struct rollout *o, const bool *failed)
{
	AUTO(arena) a = { 0 };
	const struct fleet *f = r->en->fleet;
	const struct wave *w = o->wave;
	const char **lacking = arena_array(&a, f->component_count, sizeof(*lacking));
	size_t count = 0;

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		const char *const *at = text_find(c->process, w->processes, w->process_count,
						  sizeof(*w->processes));

		if (c->quorum && at && failed[at - w->processes])
			lacking[count++] = c->quorum;
	}
	count = text_set(lacking, count);
	for (size_t i = 0; count && i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (!c->quorum || !text_find(c->quorum, lacking, count, sizeof(*lacking)) ||
		    run_is_spared(r, c->process) || !is_taken_down(r, o, c->process))
			continue;
		VEC_PUSH(&r->spared, &r->arena, c->process);
		engine_note(r->en, "'%s' stays as it is: another one of its quorum '%s' failed",
			    c->name, c->quorum);
	}
	if (r->spared.count)
		qsort(r->spared.items, r->spared.count, sizeof(*r->spared.items), text_compare);
}

/* Restart policy after a wave with a failure. */
static void check_wave(struct run *r, const struct rollout *o)
{
	AUTO(arena) a = { 0 };
	bool *marks = arena_array(&a, o->wave->process_count, sizeof(*marks));
	const struct role *role = fleet_role(r->en->fleet, o->wave->role);
	const struct restart *policy = &role->restart;
	unsigned failed = failures(r, o, marks);
	unsigned *total = &r->failed_processes[role - r->en->fleet->roles];

	*total += failed;
	if (failed)
		keep_quorums(r, o, marks);
	if (r->halted || r->halted_roles[role - r->en->fleet->roles] || !failed ||
	    (!o->wave->canary && *total <= policy->max_failures))
		return;
	if (o->wave->canary || policy->on_failure != FAIL_CONTINUE)
		halt_role(r, role);
	if (policy->on_failure == FAIL_ROLLBACK)
		roll_back(r, o->wave->processes, o->wave->process_count);
}

void run_wave(struct run *r, size_t first, size_t end)
{
	size_t number = (size_t)r->plan->steps[first].wave;
	const struct wave *w = &r->plan->waves[number];
	const struct role *role = fleet_role(r->en->fleet, w->role);
	const struct rollout o = { .wave = w, .first = first, .end = end };

	if (number > 0 && !strcmp(r->plan->waves[number - 1].role, w->role) && !w->postponed &&
	    !r->halted && !r->halted_roles[role - r->en->fleet->roles])
		clock_sleep_ms(role->restart.pause * 1000);
	/* a window may have ended meanwhile: no new wave begins then */
	run_look_at_windows(r);
	run_kind(r, &o, STEP_ROLLBACK);
	run_kind(r, &o, STEP_COMMIT);
	run_kind(r, &o, STEP_REVERT);
	run_kind(r, &o, STEP_ACTIVATE);
	run_kind(r, &o, STEP_VERIFY);
	check_wave(r, &o);
}
