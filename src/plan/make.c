/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/acks.h"
#include "plan/awaited.h"
#include "plan/builder.h"
#include "plan/component_steps.h"
#include "plan/diff.h"
#include "plan/from_backup.h"
#include "plan/left_out.h"
#include "plan/planner.h"
#include "plan/preconditions.h"
#include "plan/scope.h"
#include "plan/use.h"
#include "plan/waves.h"

#include <stdlib.h>
#include <string.h>

static const char *const *keep_list(struct plan_builder *d, const char *const *list, size_t count)
{
	const char **copy = arena_array(d->kept, count, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = builder_keep(d, list[i]);
	return copy;
}

static struct component_seen keep_seen(struct plan_builder *d, const char *name,
				       const struct component_seen *seen)
{
	struct component_seen copy = *seen;

	copy.name = name;
	copy.now = observation_copy(&seen->now, d->kept);
	copy.proven = builder_keep(d, seen->proven);
	copy.certificate = builder_keep(d, seen->certificate);
	copy.activation_due = builder_keep(d, seen->activation_due);
	copy.rejected = keep_list(d, seen->rejected, seen->rejected_count);
	copy.replaced = builder_keep(d, seen->replaced);
	copy.reverted_to = builder_keep(d, seen->reverted_to);
	copy.last_error = builder_keep(d, seen->last_error);
	copy.deliver = builder_keep(d, seen->deliver);
	copy.acknowledged = keep_list(d, seen->acknowledged, seen->acknowledged_count);
	copy.left = keep_list(d, seen->left, seen->left_count);
	copy.left_host = builder_keep(d, seen->left_host);
	return copy;
}

static int make_compare_seen(const void *left, const void *right)
{
	const struct component_seen *l = left;
	const struct component_seen *r = right;

	return strcmp(l->name, r->name);
}

static void keep_observed(struct plan_builder *d, struct plan *p)
{
	size_t most = d->fleet->component_count + d->removed.count;
	struct component_seen *seen = arena_array(d->kept, most, sizeof(*seen));
	size_t count = 0;

	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->in_scope)
			seen[count++] = keep_seen(d, c->name, c->seen);
	}
	for (size_t i = 0; i < d->removed.count; i++) {
		const struct component_seen *s = d->removed.items[i];

		seen[count++] = keep_seen(d, builder_keep(d, s->name), s);
	}
	if (count)
		qsort(seen, count, sizeof(*seen), make_compare_seen);
	p->observed = seen;
	p->observed_count = count;
}

static int compare_impact(const void *left, const void *right)
{
	return strcmp(((const struct impact *)left)->component,
		      ((const struct impact *)right)->component);
}

static void keep_impact(struct plan_builder *d, struct plan *p)
{
	VEC(struct impact) list = { 0 };

	vec_each (s, &d->steps) {
		const struct component_build *c =
			s->kind == STEP_ACTIVATE ? builder_component(d, s->component) : NULL;

		if (c && c->component->appmon.kind == APPMON_COLLECTOR)
			VEC_PUSH(&list, d->kept,
				 (struct impact){ s->component, s->wave, c->seen->now.agents_told,
						  c->seen->now.agents });
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_impact);
	p->impact = list.items;
	p->impact_count = list.count;
}

static void make_finish(struct plan_builder *d, struct plan *p)
{
	const struct plan_input *in = d->in;
	VEC(const char *) deferred = { 0 };
	VEC(const char *) awaited = { 0 };

	p->fleet = builder_keep(d, in->fleet->name);
	p->at = in->at;
	p->valid_for = in->valid_for ? in->valid_for : PLAN_VALID_FOR;
	p->spec_digest = builder_keep(d, in->spec_digest ? in->spec_digest : "");
	p->lineage = builder_keep(d, in->snapshot->lineage ? in->snapshot->lineage : "");
	p->serial = in->snapshot->serial;
	p->choices = (struct choices){
		.targets = keep_list(d, in->choices.targets, in->choices.target_count),
		.target_count = in->choices.target_count,
		.acks = keep_list(d, in->choices.acks, in->choices.ack_count),
		.ack_count = in->choices.ack_count,
		.reissue = keep_list(d, in->choices.reissue, in->choices.reissue_count),
		.reissue_count = in->choices.reissue_count,
		.use = keep_list(d, in->choices.use, in->choices.use_count),
		.use_count = in->choices.use_count,
		.until = in->choices.until,
		.handed_over = keep_list(d, in->choices.handed_over, in->choices.handed_over_count),
		.handed_over_count = in->choices.handed_over_count,
		.from_backup = builder_keep(d, in->choices.from_backup),
		.ignore_windows = builder_keep(d, in->choices.ignore_windows),
		.over_limits = builder_keep(d, in->choices.over_limits),
		.restart_postponed = in->choices.restart_postponed,
	};
	keep_observed(d, p);
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->unreachable && c->left->accepted)
			VEC_PUSH(&deferred, d->kept, c->name);
		if (c->awaits && c->held)
			VEC_PUSH(&awaited, d->kept, c->name);
		p->unchanged += c->in_scope && !component_has_step(c) &&
				!((c->left || c->held) && component_wants(c));
	}
	p->deferred = deferred.items; /* sorted like the fleet's components */
	p->deferred_count = deferred.count;
	p->awaited = awaited.items;
	p->awaited_count = awaited.count;
	p->preconditions = d->preconditions.items;
	p->precondition_count = d->preconditions.count;
	p->remembered = d->remembered.items;
	p->remembered_count = d->remembered.count;
	p->accepted_copies = d->accepted_copies.items;
	p->accepted_copy_count = d->accepted_copies.count;
	p->left_out = d->left_out.items;
	p->left_out_count = d->left_out.count;
	p->run_left_out = d->run_left;
	p->maker = builder_keep(d, in->maker);
	approvals_finish(d, p);
	contact_remember(d, p);
	p->moved = in->moved_count > 0;
	p->steps = d->steps.items;
	p->step_count = d->steps.count;
	p->waves = d->waves.items;
	p->wave_count = d->waves.count;
	keep_impact(d, p);
}

/* Beside its steps. */
static bool records_anything(const struct plan *p)
{
	for (size_t i = 0; i < p->precondition_count; i++)
		if (!strcmp(p->preconditions[i].code, code_rows[CODE_RENAMED].name))
			return true;
	/* approved contacts and rules are recorded at the end of a run */
	return p->reach_approved_count > 0 || p->approvals_change || p->hold_count > 0 ||
	       p->remembered_count > 0;
}

bool plan_has_work(const struct plan *p)
{
	if (p->run_left_out)
		return false;
	for (size_t i = 0; i < p->step_count; i++)
		if (!p->steps[i].waits_until)
			return true;
	return records_anything(p);
}

bool plan_has_work_at(const struct plan *p, const struct fleet *f, int64_t now)
{
	AUTO(arena) a = { 0 };
	int64_t *waits = arena_array(&a, p->step_count, sizeof(*waits));
	struct plan later = *p;
	struct step *steps = arena_array(&a, p->step_count, sizeof(*steps));

	plan_windows(p, f, now, waits);
	for (size_t i = 0; i < p->step_count; i++) {
		steps[i] = p->steps[i];
		steps[i].waits_until = waits[i];
	}
	later.steps = steps;
	return plan_has_work(&later);
}

bool plan_make(const struct plan_input *in, struct plan *out, struct err *e)
{
	AUTO(plan) p = { 0 };
	AUTO(plan_builder) d = { 0 };

	builder_init(&d, in, &p.arena);
	if (!scope_apply(&d, e) || !uses_read(&d, e) || !acks_read(&d, e) || !awaited_read(&d, e))
		return false;
	from_backup_scope(&d);
	diff_issuers(&d);
	diff_certificates(&d);
	component_steps_decide(&d);
	process_steps_decide(&d);
	contact_plan(&d);
	preconditions_check(&d);
	if (!acks_check(&d, e) || !awaited_check(&d, e))
		return false;
	left_out_decide(&d);
	awaited_hold(&d);
	limits_apply(&d);
	process_steps_decide(&d);
	quorums_keep(&d);
	waves_plan(&d);
	schedule_steps(&d);
	left_out_list(&d);
	windows_mark(&d);
	uses_plan(&d, &p);
	preconditions_accepted(&d, &p);
	preconditions_sort(&d);
	make_finish(&d, &p);
	*out = TAKE(p);
	return true;
}
