/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#12 file of a stranger, whose MAC always fits (harness.c).
 */
#include "harness.h"

#include "pki/export.h"
#include "pki/gnutls_handle.h"
#include "pki/import.h"

#define PASSWORD "secret"

static bool import(const uint8_t *bytes, size_t len, const char *password)
{
	AUTO(secret) file = secret_of(bytes, len);
	AUTO(pair) pair = { 0 };

	return fuzz_import(IMPORT_PKCS12, file, password, &pair);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	import(bytes, len, "");
	import(bytes, len, PASSWORD);
}

/* ---- seeds ---- */

static void seed_ours(void)
{
	AUTO(secret) word = secret_of(PASSWORD, strlen(PASSWORD));
	AUTO(secret) out = { 0 };
	const struct export_order o = { .set = &fuzz_pair()->set,
					.key = &fuzz_pair()->key,
					.password = &word,
					.name = "shop" };
	struct err e = { 0 };

	HOLDS(export_pkcs12(&o, &out, &e));
	seed(out.bytes, out.len);
	HOLDS(import(out.bytes, out.len, PASSWORD));
}

/* As older programs write it, or with nothing encrypted. */
static void seed_older(unsigned how)
{
	gnutls_datum_t der = datum_of(fuzz_pair()->set.certs[0]);
	gnutls_datum_t pkcs8 = datum_of_secret(&fuzz_pair()->key);
	AUTO(x509_key) key = NULL;
	AUTO(pkcs12) p12 = NULL;
	AUTO(pkcs12_bag) certs = NULL;
	AUTO(pkcs12_bag) keys = NULL;
	AUTO(datum) sealed = { 0 };
	AUTO(datum) out = { 0 };

	HOLDS(gnutls_pkcs12_init(&p12) >= 0 && gnutls_pkcs12_bag_init(&certs) >= 0 &&
	      gnutls_pkcs12_bag_init(&keys) >= 0 && gnutls_x509_privkey_init(&key) >= 0 &&
	      gnutls_x509_privkey_import_pkcs8(key, &pkcs8, GNUTLS_X509_FMT_DER, NULL,
					       GNUTLS_PKCS_PLAIN) >= 0);
	HOLDS(gnutls_pkcs12_bag_set_data(certs, GNUTLS_BAG_CERTIFICATE, &der) >= 0);
	if (how) {
		HOLDS(gnutls_pkcs12_bag_encrypt(certs, PASSWORD, how) >= 0 &&
		      gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, PASSWORD, how,
							&sealed) >= 0 &&
		      gnutls_pkcs12_bag_set_data(keys, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &sealed) >=
			      0);
	} else {
		HOLDS(gnutls_pkcs12_bag_set_data(keys, GNUTLS_BAG_PKCS8_KEY, &pkcs8) >= 0);
	}
	HOLDS(gnutls_pkcs12_set_bag(p12, certs) >= 0 && gnutls_pkcs12_set_bag(p12, keys) >= 0 &&
	      gnutls_pkcs12_generate_mac(p12, PASSWORD) >= 0 &&
	      gnutls_pkcs12_export2(p12, GNUTLS_X509_FMT_DER, &out) >= 0);
	seed(out.data, out.size);
}

void fuzz_seeds(void)
{
	seed_ours();
	seed_older(0);
	seed_older(GNUTLS_PKCS_PBES2_AES_256);
}
