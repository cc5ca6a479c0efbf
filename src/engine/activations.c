/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations that outlived the run that began them: their supervisors are waited
 * for, and what they wrote down goes to the components' records, so that no process
 * is activated twice for one pair.
 */
#include "install/supervisor.h"

#include "base/clock.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/internal.h"

#include <string.h>

/* All records of a state, and the components that it knows. */
struct outcomes {
	struct arena arena;
	const char *directory;
	const struct activation_record *list;
	size_t count;
};

static void outcomes_release(struct outcomes *o)
{
	arena_release(&o->arena);
}
AUTO_STRUCT(outcomes, struct outcomes, outcomes_release)

static bool outcomes_read(const struct engine *en, struct outcomes *o, struct err *e)
{
	o->directory = driver_records(en->fleet->state.path, &o->arena);
	return activation_records(o->directory, &o->arena, &o->list, &o->count, e);
}

/* Whether the outcome is of an activation that is still due. */
static bool is_awaited(const struct activation_record *r, const struct component_seen *seen)
{
	return seen && seen->activation_due && !strcmp(seen->activation_due, r->order.fingerprint);
}

static bool is_revert(const struct activation_record *r)
{
	return !strcmp(r->order.fingerprint, BUILTIN_PAIR);
}

static void outcome_copy(const struct fleet *f, const char *name, const struct activation_record *r,
			 struct component_seen *seen)
{
	const struct component *c = fleet_component(f, name);

	if (r->end == ACTIVATION_DONE)
		seen->activation_due = NULL;
	if (r->end == ACTIVATION_DONE && is_revert(r))
		seen->reverted_at = clock_now();
	if (r->end == ACTIVATION_FAILED)
		seen->last_error = r->error;
	else if (c && !c->verify_count)
		seen->last_error = NULL;
}

/* To every component of the process; `change` NULL: only in `rows`. */
static void outcome_adopt(const struct fleet *f, const struct activation_record *r,
			  struct component_seen *rows, size_t count, struct change *change)
{
	const struct component *lead = fleet_component(f, r->order.component);

	if (r->end == ACTIVATION_RUNS ||
	    !is_awaited(r, text_find(r->order.component, rows, count, sizeof(*rows))))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct component *c = fleet_component(f, rows[i].name);
		bool shares = lead && c && !strcmp(c->process, lead->process);

		if (!shares && strcmp(rows[i].name, r->order.component) != 0)
			continue;
		outcome_copy(f, rows[i].name, r, &rows[i]);
		if (change)
			change_component(change, &rows[i]);
	}
}

static void note_running(struct engine *en, const char *process, int64_t until)
{
	AUTO(arena) a = { 0 };
	char text[TIME_TEXT];

	engine_note(
		en,
		en->apply
			? "waiting for the activation of '%s', which an earlier run began: until %s at most"
			: "the activation of '%s', which an earlier run began, goes on until %s at most",
		text_escaped(&a, process), time_format(until, text));
}

static bool outcomes_wait(struct engine *en, const struct outcomes *o, struct err *e)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct activation_record *r = &o->list[i];

		if (!activation_runs(o->directory, r->order.process))
			continue;
		note_running(en, r->order.process, r->until);
		if (!activation_wait(o->directory, r, e))
			return false;
	}
	return true;
}

bool activations_await(struct engine *en, struct err *e)
{
	AUTO(outcomes) o = { 0 };

	return outcomes_read(en, &o, e) && outcomes_wait(en, &o, e);
}

void activations_await_there(struct engine *en, struct job *jobs, size_t count)
{
	AUTO(arena) a = { 0 };
	struct job *again = arena_array(&a, count, sizeof(*again));
	size_t *from = arena_array(&a, count, sizeof(*from));
	size_t running = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t left = jobs[i].done ? jobs[i].seen.activating : 0;

		if (!left)
			continue;
		note_running(en, jobs[i].component->process, clock_now() + left);
		from[running] = i;
		again[running] = jobs[i];
		again[running++].awaits = left;
	}
	if (!en->apply)
		return;
	drivers_run(en->drivers, again, running);
	for (size_t k = 0; k < running; k++)
		jobs[from[k]] = again[k];
}

bool activations_adopt(struct engine *en, struct err *e)
{
	AUTO(outcomes) o = { 0 };
	AUTO(change) change = change_new(en->state);
	const struct component_seen *known = NULL;
	size_t count = 0;

	if (!outcomes_read(en, &o, e))
		return false;
	if (!o.count)
		return true;
	if (!state_components(en->state, &o.arena, &known, &count, e))
		return false;
	for (size_t i = 0; i < o.count; i++)
		outcome_adopt(en->fleet, &o.list[i], (struct component_seen *)known, count, change);
	if (!state_commit(en->state, change, e))
		return err_in(e, "cannot record what an earlier run began");
	for (size_t i = 0; i < o.count; i++)
		activation_record_remove(o.directory, o.list[i].order.process);
	return true;
}

void activations_observe(struct engine *en, struct snapshot *s)
{
	AUTO(outcomes) o = { 0 };
	struct err ignored = { 0 };

	if (!s->state_exists || engine_is_confined(en) || !outcomes_read(en, &o, &ignored))
		return;
	for (size_t i = 0; i < o.count; i++) {
		struct activation_record r = o.list[i];

		r.error = r.error ? arena_strdup(&s->arena, r.error) : NULL;
		if (activation_runs(o.directory, r.order.process))
			note_running(en, r.order.process, r.until);
		else
			outcome_adopt(en->fleet, &r, (struct component_seen *)s->components,
				      s->component_count, NULL);
	}
}

void activation_forget(const struct engine *en, const struct job *j)
{
	AUTO(arena) a = { 0 };

	if (j->error.code != ERR_STOPPED)
		activation_record_remove(driver_records(en->fleet->state.path, &a),
					 j->component->process);
}

void engine_stopping(void *ctx, size_t running, int64_t until)
{
	char text[TIME_TEXT];

	engine_note(
		ctx,
		"stopping: waiting for %zu activation%s, until %s at most; another signal ends the wait, not the activation%s",
		running, running == 1 ? "" : "s", time_format(until, text),
		running == 1 ? "" : "s");
}
