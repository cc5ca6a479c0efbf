/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's key as the network half has it: a channel to its holder, who
 * answers at once.  When it does not, the other half has ended or hangs, and
 * nothing can be done without it any more.
 */
#ifndef AGENT_REMOTE_KEY_H
#define AGENT_REMOTE_KEY_H

#include "agent/channel.h"
#include "pki/tls_server.h"

#include <stdbool.h>
#include <stdint.h>

struct remote_key {
	struct channel channel;
	uint32_t asked;
	bool broken;
};

/* It must outlive the holder. */
struct tls_key_holder remote_key_holder(struct remote_key *k);

#endif
