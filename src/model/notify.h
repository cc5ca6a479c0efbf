/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: who is told how an apply has ended.  Plain data, as in model/fleet.h.
 *
 * The outcomes of an apply that has read its fleet file:
 *
 *	failed    something failed, was rolled back or is left out (exit status 1, 3, 4,
 *	          5, 7 or 8), or the apply could not begin: the lock is held, a
 *	          passphrase or the state cannot be had, a stop came first
 *	awaiting  not failed, and something waits for a person (9), for approvals, for a
 *	          window or for the end of a freeze
 *	changed   not failed, and a step was done, or the apply has found what a run that
 *	          did not end has left
 *
 * `awaiting` and `changed` may hold together.  An apply without any of them has nothing
 * to tell; neither has one whose command line is wrong (64), or that a person did not
 * agree to.  What fails every night is told every night.
 */
#ifndef MODEL_NOTIFY_H
#define MODEL_NOTIFY_H

#include "model/secret_ref.h"

#include <stdint.h>

enum notify_outcome {
	NOTIFY_CHANGED,
	NOTIFY_FAILED,
	NOTIFY_AWAITING,
	NOTIFY_OUTCOME_COUNT
};

enum {
	NOTIFY_ALL = (1 << NOTIFY_OUTCOME_COUNT) - 1,
	NOTIFY_LIMIT = 16, /* targets of a fleet */
};

struct http_call;

/* One target; either `argv` or `http` is set. */
struct notify {
	const char *name;        /* the command as for a shell, or "POST URL" */
	unsigned on;             /* a bit for each enum notify_outcome */
	const char *const *argv; /* ends with NULL */
	const struct http_call *http;
	struct secret_ref secret_path; /* follows the path of the URL; SECRET_NONE: nothing does */
	int64_t timeout;               /* seconds */
};

/* What is told, to every target. */
struct notice {
	const char *fleet;
	const char *run; /* "" without one */
	const char *outcome;
	const char *text;    /* some lines for people */
	const char *summary; /* a JSON object, schemas/notification.schema.json */
};

/* Each ends with NULL. */
extern const char *const notify_outcome_names[];

#endif
