/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of an enrolment that talks to the network: shakes hands with
 * whoever comes and carries messages between them and the half that knows the
 * token, has the key and writes.  It knows neither, and proves nothing: what
 * it could forge, the other half refuses.
 *
 * Until somebody has proven to know the token only handshakes and messages of
 * one fixed length are read, and those who come without it cannot keep the
 * operator out.
 */
#ifndef AGENT_RECEPTION_H
#define AGENT_RECEPTION_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct reception_start {
	int listener;     /* taken over, as the channel is */
	int channel;      /* to the other half, */
	pid_t other;      /* which is this process */
	const char *user; /* whom to become (agent/confine.h) */
};

/*
 * In a process of its own, which it confines first: until the receipt of a
 * grant is delivered or the other half has ended. Deaf to stops: the other half
 * decides.
 */
MUST_CHECK bool reception_run(const struct reception_start *start, struct err *e);

#endif
