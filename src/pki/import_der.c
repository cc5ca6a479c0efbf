/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/import.h"
#include "pki/import_key.h"
#include "pki/import_parse.h"

#include <gnutls/pkcs7.h>

AUTO_TYPE(pkcs7, gnutls_pkcs7_t, gnutls_pkcs7_deinit)
AUTO_TYPE(crl, gnutls_x509_crl_t, gnutls_x509_crl_deinit)

bool import_parse_add_pkcs7(struct import_parse *f, const gnutls_datum_t *der, struct err *e)
{
	AUTO(pkcs7) p7 = NULL;
	char words[128];
	int rc = gnutls_pkcs7_init(&p7);

	if (rc >= 0)
		rc = gnutls_pkcs7_import(p7, der, GNUTLS_X509_FMT_DER);

	int count = rc < 0 ? rc : gnutls_pkcs7_get_crt_count(p7);

	if (count < 0)
		return err_set(
			e, ERR_INPUT,
			"cannot read its PKCS#7: %s; take the certificates out with 'openssl pkcs7 -print_certs'",
			gnutls_words(count, words));
	if (count == 0)
		return err_set(e, ERR_INPUT, "its PKCS#7 holds no certificate; get the file again");
	for (int i = 0; i < count; i++) {
		AUTO(datum) crt = { 0 };

		if (!import_parse_count(f, e))
			return false;
		if (gnutls_pkcs7_get_crt_raw2(p7, (unsigned)i, &crt) < 0)
			return err_set(e, ERR_INPUT, "cannot read all certificates of its PKCS#7");
		if (!import_parse_add_cert(f, &crt, e))
			return false;
	}
	return true;
}

/* What else begins like a certificate; NULL: nothing that is known. */
static const char *near_certificate(const gnutls_datum_t *der)
{
	AUTO(crq) request = NULL;
	AUTO(crl) list = NULL;

	if (gnutls_x509_crq_init(&request) >= 0 &&
	    gnutls_x509_crq_import(request, der, GNUTLS_X509_FMT_DER) >= 0)
		return "is a certificate request; name the certificate that was issued for it";
	if (gnutls_x509_crl_init(&list) >= 0 &&
	    gnutls_x509_crl_import(list, der, GNUTLS_X509_FMT_DER) >= 0)
		return "is a revocation list; name the file of a certificate";
	return NULL;
}

static bool read_der_cert(struct import_parse *f, const gnutls_datum_t *der, struct err *e)
{
	const char *other = NULL;

	if (import_parse_add_cert(f, der, e))
		return true;
	other = near_certificate(der);
	return other ? err_set(e, ERR_INPUT, "it %s", other) : false;
}

static bool read_form(struct import_parse *f, enum file_form form, gnutls_datum_t file,
		      const char *password, struct err *e)
{
	const char *words = NULL;

	switch (form) {
	case FORM_PEM:
		return import_parse_read_pem(f, file, password, e);
	case FORM_CERT:
		return import_parse_count(f, e) && read_der_cert(f, &file, e);
	case FORM_KEY:
		return import_parse_count(f, e) &&
		       import_plain_key(f, (struct der){ file.data, file.size }, e);
	case FORM_SEALED_KEY:
		if (!password)
			return err_set(e, ERR_INPUT,
				       "its private key is encrypted; give its 'password'");
		return import_parse_count(f, e) && import_pkcs8(f, &file, password, e);
	case FORM_PKCS7:
		return import_parse_add_pkcs7(f, &file, e);
	case FORM_PKCS12:
		return found_read_pkcs12(f, file, password, e);
	case FORM_UNKNOWN:
	case FORM_ZIP:
		break;
	}
	words = import_form_words(file);
	return err_set(
		e, ERR_INPUT, "it %s",
		words ? words
		      : "is neither PEM, DER, PKCS#7 nor PKCS#12; name the file of a certificate or a key");
}

bool import_parse_read_any(struct import_parse *f, gnutls_datum_t file, const char *password,
			   struct err *e)
{
	enum file_form form = file_form_of(file.data, file.size);

	/* PEM may be indented, or begin with the digit that is the tag of DER */
	if (form == FORM_UNKNOWN && bytes_find(file.data, file.size, "-----BEGIN "))
		form = FORM_PEM;
	return read_form(f, form, file, password, e);
}

bool import_parse_read_der(struct import_parse *f, gnutls_datum_t der, const char *password,
			   struct err *e)
{
	enum file_form form = file_form_of(der.data, der.size);
	const char *words = NULL;

	if (form == FORM_CERT || form == FORM_KEY || form == FORM_SEALED_KEY || form == FORM_PKCS7)
		return read_form(f, form, der, password, e);
	words = import_form_words(der);
	return err_set(e, ERR_INPUT, "it %s",
		       words ? words
			     : "is not DER; name the file of a certificate or a key in DER");
}
