/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report: the answer of an agent about itself and its components.  As in the
 * snapshot, NULL means unknown and "" nothing there.
 */
#ifndef WIRE_REPORT_H
#define WIRE_REPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/activation.h"
#include "model/observation.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report_identity {
	const char *spki;    /* SHA-256 of the agent's key, hex */
	const char *program; /* "certfleet 1.0" */
	int64_t time;        /* the agent's clock, UTC seconds */
};

struct component_report {
	const char *name;
	enum activation activation; /* swap: the agent's own pair */
	/* `served` by the agent's own check; without online, evidence, clock and
	 * the time, which whoever asked knows */
	struct observation seen;
};

/* {"agent": ..., "component": ...}; the caller owns the reference. */
json_t *report_one(const struct report_identity *agent, const struct component_report *c);
/* {"agent": ..., "components": [...]} */
json_t *report_all(const struct report_identity *agent, const struct component_report *list,
		   size_t count);

/*
 * Reads the output of report_one().  Strings are copied into `a`, escaped where
 * they are for people; a malformed fingerprint is ERR_REMOTE.
 */
MUST_CHECK bool report_read(const char *text, size_t len, struct arena *a,
			    struct report_identity *agent, struct component_report *c,
			    struct err *e);

#endif
