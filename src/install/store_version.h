/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions in the store of a target: directories that are written once and
 * never changed.  Names: install/names.h.
 */
#ifndef INSTALL_STORE_VERSION_H
#define INSTALL_STORE_VERSION_H

#include "base/err.h"
#include "install/names.h"
#include "install/pair_files.h"
#include "install/target.h"

#include <stdbool.h>

/* The newest version of `base`; *name NULL: none. */
MUST_CHECK bool store_version_newest(const struct target *t, const char *base, const char **name,
				     struct err *e);
/* An unused name for `base`. */
MUST_CHECK bool store_version_free_name(const struct target *t, const char *base, const char **name,
					struct err *e);
/*
 * A version of `base` with exactly this content: an existing one, or a new one,
 * durable and verified by reading back.
 */
MUST_CHECK bool store_version_keep(const struct target *t, const char *base,
				   const struct pair_files *c, const char **name, struct err *e);
/* Reads the files of a version; ERR_MISSING: no such version. */
MUST_CHECK bool store_version_read(const struct target *t, const char *name, struct pair_files *out,
				   struct err *e);
/*
 * Removes all versions except the two named (each may be NULL) and found ones.
 */
MUST_CHECK bool store_version_prune(const struct target *t, const char *keep, const char *keep_too,
				    struct err *e);
/* Removes all versions of `base` except the one named `keep`. */
MUST_CHECK bool store_version_remove(const struct target *t, const char *base, const char *keep,
				     struct err *e);

#endif
