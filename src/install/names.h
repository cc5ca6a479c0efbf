/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of versions in a store: BASE or BASE.N, where BASE is the
 * fingerprint, or found-FINGERPRINT or found-unknown for what was there
 * before certfleet came; N counts versions of the same leaf with another
 * chain, key encoding or mode.  Beside them stand links, and what begins with
 * '.' was left by a writer that was cut off.  Only names: nothing is looked
 * at.
 */
#ifndef INSTALL_NAMES_H
#define INSTALL_NAMES_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>

#define STORE_CURRENT "current" /* link to the version that is on */
#define STORE_STAGED "staged"   /* link to the one that is next */
#define STORE_ATTR "attributes" /* link whose text says what owner and mode the last commit set */
#define STORE_NEW ".new.tmp-certfleet" /* a version that is being written */

struct version {
	const char *name;
	const char *base;
	unsigned long number; /* BASE alone is 1 */
};

/* All of a store. */
struct versions {
	struct arena *arena;
	VEC(struct version) list;
};

void versions_add(struct versions *all, const char *name);
/* The newest of `base`; NULL: there is none. */
const struct version *versions_newest(const struct versions *all, const char *base);
/* A name of `base` that is not taken. */
const char *versions_free_name(const struct versions *all, const char *base);

/* Whether a link of this name belongs into a store. */
bool store_has_link(const char *name);
/* BASE of a name. */
const char *version_base(struct arena *a, const char *name);
/* "found-" and the fingerprint, or "found-unknown". */
const char *version_found_base(struct arena *a, const char *fingerprint);
/* Nobody else may have what stood there before certfleet came. */
bool version_is_found(const char *name);

#endif
