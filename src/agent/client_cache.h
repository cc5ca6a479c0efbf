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

struct client_cache {
	struct key_proxy *key; /* the way to the installing half */
	struct arena arena;
	struct agent_config list;
	struct client_auth *callers; /* NULL: nobody */
	uint64_t revision;           /* 0: never asked */
};

void client_cache_release(struct client_cache *c);

/* False: it could not be asked; what was fetched last is still there. */
bool client_cache_refresh(struct client_cache *c);

#endif
