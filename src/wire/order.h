/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order: a change that an operator tells an agent to make, as the text that
 * is signed.  The order contains everything that decides what happens, so that
 * the network half of an agent, which carries it, can withhold it, but cannot
 * forge one, nor use one twice, later, elsewhere or out of sequence.
 *
 * The text is JSON with sorted keys; reading accepts exactly the bytes that
 * order_text() writes.
 */
#ifndef WIRE_ORDER_H
#define WIRE_ORDER_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prefix of the signed text, so that the signature is valid for nothing else. */
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
	const char *agent; /* SHA-256 of the agent's SubjectPublicKeyInfo, hex */
	const char *component;
	const char *lineage; /* of the state that gives the order */
	/*
	 * Counts the orders of that state to this component; all orders of one
	 * delivery have the same number, a rollback has a higher one.
	 */
	int64_t sequence;
	const char *fingerprint; /* "" in a revert: nothing was installed before */
	/* For stage: pair_digest() of the sent pair; otherwise NULL or "". */
	const char *pair;
	/* The pair installed now; "" for none, NULL when unknown. */
	const char *replaces;
	bool rollback;
	bool adopt; /* the component may belong to another lineage */
	bool self;  /* the component must be the agent's own pair */
	/*
	 * For activate: the process in the pidfile may be signalled in spite of
	 * doubts when this is its executable; NULL: never.
	 */
	const char *executable;
	int64_t expires; /* UTC seconds */
};

const char *order_text(const struct order *o, struct arena *a);
/* ERR_INPUT when malformed; strings are copied into `a`. */
MUST_CHECK bool order_read(const char *text, size_t len, struct arena *a, struct order *out,
			   struct err *e);

extern const char *const order_action_names[ORDER_ACTION_COUNT + 1];

#endif
