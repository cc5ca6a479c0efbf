/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rollout of one wave: commit, activate and verify a chunk of its processes,
 * the unit of rollback, then apply the role's restart policy.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

struct chunk {
	size_t first; /* steps of the wave */
	size_t end;
	const char *const *processes; /* sorted */
	size_t count;
};

/* Its place among the processes of the chunk; NULL: it is none of them. */
static const char *const *in_chunk(const struct chunk *c, const char *process)
{
	return bsearch(&process, c->processes, c->count, sizeof(process), text_compare);
}

static void run_kind(struct run *r, const struct chunk *c, enum step_kind kind)
{
	size_t *numbers = arena_array(&r->arena, c->end - c->first, sizeof(*numbers));
	size_t count = 0;

	for (size_t i = c->first; i < c->end; i++)
		if (r->plan->steps[i].kind == kind && in_chunk(c, r->plan->steps[i].process))
			numbers[count++] = i;
	run_batch(r, numbers, count);
}

/*
 * Number of failed processes in the chunk: a step failed, or was skipped
 * because one it depends on had failed.
 */
static unsigned failures(const struct run *r, const struct chunk *c)
{
	AUTO(arena) a = { 0 };
	bool *failed = arena_array(&a, c->count, sizeof(*failed));
	unsigned count = 0;

	for (size_t i = c->first; i < c->end; i++) {
		const char *const *at = in_chunk(c, r->plan->steps[i].process);
		enum step_progress p = r->progress[i];

		/* A stop request is not a failure, nor is a step skipped because of it. */
		if (p != PROGRESS_FAILED && (p != PROGRESS_SKIPPED || stop_requested()))
			continue;
		if (!at || failed[at - c->processes])
			continue;
		failed[at - c->processes] = true;
		count++;
	}
	return count;
}

static unsigned *role_failures(const struct run *r, const struct wave *w)
{
	const struct role *role = fleet_role(r->en->fleet, w->role);

	return &r->failed_processes[role - r->en->fleet->roles];
}

/* Restart policy after a chunk with a failure. */
static void check_chunk(struct run *r, const struct wave *w, const struct chunk *c)
{
	const struct role *role = fleet_role(r->en->fleet, w->role);
	const struct restart *policy = &role->restart;

	unsigned failed = failures(r, c);
	unsigned *total = role_failures(r, w);

	*total += failed;
	if (r->halted || !failed || (!w->canary && *total <= policy->max_failures))
		return;
	switch (policy->on_failure) {
	case FAIL_CONTINUE:
		r->halted = w->canary;
		return;
	case FAIL_STOP:
		r->halted = true;
		return;
	case FAIL_ROLLBACK:
		r->halted = true;
		roll_back(r, c->processes, c->count);
		return;
	}
}

void run_wave(struct run *r, size_t first, size_t end)
{
	size_t number = (size_t)r->plan->steps[first].wave;
	const struct wave *w = &r->plan->waves[number];

	if (number > 0 && !strcmp(r->plan->waves[number - 1].role, w->role) && !w->postponed &&
	    !r->halted)
		clock_sleep_ms(fleet_role(r->en->fleet, w->role)->restart.pause * 1000);
	for (size_t at = 0; at < w->process_count;) {
		size_t failed = *role_failures(r, w);
		size_t left = w->process_count - at;
		/* how many processes of the role may be touched now; failed ones count */
		size_t room = w->postponed ? left : failed < w->limit ? w->limit - failed : 0;

		/* The limit is used up by failures: the remaining steps are skipped. */
		if (room == 0)
			r->halted = true;

		struct chunk c = { .first = first,
				   .end = end,
				   .processes = w->processes + at,
				   .count = room && room < left ? room : left };

		run_kind(r, &c, STEP_COMMIT);
		run_kind(r, &c, STEP_ACTIVATE);
		run_kind(r, &c, STEP_VERIFY);
		check_chunk(r, w, &c);
		at += c.count;
	}
}
