/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps, in an order in which they may be executed one by one: new
 * authorities and where they are published, certificates, one backup, all
 * stages, the commits that come first, the waves, and what is forgotten.
 * Internal to plan/.
 *
 * A step names the few earlier steps it has to wait for.  A wave waits for
 * the last step of the one before it, which stands for all of that wave.
 */
#ifndef PLAN_SCHEDULE_H
#define PLAN_SCHEDULE_H

#include "plan/builder.h"

void schedule_steps(struct plan_builder *d);

#endif
