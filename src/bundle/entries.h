/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of a ZIP archive: named bytes.
 *
 * Names are restricted far below what ZIP allows, so that no name can lead a
 * reader on any system out of its directory.  The sandbox sends entries as
 * frames: two lengths, name, bytes, each with a trailing NUL.
 */
#ifndef BUNDLE_ENTRIES_H
#define BUNDLE_ENTRIES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	ENTRY_NAME_LIMIT = 1024,
	ENTRY_FRAME_BYTES = 10, /* overhead of a frame besides name and data */
};

struct bundle_entry {
	const char *name;
	const void *data; /* borrowed; followed by a NUL when unframed */
	size_t len;
};

struct entries {
	struct bundle_entry *items;
	size_t count;
	size_t room;
	const struct bundle_entry **sorted; /* by name, once entries_index() ran */
};

/*
 * Whether a name is parts of [A-Za-z0-9._%-] joined by single '/', none of them
 * "." or "..".
 */
bool entry_name_is_safe(const char *name);

/*
 * Builds the index for entries_find().  ERR_INPUT when two names differ only in
 * case, because some systems have one file for both.
 */
MUST_CHECK bool entries_index(struct entries *list, struct arena *a, struct err *e);
/* Entry by name; NULL: none. */
const struct bundle_entry *entries_find(const struct entries *list, const char *name);

void entries_frame(struct buf *out, const char *name, size_t len);
/* Reads and indexes all frames; the entries point into `frames`. */
MUST_CHECK bool entries_unframe(const void *frames, size_t len, struct arena *a,
				struct entries *out, struct err *e);

#endif
