/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key pair: a private key, its leaf certificate and the chain above it.
 *
 * Certificates are public and kept as DER; the key is a secret in PKCS#8 DER
 * (unencrypted).  `facts` are the fields read from the leaf.
 */
#ifndef PKI_PAIR_H
#define PKI_PAIR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHAIN_LIMIT = 10,              /* certificates, leaf included */
	CERTIFICATE_LIMIT = 64 * 1024, /* bytes of DER */
	INPUT_FILE_LIMIT = 1024 * 1024,
	PEM_BLOCK_LIMIT = 100,
};

/*
 * Fields of a certificate.  Strings are in the arena it was read with; free
 * text is escaped for display (base/text.h).
 */
struct cert_facts {
	const char *fingerprint; /* SHA-256 of its DER, hex */
	const char *spki;        /* SHA-256 of its SubjectPublicKeyInfo, hex;
				    "" when GnuTLS does not know the key type */
	const char *serial;      /* hex */
	const char *subject;     /* RFC 4514 */
	const char *issuer;
	const char *key; /* "ecdsa-p256", "rsa-2048", or GnuTLS's name */
	int64_t not_before;
	int64_t not_after;
	const struct san *names;
	size_t name_count;
	unsigned purpose; /* enum purpose: what its extended key usage allows */
	bool is_ca;
	const char *own_id;    /* subjectKeyIdentifier, hex; NULL: absent */
	const char *signer_id; /* authorityKeyIdentifier, likewise */
};

struct pair {
	struct arena arena;
	struct secret key;
	struct cert_set set;
	struct cert_facts facts; /* of the leaf */
};

void pair_release(struct pair *p);
AUTO_STRUCT(pair, struct pair, pair_release)

/* A deep copy, in `a`. */
struct cert_set cert_set_copy(const struct cert_set *set, struct arena *a);
/*
 * Builds a pair from copies of key and certificates, and reads the leaf's
 * facts.  Nothing is checked: see pair_lint().  `out` must be empty.
 */
MUST_CHECK bool pair_from_parts(const struct secret *pkcs8, const struct cert_set *set,
				struct pair *out, struct err *e);
/*
 * SHA-256 hex over key and certificates, signed when a pair passes through an
 * intermediary, so that no byte of it can be changed on the way.
 */
const char *pair_digest(const struct cert_set *set, const struct secret *pkcs8, struct arena *a);

/* Parses in this process; untrusted DER goes to foreign_cert() instead. */
MUST_CHECK bool cert_read_facts(struct der der, struct arena *a, struct cert_facts *out,
				struct err *e);
/*
 * SHA-1 in upper-case hex, to match the certificates that a product reports by
 * SHA-1; never a proof against an attacker.
 */
const char *cert_sha1(struct der der, struct arena *a);
/* SHA-256 hex over the DER of all certificates after the leaf, in order. */
const char *chain_digest(const struct der *certs, size_t count, struct arena *a);

/*
 * PEM, each block with its newline and no empty lines between blocks.  The
 * key is written as PKCS#8.
 */
void pem_add_certs(struct buf *out, const struct der *certs, size_t count);
void pem_add_key(struct secret *out /* must be empty */, const struct secret *pkcs8);
/*
 * The certificates of a PEM text, our own or a component's, in order; *count is
 * 0 when there are none.  Blocks other than CERTIFICATE are skipped, and the
 * DER inside is not parsed: see cert_read_facts().
 */
MUST_CHECK bool pem_read_certs(const char *text, size_t len, struct arena *a,
			       const struct der **certs, size_t *count, struct err *e);
/*
 * The first private key of a PEM text, unencrypted, as PKCS#8 DER; `out` must
 * be empty.
 */
MUST_CHECK bool pem_read_key(const char *text, size_t len, struct secret *out, struct err *e);
/*
 * The same of a file that is believed (base/trusted_file.h), with its text
 * for who hands that on; `text` NULL: nobody.  A file without a certificate
 * is ERR_INPUT, and so is one whose key others may read.
 */
MUST_CHECK bool pem_file_certs(const char *path, struct arena *a, struct secret *text,
			       struct cert_set *out, struct err *e);
MUST_CHECK bool pem_file_key(const char *path, struct secret *text, struct secret *out,
			     struct err *e);
/* An EC key gets the length of its curve, as key_generate() makes it: older ones had not. */
MUST_CHECK bool key_straighten(struct secret *pkcs8, struct err *e);
/* SHA-256 hex of the key's SubjectPublicKeyInfo, to compare with a leaf's. */
MUST_CHECK bool key_spki(const struct secret *pkcs8, char out[65], struct err *e);

/*
 * The check of a pair before any component is touched: the key belongs to the
 * leaf (proven by a signature), each certificate signed the one below it, every
 * certificate but the anchor is valid at `now`, and key types and signatures
 * are strong enough and of a deployable type.
 */
MUST_CHECK bool pair_lint(const struct pair *p, int64_t now, struct err *e);

/*
 * The authorities that this machine trusts, as GnuTLS was built to find them;
 * copies in `a`, none when there is no store.
 */
void system_trust(struct arena *a, const struct der **certs, size_t *count);

#endif
