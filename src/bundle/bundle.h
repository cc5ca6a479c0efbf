/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup bundles: a plain ZIP that can be opened by hand with openssl and
 * 7z alone (DESIGN section 6 has the format).
 *
 *	RESTORE.txt  manifest.json  manifest.hmac  config/...
 *	certificates/NAME/{leaf,chain}.pem  recipients/N.enc  keys.zip
 *
 * Everything is a pure function of the content and 64 fresh random bytes,
 * except what the ciphers draw: salts in recipients/N.enc and keys.zip.
 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BUNDLE_LIMIT = 64 * 1024 * 1024, /* bytes, packed and unpacked */
	BUNDLE_ENTRY_LIMIT = 10000,
	BUNDLE_RECIPIENT_LIMIT = 16,
};

/* One generation with its key. */
struct bundle_item {
	const char *name; /* certificate; or issuer with is_issuer */
	bool is_issuer;
	unsigned number; /* of the generation */
	const char *fingerprint;
	const char *spki;
	const char *source; /* "issued", "imported", "found" */
	const char *subject;
	const char *not_after; /* RFC 3339 */
	const char *const *components;
	size_t component_count;
	const char *leaf_pem;
	const char *chain_pem; /* "" when there is none */
	struct secret key_pem; /* borrowed bytes; never printed */
	const char *record; /* the state's JSON record, to restore it whole */
};

struct bundle_file { /* config/PATH */
	const char *path;
	const char *text;
	size_t len;
};

struct bundle {
	struct arena arena;
	const char *fleet;
	const char *lineage;
	int64_t serial;
	int64_t created; /* UTC seconds */
	struct bundle_item *items;
	size_t item_count;
	struct bundle_file *files;
	size_t file_count;
	bool authenticated; /* on reading: a passphrase opened it */
};

/* Wipes the keys it owns. */
void bundle_release(struct bundle *b);
AUTO_STRUCT(bundle, struct bundle, bundle_release)

/*
 * Under 16 bytes, under 8 different bytes, or with control characters:
 * refused when encrypting, never when opening.
 */
MUST_CHECK bool passphrase_check(const struct secret *passphrase,
				 struct err *e);

/*
 * Packs into memory.  `count` 0 with `unencrypted`: the keys lie openly in
 * keys.zip, and manifest.hmac is keyed with a published constant.
 */
MUST_CHECK bool bundle_write(const struct bundle *b,
			     const struct secret *passphrases, size_t count,
			     bool unencrypted, struct buf *out, struct err *e);

/*
 * Reads what bundle_write() wrote and checks every step: slot, HMAC, hashes,
 * keys.zip, and that no entry is unnamed.  Decoding runs in the sandbox.
 * `passphrase` NULL checks the structure only: `authenticated` stays false
 * and there are no keys.  That a key fits its SPKI is for the caller, who
 * knows GnuTLS: items have both.  ERR_INPUT for whatever is wrong with it.
 */
MUST_CHECK bool bundle_read(const void *bytes, size_t len,
			    const struct secret *passphrase, struct bundle *out,
			    struct err *e);

/* The file name of a bundle: FLEET-SERIAL-TIME.zip, sortable. */
const char *bundle_file_name(const struct bundle *b, struct arena *a);

#endif
