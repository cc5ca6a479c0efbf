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

enum part {
	PART_LEAF,
	PART_CHAIN,
	PART_FULLCHAIN,
	PART_KEY,
	PART_CA,
	PART_COMBINED,
	PART_COUNT
};

enum {
	/* What a directory form has. */
	PARTS_OF_DIRECTORY = 1 << PART_LEAF | 1 << PART_CHAIN | 1 << PART_FULLCHAIN |
			     1 << PART_KEY | 1 << PART_CA,
	PARTS_WITH_KEY = 1 << PART_KEY | 1 << PART_COMBINED,
};

/* "leaf.pem" ...: its name in a version. */
extern const char *const part_files[PART_COUNT];

struct piece {
	bool there;
	struct secret bytes;
	struct fs_attr attr;
	const char *error; /* it is there, but cannot be read */
};

struct pieces {
	struct piece parts[PART_COUNT];
};

void pieces_release(struct pieces *c);
AUTO_STRUCT(pieces, struct pieces, pieces_release)

/* The PEM files of a pair, those in `parts`; attributes are left alone. */
void pieces_of_pair(struct pieces *c, unsigned parts, const struct cert_set *set,
		    const struct secret *key);
/* Reads one file into its piece; its absence is fine. */
void pieces_read_part(struct pieces *c, enum part part, int dir, const char *name, struct arena *a);
void pieces_read_directory(struct pieces *c, unsigned parts, int dir, struct arena *a);
/* Whether all bytes, modes and owners agree; (uid_t)-1 agrees with any. */
bool pieces_equal(const struct pieces *a, const struct pieces *b);

#endif
