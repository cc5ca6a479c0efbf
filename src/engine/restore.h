/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restore of a lost state from a verified bundle: what the bundle has, committed as
 * one change into a new state (state/state_copy.h).
 */
#ifndef ENGINE_RESTORE_H
#define ENGINE_RESTORE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct bundle;

/*
 * Writes the files of config/ into a directory that may have the same ones already;
 * `fleet_file`, in `a`, is the path of the fleet file there.  When another file of a
 * name is there, each is a note, nothing is written, and it is ERR_IO.
 */
MUST_CHECK bool restore_config(struct engine *en, const struct bundle *b, const char *directory,
			       struct arena *a, const char **fleet_file, struct err *e);

struct restore_order {
	const struct bundle *bundle; /* as backup_open() gives it */
	const char *holder;          /* text of the locks */
	bool newer_accepted;         /* a state that is not older may be replaced */
};

struct restored {
	int64_t newer;      /* serial of the state that is not older, which was left; or -1 */
	int64_t serial;     /* of the new state */
	const char *former; /* where the former state is kept now; NULL: there was none */
};

/*
 * Rebuilds the state of the engine's fleet, whose engine has none open.  ERR_INPUT for
 * a bundle of another fleet, and for one that nothing vouches for unless the fleet file
 * says `unencrypted`.  Strings of `out` are in `a`.
 */
MUST_CHECK bool restore_state(struct engine *en, const struct restore_order *o, struct arena *a,
			      struct restored *out, struct err *e);

#endif
