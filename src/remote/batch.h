/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Concurrent conversations with many hosts.
 *
 * A conversation is a sequence of exchanges with one origin: `next` is called
 * for the first request, and again after every response, until it returns
 * false.  batch_run() runs all added conversations to their end, at most
 * BATCH_FLEET_LIMIT at a time and BATCH_HOST_LIMIT per origin.
 *
 * Every exchange has a deadline.  Retried a few times, within the deadline: a
 * 429, a 503 with Retry-After, and an SSH connection closed before the server's
 * banner; nothing else.  An SSH login is first tried by one conversation: when
 * it is refused, the others with the same login in this run fail with the same
 * error, since each refused login makes an SSH server penalize this host.  A
 * stop aborts exchanges that only read, lets running changes finish, and starts
 * nothing but exchanges that revert.  Connections stay open between calls of
 * batch_run(), until batch_free().
 */
#ifndef REMOTE_BATCH_H
#define REMOTE_BATCH_H

#include "base/auto.h"
#include "remote/exchange.h"

#include <stdbool.h>

enum {
	BATCH_FLEET_LIMIT = 128,
	BATCH_HOST_LIMIT = 4,
};

struct batch;

/*
 * Handles the response in `x` (none in the first call) and fills in the next
 * request; false: the conversation has ended.
 */
typedef bool batch_next_fn(void *ctx, struct exchange *x);

struct batch *batch_new(void);
void batch_free(struct batch *b);
AUTO_TYPE(batch, struct batch *, batch_free)

/* `ctx` must live until batch_run() returns; `origin` is copied. */
void batch_add(struct batch *b, const char *origin, batch_next_fn *next, void *ctx);
void batch_run(struct batch *b);

#endif
