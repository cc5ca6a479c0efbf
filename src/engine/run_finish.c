/* SPDX-License-Identifier: Apache-2.0 */
/* End of a run: records in the state. */
#include "base/clock.h"
#include "engine/internal.h"

#include <string.h>

/*
 * The run's own observations become the last ones.  Without them, a later
 * --offline would show the fleet as it was before the run.
 */
static void record_seen(struct run *r)
{
	struct component_seen *seen = arena_array(&r->arena, r->component_count, sizeof(*seen));
	struct err e = { 0 };
	size_t count = 0;

	/* Retired components must not come back. */
	for (size_t i = 0; i < r->component_count; i++)
		if (fleet_component(r->en->fleet, r->components[i].name))
			seen[count++] = r->components[i];
	if (!state_observe(r->en->state, seen, count, &e))
		engine_note(r->en, "warning: cannot record what was seen: %s", e.text);
}

/*
 * Updates the deferred mark: set on offline components that this run left as
 * they are, cleared on the others.
 */
static void note_deferred(struct run *r, struct change *change)
{
	const struct plan *p = r->plan;
	size_t next = 0;

	for (size_t i = 0; i < p->observed_count; i++) {
		const char *name = p->observed[i].name;
		bool deferred = next < p->deferred_count && !strcmp(p->deferred[next], name);
		struct component_seen *seen = run_seen(r, name);

		next += deferred;
		if (deferred == (seen->deferred_at != 0) || !fleet_component(r->en->fleet, name))
			continue;
		seen->deferred_at = deferred ? r->record.started : 0;
		change_component(change, seen);
	}
}

static bool is_same_reach(const struct plan *p, const struct snapshot *s)
{
	if (p->reach_count != s->reached_count)
		return false;
	for (size_t i = 0; i < p->reach_count; i++)
		if (strcmp(p->reach[i], s->reached[i]) != 0)
			return false;
	return true;
}

void end_run(struct run *r)
{
	const struct plan *p = r->plan;
	const struct snapshot *s = r->order->snapshot;
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	record_seen(r);
	r->record.ended = clock_now();
	r->record.exit_status = r->result.exit_status;
	note_deferred(r, change);
	/* also when the run failed: it was accepted */
	if (p->accepted_count > s->accepted_count)
		change_accepted(change, p->accepted, p->accepted_count);
	/* what did not end well is told as new once more */
	if ((!r->result.exit_status && !is_same_reach(p, s) &&
	     !change_reach(change, p->reach, p->reach_count, &e)) ||
	    !journal_end_run(r->en->state, &r->record, change, &e))
		engine_note(r->en, "warning: cannot record the end of the run: %s", e.text);
}
