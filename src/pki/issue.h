/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generation of keys and certificates (X.509 v3, RFC 5280): random positive
 * serial of 16 bytes, basicConstraints, keyUsage, extendedKeyUsage, SAN, SKI,
 * AKI.  not_before is five minutes before `now`; a leaf never outlives its
 * issuer and never begins before it.
 */
#ifndef PKI_ISSUE_H
#define PKI_ISSUE_H

#include "model/fleet.h"
#include "pki/pair.h"

/* Generates a private key as PKCS#8 DER; `out` must be empty.  RSA takes seconds. */
MUST_CHECK bool key_generate(enum key_type type, struct secret *out, struct err *e);

/* A CA's key and chain, opened once to sign many certificates. */
struct authority;
MUST_CHECK bool authority_open(const struct secret *pkcs8, const struct cert_set *set,
			       struct authority **out, struct err *e);
void authority_close(struct authority *a);
AUTO_TYPE(authority, struct authority *, authority_close)

/*
 * Issues a leaf for `c` and key `pkcs8`, signed by `by`; NULL: self-signed.
 * `out` must be empty; it gets a copy of the key, and the leaf followed by the
 * CA's chain, with a self-signed CA as anchor.
 */
MUST_CHECK bool issue_leaf(const struct certificate *c, const struct secret *pkcs8,
			   const struct authority *by, int64_t now, struct pair *out,
			   struct err *e);
/*
 * Issues a leaf for a key known only by its public half, followed by the CA's
 * chain as in issue_leaf(); all in `a`.
 */
struct leaf_request {
	const struct certificate *certificate;
	struct der spki; /* SubjectPublicKeyInfo */
	int64_t now;
};
MUST_CHECK bool issue_for(const struct leaf_request *r, const struct authority *by, struct arena *a,
			  struct cert_set *out, struct err *e);
/* Issues a self-signed CA; its pair has one certificate. */
MUST_CHECK bool issue_authority(const struct issuer *i, const struct secret *pkcs8, int64_t now,
				struct pair *out, struct err *e);

/* Canonical form of an RFC 4514 name: see subject_fn in config/load.h. */
bool subject_canonical(const char *text, struct arena *a, const char **canonical, const char **cn,
		       struct err *e);

#endif
