/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPC: one end of a stream socket between the halves of an agent, for messages.
 * Only ipc_wait() and ipc_ask() block: messages that do not fit stay in a queue, and a
 * message that has arrived in part stays in the buffer, so that a slow or
 * hostile half never holds up the other.
 *
 * ERR_MISSING: the other half has exited.  ERR_REMOTE: it sent a malformed
 * message, or a longer one than its kind allows.
 */
#ifndef AGENT_IPC_H
#define AGENT_IPC_H

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
	enum message_from from; /* half whose messages arrive */
	struct queued_message *queue;
	size_t waiting; /* messages in the queue */
	size_t queued;  /* bytes of their bodies */
	size_t sent;    /* bytes of the first message, header included */
	/* the message being received */
	struct ipc_header header;
	size_t header_got;
	struct secret body;
	size_t body_got;
	/* ipc_ask() */
	uint32_t asked;
	uint32_t answered; /* requests after this one are unanswered */
	bool broken;       /* the other half has exited, or answered another request */
};

/* The two channel descriptors of one half, connected to those of the other. */
struct channels {
	int requests;
	int handshakes;
};

#define NO_CHANNEL ((struct ipc){ .fd = -1 })

void ipc_release(struct ipc *c);
AUTO_STRUCT(ipc, struct ipc, ipc_release)

/* Takes a nonblocking descriptor; accepts messages of either half. */
struct ipc ipc_of(int fd);
/* Makes two connected sockets. */
MUST_CHECK bool ipc_pair(int ends[2], struct err *e);

/* Takes the message, and sends as much as possible without blocking. */
MUST_CHECK bool ipc_post(struct ipc *c, struct message *m, struct err *e);
/* Sends queued messages, as far as possible without blocking. */
MUST_CHECK bool ipc_flush(struct ipc *c, struct err *e);
/* Receives without blocking; *whole: `out`, which must be empty, has the next message. */
MUST_CHECK bool ipc_take(struct ipc *c, struct message *out, bool *whole, struct err *e);

/*
 * Sends a request and waits for its answer, as long as its kind says.  A late
 * answer (ERR_BUSY) fails only this request and those until it arrives: the
 * other half may be waiting for a disk.  Any other failure breaks the channel
 * for good.
 */
MUST_CHECK bool ipc_ask(struct ipc *c, struct message *question, struct message *answer,
			struct err *e);
/* Waits for a message until `end_ms` (ERR_BUSY) or a stop (ERR_STOPPED). */
MUST_CHECK bool ipc_wait(struct ipc *c, int64_t end_ms, struct message *out, struct err *e);

/* ---- connecting halves that were started apart ---- */

/*
 * Connection of the halves of an agent that were started apart, each in its own
 * service: the installing half listens on a unix socket that only the user of
 * the network half may use; the network half connects twice, and names the
 * channel at the start of each connection.
 *
 * When one half exits, the other closes the channels: the installing half waits
 * for the next network half, and the network half exits too, to be started
 * again.
 */

enum {
	MEET_HELLO_MS = 2000, /* for each connection to name its channel */
	MEET_WAIT_MS = 10000, /* for the installing half to listen */
};

/*
 * The socket belongs to `who`.  A stale socket without a listener is replaced;
 * its directory must not be writable by others.
 */
MUST_CHECK bool ipc_socket_listen(const char *path, uid_t who, int *out, struct err *e);
/* Waits for both connections of a process of `who`; ERR_STOPPED. */
MUST_CHECK bool ipc_socket_accept(int listener, uid_t who, struct channels *out, struct err *e);
MUST_CHECK bool ipc_socket_connect(const char *path, struct channels *out, struct err *e);

#endif
