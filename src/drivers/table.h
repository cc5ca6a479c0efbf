/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row: what a way to reach components can do.  Each verb answers one
 * job; false leaves why in `e`.
 *
 * A verb is a plain call, when all happens on this machine, or a
 * conversation: a function that is called once to begin and once after every
 * reply, and says what is next.  Conversations of all jobs go on at the same
 * time, so a turn must not wait for anything.
 */
#ifndef DRIVERS_TABLE_H
#define DRIVERS_TABLE_H

#include "drivers/driver.h"
#include "remote/exchange.h"

typedef bool driver_fn(struct job *j, struct err *e);

enum turn {
	TURN_ASK, /* `ask` is filled */
	TURN_DONE,
	TURN_FAILED /* `e` says why */
};

/* One job in conversation. */
struct visit {
	struct drivers *drivers;
	struct job *job;
	const struct exchange *reply; /* NULL: nothing was asked yet */
	unsigned stage;               /* the driver's own, 0 at first */
	void *memory;                 /* the driver's own, in `arena` */
	struct arena *arena;          /* until the conversation has ended */
};

/*
 * `ask` is empty; its origin and goes_back are filled afterwards, and reads
 * when the verb only reads.  Of others the driver says which of its asks do.
 */
typedef enum turn driver_turn_fn(struct visit *v, struct exchange *ask,
				 struct err *e);

struct driver {
	driver_fn *verbs[DRIVER_VERB_COUNT];
	driver_turn_fn *turns[DRIVER_VERB_COUNT]; /* instead of a call */
	const char *(*origin)(const struct component *c);
	bool takes_orders;
};

/* The ask of a conversation over lines; what is in `text` is no secret. */
void ask_lines(struct exchange *ask, const char *text);
/* A secret of this component's delivery. */
MUST_CHECK bool visit_secret(const struct visit *v,
			     const struct secret_ref *ref,
			     const struct secret **out, struct err *e);
/* Who we are towards components. */
const struct fleet_access *visit_access(const struct visit *v);
/* Who we are towards agents. */
struct orderer;
MUST_CHECK bool visit_orderer(const struct visit *v, const struct orderer **out,
			      struct err *e);
/* The key that this component's agent has, as far as it is known; NULL. */
const char *visit_peer(const struct visit *v);
void visit_learn_peer(const struct visit *v, const char *spki);
/* Why there was no reply, in `e`; always TURN_FAILED. */
enum turn no_reply(const struct visit *v, struct err *e);

#endif
