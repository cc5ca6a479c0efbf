/* SPDX-License-Identifier: Apache-2.0 */
/* Against published vectors, so that our formats are everybody's. */
#include "crypto/crypto.h"
#include "test.h"

#include "base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void assert_hex(const void *bytes, size_t len, const char *expected)
{
	char text[256];

	text_hex(bytes, len, text);
	assert_string_equal(text, expected);
}

TEST(sha256_is_that_of_fips_180)
{
	char text[SHA256_TEXT];

	sha256_text("abc", 3, text);
	assert_string_equal(text,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_text("", 0, text);
	assert_string_equal(text,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, test case 2. */
TEST(hmac_is_that_of_rfc_4231)
{
	const struct bytes pieces[] = { { "what do ya want ", 16 }, { "for nothing?", 12 } };
	uint8_t mac[SHA256_BYTES];

	hmac_sha256((struct bytes){ "Jefe", 4 }, pieces, 2, mac);
	assert_hex(mac, sizeof(mac),
		   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 7914, section 11. */
TEST(pbkdf2_is_that_of_rfc_7914)
{
	uint8_t key[64];

	pbkdf2_sha256((struct bytes){ "passwd", 6 }, (struct bytes){ "salt", 4 }, 1, key,
		      sizeof(key));
	assert_hex(
		key, sizeof(key),
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

/* RFC 5869, test case 1. */
TEST(hkdf_is_that_of_rfc_5869)
{
	uint8_t secret[22];
	uint8_t salt[13];
	uint8_t key[42];
	/* the info of the vector as text */
	static const char info[] = "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9";

	memset(secret, 0x0b, sizeof(secret));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	hkdf_sha256((struct bytes){ secret, sizeof(secret) }, (struct bytes){ salt, sizeof(salt) },
		    info, key, sizeof(key));
	assert_hex(
		key, sizeof(key),
		"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

struct sealed {
	uint8_t key[AEAD_KEY_BYTES];
	uint8_t bytes[64 + AEAD_OVERHEAD];
	size_t len;
};

static struct sealed seal(const char *text)
{
	struct sealed s = { .key = { 7 } };

	s.len = strlen(text) + AEAD_OVERHEAD;
	aead_seal(s.key, (struct bytes){ "about", 5 }, (struct bytes){ text, strlen(text) },
		  s.bytes);
	return s;
}

static bool open_it(const struct sealed *s, const char *aad, struct secret *plain)
{
	struct err e = { 0 };

	return aead_open(s->key, (struct bytes){ aad, strlen(aad) },
			 (struct bytes){ s->bytes, s->len }, plain, &e);
}

TEST(what_is_sealed_opens_with_its_key_and_purpose_only)
{
	struct sealed s = seal("a private key");
	AUTO(secret) plain = { 0 };
	AUTO(secret) none = { 0 };

	assert_true(open_it(&s, "about", &plain));
	assert_string_equal((char *)plain.bytes, "a private key");
	assert_false(open_it(&s, "another", &none));
	s.key[31] ^= 1;
	assert_false(open_it(&s, "about", &none));
	assert_null(none.bytes);
}

TEST(every_changed_bit_of_what_is_sealed_is_found)
{
	struct sealed s = seal("x");
	AUTO(secret) none = { 0 };

	for (size_t bit = 0; bit < 8 * s.len; bit++) {
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(open_it(&s, "about", &none));
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (s.len--; s.len > 0; s.len--)
		assert_false(open_it(&s, "about", &none));
}

TEST(no_two_seals_are_alike)
{
	struct sealed a = seal("same");
	struct sealed b = seal("same");

	assert_memory_not_equal(a.bytes, b.bytes, AEAD_NONCE_BYTES);
	assert_memory_not_equal(a.bytes, b.bytes, a.len);
}

/* NIST SP 800-38A, F.2.5, and a block of padding. */
TEST(cbc_is_that_of_sp_800_38a)
{
	uint8_t key[32];
	uint8_t iv[16];
	uint8_t plain[16];
	uint8_t out[48];
	AUTO(secret) back = { 0 };
	struct err e = { 0 };

	assert_true(text_unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
			       key, 32));
	assert_true(text_unhex("000102030405060708090a0b0c0d0e0f", iv, 16));
	assert_true(text_unhex("6bc1bee22e409f96e93d7e117393172a", plain, 16));
	assert_int_equal(aes_cbc_encrypt(key, iv, (struct bytes){ plain, 16 }, out), 32);
	assert_hex(out, 16, "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
	assert_true(aes_cbc_decrypt(key, iv, (struct bytes){ out, 32 }, &back, &e));
	assert_int_equal(back.len, 16);
	assert_memory_equal(back.bytes, plain, 16);
}

TEST(broken_padding_is_an_error)
{
	uint8_t key[32] = { 0 };
	uint8_t iv[16] = { 0 };
	uint8_t out[48] = { 0 };
	AUTO(secret) none = { 0 };
	struct err e = { 0 };

	aes_cbc_encrypt(key, iv, (struct bytes){ "0123456789", 10 }, out);
	assert_false(aes_cbc_decrypt(key, iv, (struct bytes){ out, 15 }, &none, &e));
	assert_false(aes_cbc_decrypt(key, iv, (struct bytes){ out, 0 }, &none, &e));
	iv[15] ^= 1; /* the padding says 7 now, and the rest says 6 */
	assert_false(aes_cbc_decrypt(key, iv, (struct bytes){ out, 16 }, &none, &e));
}
