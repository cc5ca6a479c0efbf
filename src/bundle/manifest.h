/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json:
 *
 *	format_version  1; a new key does not change it
 *	fleet, lineage, serial, created_at
 *	encryption      "aes-256", or "none": the keys lie openly
 *	generations     [{kind: certificate|issuer, name, number,
 *	                fingerprint_sha256, spki_sha256, source, subject,
 *	                not_after, components, directory, key: true|false,
 *	                record}], in the order of bundle/bundle_layout.h
 *	config          [{path, entry}], by path
 *	entries         [{name, size, sha256}]: every entry of the archive but
 *	                manifest.json and manifest.hmac
 *
 * Bundles with the same content have the same manifest.
 */
#ifndef BUNDLE_MANIFEST_H
#define BUNDLE_MANIFEST_H

#include "base/buf.h"
#include "base/err.h"
#include "bundle/bundle.h"
#include "bundle/entries.h"
#include "crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	MANIFEST_VERSION = 1
};

/* An entry that the manifest vouches for. */
struct listed {
	const char *name;
	size_t size;
	const char *sha256;
};

/* What the manifest says beyond the bundle; in the bundle's arena. */
struct manifest {
	bool *has_key; /* of each item */
	struct listed *listed;
	size_t listed_count;
};

/* `b` is sorted; `others` are the entries to list. */
MUST_CHECK bool manifest_write(const struct bundle *b, const bool *has_key,
			       const struct entries *others, struct buf *out, struct err *e);

/*
 * Fills `b`, which is empty, but for certificates, files and keys, which are
 * not in the manifest, and `m`.  ERR_INPUT; a newer format says so.
 */
MUST_CHECK bool manifest_read(struct bytes json, struct bundle *b, struct manifest *m,
			      struct err *e);

/* Only whose bundle it is and when it was made, for a quick look. */
MUST_CHECK bool manifest_read_head(struct bytes json, struct bundle *b, struct err *e);

#endif
