/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: runs on the host of components, takes signed orders over mutual
 * TLS, and puts pairs where its own configuration says.
 *
 * It is two processes.  This one installs (agent/install.h) and keeps the
 * agent's key; a child of it, without privileges, files or keys, talks to
 * the network (agent/network.h).  When one ends, so does the other.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/err.h"
#include "model/agent.h"

#include <stdbool.h>

/* Called once the agent listens. */
typedef void agent_ready_fn(void *ctx);

struct agent_start {
	const struct agent_config *config;
	agent_ready_fn *ready;
	void *ctx;
};

/* Until a stop is asked for, which is success. */
MUST_CHECK bool agent_run(const struct agent_start *start, struct err *e);

#endif
