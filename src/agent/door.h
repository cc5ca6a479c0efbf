/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected to an agent, since when, and how far: accepts
 * connections, keeps to the limits and closes what takes too long.
 *
 * Connections that have not proven who they are cannot keep others out: when
 * there are DOOR_STRANGERS of them, the one that got least far, and of those
 * the oldest, makes room for a new one.
 *
 * The HTTP library owns the sockets; the door only shuts them down, and
 * forgets a guest when the library says that the connection is closed.
 */
#ifndef AGENT_DOOR_H
#define AGENT_DOOR_H

#include "base/err.h"
#include "pki/tls_server.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DOOR_STRANGERS = 384,
	DOOR_STRANGERS_EACH = 64, /* from one address */
	DOOR_CALLERS = 128,
	DOOR_CALLERS_EACH = 64,
	HANDSHAKE_MS = 10000,
	HEADER_MS = 10000,
	BODY_MS = 30000,
	REPLY_MS = 30000,
	IDLE_MS = 300000,
};

enum guest_phase {
	GUEST_HANDSHAKE,
	GUEST_HEADER,
	GUEST_BODY,
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
	int64_t end_ms;
	bool spoke; /* something came from it */
};

struct door {
	struct guest *guests; /* the newest first */
	size_t count;
};

/*
 * A guest for a new connection, made room for; NULL: it cannot come in.  The
 * descriptor stays the caller's.
 */
struct guest *door_admit(struct door *d, int fd,
			 const struct sockaddr_storage *address, socklen_t len);
/* Its connection is closed. */
void door_leave(struct door *d, struct guest *g);
/* From now on it is in this phase, and has as long as that allows. */
void door_phase(struct guest *g, enum guest_phase phase);
/* Something came from it. */
void door_heard(struct guest *g);
/* Shuts down those whose time is over. */
void door_sweep(struct door *d);
void door_release(struct door *d);

#endif
