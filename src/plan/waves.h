/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waves: which processes may change at the same time.  Internal to plan/.
 *
 * Roles come in the order of their rank (config/roles.c); postponed ones last.  A
 * process belongs to the role of its first member.  A wave holds at most
 * max_unavailable of the role's processes, less the offline ones; the canary
 * goes first, in waves of its own.  A postponed role is one wave: committing
 * takes nothing out of service.
 */
#ifndef PLAN_WAVES_H
#define PLAN_WAVES_H

#include "plan/builder.h"

void waves_plan(struct plan_builder *d);

/* Whether the component commits before all waves (`commit: all-first`). */
bool component_commits_first(const struct component_build *c);

#endif
