/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question of the network half, and its answer.  Nothing in it is
 * believed: the order inside of it is checked where it is carried out.
 */
#ifndef AGENT_DISPATCH_H
#define AGENT_DISPATCH_H

#include "agent/ipc_message.h"
#include "agent/response.h"
#include "agent/signer_cache.h"
#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "wire/route.h"

#include <stdbool.h>
#include <stdint.h>

struct ipc_request {
	/* set by who reads one */
	const struct agent_config *config;
	const struct signer_cache *signers;
	const char *spki; /* the agent's own */
	/* what is asked */
	uint32_t number;
	enum route route;
	const char *name;
	const struct agent_component *component; /* NULL: none has the name */
	struct secret body;
	struct arena arena;
};

void ipc_request_release(struct ipc_request *q);
AUTO_STRUCT(ipc_request, struct ipc_request, ipc_request_release)

/* ERR_REMOTE: the other half asks what makes no sense. */
MUST_CHECK bool ipc_request_read(struct message *m, struct ipc_request *q, struct err *e);
/* Seconds after which whoever asked is told to ask again. */
int ipc_request_seconds(const struct ipc_request *q);
/* However long it takes: a disk or a program may hang.  `ctx` is the
 * question. */
void ipc_request_serve(void *ctx, struct response *out);

#endif
