/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File for people that certfleet writes whole: the export of a pair, a hand-off.  What
 * is there is replaced or removed only when it is certfleet's own: when its SHA-256 is
 * among `known`.  Written with mode 0600 by one rename, in a checked directory, never
 * through a symbolic link.
 *
 * ERR_IO: "problem; remedy".
 */
#ifndef INSTALL_OWNED_FILE_H
#define INSTALL_OWNED_FILE_H

#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>

struct owned_file {
	const char *path; /* absolute */
	const char *const *known;
	size_t known_count;
	bool keeps_former; /* beside it, as PATH.old */
};

/* What is there now; "" each: nothing. */
struct owned_there {
	char sha256[SHA256_TEXT];
	char former[SHA256_TEXT]; /* of PATH.old, with `keeps_former` */
};

/*
 * Looks, and writes nothing.  Fails when a replacement would: what is there is not
 * certfleet's own, or it cannot be written.
 */
MUST_CHECK bool owned_file_look(const struct owned_file *f, struct owned_there *out, struct err *e);
/*
 * At each instant there is a whole file at the path, the former or the new one.  With
 * `keeps_former` PATH.old is replaced first.
 */
MUST_CHECK bool owned_file_replace(const struct owned_file *f, const struct secret *bytes,
				   struct err *e);
/* Overwrites it with zeroes, then removes it.  Nothing there, or a foreign file, is fine. */
MUST_CHECK bool owned_file_wipe(const struct owned_file *f, struct err *e);

#endif
