/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many conversations at once.
 *
 * A conversation is a chain of exchanges with one origin: `next` is asked
 * for the first ask, and again after every reply, until it returns false.
 * batch_run() carries on all that were added, at most BATCH_FLEET_LIMIT at
 * a time and BATCH_HOST_LIMIT with one origin, until each has ended.
 *
 * Every exchange has its deadline.  One that is answered 429, or 503 with
 * Retry-After, is asked again a few times, as is an SSH server that ends the
 * connection before its banner; nothing else is.  A login over SSH is tried
 * by one conversation at first: when it is refused, the others of that run
 * with the same login fail with that cause, for each refused login makes an
 * SSH server less willing to talk to this machine.  A stop cuts off
 * what only reads, lets go on what is changing something, and begins nothing
 * but what goes back.  Connections stay open from one batch_run() to the
 * next until batch_free().
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
 * Looks at the reply in `x` (the first time there is none) and fills the
 * next ask, or returns false when the conversation has ended.
 */
typedef bool batch_next_fn(void *ctx, struct exchange *x);

struct batch *batch_new(void);
void batch_free(struct batch *b);
AUTO_TYPE(batch, struct batch *, batch_free)

/* `ctx` must live until batch_run() returns; `origin` is copied. */
void batch_add(struct batch *b, const char *origin, batch_next_fn *next, void *ctx);
void batch_run(struct batch *b);

#endif
