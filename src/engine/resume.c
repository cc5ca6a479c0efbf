/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the plan of an interrupted run can be carried on with. */
#include "base/text.h"
#include "base/vec.h"
#include "engine/saved_plan.h"

#include <stdlib.h>
#include <string.h>

/* Steps of the saved plan, sorted by component, kind, certificate and copy. */
struct step_index {
	const struct step **list;
	size_t count;
};

static int compare_subjects(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_steps(const void *left, const void *right)
{
	const struct step *a = *(const struct step *const *)left;
	const struct step *b = *(const struct step *const *)right;
	int order = compare_subjects(a->component, b->component);

	if (order)
		return order;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	order = compare_subjects(a->certificate, b->certificate);
	return order ? order : compare_subjects(a->copy, b->copy);
}

static int compare_component_of(const void *component, const void *item)
{
	return compare_subjects(component, (*(const struct step *const *)item)->component);
}

/* Index of a component's first step, or where it would be inserted. */
static size_t first_step_of(const struct step_index *index, const char *component)
{
	return sorted_first(component, index->list, index->count, sizeof(*index->list),
			    compare_component_of);
}

/*
 * Whether `now` is what step `s` leaves: the pair it names, or one made for its
 * certificate.
 */
static bool is_after(const struct resumption *r, const struct step *s, const char *now)
{
	const struct generation *g = NULL;

	if (s->generation)
		return !strcmp(s->generation, now);
	g = s->certificate && *now ? snapshot_generation(r->snapshot, now) : NULL;
	return g && g->of == OF_CERTIFICATE && g->source != SOURCE_FOUND &&
	       !strcmp(g->owner, s->certificate);
}

static bool is_before_or_after(const struct resumption *r, const struct step_index *index,
			       const struct component_seen *before, const char *now)
{
	if (!now || text_equal(before->now.installed, now) || text_equal(before->now.served, now))
		return true;
	for (size_t i = first_step_of(index, before->name);
	     i < index->count && !compare_subjects(index->list[i]->component, before->name); i++)
		if (is_after(r, index->list[i], now))
			return true;
	return false;
}

static bool all_before_or_after(const struct resumption *r, const struct step_index *index,
				struct err *e)
{
	for (size_t i = 0; i < r->saved->observed_count; i++) {
		const struct component_seen *before = &r->saved->observed[i];
		const struct component_seen *after = saved_plan_seen_in(r->fresh, before->name);

		if (!after)
			continue;
		if (!is_before_or_after(r, index, before, after->now.installed))
			return saved_plan_moved(before->name, "installed", before->now.installed,
						after->now.installed, e);
		if (!is_before_or_after(r, index, before, after->now.served))
			return saved_plan_moved(before->name, "served", before->now.served,
						after->now.served, e);
	}
	return true;
}

static bool was_doubtful(const struct plan *saved, const struct precondition *p)
{
	for (size_t i = 0; i < saved->precondition_count; i++) {
		const struct precondition *before = &saved->preconditions[i];

		if (!strcmp(before->code, p->code) && !strcmp(before->component, p->component) &&
		    !strcmp(before->message, p->message))
			return true;
	}
	return false;
}

/*
 * A doubtful process is accepted with what was observed of it (the message),
 * not by its position in the plan.
 */
static bool same_processes(const struct resumption *r, struct err *e)
{
	for (size_t i = 0; i < r->fresh->precondition_count; i++) {
		const struct precondition *p = &r->fresh->preconditions[i];

		if (!strcmp(p->code, PLAN_PIDFILE_DOUBTFUL) && p->acknowledged &&
		    !was_doubtful(r->saved, p))
			return err_set(e, ERR_STALE,
				       "component '%s': %s; that was not accepted, make a new plan",
				       p->component, p->message);
	}
	return true;
}

bool resume_fits(const struct resumption *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct step_index index = { .list = arena_array(&a, r->saved->step_count,
							sizeof(*index.list)),
				    .count = r->saved->step_count };

	for (size_t i = 0; i < index.count; i++)
		index.list[i] = &r->saved->steps[i];
	if (index.count)
		qsort(index.list, index.count, sizeof(*index.list), compare_steps);
	if (!saved_plan_same_ground(r->saved, r->fresh, e))
		return false;
	if (r->fresh->serial != r->run->serial)
		return err_set(e, ERR_STALE,
			       "the state moved since run %u broke off; make a new plan",
			       r->run->number);
	if (!all_before_or_after(r, &index, e) || !same_processes(r, e))
		return false;
	for (size_t i = 0; i < r->fresh->step_count; i++) {
		const struct step *s = &r->fresh->steps[i];

		/* what the run has begun to take back was its own */
		if (s->kind == STEP_ROLLBACK)
			continue;
		if (!index.count ||
		    !bsearch(&s, index.list, index.count, sizeof(*index.list), compare_steps))
			return err_set(
				e, ERR_STALE,
				"'%s' would now need a step that was not in the plan; make a new plan",
				s->component     ? s->component
				: s->certificate ? s->certificate
						 : "the fleet");
	}
	return true;
}
