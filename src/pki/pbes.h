/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption of keys by a password, for what GnuTLS does not open: it decrypts a
 * key only as a whole, and refuses an EC key without its public point after it was
 * decrypted.
 */
#ifndef PKI_PBES_H
#define PKI_PBES_H

#include "pki/gnutls_handle.h"

#include <stdbool.h>

/*
 * Decrypts CBC and takes the padding off; false: not the key, as the padding
 * shows in 255 of 256 cases.  `plain` must be empty.
 */
bool cbc_decrypt(gnutls_cipher_algorithm_t cipher, const struct secret *key, struct der iv,
		 struct der sealed, struct secret *plain);
/*
 * The PKCS#8 in PKCS#8 that is encrypted by PBES2 with PBKDF2, or by 3DES as PKCS#12
 * has it (RFC 7292); the caller has checked the rounds (import_check_pkcs8()).
 * False: another scheme, or a wrong password.
 */
bool pkcs8_decrypt(struct der der, const char *password, struct secret *plain);
/*
 * Encrypts PKCS#8 with PBES2: AES-256 under PBKDF2 of 600,000 rounds with HMAC-SHA256,
 * as GnuTLS would a key that it has encoded itself.
 */
void pkcs8_encrypt(const struct secret *pkcs8, const struct secret *password, struct secret *out);

#endif
