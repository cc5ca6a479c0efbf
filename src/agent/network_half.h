/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network half of an agent: TLS, HTTP, limits.  This half has no key and no
 * file: the installing half provides the allowed clients, signs handshakes and
 * answers requests.  One thread, one loop, which blocks on the installing half
 * only during a handshake.
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
	struct channels channels; /* ownership passes */
};

/* Runs until a stop is requested, which is success, or the installing half exits. */
MUST_CHECK bool network_run(const struct network_start *start, struct err *e);

#endif
