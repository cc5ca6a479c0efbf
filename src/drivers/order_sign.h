/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's identity towards agents: the TLS identity and the key that
 * signs orders, read from `access: {agent: ...}` before the first request to an
 * agent.
 */
#ifndef DRIVERS_ORDER_SIGN_H
#define DRIVERS_ORDER_SIGN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/fleet.h"
#include "remote/identity.h"
#include "wire/order.h"
#include "wire/request.h"

#include <stdbool.h>

struct order_signer;

MUST_CHECK bool order_signer_open(const struct agent_access *access, struct order_signer **out,
				  struct err *e);
void order_signer_close(struct order_signer *op);
AUTO_TYPE(order_signer, struct order_signer *, order_signer_close)

const struct identity *order_signer_identity(const struct order_signer *op);
/* An order, with the pair when the action is stage; all borrowed. */
struct signed_order {
	const struct order *order;
	const struct cert_set *set; /* NULL: no pair */
	const struct secret *key;
};

/* Signs the order and writes the request body; `out` must be empty. */
MUST_CHECK bool order_signer_sign(const struct order_signer *op, const struct signed_order *s,
				  struct secret *out, struct err *e);

#endif
