/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected to an agent, since when, and how far: keeps to the limits
 * and closes what takes too long.
 *
 * Connections that have not proven who they are cannot keep others out: when
 * there are DOOR_STRANGERS of them, or DOOR_STRANGERS_EACH from one address,
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
	DOOR_STRANGERS = 384,
	DOOR_STRANGERS_EACH = 64, /* from one address, or one IPv6 network */
	DOOR_CALLERS = 128,
	DOOR_CALLERS_EACH = 64,
	DOOR_CLOSING = 64, /* that were shut down and are not closed yet */
	SILENT_MS = 1000,  /* from then on a guest without a word is silent */
	HANDSHAKE_MS = 10000,
	HEADER_MS = 10000,
	BODY_MS = 30000,
	DROP_MS = 5000,
	REPLY_MS = 30000,
	IDLE_MS = 300000,
};

enum guest_phase {
	GUEST_HANDSHAKE,
	GUEST_HEADER,
	GUEST_BODY,
	GUEST_DROP, /* a body that nobody wants */
	GUEST_WORK, /* the other half has the request */
	GUEST_REPLY,
	GUEST_IDLE,
	GUEST_CLOSING,
};

struct guest {
	struct guest *next;
	struct guest **link; /* what points here */
	struct tls_guest tls;
	int fd;
	struct sockaddr_storage address;
	socklen_t address_len;
	enum guest_phase phase;
	int64_t since_ms; /* it is in this phase */
	int64_t end_ms;
	bool attached; /* the HTTP library has told of its connection */
	bool spoke;    /* something came from it */
	bool greeted;  /* it counts as a caller */
};

struct door {
	struct guest *guests; /* the newest first */
	size_t count;
};

/* A guest for a new connection; the descriptor stays the caller's. */
struct guest *door_admit(struct door *d, int fd, const struct sockaddr_storage *address,
			 socklen_t len);
/* The guest of a socket whose connection was not told of yet; NULL: none. */
struct guest *door_arriving(const struct door *d, int fd);
/* Ends its connection, which leaves later. */
void door_shut(struct guest *g);
/* Its connection is closed. */
void door_leave(struct door *d, struct guest *g);
/* From now on it is in this phase, and has as long as that allows. */
void door_phase(struct guest *g, enum guest_phase phase);
/* Something came from it. */
void door_heard(struct guest *g);
/* Who has proven to be a caller since is one of them, while there is room. */
void door_greet(struct door *d);
/* Shuts down those whose time is over. */
void door_sweep(struct door *d);
void door_release(struct door *d);

#endif
