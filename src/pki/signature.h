/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures over short texts, made by a private key and checked with what
 * the certificate of its owner says.  The hash is the one the key prefers;
 * Ed25519 hashes by itself.
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

/* The signature in `a`. */
MUST_CHECK bool signing_key_sign(const struct signing_key *k, struct der text, struct arena *a,
				 struct der *out, struct err *e);

/* Whether the owner of this SubjectPublicKeyInfo signed it. */
MUST_CHECK bool signature_check(struct der spki, struct der text, struct der signature,
				struct err *e);

#endif
