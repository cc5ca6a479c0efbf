/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the installing half does: looks at a component, or carries out an
 * order that was checked.  Everything can be repeated, with the same result.
 */
#ifndef AGENT_PERFORM_H
#define AGENT_PERFORM_H

#include "agent/ordered.h"
#include "agent/self.h"
#include "base/arena.h"
#include "model/agent.h"
#include "wire/order.h"
#include "wire/problem.h"
#include "wire/report.h"
#include "wire/request.h"

#include <stdbool.h>

/* What is there, without asking any process; strings in `a`. */
void perform_look(const struct agent_config *c,
		  const struct agent_component *component, struct arena *a,
		  struct component_report *out);
/* Adds what only the process can tell: its version, what its ports serve. */
void perform_ask(const struct agent_component *component, struct arena *a,
		 struct component_report *out);
/* Whether perform_ask() would have to ask anybody. */
bool perform_must_ask(const struct agent_component *component);

struct deed {
	const struct agent_config *config;
	const struct agent_component *component;
	const struct order *order;
	const struct ordered *before; /* what it was told last */
	const struct order_request *request;
	struct self *self;
};

/* False: *problem says why; texts in `a`. */
bool perform_order(const struct deed *d, struct arena *a,
		   struct problem *problem);

#endif
