/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of one version of a pair, up to six, in memory: the files to write,
 * the files of a version on disk, or the files visible through a component's
 * paths, so that any two can be compared.  Wiped on release, because two of the
 * files hold the key.
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
	/* Files of the directory form. */
	PARTS_OF_DIRECTORY = 1 << FILE_KIND_LEAF | 1 << FILE_KIND_CHAIN | 1 << FILE_KIND_FULLCHAIN |
			     1 << FILE_KIND_KEY | 1 << FILE_KIND_CA,
	PARTS_WITH_KEY = 1 << FILE_KIND_KEY | 1 << FILE_KIND_COMBINED,
};

/* File names in a version: "leaf.pem" ... */
extern const char *const file_kind_names[FILE_KIND_COUNT];

struct pair_file {
	bool there;
	struct secret bytes;
	struct fs_attr attr;
	const char *error; /* why an existing file cannot be read; NULL: read */
};

struct pair_files {
	struct pair_file parts[FILE_KIND_COUNT];
};

void pair_files_release(struct pair_files *c);
AUTO_STRUCT(pair_files, struct pair_files, pair_files_release)

/* Writes the PEM files in `parts` for a pair; attributes are unchanged. */
void pair_files_of_pair(struct pair_files *c, unsigned parts, const struct cert_set *set,
			const struct secret *key);
/* Reads one file; absence is no error. */
void pair_files_read_kind(struct pair_files *c, enum file_kind part, int dir, const char *name,
			  struct arena *a);
/* The same through a link. */
void pair_files_read_linked(struct pair_files *c, enum file_kind part, int dir, const char *name,
			    struct arena *a);
void pair_files_read_directory(struct pair_files *c, unsigned parts, int dir, struct arena *a);
/* Whether both are absent, or hold the same bytes. */
bool pair_file_same(const struct pair_file *a, const struct pair_file *b);
/*
 * Whether files are as wanted: all bytes, modes, owners, ACLs and labels; (uid_t)-1
 * agrees with any, and no ACL or label with any.
 */
bool pair_files_equal(const struct pair_files *files, const struct pair_files *wanted);

#endif
