/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZIP archives by libarchive, in the narrow form that bundles use: regular
 * files with safe names, stored or deflated, known sizes, no duplicates.
 */
#ifndef BUNDLE_ZIP_H
#define BUNDLE_ZIP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "bundle/entries.h"
#include "crypto/crypto.h"

#include <stdbool.h>

/*
 * Appends an archive of the entries in their order; the same entries give
 * the same bytes in every time zone.  With a password (text) each entry is
 * sealed by WinZip's AES-256 under a salt of its own.  With one, run it in
 * the sandbox: libarchive does not wipe what it derives.
 */
MUST_CHECK bool zip_pack(const struct entries *list, const struct secret *password, struct buf *out,
			 struct err *e);

/*
 * Appends the entries of `zip` to `frames` (bundle/entries.h).  To be called
 * in the sandbox only.  `password` NULL: nothing in it may be encrypted;
 * else everything must be.  ERR_INPUT for all that is wrong.
 */
MUST_CHECK bool zip_unpack(struct bytes zip, const struct secret *password, struct buf *frames,
			   struct err *e);

/*
 * Appends the bytes of the first entry of that name alone, whatever else is
 * in the archive; nothing may be encrypted up to it.  In the sandbox only.
 */
MUST_CHECK bool zip_find(struct bytes zip, const char *name, struct buf *out, struct err *e);

/*
 * libarchive takes an entry's name from beside its data, other programs from
 * the directory at the end, and neither minds bytes in between: an archive
 * can show different readers different content.  So each byte must have its
 * one place: entries without gaps, their directory, its end, and nothing
 * more, with the two descriptions of each entry alike, and naming what
 * libarchive found.  ERR_INPUT otherwise.
 */
MUST_CHECK bool zip_layout_check(struct bytes zip, const struct entries *found, struct err *e);

#endif
