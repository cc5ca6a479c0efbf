/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of a stranger, told by its content: DER of certificates, keys and PKCS#7,
 * and, by the same door, PEM and PKCS#12.
 */
#include "harness.h"

#include "pki/gnutls_handle.h"
#include "pki/import.h"
#include "pki/pbes.h"

#include <gnutls/pkcs7.h>

#define PASSWORD "secret"

static void import(enum import_kind kind, const uint8_t *bytes, size_t len, const char *password)
{
	AUTO(secret) file = secret_of(bytes, len);
	AUTO(pair) pair = { 0 };

	(void)fuzz_import(kind, file, password, &pair);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	import(IMPORT_FILE, bytes, len, "");
	import(IMPORT_FILE, bytes, len, PASSWORD);
	import(IMPORT_DER, bytes, len, PASSWORD);
}

/* ---- seeds ---- */

static void seed_pkcs7(gnutls_x509_crt_fmt_t format)
{
	const struct pair *p = fuzz_pair();
	gnutls_pkcs7_t p7 = NULL;
	AUTO(datum) out = { 0 };
	gnutls_datum_t der = datum_of(p->set.certs[0]);

	HOLDS(gnutls_pkcs7_init(&p7) >= 0 && gnutls_pkcs7_set_crt_raw(p7, &der) >= 0 &&
	      gnutls_pkcs7_export2(p7, format, &out) >= 0);
	gnutls_pkcs7_deinit(p7);
	seed(out.data, out.size);
}

void fuzz_seeds(void)
{
	AUTO(secret) word = secret_of(PASSWORD, strlen(PASSWORD));
	AUTO(secret) sealed = { 0 };
	AUTO(buf) pem = { 0 };
	const struct pair *p = fuzz_pair();

	pkcs8_encrypt(&p->key, &word, &sealed);
	pem_add_certs(&pem, p->set.certs, p->set.count);
	seed(p->set.certs[0].bytes, p->set.certs[0].len);
	seed(p->key.bytes, p->key.len);
	seed(sealed.bytes, sealed.len);
	seed(pem.data, pem.len);
	seed_pkcs7(GNUTLS_X509_FMT_DER);
	seed_pkcs7(GNUTLS_X509_FMT_PEM);
}
