/* SPDX-License-Identifier: Apache-2.0 */
/* Change: the writes of one commit.  Internal to state/. */
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

/* Value of a private key's record; wiped with the change. */
struct change_key {
	struct change_key *next;
	struct secret value;
};

/* Rename of a generation owner. */
struct renaming {
	enum generation_of of;
	const char *old;
	const char *new_name;
};

struct change {
	struct state *state;
	struct arena arena;
	VEC(struct record_write) writes; /* the last write of a key counts */
	VEC(const char *) forgotten;     /* SPKI hashes of generations */
	VEC(struct renaming) renamed;
	struct change_key *keys;
	bool forget;
	struct err failed; /* error that state_commit() returns; ERR_NONE: none */
};

/* Writes any record; value NULL deletes it. */
void change_put(struct change *c, const char *key, const char *value);

/*
 * Final writes of a commit: one per key, sorted by key; later additions follow
 * unsorted.
 */
struct writes {
	struct arena *arena;
	VEC(struct record_write) list;
	size_t sorted;
};

struct writes writes_last(const struct record_write *all, size_t count, struct arena *a);
/* Searches the sorted writes; NULL: none. */
struct record_write *writes_find(const struct writes *w, const char *key);
void writes_add(struct writes *w, const char *key, const char *value);

/* Deletes the keys that no generation needs after these writes. */
MUST_CHECK bool forget_keys(const struct change *c, struct writes *w, struct err *e);
/*
 * Applies renames to records that mention the owner: certificate names in
 * components, issuer names in requests, invites and agents.
 */
MUST_CHECK bool rename_mentions(struct change *c, struct writes *w, struct err *e);

#endif
