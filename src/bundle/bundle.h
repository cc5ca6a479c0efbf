/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup bundle: a plain ZIP that can be opened by hand with openssl and 7z
 * alone.
 *
 *	RESTORE.txt  manifest.json  manifest.hmac  config/...
 *	certificates/NAME/{leaf,chain}.pem  issuers/NAME/{leaf,chain}.pem
 *	recipients/N.enc  keys.zip
 *
 * The newest generation of a NAME is in the directory NAME, older ones and
 * those found on components in NAME/NUMBER; keys.zip has key.pem in the same
 * directories, so that keys unpacked by hand land beside their certificates.
 * NAME is percent-encoded, and so is each part of a path below config/.
 * bundle/bundle_layout.h derives the names, bundle/manifest.h has the JSON.
 *
 * Each bundle has 64 random bytes: the hex of the first 32 is the password of
 * keys.zip, the last 32 are the key of manifest.hmac, and each recipients/N.enc
 * holds them for one passphrase.  All the rest is a pure function of the
 * content, except the salts of the ciphers.  The order of what is given does not
 * matter; every time inside is 1980-01-01.
 *
 * The outer ZIP stores without compression, so its bytes depend on no
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
	BUNDLE_RECORD_LIMIT = 200000,
	BUNDLE_RECIPIENT_LIMIT = 16,
	BUNDLE_KEY_LIMIT = 64 * 1024, /* bytes of one key */
	BUNDLE_RATIO_LIMIT = 100,     /* unpacked to packed */
	/* our own keys.zip: one key derivation for each entry */
	BUNDLE_KEYS_PER_SECOND = 200,
};

/* Generation with its key. */
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
	const char *leaf_pem;  /* "" while pending */
	const char *chain_pem; /* "": no chain */
	const char *anchor;    /* SHA-256 of its root, one of `anchors`; NULL: none */
	struct secret key_pem; /* borrowed; empty: not in this bundle */
	const char *record;    /* the state's JSON object, public; "": none */
};

struct bundle_file { /* config/PATH */
	const char *path;
	const char *text;
	size_t len;
};

/* Root certificate of some generations. */
struct bundle_anchor {
	const char *fingerprint;
	const char *pem;
};

/* Public record of the state that belongs to no generation. */
struct bundle_record {
	const char *key;
	const char *value; /* JSON object */
};

struct bundle {
	struct arena arena;
	const char *fleet;
	const char *lineage;
	int64_t serial;
	int64_t created;      /* UTC seconds */
	unsigned history_run; /* of the newest closed line of the history; 0: none */
	const char *history;  /* its SHA-256 */
	struct bundle_item *items;
	size_t item_count;
	struct bundle_file *files;
	size_t file_count;
	const char *fleet_file; /* path of the main one of `files`; NULL: unknown */
	struct bundle_anchor *anchors;
	size_t anchor_count;
	struct bundle_record *records;
	size_t record_count;
	/* set by reading */
	bool authenticated; /* opened by a passphrase */
	bool unencrypted;   /* marked unencrypted, hence not authenticated */
	size_t recipient_count;
	struct secret keys; /* storage of the items' key_pem */
};

/* Wipes keys that were read; keys set by a writer stay the writer's. */
void bundle_release(struct bundle *b);
AUTO_STRUCT(bundle, struct bundle, bundle_release)

/* PEM of an anchor; NULL: the bundle does not have it. */
const char *bundle_anchor(const struct bundle *b, const char *fingerprint);

/*
 * Packs a bundle into memory.  ERR_INPUT without a passphrase, with a weak one,
 * or when the content passes a limit of reading.  `unencrypted` (then without
 * passphrases): the keys in keys.zip are not encrypted, and manifest.hmac is
 * keyed with a published constant.
 */
MUST_CHECK bool bundle_write(const struct bundle *b, const struct secret *passphrases, size_t count,
			     bool unencrypted, struct buf *out, struct err *e);

/*
 * Reads a bundle and checks every step: slot, HMAC, hashes, keys.zip, and that
 * the manifest names every entry.  The decoder process unpacks the archive.
 * `passphrase` NULL checks the structure only: `authenticated` stays false and
 * there are no keys, except in an unencrypted bundle.  An unencrypted bundle is
 * refused when a passphrase is given: an attacker could have removed the
 * encryption.  The caller, who knows GnuTLS, checks that a key fits its SPKI:
 * items have both.
 *
 * ERR_INPUT for every flaw; a passphrase that opens no recipient of an
 * undamaged bundle is "wrong passphrase".
 */
MUST_CHECK bool bundle_read(const void *bytes, size_t len, const struct secret *passphrase,
			    struct bundle *out, struct err *e);

/*
 * Like bundle_read(), of a bundle whose bytes are exactly those that bundle_write() makes
 * of the content: manifest.json and the outer ZIP are rebuilt around RESTORE.txt, the
 * recipients, keys.zip and manifest.hmac in the bundle, and compared byte for byte.  Finds
 * differences that bundle_read() ignores: comments, gaps, times, bytes after the end.
 * ERR_INPUT with the position of the first difference when all else is good; another
 * version of certfleet may differ with all content intact.
 */
MUST_CHECK bool bundle_read_exact(const void *bytes, size_t len, const struct secret *passphrase,
				  struct bundle *out, struct err *e);

/*
 * Whether each of the passphrases opens the bundle, to the same password of keys.zip, and
 * authenticates its manifest, and with it every entry; the keys are not decrypted.
 * ERR_INPUT.
 */
MUST_CHECK bool bundle_opens(const void *bytes, size_t len, const struct secret *const *passphrases,
			     size_t count, struct err *e);

/* Lineage and serial of the state a bundle was made from. */
struct bundle_head {
	const char *lineage;
	int64_t serial;
	unsigned history_run; /* 0: none */
	const char *history;
};

/*
 * Reads the head of the manifest, in `a`, and no other content: nothing is
 * authenticated.  The decoder process reads it.  ERR_INPUT.
 */
MUST_CHECK bool bundle_read_head(const void *bytes, size_t len, struct arena *a,
				 struct bundle_head *out, struct err *e);

/* The newest generation of a certificate in a bundle that was read; NULL: none. */
const struct bundle_item *bundle_newest(const struct bundle *b, const char *certificate);
/*
 * Packs a generation for other tools: a plain ZIP of leaf.pem, chain.pem, ca.pem (the
 * root, unless the chain has it) and key.pem.  `out` must be empty.
 */
#define BUNDLE_EXPORT_FIRST "leaf.pem"
MUST_CHECK bool bundle_export(const struct bundle *b, const struct bundle_item *item,
			      struct secret *out, struct err *e);

/* File name of a bundle: FLEET-SERIAL-TIME.zip, sortable. */
const char *bundle_file_name(const struct bundle *b, struct arena *a);

/* Decoders for the table in base/decoder.h. */
decode_fn bundle_decode_head;
decode_fn bundle_decode_outer;
decode_fn bundle_decode_keys;

/* A ZIP of the entries, without password, packed in the sandbox; `out` must be empty. */
struct entries;
MUST_CHECK bool entries_export(struct entries *list, struct secret *out, struct err *e);

#endif
