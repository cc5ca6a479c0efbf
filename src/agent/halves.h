/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: runs on the host of components, takes signed orders over mutual
 * TLS, and puts pairs where its own configuration says.
 *
 * It is two processes.  One installs (agent/install_half.h) and keeps the agent's
 * key; the other, without privileges, files or keys, talks to the network
 * (agent/network_half.h).  Usually the first starts the second, and when one ends
 * so does the other; they can also be started apart (agent/ipc_socket.h).
 */
#ifndef AGENT_HALVES_H
#define AGENT_HALVES_H

#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>

enum agent_half {
	AGENT_BOTH,
	AGENT_INSTALL,
	AGENT_NETWORK,
};

/* Called once the agent, or this half of it, is ready. */
typedef void agent_ready_fn(void *ctx);

/* What is told on the way: it is ready; why it lost its other half. */
struct agent_listener {
	agent_ready_fn *ready;
	void (*lost)(void *ctx, const struct err *why);
	void (*note)(void *ctx, const char *text); /* for its log */
	void *ctx;
};

struct agent_start {
	const struct agent_config *config;
	enum agent_half half;
	const char *socket; /* where halves meet that were started apart */
	struct agent_listener listener;
};

/* Until a stop is asked for, which is success. */
MUST_CHECK bool agent_run(const struct agent_start *start, struct err *e);

#endif
