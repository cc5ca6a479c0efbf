/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup bundles: a plain ZIP that can be opened by hand with openssl and
 * 7z alone.
 *
 *	RESTORE.txt  manifest.json  manifest.hmac  config/...
 *	certificates/NAME/{leaf,chain}.pem  issuers/NAME/{leaf,chain}.pem
 *	recipients/N.enc  keys.zip
 *
 * The newest generation of a NAME lies in the directory NAME, older ones and
 * those found on components in
 * NAME/NUMBER; keys.zip has key.pem in the same directories, so that keys
 * unpacked by hand land beside their certificates.  NAME is percent-encoded,
 * and so is each part of a path below config/.  bundle/bundle_layout.h derives the
 * names, bundle/manifest.h has the JSON.
 *
 * Each bundle has 64 random bytes: the hex of the first 32 is the password
 * of keys.zip, the last 32 key manifest.hmac, and recipients/N.enc hold them
 * for one passphrase each.  All the rest is a pure function of the content,
 * except the salts that the ciphers draw.  Order of items and files given
 * does not matter; every time inside is 1980-01-01.
 *
 * The outer ZIP stores without compression: its bytes then depend on no
 * compressor's version.
 */
#ifndef BUNDLE_BUNDLE_H
#define BUNDLE_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/decoder.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BUNDLE_LIMIT = 64 * 1024 * 1024, /* bytes, packed and unpacked */
	BUNDLE_ENTRY_LIMIT = 25000,
	BUNDLE_RECIPIENT_LIMIT = 16,
	BUNDLE_KEY_LIMIT = 64 * 1024, /* bytes of one key */
	BUNDLE_RATIO_LIMIT = 100,     /* unpacked to packed */
	/* our own keys.zip: each entry has a key derivation of its own */
	BUNDLE_KEYS_PER_SECOND = 200,
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
	const char *leaf_pem;  /* "" when there is none yet */
	const char *chain_pem; /* "" when there is none */
	struct secret key_pem; /* borrowed; empty when it is kept elsewhere */
	const char *record;    /* the state's JSON object, public; "" for none */
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
	/* on reading */
	bool authenticated; /* a passphrase opened it */
	bool unencrypted;   /* marked so: nothing vouches for it */
	size_t recipient_count;
	struct secret keys; /* what the items' key_pem point into */
};

/* Wipes what was read; keys that a writer put into items stay its own. */
void bundle_release(struct bundle *b);
AUTO_STRUCT(bundle, struct bundle, bundle_release)

/*
 * Packs into memory.  ERR_INPUT without a passphrase, with a weak one, or
 * when the content passes a limit: what is written can be read back.
 * `unencrypted` (then without passphrases): the keys lie openly in keys.zip,
 * and manifest.hmac is keyed with a published constant.
 */
MUST_CHECK bool bundle_write(const struct bundle *b, const struct secret *passphrases, size_t count,
			     bool unencrypted, struct buf *out, struct err *e);

/*
 * Reads what bundle_write() wrote and checks every step: slot, HMAC, hashes,
 * keys.zip, and that no entry is unnamed.  The decoder unpacks it.
 * `passphrase` NULL checks the structure only: `authenticated` stays false
 * and there are no keys, unless they lie openly in an unencrypted bundle.
 * An unencrypted one is refused when a passphrase is given: whoever changes
 * a bundle could take the lock off.  That a key fits its SPKI is for the
 * caller, who knows GnuTLS: items have both.
 *
 * ERR_INPUT for whatever is wrong with it; a passphrase that opens no
 * recipient of an undamaged bundle is "wrong passphrase".
 */
MUST_CHECK bool bundle_read(const void *bytes, size_t len, const struct secret *passphrase,
			    struct bundle *out, struct err *e);

/*
 * Whether each of these passphrases opens it and vouches for its manifest and
 * all that this names; the keys themselves stay closed.  ERR_INPUT.
 */
MUST_CHECK bool bundle_opens(const void *bytes, size_t len, const struct secret *const *passphrases,
			     size_t count, struct err *e);

/* Whose state a bundle was made from, and when in its life. */
struct bundle_head {
	const char *lineage;
	int64_t serial;
};

/*
 * What the manifest says of it, in `a`, without reading any content: nobody
 * vouches for it.  The decoder reads it.  ERR_INPUT.
 */
MUST_CHECK bool bundle_read_head(const void *bytes, size_t len, struct arena *a,
				 struct bundle_head *out, struct err *e);

/*
 * Whether these are the bytes that bundle_write() makes of this content:
 * RESTORE.txt, manifest.json and the outer ZIP are built again around the
 * recipients, keys.zip and manifest.hmac found in it, and compared byte for
 * byte.  Finds what bundle_read() has no reason to look at: comments, gaps,
 * times, bytes after the end.  It says nothing about who wrote it, so do
 * both.  ERR_INPUT with the place of the first difference; another version
 * of certfleet may differ with all content intact.
 */
MUST_CHECK bool bundle_rebuild_matches(const void *bytes, size_t len, struct err *e);

/* The file name of a bundle: FLEET-SERIAL-TIME.zip, sortable. */
const char *bundle_file_name(const struct bundle *b, struct arena *a);

/* For the table of decoders (base/decoder.h). */
decode_fn bundle_decode_head;
decode_fn bundle_decode_outer;
decode_fn bundle_decode_keys;
decode_fn bundle_decode_rebuilt;

#endif
