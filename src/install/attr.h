/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners and modes of what is written: as the fleet file says, else as the
 * file that is there has it, else ours with 0600 for what holds the key and
 * 0644 for certificates.  An ACL and a security label are always those of the file
 * that is there.  An inherited mode never opens a key to others, and nothing is inherited from a
 * file that is not trusted (install/file_trust.h).
 */
#ifndef INSTALL_ATTR_H
#define INSTALL_ATTR_H

#include "base/err.h"
#include "base/fs.h"
#include "install/pair_files.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>

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

/* Remedy of the fleet file for a directory that others can change. */
#define UNSAFE_DIRECTORY "say 'unsafe_directory: true'"

struct trust {
	uid_t us;    /* the user who writes there */
	uid_t owner; /* whom `owner:` names; (uid_t)-1: nobody */
	bool unsafe; /* see UNSAFE_DIRECTORY */
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

/* ---- install/attr.c ---- */

struct attrs {
	struct fs_attr key;
	struct fs_attr certificate;
};

/* Who writes, and what the names in an install mean where that happens. */
struct attr_account {
	uid_t user;
	const gid_t *groups; /* all of them */
	size_t group_count;
	uid_t owner; /* (uid_t)-1: none is named */
	gid_t group; /* (gid_t)-1: none is named */
	/* what the store says of the files that are switched on: owner and mode
	 * as they were set; NULL: unknown, or other files stand there */
	const char *set;
};

/* Owner and group as far as the account can give them: -1 where it cannot. */
void attr_limit(const struct attr_account *account, struct fs_attr *attr);
struct trust trust_of_account(const struct install *i, const struct attr_account *account);
/* Of a version's files, for STORE_ATTR. */
const char *attrs_text(const struct pair_files *c, struct arena *a);
/*
 * What owner or mode is not as `wanted`, of the files that are installed;
 * NULL: nothing.
 */
const char *attrs_flaw(const struct attrs *wanted, const struct pair_files *seen,
		       const char *const names[FILE_KIND_COUNT], const struct attr_account *account,
		       struct arena *a);
/*
 * By what the store says, else by the files that are there, whose paths are `names`; ERR_IO when
 * one of them is not to be inherited from.
 */
MUST_CHECK bool attrs_of_account(const struct install *i, const struct pair_files *seen,
				 const char *const names[FILE_KIND_COUNT],
				 const struct attr_account *account, struct attrs *out,
				 struct err *e);
/*
 * On this machine; groups in the arena.  ERR_INPUT when a named user or group
 * does not exist: nobody is named then.
 */
MUST_CHECK bool account_here(const struct install *i, struct arena *a, struct attr_account *out,
			     struct err *e);

#endif
