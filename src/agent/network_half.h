/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of an agent that talks to the network: TLS, HTTP, limits.  It has
 * no key and no file; who may call is told, handshakes are signed and requests
 * answered by the other half.  One thread, one loop, which waits for the other
 * half only inside of a handshake.
 */
#ifndef AGENT_NETWORK_HALF_H
#define AGENT_NETWORK_HALF_H

#include "agent/install_half.h"
#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>

struct network_start {
	const struct agent_config *config;
	int listener;             /* nonblocking */
	struct channels channels; /* taken */
};

/* Until a stop is asked for, which is success, or the other half ends. */
MUST_CHECK bool network_run(const struct network_start *start, struct err *e);

#endif
