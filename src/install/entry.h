/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of a directory that is already open and trusted.  A name is one
 * component, without '/'; no symbolic link is ever followed, so what was
 * checked is what is used.
 */
#ifndef INSTALL_ENTRY_H
#define INSTALL_ENTRY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"

#include <limits.h>
#include <stdbool.h>

enum entry_kind {
	ENTRY_NONE,
	ENTRY_FILE,
	ENTRY_DIRECTORY,
	ENTRY_LINK,
	ENTRY_OTHER /* a device, a socket, or not to be looked at */
};

enum {
	ENTRY_DEPTH = 16 /* of a tree that entry_remove() takes away */
};

enum entry_kind entry_look(int dir, const char *name);
/* Attributes of an entry itself, or of the open directory; false: none. */
bool entry_attr(int dir, const char *name, struct fs_attr *out);
MUST_CHECK bool entry_own_attr(int dir, struct fs_attr *out, struct err *e);
/* Where a symbolic link points; NULL when it is none. */
const char *entry_link_text(int dir, const char *name, struct arena *a);

/* A regular file with its mode and owner; `out` must be empty. */
MUST_CHECK bool entry_read(int dir, const char *name, struct secret *out, struct fs_attr *attr,
			   struct err *e);
/* A new file; mode and owner are set before the first byte; fsynced. */
struct entry_file {
	const char *name;
	const struct secret *bytes;
	struct fs_attr attr;
};
MUST_CHECK bool entry_write(int dir, const struct entry_file *file, struct err *e);

MUST_CHECK bool entry_open_directory(int dir, const char *name, int *out, struct err *e);
/* Makes it, or opens the one that is there. */
MUST_CHECK bool entry_make_directory(int dir, const char *name, int *out, struct err *e);
/* Mode 0755 whatever the umask was, durable in `dir`. */
MUST_CHECK bool entry_finish_directory(int dir, int made, struct err *e);

/*
 * Makes `name` a link to `text`, in one rename over whatever file or link
 * was there; fsynced.
 */
MUST_CHECK bool entry_link(int dir, const char *name, const char *text, struct err *e);
/*
 * What the link is called before it is renamed: one fixed name, because there
 * is one writer, and leftovers are easily found.
 */
void entry_temporary(const char *name, char out[NAME_MAX + 1]);
/* The temporary link an interrupted entry_link() left. */
void entry_clean(int dir, const char *name);

/* A file, a link, or a directory with all it holds; none is fine. */
MUST_CHECK bool entry_remove(int dir, const char *name, struct err *e);
MUST_CHECK bool entry_sync(int dir, struct err *e);

/* Calls `each` for every name but "." and "..". */
typedef bool entry_fn(void *ctx, const char *name, struct err *e);
MUST_CHECK bool entry_each(int dir, entry_fn *each, void *ctx, struct err *e);

#endif
