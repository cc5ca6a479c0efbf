/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row: what a way to reach components can do.  Each verb answers one
 * job; false leaves why in `e`.
 *
 * A verb is a plain call, when all happens on this machine, or a
 * conversation: a function that is called once to begin and once after every
 * reply, and says what is next.  Conversations of all jobs go on at the same
 * time, so a turn must not wait for anything.
 */
#ifndef DRIVERS_DRIVER_TABLE_H
#define DRIVERS_DRIVER_TABLE_H

#include "drivers/driver.h"
#include "remote/exchange.h"

typedef bool driver_fn(struct job *j, struct err *e);

enum turn {
	TURN_ASK, /* `ask` is filled */
	TURN_DONE,
	TURN_FAILED /* `e` says why */
};

/* One job in conversation. */
struct visit {
	struct drivers *drivers;
	struct job *job;
	const struct exchange *reply; /* NULL: nothing was asked yet */
	const struct driver *driver;  /* whose turns these are */
	unsigned origin;              /* which of its origins, from 0 */
	unsigned stage;               /* the driver's own, 0 at first */
	void *memory;                 /* the driver's own, in `arena` */
	struct arena *arena;          /* until the conversation has ended */
};

/*
 * `ask` is empty; its origin and goes_back are filled afterwards, and reads
 * when the verb only reads.  Of others the driver says which of its asks do.
 */
typedef enum turn driver_turn_fn(struct visit *v, struct exchange *ask, struct err *e);

struct driver {
	driver_fn *verbs[DRIVER_VERB_COUNT];
	/* Probes together that have one arena; NULL: one after the other. */
	void (*probe_all)(struct job *const *jobs, size_t count);
	driver_turn_fn *turns[DRIVER_VERB_COUNT]; /* instead of a call */
	const char *(*origin)(const struct component *c);
	/*
	 * Where the conversation begins again when there was no reply, by
	 * number from 1; NULL: nowhere.  Only for drivers whose turns may be
	 * repeated from any point, wherever they were cut off.
	 */
	const char *(*next_origin)(const struct component *c, unsigned number);
	/* Work that takes time, done before any conversation has begun. */
	bool (*prepare)(struct visit *v, struct err *e);
	/* The conversation has ended: wipes what `memory` holds. */
	void (*forget)(struct visit *v);
	bool takes_pair; /* to commit and to revert, not only to stage */
	bool takes_orders;
	bool runs_commands; /* of an activation, where the process is */
};

/* The ask of a conversation over lines; what is in `text` is no secret. */
void ask_lines(struct exchange *ask, const char *text);
/* A secret of this component's delivery. */
MUST_CHECK bool visit_secret(const struct visit *v, const struct secret_ref *ref,
			     const struct secret **out, struct err *e);
/* Every secret that was handed to a conversation so far. */
const struct secret *const *visit_secrets(const struct visit *v, size_t *count);
/* Who we are for these keys of the delivery; NULL in `out`: nobody. */
struct http_access;
MUST_CHECK bool visit_identity(const struct visit *v, const struct http_access *a,
			       const struct identity **out, struct err *e);
/* Who we are towards components. */
const struct fleet_access *visit_access(const struct visit *v);
/* Who we are towards agents. */
struct order_signer;
MUST_CHECK bool visit_orderer(const struct visit *v, const struct order_signer **out,
			      struct err *e);
/* The key that this component's agent has, as far as it is known; NULL. */
const char *visit_peer(const struct visit *v);
void visit_learn_peer(const struct visit *v, const char *spki);
/* Why there was no reply, in `e`; always TURN_FAILED. */
enum turn no_reply(const struct visit *v, struct err *e);

/* The rows, each in the file of its name. */
extern const struct driver agent_driver;
extern const struct driver caddy_driver;
extern const struct driver call_driver; /* activate alone */
extern const struct driver etcd_driver;
extern const struct driver haproxy_driver;
extern const struct driver http_driver;
extern const struct driver sftp_driver;

#endif
