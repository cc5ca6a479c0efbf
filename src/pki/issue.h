/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes keys and certificates (X.509 v3, RFC 5280): random positive serial
 * of 16 bytes, basicConstraints, keyUsage, extendedKeyUsage, SAN, SKI, AKI.
 * not_before is five minutes before `now`; a leaf never outlives its issuer
 * and never begins before it.
 */
#ifndef PKI_ISSUE_H
#define PKI_ISSUE_H

#include "model/fleet.h"
#include "pki/pair.h"

/* A new private key, PKCS#8 DER; `out` must be empty.  RSA takes seconds. */
MUST_CHECK bool key_generate(enum key_type type, struct secret *out, struct err *e);

/* A signer, opened once for many certificates. */
struct authority;
MUST_CHECK bool authority_open(const struct secret *pkcs8, const struct cert_set *set,
			       struct authority **out, struct err *e);
void authority_close(struct authority *a);
AUTO_TYPE(authority, struct authority *, authority_close)

/*
 * A leaf for `c` and key `pkcs8`, signed by `by`, or by itself when `by` is
 * NULL.  `out` must be empty; it gets a copy of the key and the leaf, above
 * it the authority's certificates, and a self-signed authority as anchor.
 */
MUST_CHECK bool issue_leaf(const struct certificate *c, const struct secret *pkcs8,
			   const struct authority *by, int64_t now, struct pair *out,
			   struct err *e);
/*
 * A leaf for a key that somebody else keeps, with the authority's
 * certificates as above; all in `a`.
 */
struct leaf_request {
	const struct certificate *certificate;
	struct der spki; /* SubjectPublicKeyInfo */
	int64_t now;
};
MUST_CHECK bool issue_for(const struct leaf_request *r, const struct authority *by, struct arena *a,
			  struct cert_set *out, struct err *e);
/* A self-signed authority; its pair has one certificate. */
MUST_CHECK bool issue_authority(const struct issuer *i, const struct secret *pkcs8, int64_t now,
				struct pair *out, struct err *e);

/* RFC 4514: see subject_fn in config/load.h. */
bool subject_canonical(const char *text, struct arena *a, const char **canonical, const char **cn,
		       struct err *e);

#endif
