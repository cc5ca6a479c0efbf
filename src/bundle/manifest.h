/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json:
 *
 *	format_version  1; a new key does not change it
 *	fleet, lineage, serial, created_at
 *	history         {run, sha256} of the newest closed line of the history
 *	encryption      "aes-256", or "none": the keys are not encrypted
 *	generations     [{kind: certificate|issuer, name, number,
 *	                fingerprint_sha256, spki_sha256, source, subject,
 *	                not_after, components, directory, key: true|false,
 *	                anchor_sha256, record}], in the order of
 *	                bundle/bundle_layout.h
 *	anchors         [{sha256, pem}]: roots of the generations, by sha256
 *	config          [{path, entry}], by path
 *	fleet_file      path of the fleet file among these
 *	records         [{key, record}]: what else the state knows, by key:
 *	                components, agents, accepted authorities
 *	entries         [{name, size, sha256}]: every entry of the archive but
 *	                manifest.json and manifest.hmac
 *
 * Bundles of former versions lack `anchor_sha256`, `anchors`, `fleet_file`,
 * `history` and `records`; so do those that would have them empty.
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

/* Entry authenticated by the manifest. */
struct listed {
	const char *name;
	size_t size;
	const char *sha256;
};

/* Content of the manifest beyond struct bundle; in the bundle's arena. */
struct manifest {
	bool *has_key; /* by item */
	struct listed *listed;
	size_t listed_count;
};

/* Writes the manifest of `b`, which is sorted, to `out`, which is empty; `others` are the entries
 * to list. */
MUST_CHECK bool manifest_write(const struct bundle *b, const bool *has_key,
			       const struct entries *others, struct buf *out, struct err *e);

/*
 * Fills `m` and `b`, which is empty; certificates, files and keys are not in
 * the manifest.  ERR_INPUT, with a message of its own for a newer format.
 */
MUST_CHECK bool manifest_read(struct bytes json, struct bundle *b, struct manifest *m,
			      struct err *e);

/* Reads only fleet, lineage, serial, time and encryption. */
MUST_CHECK bool manifest_read_head(struct bytes json, struct bundle *b, struct err *e);

#endif
