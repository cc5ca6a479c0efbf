/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes, key derivation and encryption of our own formats, on nettle.
 * Certificates and TLS are handled with GnuTLS in pki/.  Only decryption can
 * fail.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SHA256_BYTES = 32,
	SHA256_TEXT = 65,
	AEAD_KEY_BYTES = 32,
	AEAD_NONCE_BYTES = 12,
	AEAD_TAG_BYTES = 16,
	AEAD_OVERHEAD = AEAD_NONCE_BYTES + AEAD_TAG_BYTES,
	PBKDF2_ROUNDS = 600000,
	PBKDF2_ROUNDS_LIMIT = 10000000, /* highest count accepted in another program's file */
};

/* One part of the input, so that callers need not concatenate. */
struct bytes {
	const void *data;
	size_t len;
};

bool bytes_equal(const void *a, const void *b, size_t len); /* constant time */

void sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES]);
/* Lower-case hex. */
void sha256_text(const void *data, size_t len, char out[SHA256_TEXT]);
void sha256_pieces(const struct bytes *pieces, size_t count, uint8_t out[SHA256_BYTES]);
void hmac_sha256(struct bytes key, const struct bytes *pieces, size_t count,
		 uint8_t out[SHA256_BYTES]);
void pbkdf2_sha256(struct bytes password, struct bytes salt, unsigned rounds, uint8_t *out,
		   size_t len);
void hkdf_sha256(struct bytes secret, struct bytes salt, const char *purpose, uint8_t *out,
		 size_t len);

/*
 * AES-256-GCM.  The sealed form is nonce, ciphertext, tag, whose lengths are
 * constants here; each seal uses a new random nonce (a counter would repeat
 * after a restore of the state).
 */
void aead_seal(const uint8_t key[AEAD_KEY_BYTES], struct bytes aad, struct bytes plain,
	       uint8_t *out /* plain.len + overhead */);
/* ERR_CRYPTO when the data was changed or sealed with another key or aad. */
MUST_CHECK bool aead_open(const uint8_t key[AEAD_KEY_BYTES], struct bytes aad, struct bytes sealed,
			  struct secret *plain, struct err *e);

/*
 * AES-256-CBC with PKCS#7 padding, as in `openssl enc -aes-256-cbc`.  `out`
 * needs room for plain.len + 1 rounded up to a multiple of 16; returns the
 * length.
 */
size_t aes_cbc_encrypt(const uint8_t key[32], const uint8_t iv[16], struct bytes plain,
		       uint8_t *out);
MUST_CHECK bool aes_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16], struct bytes sealed,
				struct secret *plain, struct err *e);

#endif
