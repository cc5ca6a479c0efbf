/* SPDX-License-Identifier: Apache-2.0 */
#include "report/status.h"

#include "base/clock.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

/* Infos of a plan that mean trouble although no step of it waits for them. */
static const char *const troubling[] = {
	"awaiting-handoff", "backup-copy-failed", "backup-missing", "builtin",
	"failed-before",    "import-missing",     "plain",          "returned",
	"secret-missing"
};

static bool is_problem(const struct precondition *p)
{
	if (p->severity != SEVERITY_INFO)
		return !p->acknowledged;
	for (size_t i = 0; i < sizeof(troubling) / sizeof(*troubling); i++)
		if (!strcmp(p->code, troubling[i]))
			return true;
	return false;
}

/*
 * The rows are those of the fleet, so that an index there is one here.  NULL: the component
 * left the fleet file.
 */
static struct status_component *component_row(struct status *s, const char *name)
{
	const struct component *c = name ? fleet_component(s->fleet, name) : NULL;

	return c ? &s->components[c - s->fleet->components] : NULL;
}

static struct problem_list *problems_of(struct status *s, const struct precondition *p)
{
	const struct fleet *f = s->fleet;
	const struct issuer *issuer = NULL;
	const struct certificate *certificate = NULL;
	struct status_component *row = NULL;

	switch (p->about) {
	case ABOUT_COMPONENT:
		row = component_row(s, p->component);
		return row ? &row->problems : NULL;
	case ABOUT_CERTIFICATE:
		certificate = fleet_certificate(f, p->component);
		return certificate ? &s->certificates[certificate - f->certificates].problems
				   : NULL;
	case ABOUT_ISSUER:
		issuer = fleet_issuer(f, p->component);
		return issuer ? &s->certificates[f->certificate_count +
						 (size_t)(issuer - f->issuers)]
					 .problems
			      : NULL;
	case ABOUT_ROLE:
	case ABOUT_FLEET:
		return NULL;
	}
	return NULL;
}

static int compare_problems(const void *left, const void *right)
{
	const struct precondition *l = left;
	const struct precondition *r = right;

	if (l->severity != r->severity)
		return l->severity < r->severity ? -1 : 1;

	int order = strcmp(l->code, r->code);

	if (!order)
		order = strcmp(l->message, r->message);
	return order ? order : strcmp(l->component, r->component);
}

static void row_waits(struct status_component *row, enum status_wait why, int64_t until,
		      struct arena *a)
{
	char opens[TIME_TEXT];

	row->waits = why;
	row->waits_until = until;
	row->waits_reason = why == WAIT_LIMITS ? "left to a later apply by 'limits'"
					       : arena_printf(a, "waits for a window until %s",
							      time_format(until, opens));
	row->late = row->deadline;
}

/* What the next apply leaves as planned: all that waits is found here alone. */
static void status_add_waits(struct status *s, const struct plan *p, struct arena *a)
{
	const struct stepped stepped = plan_stepped(p, a);

	for (size_t i = 0; i < p->step_count; i++) {
		const struct step *step = &p->steps[i];
		struct status_component *row = component_row(s, step->component);

		if (row && step->waits_until > row->waits_until)
			row_waits(row, WAIT_WINDOW, step->waits_until, a);
	}
	for (size_t i = 0; i < p->left_out_count; i++) {
		const struct left_out *left = &p->left_out[i];
		struct status_component *row = component_row(s, left->component);

		if (row && left->code && !strcmp(left->code, PLAN_OVER_LIMITS))
			row_waits(row, WAIT_LIMITS, 0, a);
	}
	/* the next apply is the later one that the last run has left it to */
	for (size_t i = 0; i < s->fleet->component_count; i++) {
		struct status_component *row = &s->components[i];

		if (!row->waits && row->seen && row->seen->limited &&
		    stepped_has(&stepped, row->component->name))
			row_waits(row, WAIT_LIMITS, 0, a);
	}
}

void status_add_plan(struct status *s, const struct plan *p, struct arena *a)
{
	const struct stepped stepped = plan_stepped(p, a);
	const struct stepped left = plan_left_components(p, a);

	for (size_t i = 0; i < s->component_count; i++) {
		const char *name = s->components[i].component->name;

		s->components[i].planned = stepped_has(&stepped, name) || stepped_has(&left, name);
	}
	status_add_waits(s, p, a);
	for (size_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *problem = &p->preconditions[i];
		struct problem_list *own = problems_of(s, problem);

		if (!is_problem(problem))
			continue;
		VEC_PUSH(&s->problems, a, *problem);
		if (own)
			VEC_PUSH(own, a, *problem);
	}
	if (s->problems.count)
		qsort(s->problems.items, s->problems.count, sizeof(struct precondition),
		      compare_problems);
}
