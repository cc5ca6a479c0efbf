/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, by libmicrohttpd: reads one with its limits, hands it to the
 * installing half and sends back what that answers.  The only user of
 * libmicrohttpd.
 */
#ifndef AGENT_HTTP_H
#define AGENT_HTTP_H

#include "agent/door.h"
#include "base/auto.h"
#include "base/err.h"
#include "pki/tls_server.h"

#include <stdbool.h>

enum {
	HTTP_HEADER_ROOM = 10 * 1024, /* for a header of 8 KiB */
	HTTP_HEADER_LIMIT = 8 * 1024,
	HTTP_REQUESTS = 64, /* that wait for the other half */
};

struct http;

/* What it is given must outlive it. */
MUST_CHECK bool http_new(struct tls_server *tls, int requests,
			 struct door *door, struct http **out, struct err *e);
void http_free(struct http *h);
AUTO_TYPE(http, struct http *, http_free)

/* Readable when http_run() has something to do. */
int http_fd(const struct http *h);
/* How long to wait at most. */
int http_wait_ms(const struct http *h, int most);
void http_run(struct http *h);
/* A new connection; the guest leaves by itself when it is closed. */
void http_take(struct http *h, struct guest *g);
/* One message of the other half is there. */
MUST_CHECK bool http_take_answer(struct http *h, struct err *e);

#endif
