/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of an install and its store: names and link texts only, without
 * file system access.  The same for local and for remote paths.
 */
#ifndef INSTALL_LAYOUT_H
#define INSTALL_LAYOUT_H

#include "base/arena.h"
#include "base/err.h"
#include "install/entry.h"
#include "install/pair_files.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>

/* One path that a process reads: the directory, or one file. */
struct path_slot {
	enum file_kind part; /* with single paths only */
	const char *path;
	const char *name;
	const char *home; /* parent directory */
	const char *link; /* text of our link; with a directory, up to the version */
};

struct layout {
	bool single; /* single paths, not one directory */
	unsigned parts;
	const char *names[FILE_KIND_COUNT]; /* paths, for messages */
	struct path_slot slots[FILE_KIND_COUNT];
	size_t path_slot_count; /* 0: no path configured */
	const char *home;       /* parent directory of the store and of slots[0] */
	const char *store_name;
};

/* Strings are in the arena or borrowed from the install. */
void layout_make(const struct install *i, struct arena *a, struct layout *out);

enum path_slot_state {
	PATH_SLOT_ABSENT,
	PATH_SLOT_OURS,   /* our link */
	PATH_SLOT_REAL,   /* a real file (single paths) or directory */
	PATH_SLOT_FOREIGN /* another link, or the wrong kind of entry */
};

/* Classifies the entry at a slot; `text`: its link text when it is a link. */
enum path_slot_state layout_slot_state(const struct layout *l, const struct path_slot *s,
				       enum entry_kind kind, const char *text);
/*
 * The current version, from the text of the link that is switched (the first
 * slot's; with single paths that of `current` in the store); NULL: none.
 */
const char *layout_current(const struct layout *l, const char *text);

/* Sets the error for a PATH_SLOT_FOREIGN entry, which is never replaced; returns false. */
bool path_slot_refuse(const struct path_slot *s, struct err *e);

#endif
