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

#endif
