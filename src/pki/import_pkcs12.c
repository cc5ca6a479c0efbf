/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/import_key.h"
#include "pki/import_parse.h"

#include <string.h>

/*
 * A password in the sense of PKCS#12.  "No password" has two encodings, an empty
 * string and none at all; the MAC shows which one the file uses.
 */
struct opener {
	const char *password; /* NULL: none at all */
	gnutls_datum_t file;  /* for the name of what cannot be decrypted */
};

/* RFC 9579: PBMAC1 derives its key from a string, so NULL is never a password. */
static const char pbmac1[] = "1.2.840.113549.1.5.14";

/* Integrity protection of a file. */
struct vouched {
	bool has_mac;
	bool is_pbmac1;
};

static bool check_mac_rounds(gnutls_pkcs12_t p12, const gnutls_datum_t *file, struct vouched *out,
			     struct err *e)
{
	unsigned mac = 0;
	unsigned salt_len = 0;
	unsigned rounds = 0;
	char *oid = NULL;
	char words[128];
	int rc = gnutls_pkcs12_mac_info(p12, &mac, NULL, &salt_len, &rounds, &oid);

	out->is_pbmac1 = rc >= 0 && oid && !strcmp(oid, pbmac1);
	gnutls_free(oid);
	/* GnuTLS 3.7 calls a file without MAC an invalid request */
	out->has_mac =
		rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && rc != GNUTLS_E_INVALID_REQUEST;
	if (!out->has_mac)
		return true;
	if (rc == GNUTLS_E_UNKNOWN_HASH_ALGORITHM)
		return err_set(
			e, ERR_INPUT,
			"its integrity check is %s, which is not supported; export it again with 'openssl pkcs12 -export -macalg sha256'",
			import_unread_algorithm(file));
	if (rc < 0)
		return err_set(e, ERR_INPUT, "cannot read its integrity check: %s",
			       gnutls_words(rc, words));
	return import_check_rounds(rounds, e);
}

static bool open_mac(gnutls_pkcs12_t p12, const char *password, struct opener *o, struct err *e)
{
	struct vouched vouched = { 0 };

	o->password = password ? password : "";
	if (!check_mac_rounds(p12, &o->file, &vouched, e))
		return false;
	if (!vouched.has_mac || gnutls_pkcs12_verify_mac(p12, o->password) >= 0)
		return true;
	if (!password) {
		o->password = NULL;
		/* With PBMAC1, GnuTLS 3.8 reads even a NULL password as a string. */
		if (!vouched.is_pbmac1 && gnutls_pkcs12_verify_mac(p12, NULL) >= 0)
			return true;
		return err_set(e, ERR_INPUT,
			       "it needs a password, or is damaged; give its 'password'");
	}
	return err_set(e, ERR_INPUT, "its password is wrong, or it is damaged; correct 'password'");
}

/* A key encrypted under a NULL password needs GNUTLS_PKCS_NULL_PASSWORD. */
static bool read_shrouded_key(struct import_parse *f, const gnutls_datum_t *der,
			      const struct opener *o, struct err *e)
{
	AUTO(x509_key) key = NULL;

	if (o->password && *o->password)
		return import_pkcs8(f, der, o->password, e);
	if (!import_check_pkcs8(der, GNUTLS_X509_FMT_DER, e))
		return false;
	if (gnutls_x509_privkey_init(&key) < 0)
		return err_set(e, ERR_CRYPTO, "cannot begin a private key");
	if (gnutls_x509_privkey_import_pkcs8(key, der, GNUTLS_X509_FMT_DER, NULL,
					     GNUTLS_PKCS_NULL_PASSWORD) >= 0)
		return import_parse_add_key(f, key, e);
	return import_pkcs8(f, der, "", e);
}

static bool read_element(struct import_parse *f, gnutls_pkcs12_bag_t bag, int i,
			 const struct opener *o, struct err *e)
{
	gnutls_datum_t data = { 0 };
	int type = gnutls_pkcs12_bag_get_type(bag, i);

	if (!import_parse_count(f, e))
		return false;
	if (type < 0 || gnutls_pkcs12_bag_get_data(bag, i, &data) < 0)
		return err_set(e, ERR_INPUT, "cannot read all of its bags; export it again");
	if (type == GNUTLS_BAG_CERTIFICATE)
		return import_parse_add_cert(f, &data, e);
	if (type == GNUTLS_BAG_PKCS8_KEY)
		return import_pkcs8(f, &data, NULL, e);
	if (type == GNUTLS_BAG_PKCS8_ENCRYPTED_KEY)
		return read_shrouded_key(f, &data, o, e);
	if (f->wizard)
		return err_set(
			e, ERR_INPUT,
			"it holds a bag that is neither a certificate nor a key, which AppMon's import wizard does not take; export it again with these alone");
	return true;
}

static bool decrypt_bag(gnutls_pkcs12_bag_t bag, const struct opener *o, struct err *e)
{
	unsigned schema = 0;
	unsigned cipher = 0;
	unsigned salt_len = 0;
	unsigned rounds = 0;
	char *oid = NULL;
	char words[128];
	int rc = gnutls_pkcs12_bag_enc_info(bag, &schema, &cipher, NULL, &salt_len, &rounds, &oid);

	gnutls_free(oid);
	if (rc < 0)
		return err_set(
			e, ERR_INPUT,
			"one of its bags is encrypted with %s, which is not supported (%s); export it again with 'openssl pkcs12 -export -certpbe AES-256-CBC -keypbe AES-256-CBC'",
			import_unread_algorithm(&o->file), gnutls_words(rc, words));
	if (!import_check_rounds(rounds, e))
		return false;
	rc = gnutls_pkcs12_bag_decrypt(bag, o->password);
	if (rc < 0 && (!o->password || !*o->password))
		rc = gnutls_pkcs12_bag_decrypt(bag, o->password ? NULL : "");
	if (rc < 0)
		return err_set(e, ERR_INPUT,
			       "its password is wrong, or it is damaged; correct 'password'");
	return true;
}

static bool read_bags(struct import_parse *f, gnutls_pkcs12_t p12, const struct opener *o,
		      struct err *e)
{
	char words[128];

	for (int i = 0;; i++) {
		AUTO(pkcs12_bag) bag = NULL;
		int rc = gnutls_pkcs12_bag_init(&bag);

		if (rc >= 0)
			rc = gnutls_pkcs12_get_bag(p12, i, bag);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return true;
		if (rc < 0)
			return err_set(e, ERR_INPUT, "cannot read its bag %d: %s", i,
				       gnutls_words(rc, words));
		if (!import_parse_count(f, e))
			return false;
		if (gnutls_pkcs12_bag_get_type(bag, 0) == GNUTLS_BAG_ENCRYPTED &&
		    !decrypt_bag(bag, o, e))
			return false;
		int count = gnutls_pkcs12_bag_get_count(bag);

		for (int k = 0; k < count; k++)
			if (!read_element(f, bag, k, o, e))
				return false;
	}
}

bool found_read_pkcs12(struct import_parse *f, gnutls_datum_t der, const char *password,
		       struct err *e)
{
	AUTO(pkcs12) p12 = NULL;
	struct opener o = { .file = der };
	char words[128];
	int rc = gnutls_pkcs12_init(&p12);

	if (rc >= 0)
		rc = gnutls_pkcs12_import(p12, &der, GNUTLS_X509_FMT_DER, 0);
	const char *form = rc < 0 ? import_form_words(der) : NULL;

	if (form)
		return err_set(e, ERR_INPUT, "it %s", form);
	if (rc < 0)
		return err_set(e, ERR_INPUT,
			       "it is not a PKCS#12 file, or is damaged (%s); export it again",
			       gnutls_words(rc, words));
	return open_mac(p12, password, &o, e) && read_bags(f, p12, &o, e);
}
