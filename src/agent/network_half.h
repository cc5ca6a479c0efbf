/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network half of an agent: TLS, HTTP, limits.  This half has no key and no
 * file: the installing half provides the allowed clients, signs handshakes and
 * answers requests.  One thread, one loop, which blocks on the installing half
 * only during a handshake.
 */
#ifndef AGENT_NETWORK_HALF_H
#define AGENT_NETWORK_HALF_H

#include "agent/ipc.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "pki/tls_server.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network_start {
	const struct agent_config *config;
	int listener;             /* nonblocking */
	struct channels channels; /* ownership passes */
};

/* Runs until a stop is requested, which is success, or the installing half exits. */
MUST_CHECK bool network_run(const struct network_start *start, struct err *e);

/*
 * The agent's key as the network half uses it: the installing half signs at
 * once, at the other end of the channel, which must outlive the holder.
 */
struct tls_key_holder key_proxy_holder(struct ipc *handshakes);

/* ---- connections ---- */

/*
 * The connections of an agent: limits on their number and on the time that a
 * phase may take, and the eviction of those that pass them.
 *
 * Unauthenticated connections cannot keep others out: at
 * CONN_UNAUTHENTICATED_LIMIT of them, or CONN_UNAUTHENTICATED_EACH from one
 * address, a new one evicts the one that has been silent for a while, else the
 * oldest.  Authenticated ones are limited as well; evicted is the one that has
 * been in a header or a body for the longest time, else the longest idle.
 *
 * The HTTP library owns the sockets: the table only shuts them down, and drops
 * a connection when the library reports it as closed.
 */

enum {
	CONN_UNAUTHENTICATED_LIMIT = 384,
	CONN_UNAUTHENTICATED_EACH = 64, /* from one address, or one IPv6 network */
	CONN_AUTHENTICATED_LIMIT = 128,
	CONN_AUTHENTICATED_EACH = 64,
	CONN_CLOSING_LIMIT = 64, /* that were shut down and are not closed yet */
	SILENT_MS = 1000,        /* without a byte: silent */
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
	CONN_DROP, /* a body that is read only to be dropped */
	CONN_WORK, /* the installing half has the request */
	CONN_REPLY,
	CONN_IDLE,
	CONN_CLOSING,
};

struct conn {
	struct conn *next;
	struct conn **link; /* the pointer to this connection */
	struct tls_session tls;
	int fd;
	struct sockaddr_storage address;
	socklen_t address_len;
	enum conn_phase phase;
	int64_t since_ms; /* start of the phase */
	int64_t end_ms;
	bool attached;      /* the HTTP library has reported the connection */
	bool spoke;         /* bytes were received */
	bool authenticated; /* counts as an authenticated client */
};

struct conn_table {
	struct conn *conns; /* newest first */
	size_t count;
};

/* A new connection; the descriptor stays the calling function's. */
struct conn *conn_table_admit(struct conn_table *d, int fd, const struct sockaddr_storage *address,
			      socklen_t len);
/* The connection of a socket that the HTTP library has not reported yet; NULL: none. */
struct conn *conn_table_arriving(const struct conn_table *d, int fd);
/* Shuts the socket down; the connection leaves the table later. */
void conn_table_shut(struct conn *g);
/* The connection is closed. */
void conn_table_leave(struct conn_table *d, struct conn *g);
/* Starts a phase with its own time limit. */
void conn_table_phase(struct conn *g, enum conn_phase phase);
/* Bytes were received. */
void conn_table_received(struct conn *g);
/* Counts the connections authenticated since, while there is room. */
void conn_table_authenticated(struct conn_table *d);
/* Shuts down the connections that exceed their time limit. */
void conn_table_sweep(struct conn_table *d);
void conn_table_release(struct conn_table *d);

#endif
