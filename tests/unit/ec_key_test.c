/* SPDX-License-Identifier: Apache-2.0 */
/* EC keys as others read them: a thousand of each curve, and what older ones become. */
#include "pki_fixture.h"
#include "test.h"

#include "base/text.h"
#include "model/fleet.h"
#include "pki/ec_key.h"
#include "pki/key.h"
#include "pki/pbes.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	KEYS = 1000,
};

static const struct {
	enum key_type type;
	size_t bytes;
} curves[] = {
	{ KEY_ECDSA_P256, 32 },
	{ KEY_ECDSA_P384, 48 },
	{ KEY_ECDSA_P521, 66 },
};

static size_t number_length(const struct secret *pkcs8)
{
	struct ec_scalar s = { 0 };

	assert_true(ec_scalar_read((struct der){ pkcs8->bytes, pkcs8->len }, &s));
	return s.number.len;
}

#define PYTHON "/usr/bin/python3"

static const char load_all[] =
	"import sys\n"
	"from cryptography.hazmat.primitives.serialization import load_pem_private_key as load\n"
	"for pem in open(sys.argv[1]).read().split(\"\\n\\n\"):\n"
	" if pem: load(pem.encode(), None)";

/* pyca/cryptography, where it is installed, refuses every other length. */
static void assert_python_reads(const struct secret *pems)
{
	char path[] = "/tmp/ec-keys-XXXXXX";
	char command[1024];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, pems->bytes, pems->len), pems->len);
	close(fd);
	snprintf(command, sizeof(command), "%s -c 'import cryptography' || exit 0; %s -c '%s' %s",
		 PYTHON, PYTHON, load_all, path);
	assert_int_equal(system(command), 0);
	unlink(path);
}

TEST(a_thousand_keys_of_each_curve_have_its_length)
{
	AUTO(secret) pems = { 0 };
	size_t used = 0;

	secret_alloc(&pems, 3 * KEYS * 512);
	for (size_t i = 0; i < 3 * KEYS; i++) {
		AUTO(secret) key = { 0 };
		AUTO(secret) pem = { 0 };
		struct err e = { 0 };

		must(key_generate(curves[i / KEYS].type, &key, &e), &e);
		assert_int_equal(number_length(&key), curves[i / KEYS].bytes);
		pem_add_key(&pem, &key);
		memcpy(pems.bytes + used, pem.bytes, pem.len);
		used += pem.len;
		pems.bytes[used++] = '\n';
	}
	pems.len = used;
	assert_python_reads(&pems);
}

/* As GnuTLS 3.7 writes it, with a zero before a number whose first bit is set. */
static void make_uneven(struct secret *out)
{
	for (;;) {
		AUTO(x509_key) key = NULL;
		AUTO(secret_datum) der = { 0 };
		const int bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);

		assert_int_equal(gnutls_x509_privkey_init(&key), 0);
		assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, bits, 0), 0);
		assert_int_equal(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, NULL,
								   GNUTLS_PKCS_PLAIN, &der),
				 0);
		if (!ec_key_is_uneven((struct der){ der.data, der.size }))
			continue;
		secret_copy(out, der.data, der.size);
		return;
	}
}

TEST(an_older_key_gets_the_length_of_its_curve_and_stays_the_same_key)
{
	AUTO(secret) key = { 0 };
	char before[FINGERPRINT_TEXT];
	char after[FINGERPRINT_TEXT];
	struct err e = { 0 };

	if (gnutls_check_version("3.8.0"))
		skip();
	make_uneven(&key);
	must(key_spki(&key, before, &e), &e);
	must(key_straighten(&key, &e), &e);
	must(key_spki(&key, after, &e), &e);
	assert_string_equal(after, before);
	assert_int_equal(number_length(&key), 32);
}

TEST(a_key_that_is_as_long_as_its_curve_is_left_alone)
{
	AUTO(secret) key = { 0 };
	AUTO(secret) same = { 0 };
	struct err e = { 0 };

	must(key_generate(KEY_ED25519, &key, &e), &e);
	secret_copy(&same, key.bytes, key.len);
	must(key_straighten(&same, &e), &e);
	assert_int_equal(same.len, key.len);
	assert_memory_equal(same.bytes, key.bytes, key.len);
}

TEST(what_is_encrypted_is_opened_by_gnutls)
{
	AUTO(secret) key = { 0 };
	AUTO(secret) sealed = { 0 };
	AUTO(secret) again = { 0 };
	AUTO(x509_key) opened = NULL;
	const struct secret password = { (unsigned char *)"a password", 10 };
	struct err e = { 0 };

	must(key_generate(KEY_ECDSA_P521, &key, &e), &e);
	pkcs8_encrypt(&key, &password, &sealed);

	const gnutls_datum_t der = { sealed.bytes, (unsigned)sealed.len };

	assert_int_equal(gnutls_x509_privkey_init(&opened), 0);
	assert_int_equal(gnutls_x509_privkey_import_pkcs8(opened, &der, GNUTLS_X509_FMT_DER,
							  "a password", 0),
			 0);
	must(key_store(opened, &again, &e), &e);
	assert_memory_equal(again.bytes, key.bytes, key.len);
}
