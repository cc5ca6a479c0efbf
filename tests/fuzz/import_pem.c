/* SPDX-License-Identifier: Apache-2.0 */
/* PEM files of strangers: keys in all forms, certificates in any order. */
#include "harness.h"

#include "pki/gnutls_handle.h"
#include "pki/import.h"

#define PASSWORD "secret"

static void import(const uint8_t *bytes, size_t len, const char *password)
{
	AUTO(secret) file = secret_of(bytes, len);
	AUTO(pair) pair = { 0 };
	struct err e = { 0 };

	if (fuzz_import(IMPORT_PEM, file, password, &pair))
		TRY(pair_lint(&pair, FUZZ_NOW, &e));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	import(bytes, len, "");
	import(bytes, len, PASSWORD);
}

/* ---- seeds ---- */

static gnutls_x509_privkey_t open_key(const struct secret *pkcs8)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t der = datum_of_secret(pkcs8);

	HOLDS(gnutls_x509_privkey_init(&key) >= 0 &&
	      gnutls_x509_privkey_import_pkcs8(key, &der, GNUTLS_X509_FMT_DER, NULL,
					       GNUTLS_PKCS_PLAIN) >= 0);
	return key;
}

static void seed_form(const struct pair *p, unsigned how)
{
	AUTO(x509_key) key = open_key(&p->key);
	AUTO(datum) text = { 0 };
	AUTO(buf) out = { 0 };

	pem_add_certs(&out, p->set.certs, p->set.count);
	HOLDS((how ? gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, PASSWORD, how,
						       &text)
		   : gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text)) >= 0);
	buf_add(&out, text.data, text.size);
	seed(out.data, out.len);
}

static void seed_plain(const struct pair *p)
{
	AUTO(buf) out = { 0 };
	AUTO(secret) key = { 0 };

	pem_add_key(&key, &p->key);
	buf_add(&out, key.bytes, key.len);
	pem_add_certs(&out, p->set.certs, p->set.count);
	if (p->set.anchor.len)
		pem_add_certs(&out, &p->set.anchor, 1);
	seed(out.data, out.len);
}

void fuzz_seeds(void)
{
	static const unsigned forms[] = { 0, GNUTLS_PKCS_PBES2_AES_256, GNUTLS_PKCS_PBES2_3DES,
					  GNUTLS_PKCS_PKCS12_3DES };

	seed_plain(fuzz_pair());
	seed_plain(fuzz_authority());
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		seed_form(fuzz_pair(), forms[i]);
	seed_text(
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
		"-----END EC PARAMETERS-----\n"
		"-----BEGIN EC PRIVATE KEY-----\n"
		"MDECAQEEIP////////////////////////////////////////////oAoGCCqGSM49AwEHoAoGCCqGSM49AwEH\n-----END EC PRIVATE KEY-----\n");
	seed_text("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		  "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
		  "AAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n");
	seed_much_pem();
}
