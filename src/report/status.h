/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status: the desired, installed and served certificate of every component,
 * and the certificates of the fleet.  One set of rows, made once, rendered as
 * table and as JSON (schemas/status.schema.json).
 *
 * Desired is the newest issued generation: an older one never comes back by
 * itself.  For an import, desired is the certificate in its file, else the last
 * one imported.
 */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/fleet.h"
#include "model/plan.h"
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
	COMPONENT_UNPROVEN,        /* installed, and there is nothing to ask */
	COMPONENT_FAILED,          /* the last run that touched it failed */
	COMPONENT_ROLLED_BACK,     /* the desired pair was taken back here */
	COMPONENT_DEFERRED,        /* offline, and knowingly left */
	COMPONENT_UNKNOWN,         /* it should answer, and does not */
	COMPONENT_AWAITING,        /* a person has to import its pair */
	COMPONENT_NOT_USED,        /* `presence: absent` */
	COMPONENT_STATE_COUNT
};

extern const char *const component_state_names[COMPONENT_STATE_COUNT + 1];

/* What a change of a component waits for, as planned: the next apply leaves it. */
enum status_wait {
	WAIT_NONE,
	WAIT_WINDOW, /* of its role, or the end of a freeze */
	WAIT_LIMITS, /* a later apply */
	STATUS_WAIT_COUNT
};

/* A vector (base/vec.h). */
struct problem_list {
	struct precondition *items;
	size_t count;
	size_t room;
};

struct status_component {
	const struct component *component;
	const struct component_seen *seen; /* NULL: never observed */
	const struct generation *desired;  /* NULL: nothing issued yet */
	enum component_state state;
	const char *refusal; /* why no client accepts the desired pair there; NULL */
	struct problem_list problems;
	const char *deadline; /* why nothing there can wait any more; NULL: it can */
	/* the same where something waits: for a restart, a window, a later apply, or until it
	 * is back; NULL: nothing does, or it can */
	const char *late;
	bool planned; /* it has a step in a plan, or should have one */
	enum status_wait waits;
	int64_t waits_until;      /* WAIT_WINDOW: when it opens */
	const char *waits_reason; /* in words; NULL: nothing waits */
};

struct status_certificate {
	const struct certificate *certificate; /* NULL for an issuer's */
	const struct issuer *issuer;
	const struct generation *generation; /* NULL: nothing issued yet */
	int64_t left;                        /* seconds until expiry, when there is a generation */
	int64_t renew_at;                    /* 0: not renewed by certfleet */
	int64_t held_until;                  /* of a former generation in use; 0: it is none */
	bool used;                           /* by a component, or by the certificate of one */
	struct problem_list problems;
};

/* The latest certificate an agent was enrolled with. */
struct status_agent {
	const struct enrolled *enrolled;
	int64_t left;                       /* seconds until expiry */
	const struct component *renewed_by; /* NULL: not renewed */
	bool replaced;                      /* a renewed certificate has replaced it */
	bool used;                          /* a component is delivered by an agent of that name */
};

/* What the journal says of applies that had something to do. */
struct status_runs {
	int64_t ended;     /* the last one; 0: none has ended */
	int exit_status;   /* of that one */
	int64_t succeeded; /* the last one that ended with 0; 0: none */
};

struct status {
	const struct fleet *fleet;
	int64_t now;
	int64_t observed_at; /* the oldest observation of a component; 0: none */
	bool offline;        /* set by the caller before rendering */
	struct status_certificate *certificates;
	size_t certificate_count;
	struct status_component *components;
	size_t component_count;       /* those that are not used come last */
	struct problem_list problems; /* all; equal but for their subject: one after the other */
	struct status_agent *agents;
	size_t agent_count;
	struct status_runs runs; /* set by the caller before status_render_prometheus() */
};

/* Borrows both arguments; the rows live in `a`. */
void status_make(const struct fleet *f, const struct snapshot *s, int64_t now, struct arena *a,
		 struct status *out);
/*
 * Adds what a plan does, and what it cannot do or waits with: preconditions that
 * block, that are not acknowledged, and those of its infos that mean trouble.
 * Borrows the plan.
 */
void status_add_plan(struct status *s, const struct plan *p, struct arena *a);
/* Number of components that wait only for a restart that their role postpones. */
size_t status_postponed(const struct status *s);
json_t *status_to_json(const struct status *s);
void status_render_text(const struct status *s, bool color, struct buf *out);
void status_render_prometheus(const struct status *s, struct buf *out);
/* One page with its own style and script, for any browser. */
void status_render_html(const struct status *s, struct buf *out);

struct check {
	int64_t within; /* seconds */
	bool strict;    /* only what is in-sync or not used is good */
};
/*
 * True when every component is in-sync, unproven, or waits as planned, and no
 * certificate in use expires `within` that time, nor the certificate of an agent
 * in use that is not renewed.  Otherwise `why` gets one line per reason.
 */
bool status_check(const struct status *s, const struct check *c, struct buf *why);

#endif
