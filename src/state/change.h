/* SPDX-License-Identifier: Apache-2.0 */
/* What is gathered for one commit, as the files of this folder see it. */
#ifndef STATE_CHANGE_H
#define STATE_CHANGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"
#include "state/backend.h"
#include "state/state.h"

#include <stdbool.h>
#include <stddef.h>

/* The value of a key's record, which must be wiped. */
struct change_key {
	struct change_key *next;
	struct secret value;
};

/* An owner's new name. */
struct renaming {
	enum generation_of of;
	const char *old;
	const char *new_name;
};

struct change {
	struct state *state;
	struct arena arena;
	VEC(struct record_write) writes; /* the last one for a key counts */
	VEC(const char *) forgotten;     /* SPKI hashes of generations */
	VEC(struct renaming) renamed;
	struct change_key *keys;
	bool forget;
	struct err failed; /* state_commit() fails with it */
};

/* Any record; value NULL deletes. */
void change_put(struct change *c, const char *key, const char *value);

/* One write for each key, sorted by key; what is added stands behind. */
struct writes {
	struct arena *arena;
	VEC(struct record_write) list;
	size_t sorted;
};

struct writes writes_last(const struct record_write *all, size_t count, struct arena *a);
/* Of the sorted ones; NULL: none. */
struct record_write *writes_find(const struct writes *w, const char *key);
void writes_add(struct writes *w, const char *key, const char *value);

/* Deletes the keys that no generation needs after these writes. */
MUST_CHECK bool forget_keys(const struct change *c, struct writes *w, struct err *e);
/* Components remember whose pair they got, and requests who was to sign. */
MUST_CHECK bool rename_mentions(struct change *c, struct writes *w, struct err *e);

#endif
