/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner: (fleet, snapshot, now, choices) -> plan.  Pure: no clock, no
 * file, no socket, no printing.  Equal arguments give equal plans.
 *
 *	targets, scope  what the plan is about
 *	diff            which authorities and certificates are new
 *	drift           which components must change
 *	waves           which processes may change at the same time
 *	schedule        in which order all of it happens
 *	contact         what it reaches that no run has reached before
 *	codes, precondition, acks  what stands in the way, and what was
 *			accepted
 *	summary, render_text, plan_json  the plan on paper
 *	compare         whether two plans say the same on paper
 */
#ifndef PLAN_PLANNER_H
#define PLAN_PLANNER_H

#include "base/buf.h"
#include "base/err.h"
#include "model/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct member;

struct plan_input {
	const struct fleet *fleet;
	const struct snapshot *snapshot;
	int64_t at;
	const char *spec_digest;
	struct choices choices;
	/*
	 * The plan of a run that broke off and that this one goes on with:
	 * --reissue has been done for what has a newer generation than its
	 * issue step replaces.  NULL: nothing was.
	 */
	const struct plan *broken;
};

/*
 * A plan is about everything, or with targets about the components that
 * were meant, their certificates and the issuers of those.  Reading never
 * writes: what `was:` renames stands in the snapshot under its new name
 * already, and `was` of something unknown means nothing.
 *
 * `out` must be empty; it copies what it keeps, so it outlives the input.
 * ERR_USAGE when a target, reissue or ack names nothing; ERR_INPUT when an
 * import is invalid, or missing with no generation known.
 */
MUST_CHECK bool plan_make(const struct plan_input *in, struct plan *out, struct err *e);

/*
 * Whether an apply writes anything: a step, or a new name (`was:`) for what
 * the state knows.
 */
bool plan_has_work(const struct plan *p);

/* As people read it; `verbose` adds what is unchanged. */
void plan_render_text(const struct plan *p, bool verbose, bool color, struct buf *out);
/* The version of the JSON form; a new key raises the second number. */
#define PLAN_FORMAT "1.2"

/*
 * The stable form for programs, and what a saved plan is.  Beyond what
 * people look for it holds the choices, so that a saved plan says all that
 * is needed to make it again.  `generated_at` is `at`.  Steps are "s1",
 * "s2"..., waves count from 1, null where there is none.  The caller owns
 * the reference.
 */
json_t *plan_to_json(const struct plan *p);
/* Its members, for who compares two plans. */
extern const struct member *const plan_members;
/*
 * The inverse, for saved plans; `out` must be empty.  A saved plan is not
 * trusted: what plan_to_json() would not have written, to the last key, is
 * refused with ERR_INPUT.  Of what was observed it restores name, online,
 * version, installed, served and error.
 */
MUST_CHECK bool plan_from_json(const json_t *json, struct plan *out, struct err *e);

/*
 * The plan as it is saved: of what was observed only the components with a
 * step.  The others may move while the plan waits without making it stale, so
 * nothing could tell whether what a saved plan says of them was ever true;
 * therefore it says nothing of them.  A shallow copy, which has no arena of
 * its own and must not outlive `p` and `a`.
 */
struct plan plan_saved_form(const struct plan *p, struct arena *a);
/*
 * Whether `fresh` in its saved form is, to the last member of its document,
 * the saved plan.  ERR_STALE names the first member that differs, and both
 * values, escaped and cut.
 */
MUST_CHECK bool plan_is_same(const struct plan *saved, const struct plan *fresh, struct err *e);

#endif
