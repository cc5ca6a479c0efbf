/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allowed clients, as the network half has them: a copy of the grants that
 * the installing half reads from its files (agent/allow_files.h), fetched
 * again when their revision changes.
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
	struct key_proxy *key; /* channel to the installing half */
	struct arena arena;
	struct agent_config list;
	struct client_auth *clients; /* NULL: no client is allowed */
	uint64_t revision;           /* 0: never fetched */
};

void client_cache_release(struct client_cache *c);

/* False: no answer; the last copy stays valid. */
bool client_cache_refresh(struct client_cache *c);

#endif
