/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, by libmicrohttpd: reads one with its limits, hands it to the
 * installing half and sends back what that answers.
 *
 * Its sockets are watched with select(): in its epoll mode libmicrohttpd
 * 0.9.75 asks again without end for a handshake that has only begun.
 */
#ifndef AGENT_HTTP_SERVER_H
#define AGENT_HTTP_SERVER_H

#include "agent/conn_table.h"
#include "agent/ipc.h"
#include "base/auto.h"
#include "base/err.h"
#include "pki/tls_server.h"
#include "wire/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/select.h>

enum {
	HTTP_ROOM = 20 * 1024,          /* of a connection, for a header and a reply's */
	HTTP_REQUESTS = 64,             /* that wait for the other half */
	HTTP_BODIES = 16 * 1024 * 1024, /* bytes of all that are here */
};

struct http_server;

/* What it is given must outlive it. */
MUST_CHECK bool http_new(struct tls_server *tls, struct ipc *requests, struct conn_table *conns,
			 struct http_server **out, struct err *e);
void http_free(struct http_server *h);
AUTO_TYPE(http_server, struct http_server *, http_free)

/* What is waited for, and afterwards what came. */
struct sockets {
	fd_set reads;
	fd_set writes;
	fd_set errors;
	int highest;
};

/* Adds its own; no longer than *wait_ms may be waited for them. */
void http_watch(struct http_server *h, struct sockets *s, int *wait_ms);
void http_run(struct http_server *h, const struct sockets *s);
/* A new connection; dropped by itself when it is closed. */
void http_take(struct http_server *h, struct conn *g);
/* An answer of the other half. */
void http_take_answer(struct http_server *h, struct message *m);

/* ---- agent/http_header.c ---- */

/*
 * What the header of a request says of its body, and whether it keeps to the
 * limits.  libmicrohttpd reads a header leniently (of two lengths it takes
 * the first), so what is not plain is refused here.
 */

enum {
	HEADER_LIMIT = 8 * 1024,
	HEADER_LINES = 64,
};

struct MHD_Connection;

/*
 * False: *problem says why, and where its body ends is not known or too far
 * away, so that the connection has to be closed.
 */
bool http_header_read(struct MHD_Connection *c, size_t *body_len, struct problem *problem);

#endif
