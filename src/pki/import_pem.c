/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/ec_key.h"
#include "pki/import_key.h"
#include "pki/import_parse.h"
#include "pki/pem.h"

#include <string.h>

/* PEM blocks that users commonly supply but import cannot read, with the remedy. */
static const struct {
	const char *label;
	const char *remedy;
} unsupported[] = {
	{ "OPENSSH PRIVATE KEY", "convert the SSH key with 'ssh-keygen -p -m PEM'" },
	{ "TRUSTED CERTIFICATE", "convert it with 'openssl x509'" },
};

static bool import_pem_reject(const struct pem_block *b, struct err *e)
{
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(*unsupported); i++)
		if (strcmp(unsupported[i].label, b->label) == 0)
			return err_set(e, ERR_INPUT, "a PEM block '%s' is not supported; %s",
				       b->label, unsupported[i].remedy);
	return true;
}

static bool import_pem_read_plain_key(struct import_parse *f, const struct pem_block *b,
				      struct err *e)
{
	AUTO(x509_key) key = NULL;
	AUTO(secret_datum) der = { 0 };
	struct ec_scalar s = { 0 };
	char words[128];
	int rc = gnutls_x509_privkey_init(&key);

	if (rc >= 0)
		rc = gnutls_x509_privkey_import2(key, &b->text, GNUTLS_X509_FMT_PEM, NULL,
						 GNUTLS_PKCS_PLAIN);
	if (rc >= 0)
		return import_parse_add_key(f, key, e);
	if (!pem_decode(b, &der, e))
		return false;
	if (ec_scalar_read((struct der){ der.data, der.size }, &s))
		return import_parse_add_scalar(f, s.curve, s.number, e);
	return err_set(e, ERR_INPUT, "cannot read its private key: %s", gnutls_words(rc, words));
}

static bool import_pem_read_key(struct import_parse *f, const struct pem_block *b,
				const char *password, struct err *e)
{
	bool is_pkcs8 = strcmp(b->label, "ENCRYPTED PRIVATE KEY") == 0;
	bool is_sealed = pem_has_headers(b);
	AUTO(datum) der = { 0 };

	if (!is_pkcs8 && !is_sealed)
		return import_pem_read_plain_key(f, b, e);
	if (f->wizard)
		return err_set(
			e, ERR_INPUT,
			"its private key is encrypted, which AppMon's import wizard does not take in PEM; decrypt it with 'openssl pkey', or import PKCS#12");
	if (!password)
		return err_set(e, ERR_INPUT, "its private key is encrypted; give its 'password'");
	if (is_sealed)
		return import_sealed_pem(f, b, password, e);
	return pem_decode(b, &der, e) && import_pkcs8(f, &der, password, e);
}

bool import_parse_read_pem(struct import_parse *f, gnutls_datum_t text, const char *password,
			   struct err *e)
{
	struct pem_block block;
	size_t before = f->blocks;

	for (size_t at = 0; pem_next(text, &at, &block);) {
		AUTO(datum) der = { 0 };

		if (!import_parse_count(f, e) || !import_pem_reject(&block, e))
			return false;
		if (f->wizard && !pem_is_cert(&block) && !pem_is_key(&block))
			return err_set(
				e, ERR_INPUT,
				"a PEM block '%s' is of no use, which AppMon's import wizard does not take; leave it out",
				block.label);
		if (!block.whole)
			return err_set(e, ERR_INPUT, "a PEM block '%s' has no END line",
				       block.label);
		if ((pem_is_cert(&block) || pem_is_key(&block) || pem_is_pkcs7(&block)) &&
		    !pem_check_lines(&block, e))
			return false;
		if (pem_is_cert(&block) &&
		    (!pem_decode(&block, &der, e) || !import_parse_add_cert(f, &der, e)))
			return false;
		if (pem_is_pkcs7(&block) &&
		    (!pem_decode(&block, &der, e) || !import_parse_add_pkcs7(f, &der, e)))
			return false;
		if (pem_is_key(&block) && !import_pem_read_key(f, &block, password, e))
			return false;
	}
	if (f->blocks != before)
		return true;

	const char *form = import_form_words(text);

	return err_set(e, ERR_INPUT, "it %s",
		       form ? form : "holds no PEM; name a file with BEGIN CERTIFICATE lines");
}
