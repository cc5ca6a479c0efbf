/* SPDX-License-Identifier: Apache-2.0 */
/* The record "meta": whose state it is, how far it came, how it is sealed. */
#ifndef STATE_META_H
#define STATE_META_H

#include "base/arena.h"
#include "base/err.h"
#include "state/backend.h"
#include "state/seal.h"

#include <stdbool.h>
#include <stdint.h>

#define META_KEY "meta"

struct meta {
	unsigned format;
	const char *fleet;
	const char *lineage;
	int64_t serial;
	unsigned runs; /* the newest run's number */
	unsigned run;  /* which run wrote this serial; 0: none */
	struct seal seal;
};

/* A new state's: a random lineage (UUID), serial 0, no seal. */
struct meta meta_new(const char *fleet, struct arena *a);
const char *meta_encode(const struct meta *m, struct arena *a);
/* ERR_INPUT for a format that is newer than this program. */
MUST_CHECK bool meta_read(const struct stored_record *r, struct arena *a, struct meta *out,
			  struct err *e);

#endif
