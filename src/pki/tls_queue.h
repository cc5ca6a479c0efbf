/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of handshakes to start, with a limit on parallel handshakes per
 * address and port, so that a server with few worker slots can answer.
 * Round-robin over the addresses below their limit: a long queue for one
 * address does not delay the others.
 */
#ifndef PKI_TLS_QUEUE_H
#define PKI_TLS_QUEUE_H

#include "base/arena.h"
#include "base/vec.h"
#include "pki/tls.h"
#include "pki/tls_conn.h"
#include "pki/tls_lookup.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TLS_AT_ONCE_OF_ONE = 4
};

struct tls_port; /* one address and port */

/* A queued, then running handshake; memory of the caller until tls_queue_end(). */
struct tls_turn {
	struct tls_port *port;
	struct tls_turn *next; /* waiting for the same port */
};

/* { 0 } is an empty queue. */
struct tls_queue {
	struct arena arena;
	void *ports;            /* a tree of <search.h> */
	struct tls_port *first; /* ports with a waiting handshake and a free place */
	struct tls_port *last;
};

void tls_queue_release(struct tls_queue *q);
AUTO_STRUCT(tls_queue, struct tls_queue, tls_queue_release)

void tls_queue_add(struct tls_queue *q, struct tls_turn *t, const union tls_address *address);
/* The address of `t`, valid as long as the queue. */
const union tls_address *tls_turn_address(const struct tls_turn *t);
/* Dequeues the next handshake whose port is below its limit; NULL: none. */
struct tls_turn *tls_queue_take(struct tls_queue *q);
/* Frees the place of a dequeued handshake for the next one at the same port. */
void tls_queue_end(struct tls_queue *q, struct tls_turn *t);

/*
 * Removes the next handshake waiting for the port of `t`, regardless of the
 * limit, because the address is unreachable; NULL: none waits.  The removed one
 * takes no place and needs no tls_queue_end().
 */
struct tls_turn *tls_turn_drop(const struct tls_turn *t);
/* Lifts the limit on parallel handshakes for the port of `t`. */
void tls_queue_lift(struct tls_queue *q, const struct tls_turn *t);

/* ---- the result of a name from those of its addresses (tls_verdict.c) ---- */

/* IPv4 or IPv6. */
struct tls_family {
	bool completes;
	const char *unreachable; /* error of the first unreachable address */
};

/* Starts zeroed but for `arena`, which holds the probe's strings. */
struct tls_verdict {
	struct arena *arena;
	struct tls_family v4, v6;
	VEC(struct tls_chain) chains;
};

/*
 * Adds the outcome of one address, in the order of the lookup, so that the
 * result is stable.  `p` has no result yet, or the error of its lookup.
 */
void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p, const union tls_address *address,
		     const struct tls_outcome *o);
void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p);

#endif
