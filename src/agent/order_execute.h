/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution in the installing half: inspects a component, or executes a
 * verified order.  Every operation can be repeated, with the same result.
 */
#ifndef AGENT_ORDER_EXECUTE_H
#define AGENT_ORDER_EXECUTE_H

#include "agent/order_verify.h"
#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "wire/problem.h"
#include "wire/report.h"
#include "wire/request.h"

#include <stdbool.h>

/* Inspects without running a program or connecting to a port; strings in `a`. */
void component_inspect(const struct agent_config *c, const struct agent_component *component,
		       struct arena *a, struct component_report *out);
/* Adds the version of the running process, and what its ports serve. */
void component_inspect_running(const struct agent_component *component, struct arena *a,
			       struct component_report *out);

struct order_execution {
	const struct agent_config *config;
	const struct agent_component *component;
	const struct verified_order *checked;
	const struct order_request *request;
};

/*
 * False: *problem says why; texts in `a`.  Activation of the agent's own pair
 * only tests it: the process that holds the key must read the pair again.
 */
bool order_execute(const struct order_execution *d, struct arena *a, struct problem *problem);

/* ---- orphan processes ---- */

/*
 * Orphan processes: what an activation command leaves behind.  A daemon that is
 * started as a child of the agent dies with it (its service manager ends the
 * whole group of processes), so such a command fails: a service is started
 * through the service manager.
 *
 * Only for a process that was forked for one activation.
 */

/* From now on this process inherits the orphans of its descendants. */
MUST_CHECK bool orphan_watch(struct err *e);
/* ERR_REMOTE with the name of an orphan that still runs. */
MUST_CHECK bool orphan_check(struct arena *a, struct err *e);

#endif
