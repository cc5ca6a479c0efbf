/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fleet file reaches beyond itself: hosts and sockets that get keys,
 * secrets that are read, commands that are run, processes that are signalled,
 * URLs that are asked, paths that are written.  Internal to plan/.
 *
 * One text each, "KIND WHAT", with paths beneath the fleet file's directory
 * relative to it, so that the place of a checkout does not matter.  A run
 * that completed leaves the list in the state; what a later plan adds to it
 * is told first of all (`first-contact`), because whoever reviews a change has
 * to see it.
 */
#ifndef PLAN_CONTACT_H
#define PLAN_CONTACT_H

#include "plan/builder.h"

/*
 * Tells what the last completed run did not have, and sets what the plan's
 * own run will have: what is in scope, and the rest as far as it was known.
 */
void contact_plan(struct plan_builder *d, struct plan *p);

#endif
