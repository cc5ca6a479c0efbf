/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is really in use: desired, installed and served of every component,
 * and the certificates behind them.  One set of rows, made once, rendered as
 * table and as JSON (schemas/status.schema.json).
 *
 * Desired is the newest generation that was issued: an older one never comes
 * back by itself; for an import what its file holds, else what was imported
 * last.
 */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/fleet.h"
#include "model/snapshot.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum component_state {
	COMPONENT_ABSENT,          /* nothing is installed */
	COMPONENT_OUTDATED,        /* another pair is installed, or a damaged one */
	COMPONENT_STAGED,          /* the desired pair lies beside the installed one */
	COMPONENT_RESTART_PENDING, /* installed, but not in use yet */
	COMPONENT_IN_SYNC,         /* proven to be in use */
	COMPONENT_INVALID,         /* in use, but no client accepts it */
	COMPONENT_FAILED,          /* the last run that touched it failed */
	COMPONENT_ROLLED_BACK,     /* the desired pair was taken back here */
	COMPONENT_DEFERRED,        /* offline, and knowingly left */
	COMPONENT_UNKNOWN,
	COMPONENT_STATE_COUNT
};

extern const char *const component_state_names[COMPONENT_STATE_COUNT + 1];

struct status_component {
	const struct component *component;
	const struct component_seen *seen; /* NULL: never */
	const struct generation *desired;  /* NULL: nothing issued yet */
	enum component_state state;
	const char *refusal; /* why no client accepts the desired pair there; NULL */
};

struct status_certificate {
	const struct certificate *certificate; /* NULL for an issuer's */
	const struct issuer *issuer;
	const struct generation *generation; /* NULL: nothing issued yet */
	int64_t left;                        /* seconds until it ends; with a generation */
	int64_t renew_at;                    /* 0: certfleet does not renew it */
	bool used;                           /* by a component, or by a certificate of one */
};

/* The certificate that an agent was enrolled with last. */
struct status_agent {
	const struct enrolled *enrolled;
	int64_t left;                       /* seconds until it ends */
	const struct component *renewed_by; /* NULL: nothing renews it */
	bool replaced;                      /* a renewal has taken its place */
	bool used; /* a component is delivered to by an agent of that name */
};

struct status {
	const struct fleet *fleet;
	int64_t now;
	int64_t observed_at; /* the oldest look at a component; 0: never */
	bool offline;        /* set by the caller before it renders */
	struct status_certificate *certificates;
	size_t certificate_count;
	struct status_component *components;
	size_t component_count;
	const struct lost_bundle *lost; /* what backups cannot be relied on */
	size_t lost_count;
	struct status_agent *agents;
	size_t agent_count;
};

/* Borrows both arguments; rows are made in `a`. */
void status_make(const struct fleet *f, const struct snapshot *s, int64_t now, struct arena *a,
		 struct status *out);
/* How many components only wait for a restart that their role postpones. */
size_t status_postponed(const struct status *s);
json_t *status_to_json(const struct status *s);
void status_render_text(const struct status *s, bool color, struct buf *out);
/*
 * Whether every component is in-sync and no certificate in use ends within
 * `within` seconds, nor one in use of an agent that nothing renews; otherwise
 * says why, one line each.
 */
bool status_check(const struct status *s, int64_t within, struct buf *why);

#endif
