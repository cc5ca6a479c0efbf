/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: runs on the host of components, takes signed orders over mutual
 * TLS, and installs pairs where its own configuration says.
 *
 * An agent is two processes.  The installing half (agent/install_half.h) keeps
 * the agent's key; the network half (agent/network_half.h) has no privileges,
 * files or keys.  Usually the first starts the second, and when one exits so
 * does the other; they can also be started apart (agent/ipc_socket.c).
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

/* Callbacks: the agent is ready; the other half was lost, and why; log lines. */
struct agent_listener {
	agent_ready_fn *ready;
	void (*lost)(void *ctx, const struct err *why);
	void (*note)(void *ctx, const char *text); /* a line for the log */
	void *ctx;
};

struct agent_start {
	const struct agent_config *config;
	enum agent_half half;
	const char *socket; /* unix socket between halves started apart */
	struct agent_listener listener;
};

/* The listening socket of an agent, nonblocking. */
MUST_CHECK bool agent_listen(const struct agent_config *c, int *out, struct err *e);

/* Runs until a stop is requested, which is success. */
MUST_CHECK bool agent_run(const struct agent_start *start, struct err *e);

#endif
