/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers' certificates and keys say: what components hold, what ports
 * and files show.  ASN.1 of theirs is read by the decoder (base/decoder.h)
 * and never here; fingerprints are computed here, over the bytes.
 *
 * What was read of some bytes is remembered by their SHA-256, so that a
 * thousand components with one pair cost one decoding; foreign_learn() reads
 * many at once, so that a thousand with a pair each cost a few.  Of a key the
 * hash of its public half is remembered, never the key.
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
	FOREIGN_KEY,  /* a PEM text with a private key, which it begins with */
	FOREIGN_KIND_COUNT
};

enum {
	FOREIGN_AT_ONCE = 256, /* decoded by one child */
};

struct foreign {
	enum foreign_kind kind;
	const void *bytes; /* borrowed */
	size_t len;
};

/* Reads and remembers what is not remembered yet; errors come up later. */
void foreign_learn(const struct foreign *list, size_t count);

/* As cert_read_facts(). */
MUST_CHECK bool foreign_cert(struct der der, struct arena *a, struct cert_facts *out,
			     struct err *e);
/* SHA-256 hex of the SubjectPublicKeyInfo of the first key in a PEM text. */
MUST_CHECK bool foreign_key_spki(const void *pem, size_t len, char spki[65], struct err *e);
/* The key as well, as PKCS#8 DER; `key` must be empty. */
MUST_CHECK bool foreign_key(const void *pem, size_t len, struct secret *key, char spki[65],
			    struct err *e);
/* As pair_from_parts() and pair_lint() together; `out` must be empty. */
MUST_CHECK bool foreign_pair(const struct secret *pkcs8, const struct cert_set *set, int64_t now,
			     struct pair *out, struct err *e);
/* As presented_is_complete(). */
bool foreign_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			 int64_t at);

/*
 * Facts on their way out of the decoder, as JSON; reading takes nothing for
 * granted, and the fingerprint is that of `der`.
 */
void facts_write(const struct cert_facts *f, struct buf *out);
MUST_CHECK bool facts_read(struct span text, struct der der, struct arena *a,
			   struct cert_facts *out, struct err *e);

/* For the table of decoders (base/decoder.h). */
decode_fn foreign_decode_facts;
decode_fn foreign_decode_key;
decode_fn foreign_decode_pair;
decode_fn foreign_decode_complete;

/* ---- pki/presented.c ---- */

/* Whether what a server presents above its leaf is enough for a client. */

/*
 * Whether a client that trusts the anchor of `set` gets there from the leaf
 * of `set`, with nothing else than what was presented above it, in any order.
 * Where the anchor is not known, the uppermost certificate of `set` has to be
 * reached.  More may be presented, and another way up is as good: a server
 * may add the anchor, or a cross-signed authority.  Only the first
 * CHAIN_LIMIT certificates are looked at, and of these only what is valid at
 * the time `at`; 0 asks nothing of their dates.
 */
bool presented_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			   int64_t at);

#endif
