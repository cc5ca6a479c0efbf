/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners and modes of what is written: as the fleet file says, else as the
 * file that is there has it, else ours with 0600 for what holds the key and
 * 0644 for certificates.  An inherited mode never opens a key to others, and
 * nothing is inherited from a file that is not trusted (install/file_trust.h).
 */
#ifndef INSTALL_ATTR_H
#define INSTALL_ATTR_H

#include "base/err.h"
#include "base/fs.h"
#include "install/file_trust.h"
#include "install/pair_files.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>

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
};

struct trust trust_of_account(const struct install *i, const struct attr_account *account);
/*
 * By the files that are there, whose paths are `names`; ERR_IO when one of
 * them is not to be inherited from.
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
