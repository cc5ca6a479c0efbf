/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walk over a ZIP archive in memory, entry by entry, within limits: what all
 * readers of archives share.  Internal to bundle/, and in the sandbox only.
 */
#ifndef BUNDLE_ZIP_WALK_H
#define BUNDLE_ZIP_WALK_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stdint.h>

struct archive;
struct archive_entry;

struct zip_walk {
	struct archive *archive;
	bool encrypted; /* each entry is expected to be */
	uint64_t limit; /* unpacked bytes */
	uint64_t left;  /* of these, still allowed */
};

void zip_walk_close(struct zip_walk *w);
AUTO_STRUCT(zip_walk, struct zip_walk, zip_walk_close)

/*
 * `password` NULL: none.  At most `limit` unpacked bytes, and at most
 * BUNDLE_RATIO_LIMIT for each packed one.  `zip` is borrowed.
 */
MUST_CHECK bool zip_walk_open(struct zip_walk *w, struct bytes zip, const struct secret *password,
			      uint64_t limit, struct err *e);
/* Sets *head to NULL at the end of the archive; nothing of an entry is checked. */
MUST_CHECK bool zip_walk_next(const struct zip_walk *w, struct archive_entry **head, struct err *e);
/* Whether the entry is stored or deflated, and encrypted by AES where that is expected. */
bool zip_walk_method_is_allowed(const struct zip_walk *w);
/* Appends the content of the entry; its length must be that of its header. */
MUST_CHECK bool zip_walk_read(struct zip_walk *w, struct archive_entry *head, struct buf *out,
			      struct err *e);

#endif
