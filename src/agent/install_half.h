/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of an agent that installs: it holds the agent's key, reads and
 * writes the pairs of this host and makes processes take them into use.  It
 * has no socket to the network, and believes nothing that the other half
 * says: what changes something is an order that an operator signed.
 *
 * One thread, which never waits for anybody: handshakes are signed right
 * away, and every request is answered by a forked child (agent/worker.h), one
 * at a time for the orders of a component.  A disk that hangs holds up the
 * request that needs it, which is told so after a while, and nothing else.
 */
#ifndef AGENT_INSTALL_HALF_H
#define AGENT_INSTALL_HALF_H

#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>

/* Two descriptors of each half, to the same two of the other. */
struct channels {
	int requests;
	int handshakes;
};

struct install_half;

/* Reads key, certificates and who may call; `config` is borrowed. */
MUST_CHECK bool install_half_open(const struct agent_config *config, struct install_half **out,
				  struct err *e);

/* Lines for the log of the agent. */
typedef void agent_note_fn(void *ctx, const char *text);
void install_half_note(struct install_half *h, agent_note_fn *note, void *ctx);

void install_half_close(struct install_half *h);
AUTO_TYPE(install_half, struct install_half *, install_half_close)

/*
 * Serves a network half, whose channels it takes, until that ends
 * (ERR_MISSING) or talks nonsense (ERR_REMOTE), or a stop is asked for,
 * which is success.  Another may be served afterwards.
 */
MUST_CHECK bool install_half_run(struct install_half *h, const struct channels *c, struct err *e);

#endif
