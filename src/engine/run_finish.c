/* SPDX-License-Identifier: Apache-2.0 */
/* End of a run: records in the state. */
#include "base/clock.h"
#include "base/stop.h"
#include "engine/handoff_file.h"
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

/* Updates the mark of what `limits` left to a later run. */
static void note_limited(struct run *r, struct change *change)
{
	const struct plan *p = r->plan;
	const char **names = arena_array(&r->arena, p->left_out_count, sizeof(*names));
	struct stepped limited = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < p->left_out_count; i++)
		if (p->left_out[i].component && !strcmp(p->left_out[i].code, PLAN_OVER_LIMITS))
			names[count++] = p->left_out[i].component;
	limited = stepped_sorted(names, count);
	for (size_t i = 0; i < p->observed_count; i++) {
		const char *name = p->observed[i].name;
		struct component_seen *seen = run_seen(r, name);
		bool left = stepped_has(&limited, name);

		if (left == seen->limited || !fleet_component(r->en->fleet, name))
			continue;
		seen->limited = left;
		change_component(change, seen);
	}
}

/* What was due, and somebody else has done. */
static void note_restarted(struct run *r, struct change *change)
{
	for (size_t i = 0; i < r->component_count; i++)
		if (r->components[i].restarted)
			change_component(change, &r->components[i]);
}

/*
 * What was restored from a copy counts as known from the first run that sees it: an
 * agent that is ahead later is ahead of another state.
 */
static void note_restored(struct run *r, struct change *change)
{
	for (size_t i = 0; i < r->component_count; i++) {
		struct component_seen *seen = &r->components[i];

		if (!seen->restored || !seen->now.online ||
		    !fleet_component(r->en->fleet, seen->name))
			continue;
		seen->restored = false;
		if (seen->order_given < seen->now.order_taken)
			seen->order_given = seen->now.order_taken;
		change_component(change, seen);
	}
}

/* The pair that the component should have, also one made by this run; NULL: none. */
static const char *desired_now(const struct run *r, const struct acknowledgement *k)
{
	const struct component *c = fleet_component(r->en->fleet, k->component);
	const struct step s = { .kind = STEP_STAGE,
				.certificate = c ? c->certificate->name : NULL,
				.generation = k->fingerprint };

	return run_fingerprint(r, &s);
}

/* Acknowledgements of another pair end here. */
static void note_acknowledged(struct run *r, struct change *change)
{
	for (size_t i = 0; i < r->plan->remembered_count; i++) {
		const struct acknowledgement *k = &r->plan->remembered[i];
		const char *fingerprint = desired_now(r, k);
		struct component_seen *seen = run_seen(r, k->component);
		size_t count = 0;
		const char **list =
			arena_array(&r->arena, seen->acknowledged_count + 1, sizeof(*list));

		if (!fingerprint)
			continue;
		for (size_t n = 0; n < seen->acknowledged_count; n++)
			if (strstr(seen->acknowledged[n], fingerprint))
				list[count++] = seen->acknowledged[n];
		list[count++] = arena_printf(&r->arena, "%s %s", k->code, fingerprint);
		seen->acknowledged = list;
		seen->acknowledged_count = count;
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

/* Whether all was done that a run can do. */
static bool ended_well(int status)
{
	return status == EXIT_DONE || status == EXIT_AWAITS;
}

/*
 * What did not end well is told as new once more, but for what was approved: that need not
 * be approved again.
 */
static bool record_reach(const struct run *r, struct change *change, struct err *e)
{
	const struct plan *p = r->plan;

	if (ended_well(r->result.exit_status))
		return is_same_reach(p, r->order->snapshot) ||
		       change_reach(change, p->reach, p->reach_count, e);
	return !p->reach_approved_count ||
	       change_reach(change, p->reach_approved, p->reach_approved_count, e);
}

/*
 * The rules of the fleet file count from the next run on, when they are the first or were
 * approved, however this one ends: a host that is down does not keep them out of force.
 */
static bool record_approvals(const struct run *r, struct change *change, struct err *e)
{
	const struct approval_rules *asked = r->order->snapshot->approvals_asked;
	const struct approval_rules *before = NULL;
	AUTO(arena) a = { 0 };

	if (!state_approval_rules(r->en->state, &a, &before, e))
		return false;
	if ((r->plan->approvals_change || !before) && !approval_rules_equal(before, asked))
		change_approval_rules(change, asked);
	return true;
}

void end_run(struct run *r)
{
	const struct plan *p = r->plan;
	const struct snapshot *s = r->order->snapshot;
	AUTO(change) change = change_new(r->en->state);
	struct err e = { 0 };

	appmon_remember(r);
	record_seen(r);
	handoff_wipe(r);
	r->record.ended = clock_now();
	r->record.exit_status = r->result.exit_status;
	r->record.stopped = stop_requested() && r->result.not_started + r->result.failed > 0;
	note_deferred(r, change);
	note_limited(r, change);
	note_acknowledged(r, change);
	note_restored(r, change);
	note_restarted(r, change);
	/* also when the run failed: it was accepted */
	if (p->accepted_count > s->accepted_count)
		change_accepted(change, p->accepted, p->accepted_count);
	if (!record_reach(r, change, &e) || !record_approvals(r, change, &e) ||
	    !journal_end_run(r->en->state, &r->record, change, &e))
		engine_note(r->en, "warning: cannot record the end of the run: %s", e.text);
}
