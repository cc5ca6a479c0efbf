/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of an order: it is well-formed, for this agent, component and
 * path, signed by an allowed client, valid now, and not older than the last
 * order (SECURITY: signed orders).
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
	const char *spki; /* digest of the agent's own key */
	enum order_action action;
	const struct agent_component *component;
	const struct order_request *request;
	int64_t now;
};

/* An order that may be executed. */
struct verified_order {
	struct order order;
	struct order_record before; /* the last order before this one */
	struct signer signer;       /* set even when a later check refuses the order */
};

/* False: *problem says why; texts in `a`. */
bool order_verify(const struct order_verification *c, struct arena *a, struct verified_order *out,
		  struct problem *problem);

#endif
