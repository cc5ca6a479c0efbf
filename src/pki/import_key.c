/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/import_key.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/ec_key.h"
#include "pki/pbes.h"

/* Algorithms that the library does not know, by their identifier in DER. */
static const struct {
	const char *oid;
	const char *name;
} unread_algorithms[] = {
	{ "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b", "scrypt" },
	{ "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e", "PBMAC1" },
	{ "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a", "PBE-SHA1-DES" },
	{ "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0b", "PBE-SHA1-RC2-64" },
	{ "\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x02", "PBE-SHA1-RC4-40" },
	{ "\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x04", "PBE-SHA1-2DES" },
	{ "\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05", "PBE-SHA1-RC2-128" },
	{ "\x06\x0b\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x02", "CAMELLIA-128-CBC" },
	{ "\x06\x0b\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x03", "CAMELLIA-192-CBC" },
	{ "\x06\x0b\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x04", "CAMELLIA-256-CBC" },
	{ "\x06\x09\x2a\x83\x1a\x8c\x9a\x6e\x01\x01\x02", "ARIA-128-CBC" },
	{ "\x06\x09\x2a\x83\x1a\x8c\x9a\x6e\x01\x01\x0c", "ARIA-256-CBC" },
	{ "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06", "AES-128-GCM" },
	{ "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2b", "AES-256-OFB" },
	{ "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2c", "AES-256-CFB" },
	{ "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2e", "AES-256-GCM" },
};

const char *import_unread_algorithm(const gnutls_datum_t *der)
{
	for (size_t i = 0; i < sizeof(unread_algorithms) / sizeof(*unread_algorithms); i++)
		if (bytes_find(der->data, der->size, unread_algorithms[i].oid))
			return unread_algorithms[i].name;
	return "an algorithm";
}

bool import_check_rounds(unsigned rounds, struct err *e)
{
	if (rounds <= PBKDF2_ROUNDS_LIMIT)
		return true;
	return err_set(e, ERR_INPUT,
		       "its encryption asks for %u rounds of key derivation, the most is %d",
		       rounds, PBKDF2_ROUNDS_LIMIT);
}

bool import_check_pkcs8(const gnutls_datum_t *pkcs8, gnutls_x509_crt_fmt_t format, struct err *e)
{
	unsigned schema = 0;
	unsigned cipher = 0;
	unsigned salt_len = 0;
	unsigned rounds = 0;
	char *oid = NULL;
	char words[128];
	int rc = gnutls_pkcs8_info(pkcs8, format, &schema, &cipher, NULL, &salt_len, &rounds, &oid);

	gnutls_free(oid);
	if (rc == GNUTLS_E_UNKNOWN_CIPHER_TYPE || rc == GNUTLS_E_UNKNOWN_ALGORITHM ||
	    (rc < 0 && bytes_find(pkcs8->data, pkcs8->size, unread_algorithms[0].oid)))
		return err_set(
			e, ERR_INPUT,
			"its private key is encrypted with %s, which is not supported; convert it with 'openssl pkcs8 -topk8 -v2 aes-256-cbc'",
			import_unread_algorithm(pkcs8));
	if (rc < 0)
		return err_set(e, ERR_INPUT, "cannot read its encrypted private key: %s",
			       gnutls_words(rc, words));
	return import_check_rounds(rounds, e);
}

/* Java writes EC keys without their public point, which GnuTLS refuses. */
bool import_plain_key(struct import_parse *f, struct der der, struct err *e)
{
	AUTO(x509_key) key = NULL;
	gnutls_datum_t bytes = datum_of(der);
	struct ec_scalar s = { 0 };
	char words[128];
	int rc = gnutls_x509_privkey_init(&key);

	if (rc >= 0)
		rc = gnutls_x509_privkey_import2(key, &bytes, GNUTLS_X509_FMT_DER, NULL,
						 GNUTLS_PKCS_PLAIN);
	if (rc >= 0)
		return import_parse_add_key(f, key, e);
	if (ec_scalar_read(der, &s))
		return import_parse_add_scalar(f, s.curve, s.number, e);
	return err_set(e, ERR_INPUT, "cannot read its private key: %s", gnutls_words(rc, words));
}

/* GnuTLS calls every failure behind the decryption one of the password. */
static bool import_sealed_scalar(struct import_parse *f, const gnutls_datum_t *der,
				 const char *password, struct err *e)
{
	AUTO(secret) plain = { 0 };
	struct ec_scalar s = { 0 };

	if (pkcs8_decrypt((struct der){ der->data, der->size }, password, &plain) &&
	    ec_scalar_read((struct der){ plain.bytes, plain.len }, &s))
		return import_parse_add_scalar(f, s.curve, s.number, e);
	return err_set(
		e, ERR_INPUT,
		"its private key cannot be decrypted: its password is wrong; correct 'password'");
}

bool import_pkcs8(struct import_parse *f, const gnutls_datum_t *der, const char *password,
		  struct err *e)
{
	AUTO(x509_key) key = NULL;

	if (!password)
		return import_plain_key(f, (struct der){ der->data, der->size }, e);
	if (!import_check_pkcs8(der, GNUTLS_X509_FMT_DER, e))
		return false;
	if (gnutls_x509_privkey_init(&key) < 0)
		return err_set(e, ERR_CRYPTO, "cannot begin a private key");
	if (gnutls_x509_privkey_import_pkcs8(key, der, GNUTLS_X509_FMT_DER, password, 0) >= 0)
		return import_parse_add_key(f, key, e);
	return import_sealed_scalar(f, der, password, e);
}
