/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver interface: one struct driver per way to reach components, with a
 * function per verb that runs one job; false: failed, reason in `e`.
 *
 * A verb is either a plain call, when all work is on this host, or a
 * conversation: a function called once to begin and again after every response,
 * which returns the next step.  The conversations of all jobs run concurrently,
 * so a turn must not block.
 */
#ifndef DRIVERS_DRIVER_TABLE_H
#define DRIVERS_DRIVER_TABLE_H

#include "drivers/driver.h"
#include "remote/exchange.h"

typedef bool driver_fn(struct job *j, struct err *e);

enum turn {
	TURN_ASK, /* send the request in `ask` */
	TURN_DONE,
	TURN_FAILED /* reason in `e` */
};

/* The conversation of one job. */
struct visit {
	struct drivers *drivers;
	struct job *job;
	const struct exchange *reply; /* NULL: no request sent yet */
	const struct driver *driver;
	unsigned origin;     /* index of the driver's origin, see next_origin */
	unsigned stage;      /* driver's state, initially 0 */
	void *memory;        /* driver's data, in `arena` */
	struct arena *arena; /* freed after the conversation */
};

/*
 * Takes the reply and fills `ask`, which is empty.  The caller sets origin and
 * goes_back afterwards, and `reads` when the verb only reads; for other verbs
 * the driver sets `reads` in its read-only requests.
 */
typedef enum turn driver_turn_fn(struct visit *v, struct exchange *ask, struct err *e);

struct driver {
	driver_fn *verbs[DRIVER_VERB_COUNT];
	/* Probes many jobs, which share one arena, at once; NULL: one by one. */
	void (*probe_all)(struct job *const *jobs, size_t count);
	driver_turn_fn *turns[DRIVER_VERB_COUNT]; /* instead of `verbs` */
	const char *(*origin)(const struct component *c);
	/*
	 * The origin (from 1) at which to restart the conversation when the
	 * previous one did not answer; NULL: none.  Only for drivers whose
	 * conversation may be repeated from the start, wherever it was cut off.
	 */
	const char *(*next_origin)(const struct component *c, unsigned number);
	/* Slow work, done before any conversation begins. */
	bool (*prepare)(struct visit *v, struct err *e);
	/* Wipes the contents of `memory` after the conversation. */
	void (*forget)(struct visit *v);
	bool takes_pair; /* commit and revert need the pair, not only stage */
	bool takes_orders;
	bool runs_commands; /* runs activation commands on the component's host */
};

/* Fills `ask` with a request as lines; `text` is not a secret. */
void ask_lines(struct exchange *ask, const char *text);
/* A secret of this component's delivery. */
MUST_CHECK bool visit_secret(const struct visit *v, const struct secret_ref *ref,
			     const struct secret **out, struct err *e);
/* All secrets handed out by visit_secret() so far, for redaction. */
const struct secret *const *visit_secrets(const struct visit *v, size_t *count);
/* The TLS identity for these access keys of the delivery; *out NULL: none. */
struct http_access;
MUST_CHECK bool visit_identity(const struct visit *v, const struct http_access *a,
			       const struct identity **out, struct err *e);
/* The fleet's `access` section. */
const struct fleet_access *visit_access(const struct visit *v);
/* The identity towards agents, opened at first use. */
struct order_signer;
MUST_CHECK bool visit_orderer(const struct visit *v, const struct order_signer **out,
			      struct err *e);
/* The last known key of this component's agent (SHA-256 of its SPKI); NULL: unknown. */
const char *visit_peer(const struct visit *v);
void visit_learn_peer(const struct visit *v, const char *spki);
/* Copies the error of the failed exchange to `e`; returns TURN_FAILED. */
enum turn no_reply(const struct visit *v, struct err *e);

/* The drivers, each in the file of its name. */
extern const struct driver agent_driver;
extern const struct driver caddy_driver;
extern const struct driver call_driver; /* activate only, in activate_http.c */
extern const struct driver etcd_driver;
extern const struct driver haproxy_driver;
extern const struct driver http_driver;
extern const struct driver sftp_driver;

#endif
