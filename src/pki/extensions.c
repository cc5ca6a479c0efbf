/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/extensions.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	KEY_ID_ROOM = 64
};

static const gnutls_x509_subject_alt_name_t san_types[] = {
	[NAME_DNS] = GNUTLS_SAN_DNSNAME,
	[NAME_IP] = GNUTLS_SAN_IPADDRESS,
	[NAME_URI] = GNUTLS_SAN_URI,
	[NAME_EMAIL] = GNUTLS_SAN_RFC822NAME,
};
_Static_assert(sizeof(san_types) / sizeof(*san_types) == NAME_KIND_COUNT,
	       "every kind of name needs a type");

static int add_name(gnutls_subject_alt_names_t all, const struct san *name)
{
	unsigned char address[16];
	gnutls_datum_t value = datum_of_text(name->value);

	if (name->kind == NAME_IP) {
		if (inet_pton(AF_INET, name->value, address) == 1)
			value = (gnutls_datum_t){ address, 4 };
		else if (inet_pton(AF_INET6, name->value, address) == 1)
			value = (gnutls_datum_t){ address, 16 };
		else
			return GNUTLS_E_INVALID_REQUEST;
	}
	return gnutls_subject_alt_names_set(all, san_types[name->kind], &value, NULL);
}

/* Builds the extension as a whole: adding name after name to `crt` is quadratic. */
static bool extensions_add_names(gnutls_x509_crt_t crt, const struct certificate *c, struct err *e)
{
	AUTO(alt_names) all = NULL;
	AUTO(datum) der = { 0 };
	int rc = gnutls_subject_alt_names_init(&all);

	if (c->name_count == 0)
		return true;
	for (size_t i = 0; rc >= 0 && i < c->name_count; i++) {
		rc = add_name(all, &c->names[i]);
		if (rc < 0)
			return err_gnutls(e, rc, "cannot use the name '%s'", c->names[i].value);
	}
	if (rc >= 0)
		rc = gnutls_x509_ext_export_subject_alt_names(all, &der);
	/* RFC 5280, section 4.2.1.6: SAN is critical when the subject is empty. */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_extension_by_oid(crt, GNUTLS_X509EXT_OID_SAN, der.data,
							  der.size, *c->subject == '\0');
	if (rc < 0)
		return err_gnutls(e, rc, "cannot add the names");
	return true;
}

bool extensions_add_leaf(gnutls_x509_crt_t crt, const struct certificate *c, struct err *e)
{
	unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	int rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);

	if (*c->subject == '\0' && c->name_count == 0)
		return err_set(e, ERR_INPUT, "a certificate needs a subject or names");
	/* keyEncipherment serves RSA key exchange (TLS 1.2 and older), no other key type. */
	if (gnutls_x509_crt_get_pk_algorithm(crt, NULL) == GNUTLS_PK_RSA)
		usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(crt, usage);
	if (rc >= 0 && c->purpose & PURPOSE_SERVER)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0 && c->purpose & PURPOSE_CLIENT)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot add the extensions");
	return extensions_add_names(crt, c, e);
}

bool extensions_add_authority(gnutls_x509_crt_t crt, struct err *e)
{
	int rc = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(crt,
						   GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot add the extensions");
	return true;
}

bool extensions_add_key_ids(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, struct err *e)
{
	unsigned char id[KEY_ID_ROOM];
	size_t len = sizeof(id);
	int rc = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &len);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_key_id(crt, id, len);
	len = sizeof(id);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_subject_key_id(issuer, id, &len, NULL);
	/* An issuer without subjectKeyIdentifier: no authorityKeyIdentifier. */
	if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return true;
	if (rc >= 0)
		rc = gnutls_x509_crt_set_authority_key_id(crt, id, len);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot add the key identifiers");
	return true;
}
