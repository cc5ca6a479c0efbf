/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an apply has to tell: its outcomes (model/notify.h), a summary as JSON, described by
 * schemas/notification.schema.json, and some lines for people.
 *
 * Both are bounded: NOTIFICATION_PROBLEMS of what failed, is left out or waits, and the
 * number of the rest; each text is cut.  Text from outside is escaped in both.
 */
#ifndef REPORT_NOTIFICATION_H
#define REPORT_NOTIFICATION_H

#include "base/arena.h"
#include "engine/engine.h"
#include "model/fleet.h"
#include "model/notify.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NOTIFICATION_PROBLEMS = 20
};

/* A step of a run that failed. */
struct failed_step {
	enum step_kind kind;
	const char *component;   /* NULL: a step without a component */
	const char *certificate; /* NULL: a step without one */
	const char *address;     /* of the component; NULL */
	const char *error;
};

struct notification {
	const struct fleet *fleet;
	const char *lineage; /* NULL: no state */
	const char *who;
	int64_t started;
	int64_t ended;
	int exit_status;
	const char *error;                 /* why the apply could not be done; NULL */
	const struct plan *plan;           /* NULL: none was made */
	const struct apply_result *result; /* NULL: no run took place */
	const struct failed_step *failed;
	size_t failed_count;
	size_t changed;     /* components of which a step was done that changed them */
	size_t issued;      /* certificates that were issued or imported */
	const char *reason; /* why it needed no approvals; NULL */
	const struct run_record *interrupted; /* a run before that did not end; NULL */
	const char *next;                     /* command that goes on; NULL: nothing is left */
	bool stopped;                         /* by a signal */
	bool test;                            /* nothing has happened */
};

/* A bit for each enum notify_outcome that holds. */
unsigned notification_outcomes(const struct notification *n);
/* Strings in `a`; of several outcomes, it says the gravest. */
struct notice notification_notice(const struct notification *n, unsigned outcomes, struct arena *a);

#endif
