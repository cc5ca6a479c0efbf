/* SPDX-License-Identifier: Apache-2.0 */
/* An open state, as the files of this folder see it. */
#ifndef STATE_STATE_INTERNAL_H
#define STATE_STATE_INTERNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "state/backend.h"
#include "state/meta.h"
#include "state/state.h"

#include <stdbool.h>
#include <stdint.h>

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
	unsigned run; /* the run that is under way here; 0: none */
	enum key_access access;
	struct secret data_key;
};

/*
 * Writes `t` together with `next` as the new meta record, if nobody wrote
 * one since this state was opened (ERR_STALE).  Sets t->compares.
 */
MUST_CHECK bool state_write(struct state *s, struct transaction *t, const struct meta *next,
			    struct err *e);

/* Where the key with this SPKI hash is kept; ERR_INPUT while locked. */
MUST_CHECK bool state_key_place(const struct state *s, const char *spki, struct key_place *out,
				struct err *e);

#endif
