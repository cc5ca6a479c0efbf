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
#include "remote/socket_wait.h"

#include <curl/curl.h>
#include <stdbool.h>

enum {
	CONNECT_TIMEOUT_MS = 10000, /* including TLS */
};

struct http_client {
	CURL *easy;
	struct curl_slist *headers;
	const struct exchange *exchange;
	struct secret reply; /* `len` is the capacity */
	size_t got;          /* bytes received */
	size_t sent;         /* bytes of the body sent, for lines */
	bool too_long;
	bool not_loopback;
	struct tls_peer peer;
	char why[CURL_ERROR_SIZE];
};

/* Initializes curl once per process, with an allocator that wipes freed memory. */
void client_global(void);

/* `c` must stay in place until client_close(). */
MUST_CHECK bool client_open(struct http_client *c, const struct exchange *x, int64_t timeout_ms,
			    struct err *e);
void client_close(struct http_client *c);

/* Appends to the reply; false: longer than EXCHANGE_REPLY_LIMIT. */
MUST_CHECK bool client_take(struct http_client *c, const void *bytes, size_t len);
/* Stores the result of curl's transfer in `x`: status, ETag and reply, or the error. */
void client_answer(struct http_client *c, CURLcode rc, struct exchange *x);
/* Seconds after which the server asks for a retry; -1: no retry. */
int64_t client_retry_after(const struct http_client *c);

/* Advances an EXCHANGE_LINES on the connected socket. */
enum socket_turn client_lines(struct http_client *c, struct err *e);
/* A duplicate descriptor of the connected socket, which outlives `c`. */
MUST_CHECK bool client_take_socket(const struct http_client *c, int *out, struct err *e);

#endif
