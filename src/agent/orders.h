/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an order may be carried out: it is well-formed and for this agent,
 * component and path, one of the callers signed it, it is valid now, and
 * nothing newer was ordered since (SECURITY: signed orders).
 */
#ifndef AGENT_ORDERS_H
#define AGENT_ORDERS_H

#include "agent/ordered.h"
#include "base/arena.h"
#include "base/buf.h"
#include "model/agent.h"
#include "wire/order.h"
#include "wire/problem.h"
#include "wire/request.h"

#include <stdbool.h>
#include <stdint.h>

/* Who signed lately: a certificate is looked at once in a while. */
struct signers;
/* `authority` is PEM, borrowed like the configuration. */
struct signers *signers_new(const struct agent_config *c,
			    const struct buf *authority);
void signers_free(struct signers *s);

struct order_check {
	const struct agent_config *config;
	struct signers *signers;
	const char *spki; /* the agent's own */
	enum order_action action;
	const struct agent_component *component;
	const struct order_request *request;
	int64_t now;
};

/* False: *problem says why; texts in `a`.  *before is what was told last. */
bool order_check(const struct order_check *c, struct arena *a,
		 struct order *out, struct ordered *before,
		 struct problem *problem);

#endif
