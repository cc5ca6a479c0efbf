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

struct grants;

/* `config` is borrowed; one without a path keeps its own list. */
MUST_CHECK bool grants_open(const struct agent_config *config, struct grants **out, struct err *e);
void grants_free(struct grants *g);
AUTO_TYPE(grants, struct grants *, grants_free)

/* Another revision than before.  ERR_NONE in *why: all is well. */
bool grants_refresh(struct grants *g, struct err *why);

/* Rises with each change, from 1. */
uint64_t grants_revision(const struct grants *g);
/* What holds now, at the same address for good: its callers, and PEM. */
const struct agent_config *grants_config(const struct grants *g);
const struct buf *grants_authority(const struct grants *g);

#endif
