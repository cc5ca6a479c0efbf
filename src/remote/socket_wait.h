/* SPDX-License-Identifier: Apache-2.0 */
/* Result of a non-blocking step on a connected socket: events to poll for, or finished. */
#ifndef REMOTE_SOCKET_WAIT_H
#define REMOTE_SOCKET_WAIT_H

enum socket_turn {
	SOCKET_WAIT_IN,
	SOCKET_WAIT_OUT,
	SOCKET_WAIT_BOTH,
	SOCKET_DONE,
	SOCKET_FAILED
};

#endif
