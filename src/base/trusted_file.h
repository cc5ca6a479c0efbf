/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trusted files: agent configurations, lists of operators, CA certificates,
 * keys, known hosts, passphrases, secrets, tokens.  Write access to such a file
 * decides who is obeyed, so all of them are read here, and nowhere else.
 *
 * Every file is checked before anything is read, and the read uses the
 * descriptor that was checked:
 *   - every directory on the way belongs to root or us and is not writable by
 *     others, except root's sticky directories (the rule of fs_is_safe_dir());
 *     an entry of a sticky directory belongs to root or us,
 *   - a symbolic link is followed by reading it and walking its target in the
 *     same way, checking each directory: /etc/ssl/certs and the mounted secrets
 *     of Kubernetes are links, and a link cannot be changed by its owner, only
 *     replaced by the writers of its directory,
 *   - the file is regular, belongs to root or us, and is not writable by group
 *     or others,
 *   - a key is not readable by others (group may: 0640 root:ssl-cert).
 *
 * ERR_INPUT names the file or directory, its owner or mode, and the command
 * that fixes it.
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
	TRUSTED_PUBLIC, /* others may read it */
	TRUSTED_SECRET, /* others should not read it: the caller warns */
	TRUSTED_KEY,    /* others must not read it */
};

/* Identity of a file version: changes with every new version. */
struct file_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	int64_t modified_ns;
	int64_t changed_ns;
};

/* An open file that was checked and not read yet. */
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

/* Reads a whole file of at most `limit` bytes; `out` must be empty. */
MUST_CHECK bool trusted_file_read(const char *path, enum trusted_kind kind, size_t limit,
				  struct secret *out, struct err *e);
/* The same for TRUSTED_PUBLIC, appended to `out`. */
MUST_CHECK bool trusted_file_text(const char *path, size_t limit, struct buf *out, struct err *e);

#endif
