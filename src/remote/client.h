/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A curl handle for one exchange, set up as SECURITY.md says: no proxy, no
 * .netrc, no redirect, peers verified, no TLS only towards the loopback
 * (checked on the address before it is connected), limits on time and size.
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
	CONNECT_TIMEOUT_MS = 10000, /* TLS included */
};

struct http_client {
	CURL *easy;
	struct curl_slist *headers;
	const struct exchange *exchange;
	struct secret reply; /* its length is the room */
	size_t got;
	size_t sent; /* of the body, for lines */
	bool too_long;
	bool not_loopback;
	struct tls_peer peer;
	char why[CURL_ERROR_SIZE];
};

/* Once in a process, before the first handle; memory curl frees is wiped. */
void client_global(void);

/* `c` must stay where it is until client_close(). */
MUST_CHECK bool client_open(struct http_client *c, const struct exchange *x, int64_t timeout_ms,
			    struct err *e);
void client_close(struct http_client *c);

/* Adds to the reply; false when that would be too long. */
MUST_CHECK bool client_take(struct http_client *c, const void *bytes, size_t len);
/* What curl's transfer came to: status, headers and reply, or the error. */
void client_answer(struct http_client *c, CURLcode rc, struct exchange *x);
/* Seconds after which the peer wants to be asked again; -1: it does not. */
int64_t client_retry_after(const struct http_client *c);

/* Lines on a connected socket. */
enum socket_turn client_lines(struct http_client *c, struct err *e);
/* A descriptor of our own for the connected socket, which outlives `c`. */
MUST_CHECK bool client_take_socket(const struct http_client *c, int *out, struct err *e);

#endif
