/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EC private keys without their public point, as Java's keytool writes them:
 * GnuTLS refuses these, and says of an encrypted one that the password is
 * wrong.
 */
#ifndef PKI_IMPORT_EC_H
#define PKI_IMPORT_EC_H

#include "pki/gnutls_handle.h"

#include <stdbool.h>

/* Borrowed from the DER it was read from. */
struct ec_scalar {
	gnutls_ecc_curve_t curve;
	struct der number;
};

/* From SEC1 or unencrypted PKCS#8. */
bool ec_scalar_read(struct der der, struct ec_scalar *out);
/*
 * From PKCS#8 that is encrypted with PBES2, whose rounds were checked
 * before; *plain owns what was decrypted.
 */
bool ec_scalar_decrypt(struct der der, const char *password, struct secret *plain,
		       struct ec_scalar *out);

#endif
