/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are believed: configurations of agents, lists of operators,
 * certificates of authorities, keys, known hosts, passphrases, secrets,
 * tokens.  Whoever can write such a file decides who is obeyed, so that all
 * of them are read here, and nowhere else.
 *
 * Nothing is read before the file was judged, and what is read is the
 * descriptor that was judged:
 *   - every directory on the way is root's or ours and not writable by
 *     others, a sticky directory of root excepted (the rule of
 *     fs_is_safe_dir()); what stands in a sticky one is root's or ours,
 *   - a symbolic link is followed by reading it and walking its target in the
 *     same way, each directory judged: /etc/ssl/certs and the mounted secrets
 *     of Kubernetes are links, and a link cannot be changed by its owner,
 *     only replaced by the writers of its directory,
 *   - the file is regular, root's or ours, not writable by group or others,
 *   - a key is not readable by others (group may: 0640 root:ssl-cert).
 *
 * ERR_INPUT names the file or directory, its owner or mode, and the command
 * that mends it.
 */
#ifndef BASE_TRUSTED_FILE_H
#define BASE_TRUSTED_FILE_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum trusted_kind {
	TRUSTED_PUBLIC, /* anybody may read it */
	TRUSTED_SECRET, /* others should not read it: the reader warns */
	TRUSTED_KEY,    /* others must not read it */
};

/* The version of a file: another one has another stamp. */
struct file_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	int64_t modified_ns;
	int64_t changed_ns;
};

/* A file that was judged and not read yet. */
struct trusted_file {
	int fd;
	mode_t mode;
	struct file_stamp stamp;
};

void trusted_file_close(struct trusted_file *f);
AUTO_STRUCT(trusted_file, struct trusted_file, trusted_file_close)

MUST_CHECK bool trusted_file_open(const char *path, enum trusted_kind kind,
				  struct trusted_file *out, struct err *e);
bool file_stamp_is_same(const struct file_stamp *a, const struct file_stamp *b);

/* Whole, of at most `limit` bytes; `out` must be empty. */
MUST_CHECK bool trusted_file_read(const char *path, enum trusted_kind kind, size_t limit,
				  struct secret *out, struct err *e);
/* The same for what anybody may read, appended to `out`. */
MUST_CHECK bool trusted_file_text(const char *path, size_t limit, struct buf *out, struct err *e);

#endif
