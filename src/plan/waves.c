/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/waves.h"

#include "plan/preconditions.h"

#include <assert.h>
#include <stdint.h>

bool component_commits_first(const struct component_build *c)
{
	return c->certificate->certificate->commit == COMMIT_ALL_FIRST;
}

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
		tiers[d->processes[i].role->rank].all++;
	for (size_t i = 0; i < roles; i++) {
		const struct role *role = &d->fleet->roles[i];
		struct tier *t = &tiers[role->rank];

		assert(!t->role);
		t->role = role;
		t->processes = arena_array(&d->scratch, t->all, sizeof(*t->processes));
		t->limit = wave_limit(role, t->all);
		t->postponed = role->restart.when == RESTART_POSTPONED &&
			       !d->in->choices.restart_postponed;
	}
	for (size_t i = 0; i < d->process_count; i++) {
		struct process_build *p = &d->processes[i];
		struct tier *t = &tiers[p->role->rank];

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

	for (size_t i = 0; i < d->fleet->role_count; i++)
		if (!tiers[i].postponed)
			plan_tier(d, &tiers[i]);
	for (size_t i = 0; i < d->fleet->role_count; i++)
		if (tiers[i].postponed)
			plan_tier(d, &tiers[i]);
}
