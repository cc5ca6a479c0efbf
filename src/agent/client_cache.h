/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may call, as the network half has it: a copy of what the installing
 * half reads from its files (agent/client_grants.h), fetched anew when that says
 * that it changed.
 */
#ifndef AGENT_CLIENT_CACHE_H
#define AGENT_CLIENT_CACHE_H

#include "agent/key_proxy.h"
#include "base/arena.h"
#include "model/agent_config.h"
#include "pki/client_auth.h"

#include <stdbool.h>
#include <stdint.h>

struct client_auth {
	struct remote_key *key; /* the way to the installing half */
	struct arena arena;
	struct agent_config list;
	struct callers *callers; /* NULL: nobody */
	uint64_t revision;       /* 0: never asked */
};

void client_auth_release(struct client_auth *c);

/* False: it could not be asked; what was fetched last is still there. */
bool client_auth_refresh(struct client_auth *c);

#endif
