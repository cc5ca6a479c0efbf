/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to change on which component, from what is installed and served
 * there and what should be.  Internal to plan/.
 *
 * A damaged pair, or the right leaf with another chain, counts as another
 * pair.  After another chain the process is activated too, although it serves
 * the right leaf: it read that leaf together with the chain; likewise when it
 * serves the right leaf with an incomplete chain.  Without `verify`
 * nothing is known about what is served: what is installed counts, and a
 * committed pair that was never activated is activated.
 *
 * Where only owner or mode of the files are not as they were set, the pair is
 * written again, and nobody has to take it into use.
 *
 * A port at which no handshake can be completed is not verified (precondition
 * unverifiable).
 *
 * A postponed role is committed but neither activated nor verified.  An
 * offline component that would need a step gets none and is remembered as
 * unreachable.  One process is activated once, by the first of its members
 * that needs it; then all its members are verified.  A process
 * for which nobody says how takes a new pair into use by itself, and is
 * verified all the same.
 *
 * A component whose certificate is built in gets no pair: its stores are cleared once,
 * and again when it serves another leaf than it did after that.  What was installed
 * there before is used no more, whatever lies there.
 *
 * A process whose roll back an earlier run could not finish gets that finished, and
 * nothing else in the same plan.
 */
#ifndef PLAN_COMPONENT_STEPS_H
#define PLAN_COMPONENT_STEPS_H

#include "plan/builder.h"

/* What each component needs, by what was seen of it. */
void component_steps_decide(struct plan_builder *d);
/* Its steps, unless it is left out; made again when more is. */
void process_steps_decide(struct plan_builder *d);

/* Whether a component needs a step. */
bool component_wants(const struct component_build *c);

/* Whether a component gets a step in this plan. */
bool component_has_step(const struct component_build *c);
/* Whether it gets a commit in this plan. */
bool component_commits(const struct component_build *c);
/* Whether this pair was taken back there, or is about to be. */
bool component_has_rejected(const struct component_build *c, const char *fingerprint);

#endif
