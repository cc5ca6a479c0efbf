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

#include "agent/ipc_message.h"
#include "agent/response.h"
#include "agent/signer_cache.h"
#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "wire/route.h"

#include <stdbool.h>
#include <stdint.h>

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

/* ---- agent/dispatch.c ---- */

/*
 * One question of the network half, and its answer.  Nothing in it is
 * believed: the order inside of it is checked where it is carried out.
 */

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
