/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/waves.h"

#include "base/text.h"
#include "plan/component_steps.h"
#include "plan/preconditions.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

bool component_commits_first(const struct component_build *c)
{
	return c->certificate->certificate->commit == COMMIT_ALL_FIRST;
}

enum {
	URGENT = 72 * 3600 /* seconds that a served certificate still lasts */
};

/* Processes of one role. */
struct tier {
	const struct role *role;
	struct process_build **processes; /* with a step: those that are down, then by name */
	size_t count;
	size_t down;      /* of `count` */
	size_t all;       /* processes of the role, in this plan or not */
	size_t left_down; /* of `all`, without a step in this plan */
	bool restarts;    /* at least one of `processes` that is not down */
	bool quorum;      /* at least one of them is of a quorum */
	int64_t ends;     /* earliest end of what those serve */
	bool postponed;
	unsigned limit;
};

bool process_restarts(const struct process_build *p)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i]->revert)
			return true;
	return p->activator && component_activation(p->activator->component, p->activator->seen) ==
				       ACTIVATION_RESTART;
}

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

/* Healthy processes that may be restarted at the same time beside those that stay down. */
static size_t room_of(const struct tier *t)
{
	if (!t->restarts)
		return t->limit;
	return t->limit > t->left_down ? t->limit - t->left_down : 1;
}

static bool share_quorum(const struct process_build *a, const struct process_build *b)
{
	for (size_t i = 0; i < a->member_count; i++)
		for (size_t k = 0; k < b->member_count; k++) {
			const char *quorum = a->members[i]->component->quorum;

			if (quorum && text_equal(quorum, b->members[k]->component->quorum))
				return true;
		}
	return false;
}

/*
 * Moves those that may be in one wave to the front of `list`, in their order: of each
 * quorum one.  Returns their number, at most `room`.
 */
static size_t gather_wave(struct process_build **list, size_t count, size_t room)
{
	size_t taken = 0;

	for (size_t i = 0; i < count && taken < room; i++) {
		struct process_build *p = list[i];
		bool fits = true;

		for (size_t k = 0; k < taken && fits; k++)
			fits = !share_quorum(list[k], p);
		if (!fits)
			continue;
		memmove(&list[taken + 1], &list[taken], (i - taken) * sizeof(*list));
		list[taken++] = p;
	}
	return taken;
}

/* What is down costs nothing and goes first, in waves of its own. */
static void split_tier(struct plan_builder *d, const struct tier *t)
{
	size_t canary = t->role->restart.canary;

	for (size_t first = 0; first < t->count;) {
		bool is_down = first < t->down;
		bool is_canary = first < canary;
		size_t end = is_down ? t->down : t->count;
		size_t room = is_down ? t->limit : room_of(t);
		size_t count = 0;

		if (is_canary && canary < end)
			end = canary;
		count = t->quorum            ? gather_wave(t->processes + first, end - first, room)
			: end - first < room ? end - first
					     : room;
		add_wave(d, t, first, (struct wave){ .process_count = count, .canary = is_canary });
		first += count;
	}
}

static void plan_tier(struct plan_builder *d, const struct tier *t)
{
	if (!t->count)
		return;
	if (t->postponed)
		add_wave(d, t, 0, (struct wave){ .process_count = t->count, .postponed = true });
	else
		split_tier(d, t);
}

bool process_takes_part(const struct process_build *p)
{
	if (p->activator)
		return true;
	for (size_t i = 0; i < p->member_count; i++) {
		const struct component_build *c = p->members[i];

		if (c->verify || c->revert || c->put_back ||
		    (component_commits(c) && !component_commits_first(c)))
			return true;
	}
	return false;
}

/* ---- processes that are down ---- */

static bool is_dead(const struct component_build *c)
{
	const struct observation *now = &c->seen->now;

	return c->component->verify_count && now->observed_at && (!now->served || !*now->served);
}

/* Its new pair was committed by an earlier run, and not proven. */
static bool has_failed(const struct component_build *c)
{
	return c->seen->last_error && c->seen->activation_due;
}

static bool has_quorum(const struct component_build *c)
{
	return c->component->quorum;
}

static bool any_member(const struct process_build *p, bool (*is)(const struct component_build *))
{
	for (size_t i = 0; i < p->member_count; i++)
		if (is(p->members[i]))
			return true;
	return false;
}

/* Failures that the role's policy allows do not count. */
static bool failures_count(const struct role *r, size_t failed)
{
	return r->restart.on_failure != FAIL_CONTINUE && failed > r->restart.max_failures;
}

static void find_down(struct plan_builder *d)
{
	size_t *failed = arena_array(&d->scratch, d->fleet->role_count, sizeof(*failed));

	for (size_t i = 0; i < d->process_count; i++)
		failed[d->processes[i].role->rank] += any_member(&d->processes[i], has_failed);
	for (size_t i = 0; i < d->process_count; i++) {
		struct process_build *p = &d->processes[i];

		p->down = !p->online || any_member(p, is_dead) ||
			  ((failures_count(p->role, failed[p->role->rank]) ||
			    any_member(p, has_quorum)) &&
			   any_member(p, has_failed));
	}
}

/* ---- tiers ---- */

static bool must_be_there(const struct component_build *c)
{
	return c->component->presence != PRESENCE_OPTIONAL;
}

static void tier_add(struct tier *t, struct process_build *p)
{
	if (!process_takes_part(p)) {
		t->left_down += p->down && any_member(p, must_be_there);
		return;
	}
	t->processes[t->count++] = p;
	t->down += p->down;
	t->quorum |= any_member(p, has_quorum);
	if (p->down || !process_restarts(p))
		return;
	t->restarts = true;
	for (size_t i = 0; i < p->member_count; i++) {
		int64_t ends = p->members[i]->seen->now.served_not_after;

		if (ends && (!t->ends || ends < t->ends))
			t->ends = ends;
	}
}

/* Those that are down first; else by name, as they were. */
static void sort_tier(struct plan_builder *d, struct tier *t)
{
	struct process_build **sorted = arena_array(&d->scratch, t->count, sizeof(*t->processes));
	size_t down = 0;
	size_t healthy = t->down;

	for (size_t i = 0; i < t->count; i++)
		sorted[t->processes[i]->down ? down++ : healthy++] = t->processes[i];
	t->processes = sorted;
}

/* Tier i is the role of rank i. */
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
	for (size_t i = 0; i < d->process_count; i++)
		tier_add(&tiers[d->processes[i].role->rank], &d->processes[i]);
	for (size_t i = 0; i < roles; i++)
		sort_tier(d, &tiers[i]);
	return tiers;
}

void waves_check(struct plan_builder *d)
{
	struct tier *tiers = NULL;

	find_down(d);
	tiers = make_tiers(d);
	for (size_t i = 0; i < d->fleet->role_count; i++) {
		const struct tier *t = &tiers[i];

		if (t->restarts && !t->postponed && t->limit <= t->left_down)
			precondition_budget(d, t->role, t->limit, t->left_down,
					    t->ends && t->ends - d->in->at <= URGENT);
	}
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
