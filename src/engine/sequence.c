/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence numbers of orders (SECURITY: signed orders).  A number is in the
 * state before the order is sent, so that no crash can make us send another
 * order with it, and is above every number this state sent to the component.
 */
#include "base/number.h"
#include "drivers/driver.h"
#include "engine/internal.h"

#include <inttypes.h>
#include <string.h>

/* An agent that lied to an older certfleet left such a number behind. */
static bool may_count_up(const struct component_seen *seen, struct err *e)
{
	if (seen->order_given < NUMBER_LIMIT - 1 && seen->now.order_taken < NUMBER_LIMIT - 1)
		return true;
	return err_set(
		e, ERR_REMOTE,
		"no order for '%s' can follow number %" PRId64
		": its agent's record was damaged; take the component out of the fleet file, apply, and add it again",
		seen->name,
		seen->order_given > seen->now.order_taken ? seen->order_given
							  : seen->now.order_taken);
}

/* Whether this run numbered an order already, when the pair was staged. */
static bool is_numbered(const struct run *r, const struct component_seen *seen)
{
	const struct component_seen *before = snapshot_component(r->order->snapshot, seen->name);

	return before && seen->order_given > before->order_given;
}

bool sequence_begin(struct run *r, const struct job *jobs, size_t count, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct component *c = jobs[i].component;
		struct component_seen *seen = run_seen(r, c->name);

		if (!driver_takes_orders(c) ||
		    (jobs[i].verb == DRIVER_ACTIVATE && is_numbered(r, seen)))
			continue;
		any = true;
		if (!may_count_up(seen, e))
			return false;
		/* after a restore it may have been told more than we remember */
		if (seen->order_given < seen->now.order_taken)
			seen->order_given = seen->now.order_taken;
		seen->order_given++;
		seen->restored = false;
		change_component(change, seen);
	}
	return !any || state_commit(r->en->state, change, e) || err_in(e, "cannot number an order");
}

void sequence_fill(struct run *r, struct job *job)
{
	const struct component_seen *seen = run_seen(r, job->component->name);

	job->lineage = state_lineage(r->en->state);
	job->sequence = seen->order_given;
	/* of another lineage, and the plan asked for it: `adopt` */
	job->adopts = seen->now.order_from && strcmp(seen->now.order_from, job->lineage) != 0;
}
