/* SPDX-License-Identifier: Apache-2.0 */
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
#ifndef AGENT_IPC_SOCKET_H
#define AGENT_IPC_SOCKET_H

#include "agent/install_half.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

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
