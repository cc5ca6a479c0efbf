/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waves: which processes may change at the same time.  Internal to plan/.
 *
 * Roles come in the order of their rank (config/roles.c); postponed ones last.  A
 * process belongs to the role of its first member.  A wave holds at most
 * max_unavailable of the role's processes.  Those that are down go first, in waves
 * of their own: that costs nothing.  Then healthy ones are restarted while, with
 * those that stay down, no more than max_unavailable are out of service; swaps and
 * reloads take nothing out of service.  Two processes of one quorum are never in one
 * wave.  The canaries are the first of them all.  A
 * postponed role is one wave: committing takes nothing out of service.
 *
 * Down is a process that is offline, one with a port that answers no handshake, and
 * one that failed in an earlier run, unless its role's policy allows that and it is of no
 * quorum.
 */
#ifndef PLAN_WAVES_H
#define PLAN_WAVES_H

#include "plan/builder.h"

/* Finds what is down; adds no-budget where that leaves no room for a restart. */
void waves_check(struct plan_builder *d);
void waves_plan(struct plan_builder *d);

/*
 * quorum.c: of a quorum one process at a time may be out of service.  One that is down counts
 * as that until this plan has repaired it: before, no other one is restarted, but left out
 * (`no-budget`).  Once all else is decided.
 */
void quorums_keep(struct plan_builder *d);

/* Whether the activation of the process is a restart, as a revert is. */
bool process_restarts(const struct process_build *p);

/* Whether the process is in a wave. */
bool process_takes_part(const struct process_build *p);

/* Whether the component commits before all waves (`commit: all-first`). */
bool component_commits_first(const struct component_build *c);

#endif
