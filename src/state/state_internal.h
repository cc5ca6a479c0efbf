/* SPDX-License-Identifier: Apache-2.0 */
/* Open state.  Internal to state/. */
#ifndef STATE_STATE_INTERNAL_H
#define STATE_STATE_INTERNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "state/backend.h"
#include "state/seal.h"
#include "state/state.h"

#include <stdbool.h>
#include <stdint.h>

/* Record "meta": fleet and lineage, serial, seal. */

#define META_KEY "meta"

struct meta {
	unsigned format;
	const char *fleet;
	const char *lineage;
	int64_t serial;
	unsigned runs; /* number of the newest run */
	unsigned run;  /* run that wrote this serial; 0: none */
	struct history_head history;
	struct state_origin origin;
	struct seal seal;
};

/* Meta record of a new state: random lineage (UUID), serial 0, no seal. */
struct meta meta_new(const char *fleet, struct arena *a);
const char *meta_encode(const struct meta *m, struct arena *a);
/* Decodes the meta record; ERR_INPUT for a format newer than this program. */
MUST_CHECK bool meta_read(const struct stored_record *r, struct arena *a, struct meta *out,
			  struct err *e);

/* Keys of a run's records (journal.c): its own, and the prefixes of its steps and its plan. */
const char *run_key(struct arena *a, unsigned run);
const char *steps_prefix(struct arena *a, unsigned run);
const char *plan_prefix(struct arena *a, unsigned run);

/*
 * Hash of a line of the history, in `a`.  `changed` is the value of the run's own record
 * that is about to be written; NULL: as it is stored.  ERR_MISSING: no such run.
 */
MUST_CHECK bool history_hash(struct state *s, unsigned run, const char *changed, struct arena *a,
			     const char **out, struct err *e);

enum key_access {
	KEYS_LOCKED, /* state_unseal() was not called */
	KEYS_SEALED,
	KEYS_UNSEALED
};

struct state {
	struct arena arena;
	struct backend *backend;
	bool writable;
	struct meta meta;
	int64_t meta_revision;
	unsigned run; /* the run in progress; 0: none */
	enum key_access access;
	struct secret data_key;
};

/*
 * Writes `t` together with `next` as the new meta record, unless another
 * process wrote one since this state was opened (ERR_STALE).
 */
MUST_CHECK bool state_write(struct state *s, struct transaction *t, const struct meta *next,
			    struct err *e);

/* Location of the private key with this SPKI hash; ERR_INPUT while locked. */
MUST_CHECK bool state_key_place(const struct state *s, const char *spki, struct key_place *out,
				struct err *e);

#endif
