/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand where a key is going to be: decided by attributes alone, so
 * that the rule is the same for this machine and for another.
 *
 * Owner and mode of a new key are taken from the file that it replaces, and
 * the directory that is there is taken over with all it holds.  Both are safe
 * only when nobody else has put them there: the file is root's, ours or that
 * of the user whom `owner:` names, and has no second name (a hard link would
 * lend us the owner and mode of another file).  A file of somebody else stands
 * in the way; where `owner:` is said it is replaced, but lends nothing; the
 * directory passes the rule of those above it.  Where everybody may put files
 * (a sticky directory) what stands there must be root's or ours.
 */
#ifndef INSTALL_FILE_TRUST_H
#define INSTALL_FILE_TRUST_H

#include "base/err.h"
#include "base/fs.h"

#include <stdbool.h>

struct trust {
	uid_t us;    /* the user who writes there */
	uid_t owner; /* whom `owner:` names; (uid_t)-1: nobody */
	bool unsafe; /* `unsafe_directory: true` */
};

/* Whether owner and mode of a file are inherited. */
bool file_trust_lends(const struct trust *t, struct fs_attr file);
/* Whether it may be replaced by what holds a key. */
MUST_CHECK bool file_trust_file(const struct trust *t, const char *path, struct fs_attr file,
				struct err *e);
/* What stands at a path that will be switched, in the directory `home`. */
MUST_CHECK bool file_trust_entry(const struct trust *t, const char *path, struct fs_attr entry,
				 struct fs_attr home, struct err *e);
/* A directory that is taken over, or a version: what is in it counts. */
MUST_CHECK bool file_trust_directory(const struct trust *t, const char *path, struct fs_attr dir,
				     struct err *e);
/* The store: ours alone, whatever `unsafe_directory` says. */
MUST_CHECK bool file_trust_store(const struct trust *t, const char *path, struct fs_attr dir,
				 struct err *e);

#endif
