/* SPDX-License-Identifier: Apache-2.0 */
/* Private and public keys as GnuTLS handles, for the .c files of pki/. */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "pki/gnutls_handle.h"

#include <stdbool.h>

/* Opens a key in PKCS#8 DER. */
MUST_CHECK bool key_open(const struct secret *pkcs8, gnutls_privkey_t *out, struct err *e);
/* Writes a key as PKCS#8 DER; `out` must be empty. */
MUST_CHECK bool key_store(gnutls_x509_privkey_t key, struct secret *out, struct err *e);
MUST_CHECK bool key_public(gnutls_privkey_t key, gnutls_pubkey_t *out, struct err *e);
/* SHA-256 hex of the SubjectPublicKeyInfo. */
MUST_CHECK bool key_digest(gnutls_pubkey_t key, char out[65], struct err *e);
/* Whether `pub` verifies a signature made with `key`. */
bool key_proves(gnutls_privkey_t key, gnutls_pubkey_t pub);
/* Key type as in the fleet file ("ecdsa-p256"); GnuTLS's name for any other. */
const char *key_word(gnutls_pubkey_t pub, struct arena *a);

#endif
