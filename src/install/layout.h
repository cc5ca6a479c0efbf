/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of an install and its store stand: names and links only,
 * nothing is looked at.  The same for paths of this machine and of another.
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
	enum file_kind part; /* of single paths */
	const char *path;
	const char *name;
	const char *home; /* the directory it is in */
	const char *link; /* what our link there says, up to the version */
	int dir;          /* its home in an open target; -1: not open */
};

struct layout {
	bool single; /* single paths, not one directory */
	unsigned parts;
	const char *names[FILE_KIND_COUNT]; /* paths, for messages */
	struct path_slot spots[FILE_KIND_COUNT];
	size_t path_slot_count; /* 0: no path is given */
	const char *home;       /* the directory the store is in, and spots[0] */
	const char *store_name;
};

/* Strings in the arena, or those of the install. */
void layout_make(const struct install *i, struct arena *a, struct layout *out);

enum path_slot_state {
	SPOT_ABSENT,
	SPOT_OURS, /* our link */
	SPOT_REAL, /* a real file or directory */
	SPOT_FOREIGN
};

/* What stands at a spot; `text` is that of a link. */
enum path_slot_state layout_spot_state(const struct layout *l, const struct path_slot *s,
				       enum entry_kind kind, const char *text);
/*
 * The version that is switched on, by the text of the link that says so (the
 * first spot's; with single paths that of `current` in the store); NULL: none.
 */
const char *layout_current(const struct layout *l, const char *text);

/* Says that what stands there must stay; returns false. */
bool path_slot_refuse(const struct path_slot *s, struct err *e);

#endif
