/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved plans and the comparison before one is applied (DESIGN, invariant 9).
 *
 * A saved plan carries no authority.  Apply plans again from fleet file,
 * inputs, state and a fresh observation at the saved plan's time, and runs its
 * own plan, only if it is the same as the saved one; or, when a run of exactly
 * this plan did not end, if what is left to do is a part of it.
 *
 * Nothing in a saved plan decides what is read or run.  The fleet file and the
 * choices (acknowledgements, targets, re-issues) are those of apply's command
 * line; the plan's are only compared with them.  A component that moved
 * meanwhile leaves the plan, whose rest has to be as it was.  The whole document is
 * compared: usual differences have messages of their own, all others are
 * reported by the first member that differs.  So either `plan show` prints what
 * would be planned now, or apply refuses.
 *
 * Two values are taken from the saved plan: `at`, the time it is planned for
 * again, and `valid_for`, the life of the plan from then on.  A forger can pick
 * a time of the last 14 days, at which a renewal was not due yet, say, and so have a smaller plan
 * applied; an old plan or no plan has the same effect without forgery.  A forged `at` cannot make
 * apply do what would not be planned at that time from today's file, state and observation, and the
 * first line of the output shows it.  A later time does not lengthen the life of a plan either: the
 * plan must be the one of that time.
 *
 * Components without a step may change meanwhile.  Observations of
 * them could not be checked, so a saved plan has none: plan_saved_form().
 *
 * To resume, the hash has to be that of the interrupted run's plan, which was
 * compared as a whole when that run began.
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

/* SHA-256 hex of a plan's JSON text. */
const char *plan_hash(const char *json, struct arena *a);

/*
 * Whether `fresh` is the plan that was saved; ERR_STALE names the difference.
 * `saved` has the form of plan_saved_form().
 */
MUST_CHECK bool saved_plan_fits(const struct plan *saved, const struct plan *fresh, struct err *e);
/*
 * Components with a step in the saved plan that are not any more as it saw them, or
 * that something holds up now, by name; in `a`.  When they leave the plan the rest of
 * it may be a part of the saved one: plan_is_part().
 */
size_t saved_plan_left_by(const struct plan *saved, const struct plan *fresh, struct arena *a,
			  const struct moved_component **out);
/*
 * What of that holds for a run to be resumed as well: file, inputs and lineage
 * of the two plans.
 */
MUST_CHECK bool saved_plan_same_ground(const struct plan *saved, const struct plan *fresh,
				       struct err *e);
/* An observed component by name; NULL: not observed. */
const struct component_seen *saved_plan_seen_in(const struct plan *p, const char *name);
/* Returns false: another fingerprint is installed or served than in the plan. */
bool saved_plan_moved(const char *component, const char *what, const char *before, const char *now,
		      struct err *e);

/* ---- resumption of an interrupted run (resume.c) ---- */

struct resumption {
	const struct plan *saved;
	const struct plan *fresh;
	const struct snapshot *snapshot; /* snapshot `fresh` was made from */
	const struct run_record *run;    /* the interrupted run */
};

/*
 * Whether the saved plan can resume: every observed fingerprint is one from
 * before or after a saved step, every step of `fresh` is in the saved plan, and
 * so is every doubtful process that `fresh` would signal.
 */
MUST_CHECK bool resume_fits(const struct resumption *r, struct err *e);

#endif
