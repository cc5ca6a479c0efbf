/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/waves.h"

#include "plan/preconditions.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool component_commits_first(const struct component_build *c)
{
	return c->certificate->certificate->commit == COMMIT_ALL_FIRST;
}

/* ---- order of the roles ---- */

/* Adjacency lists: for each role, the roles that wait for it. */
struct role_graph {
	size_t *waits_for; /* number of roles that still have to come first */
	size_t *first;     /* by role: edge + 1 of the first waiting role; 0: none */
	size_t *next;      /* by edge: likewise for the next waiting role */
	size_t *waiting;   /* by edge: the waiting role */
	size_t edges;
};

static struct role_graph graph_roles(struct plan_builder *d)
{
	const struct fleet *f = d->fleet;
	struct arena *a = &d->scratch;
	struct role_graph g = { 0 };
	size_t edges = 0;

	for (size_t i = 0; i < f->role_count; i++)
		edges += f->roles[i].after_count;
	g.waits_for = arena_array(a, f->role_count, sizeof(size_t));
	g.first = arena_array(a, f->role_count, sizeof(size_t));
	g.next = arena_array(a, edges, sizeof(size_t));
	g.waiting = arena_array(a, edges, sizeof(size_t));
	for (size_t i = 0; i < f->role_count; i++)
		for (size_t k = 0; k < f->roles[i].after_count; k++) {
			const char *name = f->roles[i].after[k]->name;
			size_t before = (size_t)(fleet_role(f, name) - f->roles);

			g.waits_for[i]++;
			g.waiting[g.edges] = i;
			g.next[g.edges] = g.first[before];
			g.first[before] = ++g.edges;
		}
	return g;
}

static int waves_compare_index(const void *left, const void *right)
{
	size_t l = *(const size_t *)left;
	size_t r = *(const size_t *)right;

	return l < r ? -1 : l > r;
}

/*
 * Topological order of the roles as indexes, level by level: first the roles
 * that wait for none, by name, then those that wait for these only, and so on.
 */
static const size_t *order_roles(struct plan_builder *d)
{
	struct role_graph g = graph_roles(d);
	size_t *order = arena_array(&d->scratch, d->fleet->role_count, sizeof(*order));
	size_t count = 0;

	for (size_t i = 0; i < d->fleet->role_count; i++)
		if (!g.waits_for[i])
			order[count++] = i;
	for (size_t begin = 0, end = count; begin < end; end = count) {
		for (; begin < end; begin++)
			for (size_t edge = g.first[order[begin]]; edge; edge = g.next[edge - 1])
				if (!--g.waits_for[g.waiting[edge - 1]])
					order[count++] = g.waiting[edge - 1];
		if (count > end)
			qsort(order + end, count - end, sizeof(*order), waves_compare_index);
	}
	/* Cycles were refused when the fleet file was read. */
	assert(count == d->fleet->role_count);
	return order;
}

/* ---- the waves of one role ---- */

struct tier {
	const struct role *role;
	struct process_build **processes; /* processes with a step, by name */
	size_t count;
	size_t all;     /* processes of the role, in this plan or not */
	size_t offline; /* of `all` */
	bool activates; /* at least one of `processes` */
	bool postponed;
	unsigned limit;
};

static unsigned wave_limit(const struct role *role, size_t all)
{
	uint64_t limit = role->restart.max_unavailable;

	if (role->restart.max_unavailable_is_percent)
		limit = limit * all / 100;
	if (limit > UINT32_MAX)
		limit = UINT32_MAX;
	return limit ? (unsigned)limit : 1;
}

static void add_wave(struct plan_builder *d, const struct tier *t, size_t first, struct wave wave)
{
	const char **names = arena_array(d->kept, wave.process_count, sizeof(*names));

	for (size_t i = 0; i < wave.process_count; i++)
		names[i] = t->processes[first + i]->name;
	wave.role = builder_keep(d, t->role->name);
	wave.processes = names;
	wave.limit = t->limit;
	VEC_PUSH(&d->waves, d->kept, wave);
	VEC_PUSH(&d->wave_builds, &d->scratch,
		 (struct wave_build){ .processes = t->processes + first,
				      .process_count = wave.process_count });
}

static void split_tier(struct plan_builder *d, const struct tier *t)
{
	size_t canary = t->role->restart.canary;
	size_t room = t->limit > t->offline ? t->limit - t->offline : 1;

	if (canary >= t->count)
		canary = 0;
	for (size_t first = 0; first < t->count;) {
		bool is_canary = first < canary;
		size_t left = (is_canary ? canary : t->count) - first;
		size_t count = left < room ? left : room;

		add_wave(d, t, first, (struct wave){ .process_count = count, .canary = is_canary });
		first += count;
	}
}

static void plan_tier(struct plan_builder *d, const struct tier *t)
{
	if (!t->count)
		return;
	if (t->postponed) {
		add_wave(d, t, 0, (struct wave){ .process_count = t->count, .postponed = true });
		return;
	}
	if (t->activates && t->limit <= t->offline)
		precondition_budget(d, t->role, t->limit, t->offline);
	split_tier(d, t);
}

static bool takes_part(const struct process_build *p)
{
	if (p->activator)
		return true;
	for (size_t i = 0; i < p->member_count; i++) {
		const struct component_build *c = p->members[i];

		if (c->verify || (c->write && !component_commits_first(c)))
			return true;
	}
	return false;
}

/* Processes of each role, by name; tier i is role i. */
static struct tier *make_tiers(struct plan_builder *d)
{
	size_t roles = d->fleet->role_count;
	struct tier *tiers = arena_array(&d->scratch, roles, sizeof(*tiers));

	for (size_t i = 0; i < d->process_count; i++)
		tiers[d->processes[i].role].all++;
	for (size_t i = 0; i < roles; i++) {
		const struct role *role = &d->fleet->roles[i];

		tiers[i].role = role;
		tiers[i].processes =
			arena_array(&d->scratch, tiers[i].all, sizeof(*tiers[i].processes));
		tiers[i].limit = wave_limit(role, tiers[i].all);
		tiers[i].postponed = role->restart.when == RESTART_POSTPONED &&
				     !d->in->choices.restart_postponed;
	}
	for (size_t i = 0; i < d->process_count; i++) {
		struct process_build *p = &d->processes[i];
		struct tier *t = &tiers[p->role];

		t->offline += !p->online;
		if (!takes_part(p))
			continue;
		t->activates |= p->activator != NULL;
		t->processes[t->count++] = p;
	}
	return tiers;
}

void waves_plan(struct plan_builder *d)
{
	struct tier *tiers = make_tiers(d);
	const size_t *order = order_roles(d);

	for (size_t i = 0; i < d->fleet->role_count; i++)
		if (!tiers[order[i]].postponed)
			plan_tier(d, &tiers[order[i]]);
	for (size_t i = 0; i < d->fleet->role_count; i++)
		if (tiers[order[i]].postponed)
			plan_tier(d, &tiers[order[i]]);
}
