/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a version of a pair consists of: up to six files, in memory.  The
 * same struct holds what shall be written, what a version on disk has, and
 * what a process sees through its paths; each is compared with another.
 * Everything is wiped on release, because two of the files hold the key.
 */
#ifndef INSTALL_PAIR_FILES_H
#define INSTALL_PAIR_FILES_H

#include "base/arena.h"
#include "base/fs.h"
#include "base/secret.h"
#include "model/certs.h"

#include <stdbool.h>

enum file_kind {
	FILE_KIND_LEAF,
	FILE_KIND_CHAIN,
	FILE_KIND_FULLCHAIN,
	FILE_KIND_KEY,
	FILE_KIND_CA,
	FILE_KIND_COMBINED,
	FILE_KIND_COUNT
};

enum {
	/* What a directory form has. */
	PARTS_OF_DIRECTORY = 1 << FILE_KIND_LEAF | 1 << FILE_KIND_CHAIN | 1 << FILE_KIND_FULLCHAIN |
			     1 << FILE_KIND_KEY | 1 << FILE_KIND_CA,
	PARTS_WITH_KEY = 1 << FILE_KIND_KEY | 1 << FILE_KIND_COMBINED,
};

/* "leaf.pem" ...: its name in a version. */
extern const char *const file_kind_names[FILE_KIND_COUNT];

struct pair_file {
	bool there;
	struct secret bytes;
	struct fs_attr attr;
	const char *error; /* it is there, but cannot be read */
};

struct pair_files {
	struct pair_file parts[FILE_KIND_COUNT];
};

void pair_files_release(struct pair_files *c);
AUTO_STRUCT(pair_files, struct pair_files, pair_files_release)

/* The PEM files of a pair, those in `parts`; attributes are left alone. */
void pair_files_of_pair(struct pair_files *c, unsigned parts, const struct cert_set *set,
			const struct secret *key);
/* Reads one file into its piece; its absence is fine. */
void pair_files_read_kind(struct pair_files *c, enum file_kind part, int dir, const char *name,
			  struct arena *a);
void pair_files_read_directory(struct pair_files *c, unsigned parts, int dir, struct arena *a);
/* Whether all bytes, modes and owners agree; (uid_t)-1 agrees with any. */
bool pair_files_equal(const struct pair_files *a, const struct pair_files *b);

#endif
