/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Untrusted certificates and keys: the contents of components, TLS ports and
 * files.  Their ASN.1 is parsed in the decoder process (base/decoder.h), never
 * in this one; fingerprints are computed here, over the bytes.
 *
 * Results are cached by the SHA-256 of the input, so that a thousand components
 * with one pair cost one decoding; foreign_learn() decodes in batches, so that
 * a thousand components with a pair each cost a few.  For a key the cache holds
 * the hash of its public half, never the key.
 */
#ifndef PKI_FOREIGN_H
#define PKI_FOREIGN_H

#include "base/arena.h"
#include "base/decoder.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "pki/pair.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum foreign_kind {
	FOREIGN_CERT, /* one certificate as DER */
	FOREIGN_KEY,  /* a PEM text; its first private key counts */
	FOREIGN_KIND_COUNT
};

enum {
	FOREIGN_AT_ONCE = 256, /* items per decoder process */
	FOREIGN_EXPORT_LIMIT = 32 * 1024,
};

struct foreign {
	enum foreign_kind kind;
	const void *bytes; /* borrowed */
	size_t len;
};

/* Decodes and caches all items not cached yet; errors surface when an item is used. */
void foreign_learn(const struct foreign *list, size_t count);

/*
 * Passes on what this process has cached, to one that reads the same bytes
 * later: the latest entries, at most FOREIGN_EXPORT_LIMIT bytes.  Both must be
 * trusted equally, because a false entry is believed; an entry counts only for
 * bytes with its SHA-256, and a malformed list is dropped.
 */
void foreign_export(struct secret *out);
void foreign_import(const struct secret *list);

/* Like cert_read_facts(). */
MUST_CHECK bool foreign_cert(struct der der, struct arena *a, struct cert_facts *out,
			     struct err *e);
/* SHA-256 hex of the SubjectPublicKeyInfo of the first key in a PEM text. */
MUST_CHECK bool foreign_key_spki(const void *pem, size_t len, char spki[65], struct err *e);
/* Like foreign_key_spki(), plus the key as PKCS#8 DER; `key` must be empty. */
MUST_CHECK bool foreign_key(const void *pem, size_t len, struct secret *key, char spki[65],
			    struct err *e);
/* Like pair_from_parts() and pair_lint() together; `out` must be empty. */
MUST_CHECK bool foreign_pair(const struct secret *pkcs8, const struct cert_set *set, int64_t now,
			     struct pair *out, struct err *e);
/* Like presented_is_complete(). */
bool foreign_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			 int64_t at);

/*
 * JSON encoding of facts between decoder and parent.  facts_read() treats the
 * text as untrusted and computes the fingerprint from `der`.
 */
void facts_write(const struct cert_facts *f, struct buf *out);
MUST_CHECK bool facts_read(struct span text, struct der der, struct arena *a,
			   struct cert_facts *out, struct err *e);

/* For the table of decoders (base/decoder.h). */
decode_fn foreign_decode_facts;
decode_fn foreign_decode_key;
decode_fn foreign_decode_pair;
decode_fn foreign_decode_complete;

/* ---- completeness of a presented chain (presented.c) ---- */

/*
 * Whether a client that trusts the anchor of `set` can build a path from the
 * leaf of `set`, using only the certificates presented above it, in any order.
 * When the anchor is unknown, the path must reach the topmost certificate of
 * `set`.  Extra certificates and other paths are fine: a server may add the
 * anchor, or a cross-signed CA.  Only the first CHAIN_LIMIT certificates count,
 * and of these only the ones valid at time `at`; 0: dates are not checked.
 */
bool presented_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			   int64_t at);

#endif
