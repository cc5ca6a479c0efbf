/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An install, opened: its directories as descriptors, its store, and what
 * stands at each of its paths.
 *
 * To look, a directory may be unsafe or missing.  To change, each is checked,
 * the store is locked against a second writer, and what an interrupted
 * change left behind is cleaned up.
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
	ACCESS_LOOK,   /* for reading only */
	ACCESS_CHECK,  /* as for a change, but touches and locks nothing */
	ACCESS_CHANGE, /* a store that is not there stays away */
	ACCESS_CREATE
};

struct target {
	const struct install *install;
	struct arena *arena;
	enum access access;
	struct layout layout;
	struct attr_account account; /* not to look */
	int home;                    /* the directory the store is in */
	int store;                   /* -1: none */
};

void target_release(struct target *t);
AUTO_STRUCT(target, struct target, target_release)

MUST_CHECK bool target_open(const struct install *i, enum access access, struct arena *a,
			    struct target *out, struct err *e);

enum path_slot_state path_slot_look(const struct target *t, const struct path_slot *s);
/* The version that is switched on; NULL: none. */
const char *target_current(const struct target *t);
/* Whether a version is on, and every path leads to it. */
bool target_is_ours(const struct target *t);
/* What a process sees through the paths.  A foreign link is an error. */
MUST_CHECK bool target_see(const struct target *t, struct pair_files *out, struct err *e);
void target_judge(const struct target *t, const struct pair_files *c, struct installed_pair *out);
/* A version of the store; to change anything it is judged first. */
MUST_CHECK bool target_open_version(const struct target *t, const char *version, int *out,
				    struct err *e);
/* Why what stands at the paths must not be replaced, or not be taken over. */
MUST_CHECK bool target_may_replace(const struct target *t, struct err *e);

/* ---- install/switch.c ---- */

/*
 * The switch of a target: which version its paths lead to.
 *
 * Before it is moved, whatever real file or directory stands at a path is
 * kept as a version, and the path becomes a link with the same content; so
 * the move itself is one rename, and no instant has a mixed pair.
 */

/* `previous` gets the version that was on before, or NULL. */
MUST_CHECK bool switch_to(const struct target *t, const char *version, const char **previous,
			  struct err *e);
/* Nothing is on and no link of ours is left; ours alone are removed. */
MUST_CHECK bool switch_off(const struct target *t, struct err *e);
/* Whether `version` is on and every path is our link. */
bool switch_is_at(const struct target *t, const char *version);

#endif
