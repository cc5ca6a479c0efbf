/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner: (fleet, snapshot, now, choices) -> plan.  Pure: no clock, no
 * file, no socket, no printing.  Equal arguments give equal plans.
 *
 *	diff      which certificates are new, which components must change
 *	precheck  what stands in the way (blocks, acknowledgements, info)
 *	waves     which processes may change at the same time
 *	order     in which order all of it happens
 *	render    the plan as text and as JSON
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/buf.h"
#include "base/err.h"
#include "model/plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct plan_input {
	const struct fleet *fleet;
	const struct snapshot *snapshot;
	int64_t at;
	const char *spec_digest;
	struct choices choices;
};

/*
 * `out` must be empty; it copies what it keeps, so it outlives the input.
 * ERR_USAGE when a target, reissue or ack names nothing; ERR_INPUT when an
 * import is invalid, or missing with no generation known.
 */
MUST_CHECK bool plan_make(const struct plan_input *in, struct plan *out,
			  struct err *e);

/* As people read it; `verbose` adds what is unchanged. */
void plan_render_text(const struct plan *p, bool verbose, bool color,
		      struct buf *out);
/* As DESIGN 4 says; the caller owns the reference. */
json_t *plan_to_json(const struct plan *p);
/* The inverse, for saved plans; `out` must be empty. */
MUST_CHECK bool plan_from_json(const json_t *json, struct plan *out,
			       struct err *e);

#endif
