/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/planning.h"

#include "base/alloc.h"
#include "base/text.h"
#include "config/load.h"
#include "plan/planner.h"
#include "report/status.h"
#include "json/value.h"

#include <stdlib.h>
#include <string.h>

static struct texts sorted_set(const struct texts *given, struct arena *a)
{
	struct texts set = { .items = arena_array(a, given->count, sizeof(*set.items)) };

	for (size_t i = 0; i < given->count; i++)
		set.items[i] = given->items[i];
	if (given->count)
		qsort(set.items, given->count, sizeof(*set.items), text_compare);
	for (size_t i = 0; i < given->count; i++)
		if (!set.count || strcmp(set.items[set.count - 1], set.items[i]) != 0)
			set.items[set.count++] = set.items[i];
	return set;
}

struct choices chosen_choices(const struct chosen *c, struct arena *a)
{
	const struct texts targets = sorted_set(&c->targets, a);
	const struct texts acks = sorted_set(&c->acks, a);
	const struct texts reissue = sorted_set(&c->reissue, a);

	return (struct choices){
		.targets = targets.items,
		.target_count = targets.count,
		.acks = acks.items,
		.ack_count = acks.count,
		.reissue = reissue.items,
		.reissue_count = reissue.count,
	};
}

void planned_release(struct planned *p)
{
	plan_release(&p->plan);
	snapshot_release(&p->snapshot);
}

bool planning_make(struct session *s, const struct planning *how, struct planned *out,
		   struct err *e)
{
	AUTO(buf) canonical = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(planned) p = { 0 };

	terminal_progress(&s->terminal, "looking at %zu components...",
			  how->offline ? 0 : s->fleet.component_count);
	if (!engine_observe(s->engine, how->offline, how->now, &p.snapshot, e))
		return false;
	terminal_clear(&s->terminal);
	fleet_canonical(&s->fleet, &canonical);

	struct plan_input in = {
		.fleet = &s->fleet,
		.snapshot = &p.snapshot,
		.at = how->at,
		.spec_digest = engine_spec_digest(buf_text(&canonical), &p.snapshot, &a),
		.choices = how->choices,
		.broken = how->broken,
	};

	if (!plan_make(&in, &p.plan, e))
		return false;
	*out = TAKE(p);
	return true;
}

void planning_tell_postponed(struct session *s, const struct planned *p)
{
	AUTO(arena) a = { 0 };
	struct status status;
	size_t count = 0;

	status_make(&s->fleet, &p->snapshot, p->plan.at, &a, &status);
	count = status_postponed(&status);
	if (count && !p->plan.choices.restart_postponed)
		term_note(
			&s->terminal,
			"%zu component%s for a postponed restart; 'certfleet apply --restart-postponed' does it now",
			count, count == 1 ? " waits" : "s wait");
}

const char *plan_line(const struct plan *p, struct arena *a)
{
	AUTO(json) json = plan_to_json(p);
	AUTO(str) text = json_dumps(json, JSON_COMPACT);

	return arena_strdup(a, text);
}
