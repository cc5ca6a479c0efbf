/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver interface: one struct driver per way to reach components, with a
 * function per verb that runs one job; false: failed, reason in `e`.
 *
 * A verb is either a call, when all work is on this host, or a session:
 * straight-line code on a fiber, which sends its requests and waits for their
 * responses, beside the sessions of all other jobs.  A session must not block
 * otherwise.
 */
#ifndef DRIVERS_DRIVER_TABLE_H
#define DRIVERS_DRIVER_TABLE_H

#include "drivers/driver.h"
#include "remote/exchange.h"

typedef bool driver_fn(struct job *j, struct err *e);

struct conversation;

/* The session of one job. */
struct driver_session {
	struct drivers *drivers;
	struct job *job;
	const struct driver *driver;
	struct conversation *conversation;
	const char *origin;  /* where requests go */
	void *memory;        /* driver's data */
	struct arena *arena; /* freed after the session */
};

/* Ends with the job. */
typedef bool driver_session_fn(struct driver_session *v, struct err *e);

struct install_order;
struct member;
struct supervised;

struct driver {
	/* a verb is one of these three */
	driver_session_fn *sessions[DRIVER_VERB_COUNT];
	driver_fn *calls[DRIVER_VERB_COUNT];
	unsigned files_verbs; /* 1 << verb: as of the driver `files`, for many jobs together */
	const char *(*origin)(const struct component *c); /* NULL: of the AppMon Server */
	/* Activates jobs together, in one conversation; sets `done` or `error` of each. */
	void (*activate_all)(struct driver_session *v, struct job *const *jobs, size_t count);
	/* The command that activates on this host, under a supervisor; false: it is none. */
	bool (*supervised)(const struct job *j, struct supervised *out);
	/* Slow work, done before any session begins, kept in `memory`. */
	bool (*prepare)(struct driver_session *v, struct err *e);
	/* Wipes what prepare() has made, after the session. */
	void (*forget)(struct driver_session *v);
	/* What the delivery record keeps: its member of struct deliver, and an end. */
	const struct member *kept;
	void (*kept_read)(struct deliver *d); /* completes what was read; NULL: nothing */
	bool takes_pair;                      /* commit and revert need the pair, not only stage */
	bool takes_orders;
	bool runs_commands; /* runs activation commands on the component's host */
};

/*
 * Sends the request in `x` to the session's origin and waits; then `x` holds the
 * response.  False: there is none, reason in `e`.  Of a verb that changes
 * something the driver sets `reads` in requests that only read.
 */
MUST_CHECK bool driver_request(struct driver_session *v, struct exchange *x, struct err *e);
/* One more conversation, beside that of the session; `ctx` outlives it. */
void driver_converse(struct driver_session *v, void (*run)(void *ctx, struct conversation *c),
		     void *ctx);
/* Something may be changed from now on. */
void driver_began(struct job *j);
/* Fills `ask` with a request as lines; `text` is not a secret. */
void request_lines(struct exchange *ask, const char *text);
/* What a job asks of install/. */
struct install_order job_install_order(const struct job *j);
/* A secret of this component's delivery. */
MUST_CHECK bool driver_secret(const struct driver_session *v, const struct secret_ref *ref,
			      const struct secret **out, struct err *e);
/* All secrets handed out by driver_secret() so far, for redaction. */
const struct secret *const *driver_secrets(const struct driver_session *v, size_t *count);
/* The TLS identity for these access keys of the delivery; *out NULL: none. */
struct http_access;
MUST_CHECK bool driver_identity(const struct driver_session *v, const struct http_access *a,
				const struct identity **out, struct err *e);
/* The fleet's `access` section. */
const struct fleet_access *driver_access(const struct driver_session *v);
/* The identity towards agents, opened at first use. */
struct order_signer;
MUST_CHECK bool driver_order_signer(const struct driver_session *v, const struct order_signer **out,
				    struct err *e);
/* The last known key of this component's agent (SHA-256 of its SPKI); NULL: unknown. */
const char *driver_peer(const struct driver_session *v);
void driver_learn_peer(const struct driver_session *v, const char *spki);

/* The drivers, each in the file of its name; by enum driver_kind. */
extern const struct driver *const driver_rows[DRIVER_KIND_COUNT];
extern const struct driver agent_driver;
extern const struct driver appmon_driver;    /* the AppMon Server: probe, activate */
extern const struct driver collector_driver; /* activate only */
extern const struct driver caddy_driver;
extern const struct driver call_driver; /* activate only, in activate_http.c */
extern const struct driver command_driver;
extern const struct driver etcd_driver;
extern const struct driver handoff_driver;
extern const struct driver haproxy_driver;
extern const struct driver http_driver;
extern const struct driver notify_command_driver; /* notify only, in notify.c */
extern const struct driver notify_http_driver;
extern const struct driver sftp_driver;

#endif
