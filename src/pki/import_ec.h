/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EC private keys without their public point, as Java's keytool writes them.
 * GnuTLS refuses such a key, and reports a wrong password when it is encrypted.
 */
#ifndef PKI_IMPORT_EC_H
#define PKI_IMPORT_EC_H

#include "pki/gnutls_handle.h"

#include <stdbool.h>

/* Points into the DER that was read. */
struct ec_scalar {
	gnutls_ecc_curve_t curve;
	struct der number;
};

/* Reads SEC1 or unencrypted PKCS#8. */
bool ec_scalar_read(struct der der, struct ec_scalar *out);
/*
 * Reads PKCS#8 encrypted with PBES2; the caller has checked the rounds
 * (import_check_pkcs8()).  *plain owns the plaintext, *out points into it.
 */
bool ec_scalar_decrypt(struct der der, const char *password, struct secret *plain,
		       struct ec_scalar *out);

#endif
