/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/pbes.h"

#include "base/random.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/der.h"

#include <gnutls/crypto.h>
#include <string.h>

enum {
	CIPHERTEXT_ROOM = 4 * 1024, /* around a key that is encrypted */
	SALT_BYTES = 16,
	IV_BYTES = 16,
	AES_KEY_BYTES = 32,

	SHA1_LENGTH = 20,
	SHA1_BLOCK = 64,
	PKCS12_KEY = 1, /* purposes of a derivation, RFC 7292, B.3 */
	PKCS12_IV = 2,
	DES3_KEY_BYTES = 24,
	DES3_IV_BYTES = 8,
};

enum {
	SCHEME_PBES2 = 1,
	SCHEME_PKCS12_3DES,
};

static const struct oid_row schemes[] = {
	{ SCHEME_PBES2, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d } },
	{ SCHEME_PKCS12_3DES, 10, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03 } },
	{ 0 },
};
static const struct oid_row derivations[] = {
	{ 1 /* PBKDF2 */, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c } },
	{ 0 },
};
static const struct oid_row macs[] = {
	{ GNUTLS_MAC_SHA1, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07 } },
	{ GNUTLS_MAC_SHA256, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09 } },
	{ GNUTLS_MAC_SHA384, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0a } },
	{ GNUTLS_MAC_SHA512, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b } },
	{ 0 },
};
static const struct oid_row ciphers[] = {
	{ GNUTLS_CIPHER_AES_128_CBC, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02 } },
	{ GNUTLS_CIPHER_AES_192_CBC, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16 } },
	{ GNUTLS_CIPHER_AES_256_CBC, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a } },
	{ GNUTLS_CIPHER_3DES_CBC, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07 } },
	{ 0 },
};

/* ---- decryption ---- */

bool cbc_decrypt(gnutls_cipher_algorithm_t cipher, const struct secret *key, struct der iv,
		 struct der sealed, struct secret *plain)
{
	AUTO(secret) opened = { 0 };
	gnutls_cipher_hd_t handle = NULL;
	gnutls_datum_t with = datum_of_secret(key);
	gnutls_datum_t from = datum_of(iv);
	size_t block = gnutls_cipher_get_block_size(cipher);

	if (!sealed.len || sealed.len % block != 0 || iv.len != gnutls_cipher_get_iv_size(cipher) ||
	    gnutls_cipher_init(&handle, cipher, &with, &from) < 0)
		return false;
	secret_alloc(&opened, sealed.len);
	int rc = gnutls_cipher_decrypt2(handle, sealed.bytes, sealed.len, opened.bytes, opened.len);

	gnutls_cipher_deinit(handle);
	if (rc < 0)
		return false;
	size_t padding = opened.bytes[opened.len - 1];

	if (!padding || padding > block)
		return false;
	for (size_t i = opened.len - padding; i < opened.len; i++)
		if (opened.bytes[i] != padding)
			return false;
	secret_copy(plain, opened.bytes, opened.len - padding);
	return true;
}

/* RFC 8018, appendix A: parameters of PBES2 with PBKDF2. */
struct pbes2 {
	struct der salt;
	unsigned rounds;
	int mac;
	int cipher;
	struct der iv;
};

static bool read_pbkdf2(struct der in, struct pbes2 *p)
{
	struct der params = { 0 };
	struct der prf = { 0 };
	unsigned key_len = 0;
	int means = 0;

	p->mac = GNUTLS_MAC_SHA1;
	if (!der_take_oid(&in, derivations, &means) || !der_take(&in, DER_SEQUENCE, &params) ||
	    !der_take(&params, DER_OCTETS, &p->salt) || !der_take_count(&params, &p->rounds))
		return false;
	if (der_is(&params, DER_INTEGER) && !der_take_count(&params, &key_len))
		return false;
	return !der_take(&params, DER_SEQUENCE, &prf) || der_take_oid(&prf, macs, &p->mac);
}

static bool read_pbes2(struct der params, struct pbes2 *p)
{
	struct der derivation = { 0 };
	struct der cipher = { 0 };

	return der_take(&params, DER_SEQUENCE, &derivation) && read_pbkdf2(derivation, p) &&
	       der_take(&params, DER_SEQUENCE, &cipher) &&
	       der_take_oid(&cipher, ciphers, &p->cipher) &&
	       der_take(&cipher, DER_OCTETS, &p->iv) && p->rounds > 0 &&
	       p->rounds <= PBKDF2_ROUNDS_LIMIT;
}

static bool open_pbes2(struct der params, const char *password, struct der sealed,
		       struct secret *plain)
{
	struct pbes2 p = { 0 };
	AUTO(secret) key = { 0 };
	gnutls_datum_t secret = datum_of_text(password);

	if (!read_pbes2(params, &p))
		return false;
	gnutls_datum_t salt = datum_of(p.salt);

	secret_alloc(&key, gnutls_cipher_get_key_size(p.cipher));
	return gnutls_pbkdf2(p.mac, &secret, &salt, p.rounds, key.bytes, key.len) >= 0 &&
	       cbc_decrypt(p.cipher, &key, p.iv, sealed, plain);
}

/* Adds one code point of valid UTF-8 as UTF-16; returns what is behind it. */
static const unsigned char *add_utf16(struct secret *out, const unsigned char *at)
{
	size_t more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
	uint32_t point = more ? *at & (0x3fU >> more) : *at;
	uint32_t units[2] = { 0 };
	size_t count = 1;

	for (at++; more; more--, at++)
		point = point << 6 | (*at & 0x3f);
	units[0] = point;
	if (point > 0xffff) {
		count = 2;
		units[0] = 0xd800 + ((point - 0x10000) >> 10);
		units[1] = 0xdc00 + ((point - 0x10000) & 0x3ff);
	}
	for (size_t i = 0; i < count; i++)
		secret_add(out,
			   (unsigned char[]){ (unsigned char)(units[i] >> 8),
					      (unsigned char)units[i] },
			   2);
	return at;
}

/* A repetition of `in` to a multiple of the block. */
static void add_repeated(struct secret *out, struct der in)
{
	size_t len = (in.len + SHA1_BLOCK - 1) / SHA1_BLOCK * SHA1_BLOCK;

	for (size_t i = 0; i < len; i++)
		secret_add(out, in.bytes + i % in.len, 1);
}

/* Adds `digest` and one to a block, as numbers in big-endian order. */
static void add_digest(unsigned char block[SHA1_BLOCK], const unsigned char digest[SHA1_LENGTH])
{
	unsigned carry = 1;

	for (size_t i = SHA1_BLOCK; i-- > 0;) {
		carry += block[i] + digest[i % SHA1_LENGTH];
		block[i] = (unsigned char)carry;
		carry >>= 8;
	}
}

/* RFC 7292, appendix B.2, with SHA-1; `password` is UTF-16 with its NUL. */
static bool derive_pkcs12(const struct secret *password, struct der salt, unsigned rounds,
			  unsigned purpose, struct secret *out)
{
	AUTO(secret) input = { 0 };
	unsigned char digest[SHA1_LENGTH];

	for (size_t done = 0; done < out->len;) {
		size_t some = out->len - done < sizeof(digest) ? out->len - done : sizeof(digest);

		if (!input.len) {
			memset(secret_grow(&input, SHA1_BLOCK), (int)purpose, SHA1_BLOCK);
			add_repeated(&input, salt);
			add_repeated(&input, (struct der){ password->bytes, password->len });
		}
		if (gnutls_hash_fast(GNUTLS_DIG_SHA1, input.bytes, input.len, digest) < 0)
			return false;
		for (unsigned i = 1; i < rounds; i++)
			if (gnutls_hash_fast(GNUTLS_DIG_SHA1, digest, sizeof(digest), digest) < 0)
				return false;
		memcpy(out->bytes + done, digest, some);
		done += some;
		for (size_t at = SHA1_BLOCK; at < input.len; at += SHA1_BLOCK)
			add_digest(input.bytes + at, digest);
	}
	wipe(digest, sizeof(digest));
	return true;
}

static bool open_pkcs12_3des(struct der params, const char *password, struct der sealed,
			     struct secret *plain)
{
	AUTO(secret) wide = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) iv = { 0 };
	struct der salt = { 0 };
	unsigned rounds = 0;

	if (!der_take(&params, DER_OCTETS, &salt) || !salt.len ||
	    !der_take_count(&params, &rounds) || !rounds || rounds > PBKDF2_ROUNDS_LIMIT ||
	    !text_is_utf8(password, strlen(password)))
		return false;
	for (const unsigned char *at = (const unsigned char *)password; *at;)
		at = add_utf16(&wide, at);
	(void)secret_grow(&wide, 2);
	secret_alloc(&key, DES3_KEY_BYTES);
	secret_alloc(&iv, DES3_IV_BYTES);
	return derive_pkcs12(&wide, salt, rounds, PKCS12_KEY, &key) &&
	       derive_pkcs12(&wide, salt, rounds, PKCS12_IV, &iv) &&
	       cbc_decrypt(GNUTLS_CIPHER_3DES_CBC, &key, (struct der){ iv.bytes, iv.len }, sealed,
			   plain);
}

bool pkcs8_decrypt(struct der der, const char *password, struct secret *plain)
{
	struct der all = { 0 };
	struct der algorithm = { 0 };
	struct der params = { 0 };
	struct der sealed = { 0 };
	int scheme = 0;

	if (!der_take(&der, DER_SEQUENCE, &all) || !der_take(&all, DER_SEQUENCE, &algorithm) ||
	    !der_take_oid(&algorithm, schemes, &scheme) ||
	    !der_take(&algorithm, DER_SEQUENCE, &params) || !der_take(&all, DER_OCTETS, &sealed))
		return false;
	return scheme == SCHEME_PBES2 ? open_pbes2(params, password, sealed, plain)
				      : open_pkcs12_3des(params, password, sealed, plain);
}

/* ---- encryption ---- */

void pkcs8_encrypt(const struct secret *pkcs8, const struct secret *password, struct secret *out)
{
	AUTO(secret) bytes = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) sealed = { 0 };
	unsigned char salt[SALT_BYTES];
	unsigned char iv[IV_BYTES];

	random_bytes(salt, sizeof(salt));
	random_bytes(iv, sizeof(iv));
	secret_alloc(&key, AES_KEY_BYTES);
	secret_alloc(&sealed, pkcs8->len + IV_BYTES);
	secret_alloc(&bytes, sealed.len + CIPHERTEXT_ROOM);
	pbkdf2_sha256((struct bytes){ password->bytes, password->len },
		      (struct bytes){ salt, sizeof(salt) }, PBKDF2_ROUNDS, key.bytes, key.len);

	struct der_writer w = { &bytes, bytes.len };
	size_t len = aes_cbc_encrypt(key.bytes, iv, (struct bytes){ pkcs8->bytes, pkcs8->len },
				     sealed.bytes);
	const size_t end = w.at;

	der_put(&w, sealed.bytes, len);
	der_wrap(&w, DER_OCTETS, end);

	const size_t params_end = w.at;

	der_put(&w, iv, sizeof(iv));
	der_wrap(&w, DER_OCTETS, params_end);
	der_put_oid(&w, ciphers, GNUTLS_CIPHER_AES_256_CBC);
	der_wrap(&w, DER_SEQUENCE, params_end);

	const size_t derivation_end = w.at;

	der_wrap(&w, DER_NULL, derivation_end);
	der_put_oid(&w, macs, GNUTLS_MAC_SHA256);
	der_wrap(&w, DER_SEQUENCE, derivation_end);
	der_put_count(&w, PBKDF2_ROUNDS);

	const size_t salt_end = w.at;

	der_put(&w, salt, sizeof(salt));
	der_wrap(&w, DER_OCTETS, salt_end);
	der_wrap(&w, DER_SEQUENCE, derivation_end);
	der_put_oid(&w, derivations, 1);
	der_wrap(&w, DER_SEQUENCE, derivation_end);
	der_wrap(&w, DER_SEQUENCE, params_end);
	der_put_oid(&w, schemes, SCHEME_PBES2);
	der_wrap(&w, DER_SEQUENCE, params_end);
	der_wrap(&w, DER_SEQUENCE, end);
	der_finish(&w, out);
}
