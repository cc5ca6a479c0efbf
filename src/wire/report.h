/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent tells of itself and of its components.  As in the snapshot,
 * NULL means unknown and "" that nothing is there.
 */
#ifndef WIRE_REPORT_H
#define WIRE_REPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/activation.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report_identity {
	const char *spki;    /* SHA-256 of its key, hex */
	const char *program; /* "certfleet 1.0" */
	int64_t time;        /* its clock, UTC seconds */
};

struct component_report {
	const char *name;
	const char *version;
	const char *installed;
	const char *chain;
	const char *damage;
	const char *attr_flaw; /* owner or mode of a file that is not as it was set */
	const char *staged;
	const char *unwritable;
	const char *doubt;      /* of the process that its pidfile names */
	const char *untrusted;  /* who else could write the pidfile */
	const char *executable; /* of that process */
	const char *error;
	const char *served;         /* by its own check */
	const char *lineage;        /* whose orders it took last; NULL: nobody's */
	int64_t sequence;           /* of the last one; 0: none */
	enum activation activation; /* hot: the agent's own pair */
};

/* {"agent": ..., "component": ...}; the caller owns the reference. */
json_t *report_one(const struct report_identity *agent, const struct component_report *c);
/* {"agent": ..., "components": [...]} */
json_t *report_all(const struct report_identity *agent, const struct component_report *list,
		   size_t count);

/*
 * Reads what report_one() made.  Strings are copied into `a`, escaped where
 * they are for people; a fingerprint that is none is ERR_REMOTE.
 */
MUST_CHECK bool report_read(const char *text, size_t len, struct arena *a,
			    struct report_identity *agent, struct component_report *c,
			    struct err *e);

#endif
