/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may call this agent and give it orders, as the files of its host say
 * now: 'allow' of its configuration or its 'allow_file', and 'client_ca'.
 *
 * A look at the three files is cheap, and taken before each order and each
 * handshake; they are read again when one of them is another than before.
 * When one cannot be read, is not to be believed or makes no sense, nobody
 * may do anything until it is mended.  Of the configuration nothing but
 * these keys is taken: the rest holds from the start of the agent on.
 */
#ifndef AGENT_CLIENT_GRANTS_H
#define AGENT_CLIENT_GRANTS_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>
#include <stdint.h>

struct client_grants;

/* `config` is borrowed; one without a path keeps its own list. */
MUST_CHECK bool client_grants_open(const struct agent_config *config, struct client_grants **out,
				   struct err *e);
void client_grants_free(struct client_grants *g);
AUTO_TYPE(client_grants, struct client_grants *, client_grants_free)

/* Another revision than before.  ERR_NONE in *why: all is well. */
bool client_grants_refresh(struct client_grants *g, struct err *why);

/* Rises with each change, from 1. */
uint64_t client_grants_revision(const struct client_grants *g);
/* What holds now, at the same address for good: its callers, and PEM. */
const struct agent_config *client_grants_config(const struct client_grants *g);
const struct buf *client_grants_authority(const struct client_grants *g);

#endif
