/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/builder.h"

#include "base/clock.h"
#include "model/renewal.h"
#include "plan/component_steps.h"
#include "plan/left_out.h"
#include "plan/precondition.h"

#include <stdlib.h>
#include <string.h>

/* Processes that change together. */
struct limit_unit {
	size_t id;
	size_t count; /* components */
	bool waits;   /* for a window */
	int64_t ends; /* earliest end of what is served; 0: of one, nothing is known */
	size_t rank;  /* of the first of their roles */
};

struct limiting {
	struct plan_builder *d;
	size_t *joined; /* by process: one that it changes together with */
	struct limit_unit *units;
	size_t count;
	size_t wanted;
	size_t allowed;
};

static bool counts(const struct component_build *c)
{
	return c->in_scope && !c->left && !c->held &&
	       (c->wanted.write || c->wanted.activate || c->wanted.revert);
}

/* The process that stands for all that are joined with this one. */
static size_t unit_of(const struct limiting *l, size_t process)
{
	while (l->joined[process] != process)
		process = l->joined[process] = l->joined[l->joined[process]];
	return process;
}

static size_t process_of(const struct limiting *l, const struct component_build *c)
{
	return (size_t)(c->runs_in - l->d->processes);
}

static void join_processes(struct limiting *l)
{
	struct plan_builder *d = l->d;
	size_t *first = arena_array(&d->scratch, d->fleet->certificate_count, sizeof(*first));

	for (size_t i = 0; i < d->process_count; i++)
		l->joined[i] = i;
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];
		size_t *known = &first[c->certificate - d->certificates];

		if (!counts(c) || c->certificate->certificate->commit != COMMIT_ALL_FIRST)
			continue;
		if (*known)
			l->joined[unit_of(l, process_of(l, c))] = unit_of(l, *known - 1);
		*known = process_of(l, c) + 1;
	}
}

/* When what it serves ends, or else what is installed; 0: neither is known. */
static int64_t end_of(const struct plan_builder *d, const struct component_build *c)
{
	const struct served_end end = renewal_served_end(d->snapshot, c->seen);
	const char *installed = c->seen->now.installed;
	const struct generation *g = NULL;

	if (!end.not_after && installed && *installed)
		g = snapshot_generation(d->snapshot, installed);
	return g ? g->not_after : end.not_after;
}

static void add_component(struct limiting *l, const struct component_build *c,
			  const bool *role_waits)
{
	struct limit_unit *u = &l->units[unit_of(l, process_of(l, c))];
	const struct role *role = c->component->role;
	int64_t ends = end_of(l->d, c);

	if (!u->count || ends < u->ends)
		u->ends = ends;
	if (!u->count || role->rank < u->rank)
		u->rank = role->rank;
	u->waits |= role_waits[role->rank];
	u->count++;
	l->wanted++;
}

static int compare_units(const void *left, const void *right)
{
	const struct limit_unit *l = left;
	const struct limit_unit *r = right;

	if (l->waits != r->waits)
		return l->waits ? 1 : -1;
	if (l->ends != r->ends)
		return l->ends < r->ends ? -1 : 1;
	if (l->rank != r->rank)
		return l->rank < r->rank ? -1 : 1;
	return l->id < r->id ? -1 : l->id > r->id; /* by the name of the process */
}

static void list_units(struct limiting *l)
{
	struct plan_builder *d = l->d;
	bool *role_waits = arena_array(&d->scratch, d->fleet->role_count, sizeof(*role_waits));

	for (size_t i = 0; i < d->fleet->role_count; i++) {
		const struct role *r = &d->fleet->roles[i];

		role_waits[r->rank] =
			!d->in->choices.ignore_windows && role_waits_until(d->fleet, r, d->in->at);
	}
	l->count = d->process_count;
	for (size_t i = 0; i < l->count; i++)
		l->units[i].id = i;
	for (size_t i = 0; i < d->fleet->component_count; i++)
		if (counts(&d->components[i]))
			add_component(l, &d->components[i], role_waits);
	if (l->count)
		qsort(l->units, l->count, sizeof(*l->units), compare_units);
}

/* By process: whether its unit is left; returns the components of what is. */
static size_t choose_units(const struct limiting *l, bool *left)
{
	size_t room = l->allowed;
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->units[i].count <= room) {
			room -= l->units[i].count;
			continue;
		}
		left[l->units[i].id] = true;
		count += l->units[i].count;
	}
	return count;
}

/* Certificates that nothing in this plan would get are not made in it. */
static void leave_unused(struct plan_builder *d, const struct cause *cause)
{
	bool *used = arena_array(&d->scratch, d->fleet->certificate_count, sizeof(*used));
	bool *left = arena_array(&d->scratch, d->fleet->certificate_count, sizeof(*left));

	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];
		size_t at = (size_t)(c->certificate - d->certificates);

		if (c->left && c->left->code == CODE_OVER_LIMITS)
			left[at] = true;
		else if (c->in_scope && component_wants(c) && !c->left)
			used[at] = true;
	}
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		if (left[i] && !used[i] && !d->certificates[i].left)
			d->certificates[i].left = cause;
}

/* What it serves does not last until later runs have come so far. */
static void check_convergence(struct plan_builder *d, const struct component_build *c)
{
	const struct served_end end = renewal_served_end(d->snapshot, c->seen);
	struct precondition_spec f =
		precondition_of_component(c, CODE_ENDS_BEFORE_CONVERGENCE, true);
	char ends[TIME_TEXT];

	if (!end.not_after || d->in->at < end.deadline)
		return;
	f.alone = true;
	f.message = arena_printf(d->kept, "what it serves ends at %s, and 'limits' leaves it out",
				 time_format(end.not_after, ends));
	precondition_add(d, &f);
}

static void leave_units(const struct limiting *l, const bool *left)
{
	struct plan_builder *d = l->d;
	struct cause *cause = ARENA_NEW(&d->scratch, struct cause);

	*cause = (struct cause){ .code = CODE_OVER_LIMITS, .name = "" };
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		struct component_build *c = &d->components[i];

		if (counts(c) && left[unit_of(l, process_of(l, c))])
			c->left = cause;
	}
	left_out_spread(d);
	leave_unused(d, cause);
	for (size_t i = 0; i < d->fleet->component_count; i++)
		if (d->components[i].left == cause)
			check_convergence(d, &d->components[i]);
}

void limits_apply(struct plan_builder *d)
{
	struct limiting l = { .d = d, .allowed = fleet_run_limit(d->fleet) };
	bool *left = NULL;
	size_t count = 0;

	if (l.allowed == SIZE_MAX || d->in->choices.over_limits)
		return;
	l.joined = arena_array(&d->scratch, d->process_count, sizeof(*l.joined));
	l.units = arena_array(&d->scratch, d->process_count, sizeof(*l.units));
	left = arena_array(&d->scratch, d->process_count, sizeof(*left));
	join_processes(&l);
	list_units(&l);
	if (l.wanted <= l.allowed)
		return;
	count = choose_units(&l, left);
	leave_units(&l, left);
	precondition_add(
		d,
		&(struct precondition_spec){
			.code = CODE_OVER_LIMITS,
			.severity = SEVERITY_INFO,
			.name = "",
			.message = arena_printf(
				d->kept,
				"%zu components need a change, 'limits' allows %zu in one run: %zu %s left to the next",
				l.wanted, l.allowed, count, count == 1 ? "is" : "are"),
		});
}
