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
 * Appends an archive of the entries in their order; equal entries give equal
 * bytes in every time zone.  With a password (text) each entry is encrypted
 * with WinZip's AES-256 under a salt of its own.  With a password, call it in
 * the sandbox only: libarchive does not wipe derived keys.
 */
MUST_CHECK bool zip_pack(const struct entries *list, const struct secret *password, struct buf *out,
			 struct err *e);

/*
 * Appends the entries of `zip` to `frames` (bundle/entries.h).  To be called in
 * the sandbox only.  `password` NULL: no entry may be encrypted; else every
 * entry must be.  ERR_INPUT for every flaw.
 */
MUST_CHECK bool zip_unpack(struct bytes zip, const struct secret *password, struct buf *frames,
			   struct err *e);

/* Every `of`th entry, from number `index` on. */
struct zip_share {
	size_t index;
	size_t of;
};

/* The same for a share of the entries; the whole archive is checked but for the content of others.
 */
MUST_CHECK bool zip_unpack_share(struct bytes zip, const struct secret *password,
				 struct zip_share share, struct buf *frames, struct err *e);

/*
 * Joins archives made by zip_pack() to the one that it makes of all their entries, but for
 * the salts; `out` must be empty.
 */
MUST_CHECK bool zip_join(const struct secret *parts, size_t count, struct secret *out,
			 struct err *e);

/*
 * Appends the content of the first entry with that name, whatever else is in
 * the archive; no entry up to it may be encrypted.  In the sandbox only.
 */
MUST_CHECK bool zip_find(struct bytes zip, const char *name, struct buf *out, struct err *e);

/*
 * Checks that an archive shows every reader the same content.  libarchive takes
 * an entry's name from beside its data, other programs from the directory at
 * the end, and neither minds bytes in between.  So each byte must have its one
 * place: entries without gaps, their directory, its end, and nothing more; the
 * two headers of each entry must agree, and name what libarchive found.
 * ERR_INPUT otherwise.
 */
MUST_CHECK bool zip_layout_check(struct bytes zip, const struct entries *found, struct err *e);

#endif
