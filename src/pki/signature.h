/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures over short texts, made with a private key and verified with the
 * public key from the signer's certificate.  The hash is the key's preferred
 * one; Ed25519 has its own.
 */
#ifndef PKI_SIGNATURE_H
#define PKI_SIGNATURE_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SIGNATURE_LIMIT = 1024, /* bytes */
};

/* A private key, opened once for many signatures. */
struct signing_key;

MUST_CHECK bool signing_key_open(const struct secret *pkcs8, struct signing_key **out,
				 struct err *e);
void signing_key_close(struct signing_key *k);
AUTO_TYPE(signing_key, struct signing_key *, signing_key_close)

/* Its SubjectPublicKeyInfo, in `a`. */
MUST_CHECK bool signing_key_public(const struct signing_key *k, struct arena *a, struct der *out,
				   struct err *e);
/* Signs `text`; the signature is in `a`. */
MUST_CHECK bool signing_key_sign(const struct signing_key *k, struct der text, struct arena *a,
				 struct der *out, struct err *e);

/* Verifies `signature` over `text` with the key in `spki`. */
MUST_CHECK bool signature_check(struct der spki, struct der text, struct der signature,
				struct err *e);

/*
 * The first public key ("BEGIN PUBLIC KEY") in a PEM text, a SubjectPublicKeyInfo in `a`.
 * False: the text holds none.
 */
bool public_key_read(const char *pem, size_t len, struct arena *a, struct der *spki);
/* Whether a plan may be signed with this key: Ed25519 or ECDSA. */
bool public_key_signs_plans(struct der spki);

#endif
