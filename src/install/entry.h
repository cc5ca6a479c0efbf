/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on the entries of an open, trusted directory.  A name is one path
 * component, without '/'.  Symbolic links are never followed, so the entry that
 * was checked is the entry that is used.
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
	ENTRY_OTHER /* a device, a socket, or stat() failed */
};

enum {
	ENTRY_DEPTH = 16 /* deepest directory tree that entry_remove() removes */
};

enum entry_kind entry_kind_of(mode_t mode);
enum entry_kind entry_look(int dir, const char *name);
/* Attributes of an entry (a link itself, not its target), or of `dir` itself. */
bool entry_attr(int dir, const char *name, struct fs_attr *out);
MUST_CHECK bool entry_own_attr(int dir, struct fs_attr *out, struct err *e);
/* The target text of a symbolic link; NULL: not a link. */
const char *entry_link_text(int dir, const char *name, struct arena *a);

/*
 * Reads a regular file with its mode, owner, ACL and security label; `out` must be
 * empty.  ACL and label are texts in the arena, NAME=HEX of the extended attribute;
 * the ACL is without the permissions that the mode says.
 */
MUST_CHECK bool entry_read(int dir, const char *name, struct arena *a, struct secret *out,
			   struct fs_attr *attr, struct err *e);
/* The same of the file that a link leads to. */
MUST_CHECK bool entry_read_linked(int dir, const char *name, struct arena *a, struct secret *out,
				  struct fs_attr *attr, struct err *e);
/* A file to create; its attributes are set before the first byte is written; fsynced. */
struct entry_file {
	const char *name;
	const struct secret *bytes;
	struct fs_attr attr;
};
MUST_CHECK bool entry_write(int dir, const struct entry_file *file, struct err *e);

MUST_CHECK bool entry_open_directory(int dir, const char *name, int *out, struct err *e);
/* Creates the directory, or opens the existing one. */
MUST_CHECK bool entry_make_directory(int dir, const char *name, int *out, struct err *e);
/* Sets mode 0755, whatever the umask. */
MUST_CHECK bool entry_open_to_all(int dir, struct err *e);

/*
 * Makes `name` a symbolic link to `text`, atomically replacing an existing file
 * or link (rename).
 */
MUST_CHECK bool entry_link(int dir, const char *name, const char *text, struct err *e);
/*
 * The name of a link or file before its rename.  Fixed, since there is one writer, so
 * that leftovers are easily found.
 */
void entry_temporary(const char *name, char out[NAME_MAX + 1]);
/* Makes a file the entry of its name in the same way. */
MUST_CHECK bool entry_replace(int dir, const struct entry_file *file, struct err *e);
/* Removes the temporary entry that an interrupted one of these left. */
void entry_clean(int dir, const char *name);

/* Removes a file, a link, or a directory with its contents; absence is no error. */
MUST_CHECK bool entry_remove(int dir, const char *name, struct err *e);
/*
 * The entry `name` of directory `from` stands in `to` as well, in place of what is
 * there: a file by a second name, a directory by one like it, with such entries, a
 * link by one to the same place; `deeper`: when `to` is one level deeper.
 */
MUST_CHECK bool entry_carry(int from, int to, const char *name, bool deeper, struct err *e);
MUST_CHECK bool entry_sync(int dir, struct err *e);

/* Calls `each` for every name but "." and "..". */
typedef bool entry_fn(void *ctx, const char *name, struct err *e);
MUST_CHECK bool entry_each(int dir, entry_fn *each, void *ctx, struct err *e);

#endif
