/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved plans: what is compared before one is applied (DESIGN, invariant 9).
 *
 * A saved plan carries no authority.  Apply plans again from fleet file,
 * inputs, state and a fresh observation at the saved plan's time, and runs
 * its own plan, only if it is the same as the saved one; or, when a run of
 * exactly this plan did not end, if what is left to do is a part of it.
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

/* ERR_STALE names what moved. */
MUST_CHECK bool saved_plan_fits(const struct plan *saved,
				const struct plan *fresh, struct err *e);
struct resumption {
	const struct plan *saved;
	const struct plan *fresh;
	const struct snapshot *snapshot; /* `fresh` was made from */
	const struct run_record *run;    /* that did not end */
};

/*
 * Every observed fingerprint is the saved plan's before or after, and every
 * step of `fresh` is one of the saved plan's.
 */
MUST_CHECK bool saved_plan_resumes(const struct resumption *r, struct err *e);

#endif
