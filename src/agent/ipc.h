/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a stream socket between the halves of an agent, for messages.
 * Nothing here waits, but ipc_wait(): what does not fit stays in a queue,
 * and what has not arrived whole stays where it is, so that a half that is
 * slow, or hostile, never holds up the other.
 *
 * ERR_MISSING: the other half has ended.  ERR_REMOTE: it sends what no
 * message is, or a longer one than its kind may be.
 */
#ifndef AGENT_IPC_H
#define AGENT_IPC_H

#include "agent/install_half.h"
#include "agent/ipc_message.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ipc_header {
	uint32_t kind;
	uint32_t number;
	uint32_t len;
};

struct ipc {
	int fd;                 /* -1: closed */
	enum message_from from; /* whose messages arrive */
	struct queued_message *queue;
	size_t waiting; /* in the queue */
	size_t queued;  /* bytes of the bodies in it */
	size_t sent;    /* bytes of its first, header included */
	/* what is arriving */
	struct ipc_header header;
	size_t header_got;
	struct secret body;
	size_t body_got;
};

#define NO_CHANNEL ((struct ipc){ .fd = -1 })

void ipc_release(struct ipc *c);
AUTO_STRUCT(ipc, struct ipc, ipc_release)

/* Takes the descriptor, which does not block; of either half. */
struct ipc ipc_of(int fd);
/* Two such ends. */
MUST_CHECK bool ipc_pair(int ends[2], struct err *e);

/* Takes the message, and sends what goes now. */
MUST_CHECK bool ipc_post(struct ipc *c, struct message *m, struct err *e);
/* Sends what is left of the queue, as far as it goes now. */
MUST_CHECK bool ipc_flush(struct ipc *c, struct err *e);
/* *whole: `out`, which must be empty, has the next message. */
MUST_CHECK bool ipc_take(struct ipc *c, struct message *out, bool *whole, struct err *e);

/*
 * Waits, until a stop is asked for, `end_ms` (ERR_BUSY) or the message has
 * come.
 */
MUST_CHECK bool ipc_wait(struct ipc *c, int64_t end_ms, struct message *out, struct err *e);

/* ---- agent/ipc_socket.c ---- */

/*
 * How the halves of an agent find each other when they were started apart,
 * each in a service of its own: the installing half listens on a unix socket
 * that only the user of the network half may use; that one connects twice,
 * and begins each connection by saying which channel it is.
 *
 * When one of them ends, the other lets go of what is left: the installing
 * half waits for the next one, and the network half ends too, to be started
 * again.
 */

enum {
	MEET_HELLO_MS = 2000, /* for both connections to say what they are */
	MEET_WAIT_MS = 10000, /* for the installing half to be there */
};

/*
 * The socket belongs to `who`.  What is left of one that nobody listens on
 * is replaced; its directory must not be writable by others.
 */
MUST_CHECK bool ipc_socket_listen(const char *path, uid_t who, int *out, struct err *e);
/* A process of `who`, whenever it comes; ERR_STOPPED. */
MUST_CHECK bool ipc_socket_accept(int listener, uid_t who, struct channels *out, struct err *e);
MUST_CHECK bool ipc_socket_connect(const char *path, struct channels *out, struct err *e);

#endif
