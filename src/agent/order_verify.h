/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an order may be carried out: it is well-formed and for this agent,
 * component and path, one of the callers signed it, it is valid now, and
 * nothing newer was ordered since (SECURITY: signed orders).
 */
#ifndef AGENT_ORDER_VERIFY_H
#define AGENT_ORDER_VERIFY_H

#include "agent/order_log.h"
#include "agent/signer_cache.h"
#include "base/arena.h"
#include "model/agent_config.h"
#include "wire/order.h"
#include "wire/problem.h"
#include "wire/request.h"

#include <stdbool.h>
#include <stdint.h>

struct order_verification {
	const struct agent_config *config;
	const struct signer_cache *signers;
	const char *spki; /* the agent's own */
	enum order_action action;
	const struct agent_component *component;
	const struct order_request *request;
	int64_t now;
};

/* An order that may be carried out. */
struct verified_order {
	struct order order;
	struct order_record before; /* what was told last */
	struct signer signer;       /* also of one that is refused later on */
};

/* False: *problem says why; texts in `a`. */
bool order_verify(const struct order_verification *c, struct arena *a, struct verified_order *out,
		  struct problem *problem);

#endif
