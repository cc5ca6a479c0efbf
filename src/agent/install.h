/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of an agent that installs: it holds the agent's key, reads and
 * writes the pairs of this host and makes processes take them into use.  It
 * has no socket to the network, and believes nothing that the other half
 * says: what changes something is an order that an operator signed.
 *
 * One thread.  What may take long (activating, asking a process for its
 * version, looking at a TLS port) runs in a forked child, one for each
 * component at a time; everything else is answered at once.
 */
#ifndef AGENT_INSTALL_H
#define AGENT_INSTALL_H

#include "base/err.h"
#include "model/agent.h"

#include <stdbool.h>

struct channels {
	int requests;
	int handshakes;
};

struct install_half;

/* Reads key, certificates and authority; `config` is borrowed. */
MUST_CHECK bool install_half_open(const struct agent_config *config,
				  struct install_half **out, struct err *e);
void install_half_close(struct install_half *h);
AUTO_TYPE(install_half, struct install_half *, install_half_close)

/*
 * Serves the other half until it ends (ERR_MISSING) or a stop is asked for,
 * which is success.
 */
MUST_CHECK bool install_half_run(struct install_half *h,
				 const struct channels *c, struct err *e);

#endif
