/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "base/random.h"
#include "base/text.h"

#include <nettle/cbc.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha2.h>
#include <string.h>

bool bytes_equal(const void *a, const void *b, size_t len)
{
	return memeql_sec(a, b, len);
}

void sha256_pieces(const struct bytes *pieces, size_t count, uint8_t out[SHA256_BYTES])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < count; i++)
		sha256_update(&ctx, pieces[i].len, pieces[i].data);
	sha256_digest(&ctx, SHA256_BYTES, out);
	wipe(&ctx, sizeof(ctx));
}

void sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
	sha256_pieces(&(struct bytes){ data, len }, 1, out);
}

void sha256_text(const void *data, size_t len, char out[SHA256_TEXT])
{
	uint8_t digest[SHA256_BYTES];

	sha256(data, len, digest);
	text_hex(digest, sizeof(digest), out);
}

void hmac_sha256(struct bytes key, const struct bytes *pieces, size_t count,
		 uint8_t out[SHA256_BYTES])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key.len, key.data);
	for (size_t i = 0; i < count; i++)
		hmac_sha256_update(&ctx, pieces[i].len, pieces[i].data);
	hmac_sha256_digest(&ctx, SHA256_BYTES, out);
	wipe(&ctx, sizeof(ctx));
}

/*
 * Wipes the stack below, where nettle left intermediate blocks; 4096 bytes are
 * more than it used.
 */
__attribute__((noinline)) static void wipe_stack(void)
{
	uint8_t below[4096];

	wipe(below, sizeof(below));
}

/*
 * Not nettle's pbkdf2_hmac_sha256(): it leaves the HMAC state, which is as good
 * as the password, on the stack.
 */
void pbkdf2_sha256(struct bytes password, struct bytes salt, unsigned rounds, uint8_t *out,
		   size_t len)
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, password.len, password.data);
	pbkdf2(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
	       (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_BYTES, rounds, salt.len,
	       salt.data, len, out);
	wipe(&ctx, sizeof(ctx));
	wipe_stack();
}

void hkdf_sha256(struct bytes secret, struct bytes salt, const char *purpose, uint8_t *out,
		 size_t len)
{
	struct hmac_sha256_ctx ctx;
	uint8_t prk[SHA256_BYTES];

	hmac_sha256(salt, &secret, 1, prk);
	hmac_sha256_set_key(&ctx, sizeof(prk), prk);
	hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
		    (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_BYTES, strlen(purpose),
		    (const uint8_t *)purpose, len, out);
	wipe(&ctx, sizeof(ctx));
	wipe(prk, sizeof(prk));
}

static void gcm_begin(struct gcm_aes256_ctx *ctx, const uint8_t key[AEAD_KEY_BYTES],
		      const uint8_t *nonce, struct bytes aad)
{
	gcm_aes256_set_key(ctx, key);
	gcm_aes256_set_iv(ctx, AEAD_NONCE_BYTES, nonce);
	gcm_aes256_update(ctx, aad.len, aad.data);
}

void aead_seal(const uint8_t key[AEAD_KEY_BYTES], struct bytes aad, struct bytes plain,
	       uint8_t *out)
{
	struct gcm_aes256_ctx ctx;
	uint8_t *text = out + AEAD_NONCE_BYTES;

	random_bytes(out, AEAD_NONCE_BYTES);
	gcm_begin(&ctx, key, out, aad);
	gcm_aes256_encrypt(&ctx, plain.len, text, plain.data);
	gcm_aes256_digest(&ctx, AEAD_TAG_BYTES, text + plain.len);
	wipe(&ctx, sizeof(ctx));
}

bool aead_open(const uint8_t key[AEAD_KEY_BYTES], struct bytes aad, struct bytes sealed,
	       struct secret *plain, struct err *e)
{
	struct gcm_aes256_ctx ctx;
	const uint8_t *nonce = sealed.data;
	uint8_t tag[AEAD_TAG_BYTES];
	AUTO(secret) opened = { 0 };

	if (sealed.len < AEAD_OVERHEAD)
		return err_set(e, ERR_CRYPTO, "sealed data is cut short");

	size_t len = sealed.len - AEAD_OVERHEAD;
	const uint8_t *text = nonce + AEAD_NONCE_BYTES;

	secret_alloc(&opened, len);
	gcm_begin(&ctx, key, nonce, aad);
	gcm_aes256_decrypt(&ctx, len, opened.bytes, text);
	gcm_aes256_digest(&ctx, sizeof(tag), tag);
	wipe(&ctx, sizeof(ctx));
	if (!memeql_sec(tag, text + len, sizeof(tag)))
		return err_set(e, ERR_CRYPTO,
			       "sealed data was changed, or was sealed with another key");
	*plain = TAKE(opened);
	return true;
}

size_t aes_cbc_encrypt(const uint8_t key[32], const uint8_t iv[16], struct bytes plain,
		       uint8_t *out)
{
	struct aes256_ctx ctx;
	uint8_t chain[AES_BLOCK_SIZE];
	size_t pad = AES_BLOCK_SIZE - plain.len % AES_BLOCK_SIZE;

	if (plain.len)
		memcpy(out, plain.data, plain.len);
	memset(out + plain.len, (int)pad, pad);
	memcpy(chain, iv, sizeof(chain));
	aes256_set_encrypt_key(&ctx, key);
	cbc_encrypt(&ctx, (nettle_cipher_func *)aes256_encrypt, AES_BLOCK_SIZE, chain,
		    plain.len + pad, out, out);
	wipe(&ctx, sizeof(ctx));
	return plain.len + pad;
}

bool aes_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16], struct bytes sealed,
		     struct secret *plain, struct err *e)
{
	struct aes256_ctx ctx;
	uint8_t chain[AES_BLOCK_SIZE];
	AUTO(secret) opened = { 0 };
	bool padded = sealed.len && sealed.len % AES_BLOCK_SIZE == 0;

	if (padded) {
		secret_alloc(&opened, sealed.len);
		memcpy(chain, iv, sizeof(chain));
		aes256_set_decrypt_key(&ctx, key);
		cbc_decrypt(&ctx, (nettle_cipher_func *)aes256_decrypt, AES_BLOCK_SIZE, chain,
			    sealed.len, opened.bytes, sealed.data);
		wipe(&ctx, sizeof(ctx));
	}

	size_t pad = padded ? opened.bytes[sealed.len - 1] : 0;

	padded = pad > 0 && pad <= AES_BLOCK_SIZE;
	for (size_t i = 0; padded && i < pad; i++)
		padded = opened.bytes[sealed.len - 1 - i] == pad;
	if (!padded)
		return err_set(e, ERR_CRYPTO, "cannot be decrypted");
	opened.len -= pad;
	wipe(opened.bytes + opened.len, pad);
	*plain = TAKE(opened);
	return true;
}
