/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "pki/signature.h"

#include <gnutls/abstract.h>

static const enum key_type types[] = { KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521, KEY_ED25519,
				       KEY_RSA_2048 };

static struct der text_of(const char *text)
{
	return (struct der){ (const unsigned char *)text, strlen(text) };
}

static struct der spki_of(const struct secret *key, struct arena *a)
{
	gnutls_datum_t der = { key->bytes, (unsigned)key->len };
	gnutls_datum_t out = { 0 };
	gnutls_privkey_t private = NULL;
	gnutls_pubkey_t public = NULL;
	unsigned char *copy = NULL;

	gnutls_privkey_init(&private);
	gnutls_pubkey_init(&public);
	gnutls_privkey_import_x509_raw(private, &der, GNUTLS_X509_FMT_DER, NULL, 0);
	gnutls_pubkey_import_privkey(public, private, 0, 0);
	assert_int_equal(gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &out), 0);
	copy = arena_alloc(a, out.size);
	memcpy(copy, out.data, out.size);
	gnutls_free(out.data);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
	return (struct der){ copy, out.size };
}

struct made {
	struct arena arena;
	struct der spki;
	struct der signature;
};

static void make(enum key_type type, const char *text, struct made *out)
{
	AUTO(secret) key = { 0 };
	AUTO(signing_key) by = NULL;
	struct err e = { 0 };

	must(key_generate(type, &key, &e), &e);
	must(signing_key_open(&key, &by, &e), &e);
	must(signing_key_sign(by, text_of(text), &out->arena, &out->signature, &e), &e);
	out->spki = spki_of(&key, &out->arena);
}

static bool holds(const struct made *m, const char *text)
{
	struct err e = { 0 };

	return signature_check(m->spki, text_of(text), m->signature, &e);
}

TEST(what_one_signed_holds)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct made m = { 0 };

		make(types[i], "an order", &m);
		assert_true(m.signature.len <= SIGNATURE_LIMIT);
		assert_true(holds(&m, "an order"));
		assert_false(holds(&m, "an ordeR"));
		assert_false(holds(&m, "an order "));
		assert_false(holds(&m, ""));
		arena_release(&m.arena);
	}
}

TEST(of_other_keys_it_does_not)
{
	struct made list[5] = { 0 };

	for (size_t i = 0; i < 5; i++)
		make(types[i], "an order", &list[i]);
	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 5; k++) {
			struct made mixed = list[i];

			mixed.signature = list[k].signature;
			assert_int_equal(holds(&mixed, "an order"), i == k);
		}
	for (size_t i = 0; i < 5; i++)
		arena_release(&list[i].arena);
}

TEST(a_broken_signature_does_not)
{
	struct made m = { 0 };
	unsigned char bytes[SIGNATURE_LIMIT];

	make(KEY_ECDSA_P256, "an order", &m);
	memcpy(bytes, m.signature.bytes, m.signature.len);
	m.signature.bytes = bytes;
	for (size_t i = 0; i < m.signature.len; i++) {
		bytes[i] ^= 0x80;
		assert_false(holds(&m, "an order"));
		bytes[i] ^= 0x80;
	}
	assert_true(holds(&m, "an order"));
	m.signature.len = 0;
	assert_false(holds(&m, "an order"));
	arena_release(&m.arena);
}

TEST(what_is_no_key_checks_nothing)
{
	struct made m = { 0 };
	struct err e = { 0 };

	make(KEY_ECDSA_P256, "an order", &m);
	for (size_t len = 0; len < m.spki.len; len++)
		assert_false(signature_check((struct der){ m.spki.bytes, len }, text_of("an order"),
					     m.signature, &e));
	arena_release(&m.arena);
}

TEST(what_is_no_key_cannot_be_opened)
{
	AUTO(secret) junk = { 0 };
	struct signing_key *k = NULL;
	struct err e = { 0 };

	secret_copy(&junk, "no key", 6);
	assert_false(signing_key_open(&junk, &k, &e));
	assert_null(k);
	signing_key_close(NULL);
}
