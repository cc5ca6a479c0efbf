/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.zip: the private keys of a bundle.  Each entry costs a key derivation, so many keys
 * are encrypted, and decrypted again, in shares by processes side by side.  The archive
 * does not show it.
 */
#ifndef BUNDLE_KEYS_ZIP_H
#define BUNDLE_KEYS_ZIP_H

#include "base/err.h"
#include "base/secret.h"
#include "bundle/entries.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>

/* Packs the keys; `text` is that of the slots, empty: not encrypted.  `zip` must be empty. */
MUST_CHECK bool keys_zip_pack(const struct entries *keys, const struct secret *text,
			      struct secret *zip, struct err *e);
/*
 * Unpacks the keys to frames (bundle/entries.h), in any order; the decoder process does it.
 * `count` is the number of keys due, by which an archive that is authenticated gets its
 * time; `text` NULL: not encrypted.  `frames` must be empty.
 */
MUST_CHECK bool keys_zip_unpack(struct bytes zip, const struct secret *text, size_t count,
				struct secret *frames, struct err *e);

#endif
