/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order: what an operator tells an agent to change, as the text that is
 * signed.  It names everything that decides what happens, so that a half of
 * an agent that only carries it can withhold it, but neither make one nor
 * use one twice, later, elsewhere or in another order.
 *
 * The text is JSON with sorted keys; reading accepts only what
 * order_text() would have written, to the last byte.
 */
#ifndef WIRE_ORDER_H
#define WIRE_ORDER_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands before the text in what is signed, so that it means nothing else. */
#define ORDER_PURPOSE "certfleet-order-1\n"

enum {
	ORDER_LIFE = 300, /* seconds */
	ORDER_LIMIT = 4096,
};

enum order_action {
	ORDER_STAGE,
	ORDER_COMMIT,
	ORDER_ABORT,
	ORDER_ACTIVATE,
	ORDER_REVERT,
	ORDER_ACTION_COUNT
};

struct order {
	enum order_action action;
	const char *agent; /* SHA-256 of its SubjectPublicKeyInfo, hex */
	const char *component;
	const char *lineage; /* of the state that orders */
	/*
	 * Counts what that state told this component; what belongs to one
	 * delivery has the same number, a roll back a higher one.
	 */
	int64_t sequence;
	const char *fingerprint; /* "" of a revert: nothing was there */
	/* To stage: pair_digest() of what comes with it; NULL or "" else. */
	const char *pair;
	/* What is installed now; "" nothing, NULL when that is not known. */
	const char *replaces;
	bool rollback;
	bool adopt; /* the component may be another lineage's */
	bool self;  /* it must be the agent's own pair */
	/*
	 * To activate: the process that the pidfile names may be told though
	 * it is doubtful, when this is its executable; NULL: it may not.
	 */
	const char *executable;
	int64_t expires; /* UTC seconds */
};

const char *order_text(const struct order *o, struct arena *a);
/* ERR_INPUT when it is no order; strings are copied into `a`. */
MUST_CHECK bool order_read(const char *text, size_t len, struct arena *a, struct order *out,
			   struct err *e);

extern const char *const order_action_names[ORDER_ACTION_COUNT + 1];

#endif
