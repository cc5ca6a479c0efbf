/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open install: descriptors of its directories and its store, and access to
 * the entries at its paths.
 *
 * For reading, a directory may be unsafe or missing.  For a change, each
 * directory is checked, the store is locked against a second writer, and
 * leftovers of an interrupted change are removed.
 */
#ifndef INSTALL_TARGET_H
#define INSTALL_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "install/attr.h"
#include "install/installed_pair.h"
#include "install/layout.h"
#include "install/pair_files.h"
#include "model/fleet.h"

#include <stdbool.h>

enum access {
	ACCESS_LOOK,   /* read only, no checks */
	ACCESS_CHECK,  /* checks as for a change, but no lock and no writes */
	ACCESS_CHANGE, /* does not create a missing store */
	ACCESS_CREATE  /* creates a missing store */
};

struct target {
	const struct install *install;
	struct arena *arena;
	enum access access;
	struct layout layout;
	struct attr_account account; /* unused by ACCESS_LOOK */
	int home;                    /* parent directory of the store; -1: none */
	int store;                   /* -1: none */
};

void target_release(struct target *t);
AUTO_STRUCT(target, struct target, target_release)

MUST_CHECK bool target_open(const struct install *i, enum access access, struct arena *a,
			    struct target *out, struct err *e);

enum path_slot_state path_slot_look(const struct target *t, const struct path_slot *s);
/* The current version; NULL: none. */
const char *target_current(const struct target *t);
/* Whether a version is on, and every path leads to it. */
bool target_is_ours(const struct target *t);
/* What a process sees through the paths.  A foreign link is an error. */
MUST_CHECK bool target_see(const struct target *t, struct pair_files *out, struct err *e);
void target_judge(const struct target *t, const struct pair_files *c, struct installed_pair *out);
/* Opens a version of the store; for a change, its owner and mode are checked. */
MUST_CHECK bool target_open_version(const struct target *t, const char *version, int *out,
				    struct err *e);
/* Whether the entries at the paths may be replaced or taken over; else the error says why. */
MUST_CHECK bool target_may_replace(const struct target *t, struct err *e);

/* ---- switching between versions (switch.c) ---- */

/*
 * The switch of a target selects the version that its paths lead to.
 *
 * Before it moves, every real file or directory at a path is kept as a version
 * and the path becomes a link to the same content; so the move itself is one
 * rename, and no mixed pair is ever visible.
 */

/* Switches to `version`; *previous: the version before, or NULL. */
MUST_CHECK bool switch_to(const struct target *t, const char *version, const char **previous,
			  struct err *e);
/* Removes our links, and nothing else; no version is current afterwards. */
MUST_CHECK bool switch_off(const struct target *t, struct err *e);
/* Whether `version` is current and every path is our link. */
bool switch_is_at(const struct target *t, const char *version);

#endif
