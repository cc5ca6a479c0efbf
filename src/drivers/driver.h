/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How components are reached: one row of verbs per way, one file per row.
 *
 * The engine hands over a set of jobs of one verb and gets all of them back
 * answered; what runs at the same time, and how many at once, is decided
 * here.  A job that fails says so in its own `error` and harms no other.
 */
#ifndef DRIVERS_DRIVER_H
#define DRIVERS_DRIVER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/fleet.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>

enum driver_verb {
	DRIVER_PROBE,
	DRIVER_STAGE,
	DRIVER_COMMIT,
	DRIVER_ABORT,
	DRIVER_ACTIVATE,
	DRIVER_REVERT,
	DRIVER_REMOVE,
	DRIVER_VERB_COUNT
};

/* What a probe tells; strings in the job's arena. */
struct probe_answer {
	bool online;
	const char *version;
	const char *installed;
	const char *chain;
	const char *damage;
	const char *staged;
	const char *unwritable;
	const char *error;
	const char *served; /* the driver's own proof; NULL: it has none */
};

struct job {
	enum driver_verb verb;
	const struct component *component;
	const char *fingerprint;    /* stage, commit, abort, activate, revert */
	const char *replaces;       /* commit */
	const struct cert_set *set; /* stage */
	const struct secret *key;   /* stage: PKCS#8 DER */
	const char *directory;      /* activate: where commands run */
	struct arena *arena;        /* probe: for the answer */
	/* answered */
	bool done;
	struct err error; /* when not done */
	struct probe_answer answer;
};

/* Runs every job to its end; never fails as a whole. */
void drivers_run(struct job *jobs, size_t count);

/* How a component's process takes a new pair into use. */
enum activation driver_activation(const struct component *c);
/* Whether the pair that is installed can be read back with its key. */
MUST_CHECK bool driver_read_installed(const struct component *c,
				      struct arena *a, struct cert_set *set,
				      struct secret *key, struct err *e);

#endif
