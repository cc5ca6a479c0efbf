/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preconditions of a plan.  Internal to plan/.
 *
 * A precondition blocks or asks only when its subject gets a step in this plan;
 * else its severity is info.  An offline component that would need a step
 * counts as getting one.
 */
#ifndef PLAN_PRECONDITIONS_H
#define PLAN_PRECONDITIONS_H

#include "model/approval.h"
#include "plan/builder.h"

#include <stdbool.h>
#include <stddef.h>

/* Adds all preconditions, after the steps are decided and before any is left out. */
void preconditions_check(struct plan_builder *d);
/* Preconditions of an issuer: CAs that would be replaced. */
void precondition_issuer(struct plan_builder *d, const struct issuer_build *i);
/* Foreign CAs that executing the plan accepts for good; after all other checks. */
void preconditions_accepted(struct plan_builder *d, struct plan *p);
/* Preconditions of one component, and of the components of a role together. */
void precondition_component(struct plan_builder *d, const struct component_build *c);
void precondition_roles(struct plan_builder *d);
/* Changes that signers have to approve (approvals.c); what of it the plan keeps. */
void approvals_check_needed(struct plan_builder *d);
void approvals_finish(const struct plan_builder *d, struct plan *p);
/* Whether the rules that count, or those of the fleet file, ask for them. */
bool approvals_ask(const struct plan_builder *d, enum approval_class class);
/* Of the clocks of components, or of ours when most agents' differ; whether there is a step. */
void precondition_clocks(struct plan_builder *d, bool has_step);
/*
 * Adds no-budget: processes that are down use up the role's max_unavailable.
 * `urgent`: it is told, no more, for what the healthy ones serve ends soon.
 */
void precondition_budget(struct plan_builder *d, const struct role *role, unsigned limit,
			 size_t down, bool urgent);

/*
 * Sort order: first-contact, then block, acknowledge, info; then code, subject
 * and message.
 */
void preconditions_sort(struct plan_builder *d);

#endif
