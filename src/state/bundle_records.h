/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of bundles: each that was read back and compared after it was
 * written, and what its bytes were then.
 *
 *	bundle/NAME      struct bundle_verified
 */
#ifndef STATE_BUNDLE_RECORDS_H
#define STATE_BUNDLE_RECORDS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;
struct change;

struct bundle_verified {
	const char *name; /* file name in the backup directory */
	const char *sha256;
	int64_t at;
};

/* Sorted by name. */
MUST_CHECK bool state_bundles(struct state *s, struct arena *a, const struct bundle_verified **out,
			      size_t *count, struct err *e);
void change_bundle(struct change *c, const struct bundle_verified *b);
void change_forget_bundle(struct change *c, const char *name);

#endif
