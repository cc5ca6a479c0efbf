/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/waves.h"

#include "base/text.h"
#include "plan/component_steps.h"
#include "plan/left_out.h"
#include "plan/precondition.h"

#include <stdlib.h>
#include <string.h>

/* A quorum that lacks a process, and the one that it lacks longest. */
struct lacking {
	const char *quorum;
	const char *component; /* that is down */
	size_t until;          /* rank of the role from whose waves on it is there */
};

struct lacking_list {
	VEC(struct lacking) of; /* by quorum */
};

static bool stays_postponed(const struct plan_builder *d, const struct process_build *p)
{
	return p->role->restart.when == RESTART_POSTPONED && !d->in->choices.restart_postponed;
}

/* Within a role, what is down goes first. */
static size_t repaired_at(const struct plan_builder *d, const struct process_build *p)
{
	return process_takes_part(p) && !stays_postponed(d, p) ? p->role->rank : SIZE_MAX;
}

static int compare_lacking(const void *left, const void *right)
{
	const struct lacking *l = left;
	const struct lacking *r = right;
	int order = strcmp(l->quorum, r->quorum);

	if (!order && l->until != r->until)
		order = l->until > r->until ? -1 : 1;
	return order ? order : strcmp(l->component, r->component);
}

static void find_lacking(const struct plan_builder *d, struct lacking_list *out, struct arena *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->process_count; i++) {
		const struct process_build *p = &d->processes[i];

		for (size_t k = 0; p->down && k < p->member_count; k++) {
			const struct component *c = p->members[k]->component;

			if (c->quorum && c->presence != PRESENCE_OPTIONAL)
				VEC_PUSH(&out->of, a,
					 ((struct lacking){ c->quorum, c->name,
							    repaired_at(d, p) }));
		}
	}
	if (!out->of.count)
		return;
	qsort(out->of.items, out->of.count, sizeof(*out->of.items), compare_lacking);
	for (size_t i = 1; i < out->of.count; i++)
		if (strcmp(out->of.items[i].quorum, out->of.items[kept].quorum) != 0)
			out->of.items[++kept] = out->of.items[i];
	out->of.count = kept + 1;
}

/* Whether this plan takes it out of service. */
static bool is_restarted_here(const struct plan_builder *d, const struct process_build *p)
{
	return !p->down && process_restarts(p) && process_takes_part(p) && !stays_postponed(d, p);
}

/* The member whose quorum lacks another process when this one is restarted; NULL: none. */
static const struct component_build *member_lacking(const struct process_build *p,
						    const struct lacking_list *all,
						    const struct lacking **out)
{
	for (size_t i = 0; i < p->member_count; i++) {
		const char *quorum = p->members[i]->component->quorum;
		const struct lacking *found =
			quorum ? text_find(quorum, all->of.items, all->of.count,
					   sizeof(*all->of.items))
			       : NULL;

		if (!found || found->until <= p->role->rank)
			continue;
		*out = found;
		return p->members[i];
	}
	return NULL;
}

/* False when the user accepts it. */
static bool hold(struct plan_builder *d, struct process_build *p,
		 const struct component_build *member, const struct lacking *lacks)
{
	struct cause *cause = ARENA_NEW(&d->scratch, struct cause);
	struct precondition_spec f = precondition_of_component(member, CODE_NO_BUDGET, true);

	f.message = arena_printf(d->kept, "'%s' of its quorum '%s' is down already",
				 text_escaped(&d->scratch, lacks->component),
				 text_escaped(&d->scratch, lacks->quorum));
	f.remedy = "bring that back first";
	precondition_add(d, &f);
	p->quorum_told = true;
	if (d->preconditions.items[d->preconditions.count - 1].acknowledged)
		return false;
	*cause = (struct cause){ .code = CODE_NO_BUDGET, .name = builder_keep(d, member->name) };
	leave_process(p, cause);
	return true;
}

static bool hold_some(struct plan_builder *d)
{
	AUTO(arena) a = { 0 };
	struct lacking_list lacking = { 0 };
	bool held = false;

	find_lacking(d, &lacking, &a);
	for (size_t i = 0; lacking.of.count && i < d->process_count; i++) {
		struct process_build *p = &d->processes[i];
		const struct lacking *lacks = NULL;
		const struct component_build *member = is_restarted_here(d, p) && !p->quorum_told
							       ? member_lacking(p, &lacking, &lacks)
							       : NULL;

		if (member)
			held |= hold(d, p, member, lacks);
	}
	return held;
}

/* What is left out may have been the repair of another quorum. */
void quorums_keep(struct plan_builder *d)
{
	while (hold_some(d)) {
		left_out_spread(d);
		process_steps_decide(d);
	}
}
