/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A curl handle for one exchange, set up as SECURITY.md says: no proxy, no
 * .netrc, no redirect, peers verified, no TLS only to a loopback address
 * (checked before connecting), limits on time and size.
 */
#ifndef REMOTE_CLIENT_H
#define REMOTE_CLIENT_H

#include "base/auto.h"
#include "base/err.h"
#include "remote/exchange.h"

#include <curl/curl.h>
#include <stdbool.h>

enum {
	CONNECT_TIMEOUT_MS = 10000, /* including TLS */
};

struct loop_task;

struct http_client {
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	const struct exchange *exchange;
	struct secret reply;    /* `len` is the capacity */
	size_t got;             /* bytes received */
	struct loop_task *task; /* waits for the transfer */
	CURLcode rc;            /* how the transfer has ended */
	bool too_long;
	bool not_loopback;
	bool other_leaf; /* the peer's leaf is none of the exchange's `leaves` */
	struct tls_peer peer;
	char why[CURL_ERROR_SIZE];
};

/* Initializes curl once per process, with an allocator that wipes freed memory. */
void client_global(void);

/* Adds the exchange's transfer to `multi`; `c` must stay in place until client_close(). */
MUST_CHECK bool client_open(struct http_client *c, const struct exchange *x, CURLM *multi,
			    struct err *e);
void client_close(struct http_client *c);
AUTO_STRUCT(http_client, struct http_client, client_close)

/* Appends to the reply; false: longer than its limit. */
MUST_CHECK bool client_take(struct http_client *c, const void *bytes, size_t len);
/* Stores the result in `x`: status, ETag and reply; or the error of `rc`. */
MUST_CHECK bool client_answer(struct http_client *c, struct exchange *x, struct err *e);
/* The error of a deadline; returns false. */
bool client_expired(const struct exchange *x, int64_t after_ms, struct err *e);
/* Seconds after which the server asks for a retry; -1: no retry. */
int64_t client_retry_after(const struct http_client *c);

/*
 * An EXCHANGE_LINES on the connected socket, on a task; its result is in `rc`.
 * False: the deadline, or a stop.
 */
MUST_CHECK bool client_lines(struct http_client *c, int64_t end_ms);
/* A duplicate descriptor of the connected socket, which outlives `c`. */
MUST_CHECK bool client_take_socket(const struct http_client *c, int *out, struct err *e);

#endif
