/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Concurrent conversations with many hosts.
 *
 * A conversation is straight-line code on a fiber that sends requests to one
 * origin after the other and waits for their responses.  batch_run() runs all added
 * conversations to their end, at most BATCH_FLEET_LIMIT at a time and
 * BATCH_HOST_LIMIT per origin, BATCH_WEB_LIMIT where that is a web server: sshd takes
 * 10 logins at once (MaxStartups), HAProxy 10 connections to its socket (maxconn).
 *
 * Every request has a deadline.  Retried a few times, within the deadline: a
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
#include "base/err.h"
#include "remote/exchange.h"

#include <stdbool.h>

enum {
	BATCH_FLEET_LIMIT = 128,
	BATCH_HOST_LIMIT = 4,
	BATCH_WEB_LIMIT = 16,
};

struct batch;
struct conversation;

typedef void batch_fn(void *ctx, struct conversation *c);

struct batch *batch_new(void);
/* `fn` is called once, when a stop is noticed during a batch_run(). */
typedef void batch_stop_fn(void *ctx);
void batch_on_stop(struct batch *b, batch_stop_fn *fn, void *ctx);
void batch_free(struct batch *b);
AUTO_TYPE(batch, struct batch *, batch_free)

/* `ctx` must live until batch_run() returns; `origin` is copied. */
void batch_add(struct batch *b, const char *origin, batch_fn *run, void *ctx);
void batch_run(struct batch *b);

/*
 * Sends the request in `x` and waits; then `x` holds the response.  The conversation
 * moves to the origin in `x`; NULL: it stays.  In batch_request.c, alone, so that
 * tests can respond in its place.
 */
MUST_CHECK bool batch_request(struct conversation *c, struct exchange *x, struct err *e);

#endif
