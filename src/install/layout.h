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
	const char *home;   /* parent directory */
	const char *link;   /* text of our link, relative; with a directory, up to the version */
	const char *former; /* text of the link that was ours once; NULL: there is none */
};

/* A store, and the files of a version that are in it. */
struct layout_store {
	const char *path;
	const char *name;
	size_t slot; /* whose parent directory it is in */
	unsigned parts;
};

enum {
	STORE_COUNT = 2
};

/*
 * Single paths of which the key is in another directory than the certificate have
 * two stores, so that who may read the certificate need not get into the key's
 * directory.  The link that is switched is in the first, beside the certificate; a
 * version there has links into that of the same name in the second, beside the key.
 * Such paths once had one store, beside the key, and absolute links: what those show
 * is taken over like real files.
 *
 * Plain files, those of a directory as well, are copies of the files of a version;
 * `current` says which, and the content has the last word.  One file alone is plain:
 * it needs no link to be replaced in one instant.
 */
struct layout {
	bool single; /* single paths, not one directory */
	bool plain;  /* files at them, not links */
	unsigned parts;
	const char *names[FILE_KIND_COUNT]; /* paths, for messages */
	struct path_slot slots[FILE_KIND_COUNT];
	size_t path_slot_count; /* 0: no path configured */
	struct layout_store stores[STORE_COUNT];
	size_t store_count;
};

/* The store that has a kind of file. */
size_t layout_store_of(const struct layout *l, enum file_kind part);

/* Strings are in the arena or borrowed from the install. */
void layout_make(const struct install *i, struct arena *a, struct layout *out);

enum {
	LAYOUT_PLACES = FILE_KIND_COUNT + STORE_COUNT
};
/* All paths that an install has, and its stores; returns their number. */
size_t layout_places(const struct install *i, struct arena *a, const char *out[LAYOUT_PLACES]);

enum path_slot_state {
	PATH_SLOT_ABSENT,
	PATH_SLOT_OURS,   /* our link, or a plain file of the version that is on */
	PATH_SLOT_REAL,   /* a real file (single paths) or directory */
	PATH_SLOT_LINKED, /* a link of others (single paths): the file it leads to is kept
			     like a real one, and the link is replaced */
	PATH_SLOT_FORMER, /* a link of a former layout */
	PATH_SLOT_STALE,  /* ours, but a link where a plain file is to be, or of another version */
	PATH_SLOT_FOREIGN /* a link in the place of the directory, or the wrong kind of entry */
};

/* Classifies the entry at a slot; `text`: its link text when it is a link. */
enum path_slot_state layout_slot_state(const struct layout *l, const struct path_slot *s,
				       enum entry_kind kind, const char *text);
/*
 * The current version, from the text of the link that is switched (the first
 * slot's; with single paths that of `current` in the store); NULL: none.
 */
const char *layout_current(const struct layout *l, const char *text);
/* The text of the link in the first store by which a version leads to a file in the second. */
const char *layout_key_link(const struct layout *l, struct arena *a, const char *version,
			    enum file_kind part);

/* Sets the error for our link where a directory of plain files is to be; returns false. */
bool layout_refuse_link(const char *path, struct err *e);
/* Sets the error for a PATH_SLOT_FOREIGN entry, which is never replaced; returns false. */
bool path_slot_refuse(const struct path_slot *s, struct err *e);

#endif
