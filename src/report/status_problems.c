/* SPDX-License-Identifier: Apache-2.0 */
#include "report/status.h"

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

/* The rows are those of the fleet, so that an index there is one here. */
static struct problem_list *problems_of(struct status *s, const struct precondition *p)
{
	const struct fleet *f = s->fleet;
	const struct issuer *issuer = NULL;
	const struct certificate *certificate = NULL;
	const struct component *component = NULL;

	switch (p->about) {
	case ABOUT_COMPONENT:
		component = fleet_component(f, p->component);
		return component ? &s->components[component - f->components].problems : NULL;
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

void status_add_plan(struct status *s, const struct plan *p, struct arena *a)
{
	const struct stepped stepped = plan_stepped(p, a);
	const struct stepped left = plan_left_components(p, a);
	const struct stepped waiting = plan_waiting_components(p, a);

	for (size_t i = 0; i < s->component_count; i++) {
		const char *name = s->components[i].component->name;

		s->components[i].planned = stepped_has(&stepped, name) || stepped_has(&left, name);
		s->components[i].waits = stepped_has(&waiting, name);
	}
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
