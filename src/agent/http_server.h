/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server, on libmicrohttpd: reads requests within limits, hands them
 * to the installing half and sends back its answers.
 *
 * The sockets are watched with select(): in epoll mode libmicrohttpd 0.9.75
 * polls without end for a handshake that has only begun.
 */
#ifndef AGENT_HTTP_SERVER_H
#define AGENT_HTTP_SERVER_H

#include "agent/ipc.h"
#include "agent/network_half.h"
#include "base/auto.h"
#include "base/err.h"
#include "pki/tls_server.h"
#include "wire/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/select.h>

enum {
	HTTP_ROOM = 20 * 1024,          /* bytes of a connection, for both headers */
	HTTP_REQUESTS = 64,             /* requests waiting for the installing half */
	HTTP_BODIES = 16 * 1024 * 1024, /* bytes of all request bodies in memory */
};

struct http_server;

/* The arguments must outlive the server. */
MUST_CHECK bool http_new(struct tls_server *tls, struct ipc *requests, struct conn_table *conns,
			 struct http_server **out, struct err *e);
void http_free(struct http_server *h);
AUTO_TYPE(http_server, struct http_server *, http_free)

/* The sockets to wait for; after select() the ready ones. */
struct sockets {
	fd_set reads;
	fd_set writes;
	fd_set errors;
	int highest;
};

/* Adds the server's sockets, and lowers *wait_ms to the library's timeout. */
void http_watch(struct http_server *h, struct sockets *s, int *wait_ms);
void http_run(struct http_server *h, const struct sockets *s);
/* Serves a new connection, which leaves the table when it is closed. */
void http_take(struct http_server *h, struct conn *g);
/* Takes an answer of the installing half. */
void http_take_answer(struct http_server *h, struct message *m);

/* ---- request headers ---- */

/*
 * Checks the header of a request against the limits, and gets the length of its
 * body.  libmicrohttpd parses headers leniently (of two lengths it takes the
 * first), so any ambiguity is refused here.
 */

enum {
	HEADER_LIMIT = 8 * 1024,
	HEADER_LINES = 64,
};

struct MHD_Connection;

/*
 * False: *problem says why.  The end of the body is then unknown or too far
 * away, so the connection has to be closed.
 */
bool http_header_read(struct MHD_Connection *c, size_t *body_len, struct problem *problem);

#endif
