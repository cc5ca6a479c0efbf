/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is: handshakes that wait to be begun, only so many at once
 * with one address and port, so that a server with few places can answer.
 * Addresses that have a place take turns: one that many wait for holds up
 * nobody else.
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

/* One that waits, then has its turn; the caller's until that has ended. */
struct tls_turn {
	struct tls_port *port;
	struct tls_turn *next; /* of those that wait for the same */
};

/* { 0 } is an empty one. */
struct tls_queue {
	struct arena arena;
	void *ports;            /* a tree of <search.h> */
	struct tls_port *first; /* of those whose turn it is */
	struct tls_port *last;
};

void tls_queue_release(struct tls_queue *q);
AUTO_STRUCT(tls_queue, struct tls_queue, tls_queue_release)

void tls_queue_add(struct tls_queue *q, struct tls_turn *t, const union tls_address *address);
/* It stays where it is. */
const union tls_address *tls_turn_address(const struct tls_turn *t);
/* Takes the next one whose address has a place; NULL: none has. */
struct tls_turn *tls_queue_take(struct tls_queue *q);
/* One that was taken gives its place to the next for the same address. */
void tls_queue_end(struct tls_queue *q, struct tls_turn *t);

/*
 * Takes one that waits for the address of `t`, whether that has a place or
 * not, because there is nobody to ask; NULL: none waits.  It is not ended.
 */
struct tls_turn *tls_turn_drop(const struct tls_turn *t);
/* The address of `t` has no places any more that others should wait for. */
void tls_queue_lift(struct tls_queue *q, const struct tls_turn *t);

/* ---- pki/tls_verdict.c ---- */

/* From what each address of a name did to what is said of the name. */

/* IPv4 or IPv6. */
struct tls_family {
	bool completes;
	const char *unreachable; /* the first reason to find nobody there */
};

/* Empty but for the arena, which is the one of the probe's strings. */
struct tls_verdict {
	struct arena *arena;
	struct tls_family v4, v6;
	VEC(struct tls_chain) chains;
};

/*
 * Adds one address, in the order of the lookup, so that the answer is
 * stable.  `p` has no answer yet, or the error of its lookup.
 */
void tls_verdict_add(struct tls_verdict *v, struct tls_probe *p, const union tls_address *address,
		     const struct tls_outcome *o);
void tls_verdict_end(const struct tls_verdict *v, struct tls_probe *p);

#endif
