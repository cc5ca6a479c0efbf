/* SPDX-License-Identifier: Apache-2.0 */
/* stage, commit and activate: pairs onto components, through the drivers. */
#include "drivers/driver.h"
#include "engine/inside.h"
#include "engine/loaded.h"

#include <string.h>

/* Jobs of the steps without an error; their errors go back to the batch. */
static void run_jobs(struct run *r, struct batch *b, struct job *jobs)
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
	for (size_t k = 0; k < count; k++)
		if (!ready[k].done)
			b->errors[from[k]] = ready[k].error;
}

void step_stage(struct run *r, struct batch *b)
{
	AUTO(loaded) pairs = loaded_new(b->count);
	AUTO(arena) a = { 0 };
	struct job *jobs = arena_array(&a, b->count, sizeof(*jobs));

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct loaded_pair *l =
			loaded_get(pairs, r, run_fingerprint(r, s));

		b->errors[i] = l->error;
		jobs[i] = (struct job){ .verb = DRIVER_STAGE,
					.component = run_component(r, s),
					.fingerprint = l->fingerprint,
					.set = &l->set,
					.key = &l->key,
					.arena = &a };
	}
	run_jobs(r, b, jobs);
}

/* Whether the process must still be told once this commit has happened. */
static bool needs_activation(const struct component *c)
{
	return driver_activation(c) != ACTIVATION_NONE;
}

/*
 * Before the switch the state says that an activation is due, so that a
 * crash in between cannot leave the process with the old pair for good.
 */
static bool announce(struct run *r, struct batch *b, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct component *c = run_component(r, s);
		struct component_seen *seen = run_seen(r, s->component);

		seen->certificate = s->certificate;
		seen->retire_remove = c->retire_remove;
		seen->deliver = deliver_to_text(&c->deliver, &r->arena);
		if (needs_activation(c))
			seen->activation_due = run_fingerprint(r, s);
		change_component(change, seen);
	}
	return state_commit(r->en->state, change, e);
}

static void record_commits(struct run *r, struct batch *b)
{
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		struct component_seen *seen = run_seen(r, s->component);

		if (b->errors[i].code) {
			seen->last_error =
				arena_strdup(&r->arena, b->errors[i].text);
		} else {
			seen->installed = run_fingerprint(r, s);
			seen->damage = NULL;
			seen->staged = NULL;
			seen->last_error = NULL;
		}
		change_component(change, seen);
	}
	if (!state_commit(r->en->state, change, &e))
		batch_fail(b, &e);
}

void step_commit(struct run *r, struct batch *b)
{
	AUTO(loaded) pairs = loaded_new(b->count);
	AUTO(arena) a = { 0 };
	struct job *jobs = arena_array(&a, b->count, sizeof(*jobs));
	struct err e = { 0 };

	if (!announce(r, b, &e)) {
		batch_fail(b, &e);
		return;
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);

		jobs[i] = (struct job){ .verb = DRIVER_COMMIT,
					.component = run_component(r, s),
					.fingerprint = run_fingerprint(r, s),
					.replaces = s->replaces,
					.arena = &a };
		loaded_give(pairs, r, &jobs[i], &b->errors[i]);
	}
	run_jobs(r, b, jobs);
	record_commits(r, b);
}

static void clear_due(struct run *r, const char *component,
		      struct change *change)
{
	struct component_seen *seen = run_seen(r, component);

	if (!seen->activation_due)
		return;
	seen->activation_due = NULL;
	change_component(change, seen);
}

/* Every component of the process has been told. */
static void activated(struct run *r, const struct step *s,
		      struct change *change)
{
	const struct fleet *f = r->en->fleet;

	if (!strcmp(s->process, s->component)) {
		clear_due(r, s->component, change);
		return;
	}
	for (size_t i = 0; i < f->component_count; i++)
		if (!strcmp(f->components[i].process, s->process))
			clear_due(r, f->components[i].name, change);
}

void step_activate(struct run *r, struct batch *b)
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
					.directory = r->en->fleet->directory,
					.arena = &a };
	}
	run_jobs(r, b, jobs);
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);

		if (!b->errors[i].code) {
			activated(r, s, change);
			continue;
		}

		struct component_seen *seen = run_seen(r, s->component);

		seen->last_error = arena_strdup(&r->arena, b->errors[i].text);
		change_component(change, seen);
	}
	if (!state_commit(r->en->state, change, &e))
		batch_fail(b, &e);
}
