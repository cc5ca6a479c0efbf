/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes of the agent's API, as method and path (schemas/agent-api.yaml),
 * one table for client and agent.  A component name is one percent-encoded
 * segment.
 */
#ifndef WIRE_ROUTE_H
#define WIRE_ROUTE_H

#include "base/arena.h"
#include "wire/order.h"

#include <stdbool.h>

enum route {
	ROUTE_HEALTH,
	ROUTE_COMPONENTS,
	ROUTE_COMPONENT,
	ROUTE_STAGE, /* from here on with a signed order */
	ROUTE_COMMIT,
	ROUTE_ABORT,
	ROUTE_ACTIVATE,
	ROUTE_REVERT,
	ROUTE_COUNT
};

const char *route_method(enum route r);
/* `component` is ignored when the route has none. */
const char *route_path(enum route r, const char *component, struct arena *a);

enum route_match {
	ROUTE_FOUND,
	ROUTE_WRONG_METHOD, /* *route is the route that has the path */
	ROUTE_UNKNOWN,
};

/* Matches a request; `component` lives in `a`, "" when the route has none. */
enum route_match route_find(const char *method, const char *path, struct arena *a,
			    enum route *route, const char **component);

bool route_has_order(enum route r);
/* The action that an order on this route must have. */
enum order_action route_action(enum route r);
enum route route_of(enum order_action action);

#endif
