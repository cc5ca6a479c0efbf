/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the way.  Internal to plan/.
 *
 * A precondition blocks or asks only when its subject gets a step in this
 * plan; else it is told as info.  An offline component that would need one
 * counts as getting it.
 */
#ifndef PLAN_PRECONDITIONS_H
#define PLAN_PRECONDITIONS_H

#include "plan/builder.h"

#include <stddef.h>

/* All but the budget of the waves; when waves and steps are decided. */
void preconditions_check(struct plan_builder *d);
/* Authorities that would be replaced. */
void precondition_issuer(struct plan_builder *d, const struct issuer_build *i);
/* After all the others: what is accepted for good by carrying the plan out. */
void preconditions_accepted(struct plan_builder *d, struct plan *p);
/* What one component is told, and what the components of a role are. */
void precondition_component(struct plan_builder *d, const struct component_build *c);
void precondition_roles(struct plan_builder *d);
/* Offline processes use up what a role may have unavailable. */
void precondition_budget(struct plan_builder *d, const struct role *role, unsigned limit,
			 size_t offline);

/* Sorts them: first-contact before all others, then block, acknowledge, info;
 * by code, subject and message. */
void preconditions_sort(struct plan_builder *d);

#endif
