/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/import_parse.h"

#include <gnutls/pkcs7.h>
#include <string.h>

static bool starts_with(const gnutls_datum_t *in, const char *head, size_t len)
{
	return in->size >= len && memcmp(in->data, head, len) == 0;
}

/* ---- DER, by what decodes it ---- */

static bool is_cert_der(const gnutls_datum_t *in)
{
	AUTO(crt) crt = NULL;

	return gnutls_x509_crt_init(&crt) >= 0 &&
	       gnutls_x509_crt_import(crt, in, GNUTLS_X509_FMT_DER) >= 0;
}

static bool is_key_der(const gnutls_datum_t *in)
{
	AUTO(x509_key) key = NULL;

	return gnutls_x509_privkey_init(&key) >= 0 &&
	       gnutls_x509_privkey_import2(key, in, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN) >=
		       0;
}

static bool is_pkcs12_der(const gnutls_datum_t *in)
{
	AUTO(pkcs12) p12 = NULL;

	return gnutls_pkcs12_init(&p12) >= 0 &&
	       gnutls_pkcs12_import(p12, in, GNUTLS_X509_FMT_DER, 0) >= 0;
}

static bool is_pkcs7_der(const gnutls_datum_t *in)
{
	gnutls_pkcs7_t p7 = NULL;
	bool is_one = gnutls_pkcs7_init(&p7) >= 0 &&
		      gnutls_pkcs7_import(p7, in, GNUTLS_X509_FMT_DER) >= 0;

	if (p7)
		gnutls_pkcs7_deinit(p7);
	return is_one;
}

/* Forms by their first bytes, then by what decodes them; each with its remedy. */
static const struct {
	const char *head;
	size_t len;
	bool (*decodes)(const gnutls_datum_t *in);
	const char *words;
} import_forms[] = {
	{ "\xfe\xed\xfe\xed", 4, NULL,
	  "is a Java keystore (JKS); convert it with 'keytool -importkeystore -deststoretype pkcs12', and name the result in 'pkcs12'" },
	{ "\xce\xce\xce\xce", 4, NULL,
	  "is a Java keystore (JCEKS); convert it with 'keytool -importkeystore -srcstoretype jceks -deststoretype pkcs12', and name the result in 'pkcs12'" },
	{ "PK\x03\x04", 4, NULL, "is a ZIP archive; name it in 'zip'" },
	{ "\xff\xfe", 2, NULL, "is UTF-16 text; convert it with 'iconv -f utf-16 -t utf-8'" },
	{ "\xfe\xff", 2, NULL, "is UTF-16 text; convert it with 'iconv -f utf-16 -t utf-8'" },
	{ "<", 1, NULL, "is an HTML or XML document; download the file again" },
	{ "ssh-", 4, NULL, "is a public SSH key; name the file of a certificate" },
	{ "\x30", 1, is_cert_der,
	  "is a certificate in DER; convert it with 'openssl x509 -inform der', and name the result in 'pem'" },
	{ "\x30", 1, is_key_der,
	  "is a private key in DER; convert it with 'openssl pkey -inform der', and name the result in 'pem'" },
	{ "\x30", 1, is_pkcs12_der, "is PKCS#12; name it in 'pkcs12' instead of 'pem'" },
	{ "\x30", 1, is_pkcs7_der,
	  "is PKCS#7, which holds no private key; convert it with 'openssl pkcs7 -inform der -print_certs', and name the result and the key in 'pem'" },
};

const char *import_form_words(gnutls_datum_t in)
{
	if (!in.size)
		return "is empty; write it again";
	for (size_t i = 0; i < sizeof(import_forms) / sizeof(*import_forms); i++)
		if (starts_with(&in, import_forms[i].head, import_forms[i].len) &&
		    (!import_forms[i].decodes || import_forms[i].decodes(&in)))
			return import_forms[i].words;
	if (bytes_find(in.data, in.size, "-----BEGIN "))
		return "is PEM; name it in 'pem' instead of 'pkcs12'";
	return NULL;
}
