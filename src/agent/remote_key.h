/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's key as the network half has it: a channel to its holder. */
#ifndef AGENT_REMOTE_KEY_H
#define AGENT_REMOTE_KEY_H

#include "agent/install.h"
#include "pki/tls_server.h"

/* The channels are borrowed. */
struct tls_key_holder remote_key(const struct channels *c);

#endif
