/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected to an agent, since when, and how far: keeps to the limits
 * and closes what takes too long.
 *
 * Connections that have not proven who they are cannot keep others out: when
 * there are CONN_UNAUTHENTICATED_LIMIT of them, or CONN_UNAUTHENTICATED_EACH from one address,
 * one that has said nothing for a while, else the oldest, makes room for a new
 * one.  Callers are limited as well; of those makes room who is busy with a
 * header or a body for the longest time, else who is idle for the longest.
 *
 * The HTTP library owns the sockets; the door only shuts them down, and
 * forgets a guest when the library says that the connection is closed.
 */
#ifndef AGENT_CONN_TABLE_H
#define AGENT_CONN_TABLE_H

#include "base/err.h"
#include "pki/tls_server.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONN_UNAUTHENTICATED_LIMIT = 384,
	CONN_UNAUTHENTICATED_EACH = 64, /* from one address, or one IPv6 network */
	CONN_AUTHENTICATED_LIMIT = 128,
	CONN_AUTHENTICATED_EACH = 64,
	CONN_CLOSING_LIMIT = 64, /* that were shut down and are not closed yet */
	SILENT_MS = 1000,        /* from then on a guest without a word is silent */
	HANDSHAKE_MS = 10000,
	HEADER_MS = 10000,
	BODY_MS = 30000,
	DROP_MS = 5000,
	REPLY_MS = 30000,
	IDLE_MS = 300000,
};

enum conn_phase {
	CONN_HANDSHAKE,
	CONN_HEADER,
	CONN_BODY,
	CONN_DROP, /* a body that nobody wants */
	CONN_WORK, /* the other half has the request */
	CONN_REPLY,
	CONN_IDLE,
	CONN_CLOSING,
};

struct conn {
	struct conn *next;
	struct conn **link; /* what points here */
	struct tls_guest tls;
	int fd;
	struct sockaddr_storage address;
	socklen_t address_len;
	enum conn_phase phase;
	int64_t since_ms; /* it is in this phase */
	int64_t end_ms;
	bool attached; /* the HTTP library has told of its connection */
	bool spoke;    /* something came from it */
	bool greeted;  /* it counts as a caller */
};

struct conn_table {
	struct conn *guests; /* the newest first */
	size_t count;
};

/* A guest for a new connection; the descriptor stays the caller's. */
struct conn *conn_table_admit(struct conn_table *d, int fd, const struct sockaddr_storage *address,
			      socklen_t len);
/* The guest of a socket whose connection was not told of yet; NULL: none. */
struct conn *conn_table_arriving(const struct conn_table *d, int fd);
/* Ends its connection, which leaves later. */
void conn_table_shut(struct conn *g);
/* Its connection is closed. */
void conn_table_leave(struct conn_table *d, struct conn *g);
/* From now on it is in this phase, and has as long as that allows. */
void conn_table_phase(struct conn *g, enum conn_phase phase);
/* Something came from it. */
void conn_table_received(struct conn *g);
/* Who has proven to be a caller since is one of them, while there is room. */
void conn_table_authenticated(struct conn_table *d);
/* Shuts down those whose time is over. */
void conn_table_sweep(struct conn_table *d);
void conn_table_release(struct conn_table *d);

#endif
