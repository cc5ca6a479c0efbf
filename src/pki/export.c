/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/export.h"

#include "pki/gnutls_handle.h"
#include "pki/pbes.h"

#include <string.h>

enum {
	KEY_ID_BYTES = 20,
	HOW = GNUTLS_PKCS_PBES2_AES_256,
};

/* localKeyId, which links the key to its leaf. */
struct key_id {
	unsigned char bytes[KEY_ID_BYTES];
};

static const char *password_of(const struct export_order *o)
{
	return (const char *)o->password->bytes;
}

static int name_element(const struct export_order *o, gnutls_pkcs12_bag_t bag, int index,
			const struct key_id *id)
{
	const gnutls_datum_t datum = { (unsigned char *)id->bytes, sizeof(id->bytes) };
	int rc = gnutls_pkcs12_bag_set_friendly_name(bag, index, o->name);

	return rc < 0 ? rc : gnutls_pkcs12_bag_set_key_id(bag, index, &datum);
}

static int add_cert(const struct export_order *o, gnutls_pkcs12_bag_t bag, size_t i,
		    struct key_id *id)
{
	AUTO(crt) crt = NULL;
	gnutls_datum_t der = datum_of(o->set->certs[i]);
	size_t room = sizeof(id->bytes);
	int rc = gnutls_x509_crt_init(&crt);

	if (rc >= 0)
		rc = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	if (rc < 0)
		return rc;

	int index = gnutls_pkcs12_bag_set_crt(bag, crt);

	if (index < 0 || i > 0)
		return index;
	rc = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id->bytes, &room);
	return rc < 0 ? rc : name_element(o, bag, index, id);
}

static int add_certs(const struct export_order *o, gnutls_pkcs12_t p12, struct key_id *id)
{
	AUTO(pkcs12_bag) bag = NULL;
	int rc = gnutls_pkcs12_bag_init(&bag);

	for (size_t i = 0; i < o->set->count && rc >= 0; i++)
		rc = add_cert(o, bag, i, id);
	if (rc >= 0)
		rc = gnutls_pkcs12_bag_encrypt(bag, password_of(o), HOW);
	return rc < 0 ? rc : gnutls_pkcs12_set_bag(p12, bag);
}

static int add_key(const struct export_order *o, gnutls_pkcs12_t p12, const struct key_id *id)
{
	AUTO(pkcs12_bag) bag = NULL;
	AUTO(secret) shrouded = { 0 };
	gnutls_datum_t der = { 0 };
	int rc = gnutls_pkcs12_bag_init(&bag);

	pkcs8_encrypt(o->key, o->password, &shrouded);
	der = datum_of_secret(&shrouded);
	if (rc >= 0)
		rc = gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &der);
	if (rc >= 0)
		rc = name_element(o, bag, rc, id);
	return rc < 0 ? rc : gnutls_pkcs12_set_bag(p12, bag);
}

bool export_pkcs12(const struct export_order *o, struct secret *out, struct err *e)
{
	AUTO(pkcs12) p12 = NULL;
	AUTO(secret_datum) der = { 0 };
	struct key_id id = { { 0 } };
	int rc = gnutls_pkcs12_init(&p12);

	if (!o->password->len || strlen(password_of(o)) != o->password->len)
		return err_set(e, ERR_INPUT,
			       "the password of a PKCS#12 file is empty or holds a zero byte");
	if (rc >= 0)
		rc = add_certs(o, p12, &id);
	if (rc >= 0)
		rc = add_key(o, p12, &id);
	if (rc >= 0)
		rc = gnutls_pkcs12_generate_mac2(p12, GNUTLS_MAC_SHA256, password_of(o));
	if (rc >= 0)
		rc = gnutls_pkcs12_export2(p12, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot write a PKCS#12 file");
	secret_copy(out, der.data, der.size);
	return true;
}
