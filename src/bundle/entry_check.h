/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public part of an unpacked bundle: decoded, and checked against its own
 * manifest.  bundle/slot.h authenticates the manifest.
 */
#ifndef BUNDLE_ENTRY_CHECK_H
#define BUNDLE_ENTRY_CHECK_H

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
 * Reads the entries of the outer archive, indexed.  Checks that each entry
 * matches the manifest, and that none is missing, unlisted or without meaning.
 */
MUST_CHECK bool entry_check_read(const struct entries *entries, struct unpacked *out,
				 struct err *e);

/* Number of entries recipients/N.enc, from 0 without a gap. */
size_t unpacked_recipients(const struct entries *entries);

#endif
