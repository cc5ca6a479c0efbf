/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions in the store of a target: directories that are written once and
 * never changed.  install/names.h says how they are named.
 */
#ifndef INSTALL_STORE_VERSION_H
#define INSTALL_STORE_VERSION_H

#include "base/err.h"
#include "install/names.h"
#include "install/pair_files.h"
#include "install/target.h"

#include <stdbool.h>

/* The newest version of `base`; NULL: there is none. */
MUST_CHECK bool store_version_newest(const struct target *t, const char *base, const char **name,
				     struct err *e);
/* A name of `base` that is not taken. */
MUST_CHECK bool store_version_free_name(const struct target *t, const char *base, const char **name,
					struct err *e);
/*
 * The version of `base` with exactly this content: one that is there, or a
 * new one, which is durable and was read back when this returns.
 */
MUST_CHECK bool store_version_keep(const struct target *t, const char *base,
				   const struct pair_files *c, const char **name, struct err *e);
/* Reads its files; ERR_MISSING when it is not there. */
MUST_CHECK bool store_version_read(const struct target *t, const char *name, struct pair_files *out,
				   struct err *e);
/*
 * Removes all versions but two, which may be NULL, and those that were found.
 */
MUST_CHECK bool store_version_prune(const struct target *t, const char *keep, const char *keep_too,
				    struct err *e);
/* Removes all versions of `base` but the one named `keep`. */
MUST_CHECK bool store_version_remove(const struct target *t, const char *base, const char *keep,
				     struct err *e);

#endif
