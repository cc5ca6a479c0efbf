/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revert step: the command that clears the stores of a component, so that it uses the
 * built-in certificate of its product.  It is run as a restart command is, once for a
 * process and under a supervisor, and is over in the state once it has ended well: then
 * nothing of it is repeated.
 */
#include "base/clock.h"
#include "drivers/driver.h"
#include "engine/internal.h"

#include <string.h>

/* Before the command, so that a crash in between cannot hide that it may have run. */
static bool revert_announce(struct run *r, struct step_batch *b, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		struct component_seen *seen = run_seen(r, s->component);

		seen->certificate = s->certificate;
		seen->activation_due = BUILTIN_PAIR;
		seen->replaced = NULL;
		seen->rollback = ROLLBACK_NONE;
		seen->reverted_at = 0;
		seen->reverted_to = NULL;
		change_component(change, seen);
	}
	return state_commit(r->en->state, change, e);
}

/* The component as one whose restart command clears its stores. */
static const struct component *reverting(struct run *r, const struct component *c)
{
	struct component *copy = ARENA_NEW(&r->arena, struct component);

	*copy = *c;
	copy->activate = (struct activate){ .kind = ACTIVATE_COMMAND,
					    .argv = c->revert,
					    .timeout = c->activate.timeout };
	return copy;
}

static void revert_record(struct run *r, struct step_batch *b, size_t i, const struct job *j,
			  struct change *change)
{
	struct component_seen *seen = run_seen(r, batch_step(r, b, i)->component);

	r->activated_ms[seen - r->components] = j->began_ms;
	seen->now.served = NULL;
	if (j->done) {
		seen->activation_due = NULL;
		seen->reverted_at = clock_now();
		seen->now.installed = NULL;
		seen->last_error = NULL;
	} else {
		b->errors[i] = j->error;
		seen->last_error = arena_strdup(&r->arena, j->error.text);
	}
	run_set_changed(r, b->numbers[i], j->began);
	change_component(change, seen);
}

/* Jobs of a batch: one for each process, as its components have one command. */
struct revert_jobs {
	struct job *list;
	size_t count;
	struct job **of; /* by step */
};

static struct job *revert_find(const struct revert_jobs *jobs, const struct component *c)
{
	for (size_t i = 0; c->process != c->name && i < jobs->count; i++)
		if (!strcmp(jobs->list[i].component->process, c->process))
			return &jobs->list[i];
	return NULL;
}

static void revert_list(struct run *r, struct step_batch *b, struct arena *a,
			struct revert_jobs *out)
{
	*out = (struct revert_jobs){ .list = arena_array(a, b->count, sizeof(*out->list)),
				     .of = arena_array(a, b->count, sizeof(struct job *)) };
	for (size_t i = 0; i < b->count; i++) {
		const struct component *c = run_component(r, batch_step(r, b, i));

		out->of[i] = revert_find(out, c);
		if (out->of[i])
			continue;
		out->of[i] = &out->list[out->count++];
		*out->of[i] = (struct job){ .verb = DRIVER_ACTIVATE,
					    .component = reverting(r, c),
					    .fingerprint = BUILTIN_PAIR,
					    .arena = &r->arena };
	}
}

void step_revert(struct run *r, struct step_batch *b)
{
	AUTO(arena) a = { 0 };
	AUTO(change) change = change_new(r->en->state);
	struct revert_jobs jobs = { 0 };
	struct err e = { 0 };

	if (!revert_announce(r, b, &e)) {
		batch_fail(b, &e);
		r->halted = true;
		return;
	}
	revert_list(r, b, &a, &jobs);
	drivers_run(r->en->drivers, jobs.list, jobs.count);
	for (size_t i = 0; i < b->count; i++)
		revert_record(r, b, i, jobs.of[i], change);
	batch_record(r, b, change);
	for (size_t i = 0; i < jobs.count && !r->halted; i++)
		activation_forget(r->en, &jobs.list[i]);
}
