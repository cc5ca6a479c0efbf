/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EC private keys that GnuTLS does not read, or does not write as others read them.
 * Without its public point, as Java's keytool writes it, it refuses a key, and
 * reports a wrong password when that is encrypted.  What it writes may begin with a
 * zero too many, where RFC 5915 wants the length of the curve.
 */
#ifndef PKI_EC_KEY_H
#define PKI_EC_KEY_H

#include "pki/gnutls_handle.h"

#include <stdbool.h>

/* Points into the DER that was read. */
struct ec_scalar {
	gnutls_ecc_curve_t curve;
	struct der number;
};

/* Reads SEC1 or unencrypted PKCS#8. */
bool ec_scalar_read(struct der der, struct ec_scalar *out);

/* Whether the key is of one of our curves, and its number not as long as that. */
bool ec_key_is_uneven(struct der pkcs8);
/* Writes PKCS#8 after RFC 5915 and RFC 5958; `out` must be empty. */
MUST_CHECK bool ec_key_write(gnutls_x509_privkey_t key, struct secret *out, struct err *e);

#endif
