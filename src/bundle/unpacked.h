/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public part of a bundle that was unpacked: decoded, and checked against
 * its own manifest.  Whether the manifest is to be believed is decided
 * elsewhere (bundle/slot.h).
 */
#ifndef BUNDLE_UNPACKED_H
#define BUNDLE_UNPACKED_H

#include "base/err.h"
#include "bundle/bundle.h"
#include "bundle/entries.h"
#include "bundle/manifest.h"

#include <stdbool.h>

struct unpacked {
	struct bundle bundle; /* without keys */
	struct manifest manifest;
};

void unpacked_release(struct unpacked *c);
AUTO_STRUCT(unpacked, struct unpacked, unpacked_release)

/*
 * `entries` are those of the outer archive, indexed.  Each is as the
 * manifest says, none is missing, unnamed or without meaning.
 */
MUST_CHECK bool unpacked_read(const struct entries *entries, struct unpacked *out, struct err *e);

/* How many recipients/N.enc there are, from 0 without a gap. */
size_t unpacked_recipients(const struct entries *entries);

#endif
