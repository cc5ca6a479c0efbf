/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named bytes: what a ZIP holds.
 *
 * Names are restricted far below what ZIP allows, so that no reader on any
 * system can be led out of its directory by one.  From the sandbox, entries
 * travel as frames: two lengths, name, bytes, each with a NUL behind.
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
	ENTRY_FRAME_BYTES = 10, /* what a frame adds to name and data */
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

/* Parts of [A-Za-z0-9._%-] joined by single '/', none of them "." or "..". */
bool entry_name_is_safe(const char *name);

/*
 * Makes entries_find() work.  ERR_INPUT when two names differ in nothing but
 * case, because they are one file on some systems.
 */
MUST_CHECK bool entries_index(struct entries *list, struct arena *a, struct err *e);
/* NULL when there is none. */
const struct bundle_entry *entries_find(const struct entries *list, const char *name);

void entries_frame(struct buf *out, const char *name, size_t len);
/* Reads all frames; the entries point into `frames`.  Indexed. */
MUST_CHECK bool entries_unframe(const void *frames, size_t len, struct arena *a,
				struct entries *out, struct err *e);

#endif
