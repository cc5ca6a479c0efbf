/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: reads with a limit, writes that appear whole or not at all, a lock.
 *
 * Every write goes through fs_replace(): a temporary file in the same directory
 * (".NAME.tmp-XXXXXX", created O_EXCL with its final mode before the first
 * byte) is written, fsynced and renamed, then the directory is fsynced.  Reads
 * open regular files only, do not block on a fifo or device, and never follow a
 * magic link of /proc.
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

/* Appends a whole regular file of at most `limit` bytes to `out`. */
MUST_CHECK bool fs_read(const char *path, size_t limit, struct buf *out, struct err *e);
/* The same into memory that is wiped; `out` must be empty. */
MUST_CHECK bool fs_read_secret(const char *path, size_t limit, struct secret *out, struct err *e);
/* Reads an open file; `path` is its name in messages. */
MUST_CHECK bool fs_read_opened(int fd, const char *path, size_t limit, struct secret *out,
			       struct err *e);
/* Reads a file, resolved beneath the open directory `dirfd` and never outside. */
MUST_CHECK bool fs_read_beneath(int dirfd, const char *path, size_t limit, struct buf *out,
				struct err *e);
MUST_CHECK bool fs_read_secret_beneath(int dirfd, const char *path, size_t limit,
				       struct secret *out, struct err *e);
/* Mode of a file beneath `dirfd`; false when it does not exist or lies outside. */
bool fs_mode_beneath(int dirfd, const char *path, mode_t *mode);
/* True when `path` leads out of the directory, whether or not it exists. */
bool fs_leads_out(int dirfd, const char *path);

/*
 * Attributes of a file.  owner and group: (uid_t)-1 and (gid_t)-1 leave ours.
 * Set on the descriptor before the first byte is written.
 */
struct fs_attr {
	mode_t mode;
	uid_t owner;
	gid_t group;
	nlink_t links; /* hard links of an existing file; 0: unknown */
	/* of installed files only: as install/entry.h reads them, or over SSH the path of
	   the file that has them; NULL: none */
	const char *acl;
	const char *label;
};
#define FS_PRIVATE ((struct fs_attr){ .mode = 0600, .owner = (uid_t)-1, .group = (gid_t)-1 })
#define FS_PUBLIC ((struct fs_attr){ .mode = 0644, .owner = (uid_t)-1, .group = (gid_t)-1 })

MUST_CHECK bool fs_replace(const char *path, const void *bytes, size_t len, struct fs_attr attr,
			   struct err *e);
/* The same of a new file: one that is there already is an error and stays as it is. */
MUST_CHECK bool fs_create(const char *path, const void *bytes, size_t len, struct fs_attr attr,
			  struct err *e);
/* fs_replace() relative to an open directory; `name` contains no '/'. */
MUST_CHECK bool fs_replace_at(int dirfd, const char *name, const void *bytes, size_t len,
			      struct fs_attr attr, struct err *e);

bool fs_is_mount(int dirfd, const char *name);
/*
 * Whether fs_replace() could write there, after fs_make_dirs(), as far as can be seen
 * without writing.
 */
MUST_CHECK bool fs_may_replace(const char *path, struct err *e);

/*
 * Removes the temporary files (".NAME*.tmp-*") that killed replacements of
 * `NAME...`  left in a directory.  Only for a caller that knows no other
 * process writes there now.  Failures are ignored.
 */
void fs_clear_leftovers(const char *directory, const char *name);

/* mkdir -p; every new directory gets `mode` and is fsynced. */
MUST_CHECK bool fs_make_dirs(const char *path, mode_t mode, struct err *e);
/*
 * Makes a directory for secrets (state, backups): mode 0700, with a .gitignore
 * of "*".  An existing directory is refused when another user owns it or group
 * or others can write to it.
 */
MUST_CHECK bool fs_make_private_dir(const char *path, struct err *e);
/* Whether it could be made, and a file in it, as far as can be seen without writing. */
MUST_CHECK bool fs_may_make_private_dir(const char *path, struct err *e);
MUST_CHECK bool fs_sync_dir(const char *path, struct err *e);

/*
 * Opens directory `path` (absolute) for work in it (not O_PATH), checking every
 * directory on the way: owned by root or us, not writable by group or others
 * (root's sticky directories are allowed), no symbolic links.  With `unsafe`
 * only the check for links remains.
 */
MUST_CHECK bool fs_open_safe_dir(const char *path, bool unsafe, int *dirfd, struct err *e);

/* Reason why user `us` cannot trust a directory with these attributes. */
enum fs_dir_fault {
	FS_DIR_SAFE,
	FS_DIR_OTHERS_OWN,
	FS_DIR_OTHERS_WRITE,
};
enum fs_dir_fault fs_dir_fault(struct fs_attr attr, uid_t us);

/*
 * True when user `us` can trust a directory with these attributes (mode with
 * its sticky bit): the rule of fs_open_safe_dir().
 */
MUST_CHECK bool fs_is_safe_dir(const char *path, struct fs_attr attr, uid_t us, struct err *e);

/* Path of `name` relative to the directory of the file `from`. */
const char *fs_relative_to(struct arena *a, const char *from, const char *name);
/* The absolute path, cleaned lexically ("//", "/./" and "/x/../" removed). */
const char *fs_absolute(struct arena *a, const char *path);
/* `path` relative to `directory` when it lies below, else unchanged. */
const char *fs_beneath(const char *directory, const char *path);
/* The directory part of a path, "." when there is none. */
const char *fs_dirname(struct arena *a, const char *path);

/*
 * An advisory lock, released when its holder exits: flock on `path`, whose text
 * names the holder ("pid 17 on host, since 2026-..., apply").  Waits up to
 * wait_ms.  ERR_BUSY with that text when another process has the lock.  Closing
 * the descriptor releases it.
 */
MUST_CHECK bool fs_lock(const char *path, const char *holder, int64_t wait_ms, int *lockfd,
			struct err *e);

#endif
