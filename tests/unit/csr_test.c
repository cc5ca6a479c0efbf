/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/csr.h"
#include "test.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "pki_fixture.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

static void make(enum key_type type, struct arena *a, struct der *csr, char spki[65])
{
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	must(key_generate(type, &key, &e), &e);
	must(key_spki(&key, spki, &e), &e);
	must(csr_make(&key, a, csr, &e), &e);
}

static bool reads(struct der csr, char digest[65])
{
	AUTO(arena) a = { 0 };
	struct der spki = { 0 };
	struct err e = { 0 };

	if (!csr_read(csr, &a, &spki, &e)) {
		assert_int_not_equal(e.code, ERR_NONE);
		return false;
	}
	sha256_text(spki.bytes, spki.len, digest);
	return true;
}

TEST(a_request_proves_the_key_it_names)
{
	static const enum key_type types[] = { KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ED25519,
					       KEY_RSA_2048 };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		AUTO(arena) a = { 0 };
		struct der csr = { 0 };
		char spki[65];
		char got[65];

		make(types[i], &a, &csr, spki);
		assert_true(reads(csr, got));
		assert_string_equal(got, spki);
	}
}

/* Nobody can change a byte of it: not the key, and not what proves it. */
TEST(a_request_with_any_byte_changed_names_no_other_key)
{
	AUTO(arena) a = { 0 };
	struct der csr = { 0 };
	char spki[65];
	char got[65];
	size_t refused = 0;

	make(KEY_ED25519, &a, &csr, spki);
	for (size_t i = 0; i < csr.len; i++) {
		unsigned char *bytes = arena_alloc(&a, csr.len);

		memcpy(bytes, csr.bytes, csr.len);
		bytes[i] ^= 0x01;
		if (!reads((struct der){ bytes, csr.len }, got))
			refused++;
		else
			assert_string_equal(got, spki);
	}
	assert_true(refused > csr.len * 9 / 10);
}

TEST(what_is_no_request_is_refused)
{
	static unsigned char zeroes[CSR_LIMIT + 1];
	AUTO(pair) pair = { 0 };
	const struct certificate c = made_certificate();
	char got[65];

	assert_false(reads((struct der){ zeroes, 0 }, got));
	assert_false(reads((struct der){ zeroes, 100 }, got));
	assert_false(reads((struct der){ zeroes, sizeof(zeroes) }, got));
	make_leaf(&c, NULL, NOW, &pair);
	assert_false(reads(pair.set.certs[0], got));
}

TEST(a_key_that_we_would_not_make_is_not_signed)
{
	AUTO(arena) a = { 0 };
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t der = { 0 };
	AUTO(secret) pkcs8 = { 0 };
	struct der csr = { 0 };
	struct der spki = { 0 };
	struct err e = { 0 };

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 1024, 0), 0);
	assert_int_equal(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, NULL,
							   GNUTLS_PKCS_PLAIN, &der),
			 0);
	secret_copy(&pkcs8, der.data, der.size);
	gnutls_free(der.data);
	gnutls_x509_privkey_deinit(key);
	must(csr_make(&pkcs8, &a, &csr, &e), &e);
	assert_false(csr_read(csr, &a, &spki, &e));
	assert_non_null(strstr(e.text, "unsupported kind"));
}

TEST(a_leaf_for_a_request_has_its_key_and_our_names)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) ca = { 0 };
	AUTO(authority) by = NULL;
	AUTO(secret) key = { 0 };
	AUTO(pair) pair = { 0 };
	const struct certificate c = made_certificate();
	struct leaf_request r = { .certificate = &c, .now = NOW };
	struct der csr = { 0 };
	struct cert_set set = { 0 };
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	must(authority_open(&ca.key, &ca.set, &by, &e), &e);
	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	must(csr_make(&key, &a, &csr, &e), &e);
	must(csr_read(csr, &a, &r.spki, &e), &e);
	must(issue_for(&r, by, &a, &set, &e), &e);
	must(pair_from_parts(&key, &set, &pair, &e), &e);
	must(pair_lint(&pair, NOW, &e), &e);
	assert_int_equal(pair.facts.name_count, 1);
	assert_string_equal(pair.facts.names[0].value, "shop.example.com");
	assert_string_equal(pair.facts.issuer, ca.facts.subject);
}
