/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of versions in a store: BASE or BASE.N.  BASE is the fingerprint, or
 * found-FINGERPRINT or found-unknown for the files found there before
 * certfleet; N counts versions of the same leaf with another chain, key
 * encoding or mode.  The store also has links, and names beginning with '.' that
 * an interrupted writer left.  Names only, without file system access.
 */
#ifndef INSTALL_NAMES_H
#define INSTALL_NAMES_H

#include "base/arena.h"
#include "base/fs.h"
#include "base/vec.h"

#include <stdbool.h>

#define STORE_CURRENT "current" /* link to the version that is on */
#define STORE_STAGED "staged"   /* link to the one that is next */
#define STORE_ATTR "attributes" /* link whose text says what owner and mode the last commit set */
#define STORE_ACTIVATION "activation"  /* link whose text is the last activation (view.h) */
#define STORE_NEW ".new.tmp-certfleet" /* a version that is being written */

struct pair_files;

struct version {
	const char *name;
	const char *base;
	unsigned long number;     /* BASE alone is 1 */
	struct fs_attr attr;      /* of the directory */
	struct pair_files *files; /* NULL: not read */
};

/* All versions of a store. */
struct versions {
	struct arena *arena;
	VEC(struct version) list;
};

void versions_add(struct versions *all, const char *name, struct fs_attr attr);
/* The version of this name; NULL: none. */
struct version *versions_find(const struct versions *all, const char *name);
/* The newest version of `base`; NULL: none. */
const struct version *versions_newest(const struct versions *all, const char *base);
/* An unused name for `base`. */
const char *versions_free_name(const struct versions *all, const char *base);

/* Whether a link of this name belongs into a store. */
bool store_has_link(const char *name);
/* BASE of a name. */
const char *version_base(struct arena *a, const char *name);
/* "found-" and the fingerprint, or "found-unknown". */
const char *version_found_base(struct arena *a, const char *fingerprint);
/* A found version is never pruned: it may be the only copy of its key. */
bool version_is_found(const char *name);

#endif
