/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rebuilding a lost state from a copy: a bundle, or an exported file.
 *
 * What a copy carries beside the generations and their keys: what is known of the
 * components (with the numbers of their orders and what they rejected), of the agents,
 * of the rules of approval, and of accepted authorities.  Observations are made afresh, invites
 *have expired, and the journal stays with the state that was lost.
 *
 * The new state is made in the directory PATH.restoring and renamed to PATH at the end:
 * killed anywhere, there is no state at PATH, or the whole one.  The next rebuilding
 * clears what a killed one left.  A former state is kept beside it.
 *
 *	rebuild_open    locks and reads the state that is there, writes nothing
 *	rebuild_state   the new state: unseal it, and commit one change
 *	rebuild_finish  puts it in its place
 */
#ifndef STATE_STATE_COPY_H
#define STATE_STATE_COPY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "model/certs.h"
#include "state/backend.h"
#include "state/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;
struct change;
struct generation;
struct seal_secret;

/* The carried records, sorted by key: public JSON objects. */
MUST_CHECK bool state_carried(struct state *s, struct arena *a, struct stored_record **out,
			      size_t *count, struct err *e);

/* ---- rebuilding ---- */

struct rebuild;

/* What a copy says of itself. */
struct copy_head {
	const char *fleet;
	const char *lineage;
	int64_t serial;
	struct history_head history; /* whose lines stay with the lost state */
	struct state_origin origin;  /* as the new state is to remember it; its run is not read */
};

enum {
	NO_SERIAL = -1
};

/*
 * `holder` is the text of the locks.  `found` is the serial of the state of this
 * lineage that is at `path`; NO_SERIAL: none.  Another lineage's state is ERR_IO, and so
 * is one that cannot be read; ERR_BUSY when one is in use.
 */
MUST_CHECK bool rebuild_open(const char *path, const struct copy_head *head, const char *holder,
			     struct rebuild **out, int64_t *found, struct err *e);
/* The new state, empty, of a serial that is not below the copy's and the former one's. */
MUST_CHECK bool rebuild_state(struct rebuild *r, struct state **out, struct err *e);
/* Closes the new state; `former`, in `a`, is where the former one is kept now; NULL: none. */
MUST_CHECK bool rebuild_finish(struct rebuild *r, struct arena *a, const char **former,
			       struct err *e);
/* The state that a rebuilding would make where there is none, in memory alone. */
MUST_CHECK bool rebuild_in_memory(const struct copy_head *head, struct state **out, struct err *e);
/* Removes a new state that is not finished. */
void rebuild_close(struct rebuild *r);
AUTO_TYPE(rebuild, struct rebuild *, rebuild_close)

/*
 * A generation out of its public record in a copy, which must be of this owner, number,
 * leaf and key.  ERR_INPUT.
 */
MUST_CHECK bool copied_generation(const char *record, const struct generation *due, struct arena *a,
				  struct generation *out, struct err *e);
/*
 * Adds a generation from its public record in the copy, which must be of this owner,
 * number and leaf.  ERR_INPUT.
 */
MUST_CHECK bool change_copied_generation(struct change *c, const char *record,
					 const struct generation *due, const struct cert_set *set,
					 struct err *e);
/* Adds a component that a copy may not know; a carried record of it replaces this. */
void change_uncopied(struct change *c, const char *component);
/* Adds a carried record; what a copy cannot know of a component is marked.  ERR_INPUT. */
MUST_CHECK bool change_copied(struct change *c, const struct stored_record *r, struct err *e);

/* ---- exported file (state_export.c) ---- */

/*
 * Appends a state as one JSON document, whose keys are sealed and whose whole is
 * authenticated by the data key; the state is sealed and open.
 */
MUST_CHECK bool state_export(struct state *s, struct buf *out, struct err *e);

struct exported;

/* Opens and authenticates such a document; strings of `head` are its own.  ERR_INPUT. */
MUST_CHECK bool exported_open(struct bytes text, const struct seal_secret *secret,
			      struct exported **out, struct copy_head *head, struct err *e);
void exported_close(struct exported *x);
AUTO_TYPE(exported, struct exported *, exported_close)
/* Adds all that it holds; its keys get the seal of the change's state.  ERR_INPUT. */
MUST_CHECK bool change_exported(struct change *c, const struct exported *x, struct err *e);

#endif
