/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved plans: what is compared before one is applied (DESIGN, invariant 9).
 *
 * A saved plan carries no authority.  Apply plans again from fleet file,
 * inputs, state and a fresh observation at the saved plan's time, and runs
 * its own plan, only if it is the same as the saved one; or, when a run of
 * exactly this plan did not end, if what is left to do is a part of it.
 *
 * Nothing out of it decides what is read or run.  The fleet file and the
 * choices (acknowledgements, targets, re-issues) are those of apply's command
 * line; the plan's are only compared with them.  The whole document is
 * compared: usual causes are told in their own words, everything else by the
 * first member that differs.  So what `plan show` prints is what would be
 * planned now, or apply refuses.
 *
 * One value is taken from it, `at`, the time it is planned for again.
 * Whoever forges it can pick one of the last 72 hours, at which say a renewal
 * was not due yet, and so has a plan of less applied; that needs no forgery:
 * an old plan or none does the same.  It cannot make apply do what would not
 * be planned at that time from today's file, state and observation, and it
 * stands in the first line of what is shown.  A later time does not lengthen
 * the life of a plan either: the plan must be the one of that time.
 *
 * Components without a step may move meanwhile; nothing that a saved plan
 * said of them could be checked, so it says nothing: plan_saved_form().
 *
 * To resume, the hash has to be that of the broken run's plan, which was
 * compared in whole when that run began.
 */
#ifndef ENGINE_SAVED_PLAN_H
#define ENGINE_SAVED_PLAN_H

#include "base/arena.h"
#include "base/err.h"
#include "model/plan.h"
#include "model/snapshot.h"
#include "state/journal.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SAVED_PLAN_AGE_LIMIT = 72 * 3600
};

/* SHA-256 hex of a plan's JSON text. */
const char *plan_hash(const char *json, struct arena *a);

/*
 * ERR_STALE names what moved.  `saved` has the form of plan_saved_form().
 */
MUST_CHECK bool saved_plan_fits(const struct plan *saved, const struct plan *fresh, struct err *e);
struct resumption {
	const struct plan *saved;
	const struct plan *fresh;
	const struct snapshot *snapshot; /* `fresh` was made from */
	const struct run_record *run;    /* that did not end */
};

/*
 * Every observed fingerprint is the saved plan's before or after, and every
 * step of `fresh` is one of the saved plan's; so is every process that
 * `fresh` would tell though it is doubtful.
 */
MUST_CHECK bool saved_plan_resumes(const struct resumption *r, struct err *e);

#endif
