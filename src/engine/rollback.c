/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a wave back: what was installed before is put back on every process
 * of it, activated and verified.  The generation is first remembered as
 * rejected there, so that a crash in between cannot make the next apply try
 * it again unasked.
 */
#include "base/clock.h"
#include "drivers/driver.h"
#include "engine/inside.h"
#include "engine/loaded.h"

#include <stdlib.h>
#include <string.h>

/* One component that got a new pair in this wave. */
struct taken {
	size_t commit; /* step */
	const struct component *component;
	const char *before; /* what its commit replaced; NULL unknown */
	struct err error;
};

struct taking {
	struct taken *list;
	size_t count;
};

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void reject(struct component_seen *seen, const char *fingerprint,
		   struct arena *a)
{
	const char **list =
		arena_array(a, seen->rejected_count + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < seen->rejected_count; i++)
		if (strcmp(seen->rejected[i], fingerprint) != 0)
			list[count++] = seen->rejected[i];
	list[count++] = fingerprint;
	qsort(list, count, sizeof(*list), compare_text);
	seen->rejected = list;
	seen->rejected_count = count;
}

/* The rejection is durable before anything is put back. */
static bool remember_rejected(struct run *r, const struct taking *t,
			      struct err *e)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < t->count; i++) {
		const struct taken *k = &t->list[i];
		const struct step *s = &r->plan->steps[k->commit];
		struct component_seen *seen = run_seen(r, k->component->name);

		reject(seen, run_fingerprint(r, s), &r->arena);
		seen->rolled_back_to = k->before;
		change_component(change, seen);
	}
	return state_commit(r->en->state, change, e);
}

static void revert(struct run *r, struct taking *t)
{
	AUTO(loaded) pairs = loaded_new(t->count);
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		struct taken *k = &t->list[i];
		struct job job = { .verb = DRIVER_REVERT,
				   .component = k->component,
				   .fingerprint = k->before,
				   .arena = &a };

		if (!k->before)
			err_set(&k->error, ERR_REMOTE,
				"what was installed before is not known");
		else
			loaded_give(pairs, r, &job, &k->error);
		if (k->error.code)
			continue;
		drivers_run(r->en->drivers, &job, 1);
		k->error = job.error;
	}
}

/* Once for each process whose pairs are all back. */
static void activate(struct run *r, struct taking *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct taken *k = &t->list[i];
		bool repeated =
			i > 0 && !strcmp(k->component->process,
					 t->list[i - 1].component->process);
		struct job job = { .verb = DRIVER_ACTIVATE,
				   .component = k->component,
				   .fingerprint = k->before,
				   .directory = r->en->fleet->directory,
				   .arena = &r->arena };

		if (repeated || k->error.code || !*k->before)
			continue;
		drivers_run(r->en->drivers, &job, 1);
		if (!job.done)
			k->error = job.error;
	}
}

static void verify(struct run *r, struct taking *t)
{
	AUTO(arena) a = { 0 };
	struct proof *proofs = arena_array(&a, t->count, sizeof(*proofs));
	size_t *from = arena_array(&a, t->count, sizeof(*from));
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct taken *k = &t->list[i];

		if (k->error.code || !*k->before || !k->component->verify_count)
			continue;
		from[count] = i;
		proofs[count++] = (struct proof){ .component = k->component,
						  .expected = k->before };
	}
	prove_served(r, proofs, count);
	for (size_t i = 0; i < count; i++) {
		struct component_seen *seen =
			run_seen(r, proofs[i].component->name);

		t->list[from[i]].error = proofs[i].error;
		seen->served = proofs[i].served;
	}
}

/* Its failed steps now count as taken back. */
static void settle_process(struct run *r, const char *process)
{
	for (size_t i = 0; i < r->plan->step_count; i++)
		if (r->plan->steps[i].process &&
		    !strcmp(r->plan->steps[i].process, process) &&
		    r->progress[i] == STEP_BROKE)
			r->progress[i] = STEP_TAKEN_BACK;
}

static void record(struct run *r, const struct taking *t)
{
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		const struct taken *k = &t->list[i];
		struct component_seen *seen = run_seen(r, k->component->name);

		if (!k->error.code) {
			seen->installed = k->before;
			seen->activation_due = NULL;
			r->result.rolled_back++;
			settle_process(r, k->component->process);
		} else {
			seen->last_error =
				arena_strdup(&r->arena, k->error.text);
		}
		tell_rollback(r, k->component, k->before, &k->error);
		change_component(change, seen);
	}
	if (!state_commit(r->en->state, change, &e))
		engine_note(r->en, "warning: cannot record the roll back: %s",
			    e.text);
}

void roll_back(struct run *r, size_t first, size_t end,
	       const char *const *processes, size_t count)
{
	struct taking t = {
		arena_array(&r->arena, end - first, sizeof(*t.list)), 0
	};
	struct err e = { 0 };

	/*
	 * All-first commits stand before the wave, so all steps are looked
	 * at.  A commit that broke has changed nothing.
	 */
	for (size_t i = 0; i < r->plan->step_count; i++) {
		const struct step *s = &r->plan->steps[i];

		if (s->kind != STEP_COMMIT ||
		    r->progress[i] != STEP_SUCCEEDED ||
		    !bsearch(&s->process, processes, count, sizeof(*processes),
			     compare_text))
			continue;
		t.list[t.count++] = (struct taken){
			.commit = i,
			.component = run_component(r, s),
			.before = s->replaces,
		};
	}
	if (!t.count)
		return;
	engine_note(r->en, "rolling back %zu component%s", t.count,
		    t.count == 1 ? "" : "s");
	if (!remember_rejected(r, &t, &e)) {
		engine_note(r->en, "cannot begin the roll back: %s", e.text);
		return;
	}
	revert(r, &t);
	activate(r, &t);
	verify(r, &t);
	record(r, &t);
}
