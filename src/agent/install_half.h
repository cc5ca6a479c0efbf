/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The installing half of an agent: holds the agent's key, reads and writes the
 * pairs of this host and makes processes load them.  This half has no socket to
 * the network, and trusts nothing that the network half says: only an order
 * signed by an operator changes anything.
 *
 * One thread, which never blocks: handshakes are signed at once, and every
 * request is executed by a forked child (agent/worker.h), one at a time for the
 * orders of a component.  A hanging disk delays only the requests that need it,
 * and their clients are told so after a while.
 */
#ifndef AGENT_INSTALL_HALF_H
#define AGENT_INSTALL_HALF_H

#include "agent/ipc.h"
#include "agent/order_verify.h"
#include "agent/worker.h"
#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "wire/problem.h"
#include "wire/report.h"
#include "wire/request.h"
#include "wire/route.h"

#include <stdbool.h>
#include <stdint.h>

struct install_half;

/* Reads key, certificates and grants; `config` is borrowed. */
MUST_CHECK bool install_half_open(const struct agent_config *config, struct install_half **out,
				  struct err *e);

/* A line for the log of the agent. */
typedef void agent_note_fn(void *ctx, const char *text);
void install_half_note(struct install_half *h, agent_note_fn *note, void *ctx);

void install_half_close(struct install_half *h);
AUTO_TYPE(install_half, struct install_half *, install_half_close)

/*
 * Serves a network half, whose channels it takes, until that half exits
 * (ERR_MISSING) or sends a malformed message (ERR_REMOTE), or a stop is
 * requested, which is success.  Another network half may be served afterwards.
 */
MUST_CHECK bool install_half_run(struct install_half *h, const struct channels *c, struct err *e);

/* ---- requests of the network half ---- */

/*
 * A request of the network half.  Nothing in it is trusted: the order inside is
 * verified where it is executed.
 */
struct half_request {
	/* set before half_request_read() */
	const struct agent_config *config;
	const struct signer_cache *signers;
	const char *spki;           /* digest of the agent's own key */
	const struct secret *facts; /* of the pair staged last, for each component; or NULL */
	/* the request */
	uint32_t number;
	enum route route;
	const char *name;
	const struct agent_component *component; /* NULL: no component has the name */
	struct secret body;
	struct arena arena;
};

void half_request_release(struct half_request *q);
AUTO_STRUCT(half_request, struct half_request, half_request_release)

/* ERR_REMOTE: the request is malformed. */
MUST_CHECK bool half_request_read(struct message *m, struct half_request *q, struct err *e);
/* Seconds after which the client is told to ask again; the component may be NULL. */
int half_request_seconds(enum route route, const struct agent_component *component);
/*
 * Executes the request, however long that takes: a disk or a program may hang.
 * `ctx` is the request.
 */
void half_request_serve(void *ctx, struct response *out);

/* ---- inspection and orders ---- */

/*
 * Execution in the installing half: inspects a component, or executes a
 * verified order.  Every operation can be repeated, with the same result.
 */

/* Inspects without running a program or connecting to a port; strings in `a`. */
void component_inspect(const struct agent_config *c, const struct agent_component *component,
		       struct arena *a, struct component_report *out);
/* Adds the version of the running process, and what its ports serve. */
void component_inspect_running(const struct agent_component *component, struct arena *a,
			       struct component_report *out);

struct order_execution {
	const struct agent_config *config;
	const struct agent_component *component;
	const struct verified_order *checked;
	const struct order_request *request;
};

/*
 * False: *problem says why; texts in `a`.  Activation of the agent's own pair
 * only tests it: the process that holds the key must read the pair again.
 */
bool order_execute(const struct order_execution *d, struct arena *a, struct problem *problem);

#endif
