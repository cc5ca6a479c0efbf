/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: bounded reads, writes that are whole or not there, one lock.
 *
 * Everything we write goes through fs_replace(): a temporary file in the
 * same directory (".NAME.tmp-XXXXXX", created O_EXCL with its final mode
 * before the first byte), written, fsynced, renamed, directory fsynced.
 * Reading opens regular files only, without blocking on a fifo or device, and
 * never through a link of /proc that is no path.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whole regular file of at most `limit` bytes, appended to `out`. */
MUST_CHECK bool fs_read(const char *path, size_t limit, struct buf *out, struct err *e);
/* The same into memory that is wiped; `out` must be empty. */
MUST_CHECK bool fs_read_secret(const char *path, size_t limit, struct secret *out, struct err *e);
/* What stands in an open file, which messages call `path`. */
MUST_CHECK bool fs_read_opened(int fd, const char *path, size_t limit, struct secret *out,
			       struct err *e);
/* The same, resolved beneath the open directory `dirfd` and never outside. */
MUST_CHECK bool fs_read_beneath(int dirfd, const char *path, size_t limit, struct buf *out,
				struct err *e);
MUST_CHECK bool fs_read_secret_beneath(int dirfd, const char *path, size_t limit,
				       struct secret *out, struct err *e);
/* Its mode; false when there is nothing, or it lies outside. */
bool fs_mode_beneath(int dirfd, const char *path, mode_t *mode);
/* Whether `path` leads out of the directory, be there something or not. */
bool fs_leads_out(int dirfd, const char *path);

/*
 * What a file shall be.  owner and group: (uid_t)-1 and (gid_t)-1 leave
 * them ours.  Set on the descriptor before the first byte.
 */
struct fs_attr {
	mode_t mode;
	uid_t owner;
	gid_t group;
	nlink_t links; /* of what was found: its names; 0: not told */
};
#define FS_PRIVATE ((struct fs_attr){ .mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1 })
#define FS_PUBLIC ((struct fs_attr){ .mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1 })

MUST_CHECK bool fs_replace(const char *path, const void *bytes, size_t len, struct fs_attr attr,
			   struct err *e);
/* Relative to an open directory; `name` has no '/'. */
MUST_CHECK bool fs_replace_at(int dirfd, const char *name, const void *bytes, size_t len,
			      struct fs_attr attr, struct err *e);

/*
 * Removes what replacements of `NAME...` in a directory left behind when they
 * were killed (".NAME*.tmp-*").  Only for who knows that nobody else writes
 * there now.  Failures do not matter.
 */
void fs_clear_leftovers(const char *directory, const char *name);

/* mkdir -p; every directory that is made gets `mode` and is fsynced. */
MUST_CHECK bool fs_make_dirs(const char *path, mode_t mode, struct err *e);
/*
 * A directory for secrets (state, backups): made 0700 with a .gitignore of
 * "*"; refused when it exists and others own it or can write to it.
 */
MUST_CHECK bool fs_make_private_dir(const char *path, struct err *e);
MUST_CHECK bool fs_sync_dir(const char *path, struct err *e);

/*
 * Opens directory `path` (absolute) for work in it, O_PATH-free, checking
 * every directory on the way: owned by root or us, not writable by group or
 * others (root's sticky directories are fine), no symbolic links.  With
 * `unsafe` only links are still refused.
 */
MUST_CHECK bool fs_open_safe_dir(const char *path, bool unsafe, int *dirfd, struct err *e);

/* What is wrong with a directory of these attributes for user `us`. */
enum fs_dir_fault {
	FS_DIR_SAFE,
	FS_DIR_OTHERS_OWN,
	FS_DIR_OTHERS_WRITE,
};
enum fs_dir_fault fs_dir_fault(struct fs_attr attr, uid_t us);

/*
 * Whether a directory with these attributes (mode with its sticky bit) can be
 * trusted by user `us`: the rule of fs_open_safe_dir().
 */
MUST_CHECK bool fs_is_safe_dir(const char *path, struct fs_attr attr, uid_t us, struct err *e);

/* The path of `name` as seen from the directory of file `from`. */
const char *fs_relative_to(struct arena *a, const char *from, const char *name);
/* Absolute, lexically cleaned ("//", "/./" and "/x/../" removed). */
const char *fs_absolute(struct arena *a, const char *path);
/* Relative to `directory` when it begins with it, else as it is. */
const char *fs_beneath(const char *directory, const char *path);
/* The directory part of a path, "." when there is none. */
const char *fs_dirname(struct arena *a, const char *path);

/*
 * An advisory lock that ends with its holder: flock on `path`, whose text
 * names the holder ("pid 17 on host, since 2026-..., apply").  Waits up to
 * wait_ms.  ERR_BUSY with that text when somebody else has it.  Close the
 * descriptor to let go.
 */
MUST_CHECK bool fs_lock(const char *path, const char *holder, int64_t wait_ms, int *lockfd,
			struct err *e);

#endif
