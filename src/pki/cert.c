/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/cert.h"

#include "base/text.h"
#include "base/vec.h"
#include "crypto/crypto.h"
#include "pki/key.h"
#include "pki/pair.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHA1_BYTES = 20,
	OID_LIMIT = 64,
	KEY_ID_LIMIT = 128, /* bytes; what is longer counts as not told */
};

bool cert_open(struct der der, gnutls_x509_crt_t *out, struct err *e)
{
	AUTO(crt) crt = NULL;
	gnutls_datum_t bytes = datum_of(der);

	if (der.len > CERTIFICATE_LIMIT)
		return err_set(e, ERR_INPUT, "a certificate has more than %d bytes",
			       CERTIFICATE_LIMIT);
	int rc = gnutls_x509_crt_init(&crt);

	if (rc == 0)
		rc = gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER);
	if (rc == GNUTLS_E_ASN1_TIME_ERROR)
		return err_set(
			e, ERR_INPUT,
			"a certificate's dates are not written as RFC 5280 has them, in UTC to the second, and clients refuse it; have it issued again");
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read a certificate");
	*out = TAKE(crt);
	return true;
}

bool cert_public(gnutls_x509_crt_t crt, gnutls_pubkey_t *out, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	int rc = gnutls_pubkey_init(&pub);

	if (rc == 0)
		rc = gnutls_pubkey_import_x509(pub, crt, 0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read a certificate's key");
	*out = TAKE(pub);
	return true;
}

static const char *cert_shown(struct arena *a, const gnutls_datum_t *text)
{
	AUTO(buf) out = { 0 };

	text_escape(&out, (const char *)text->data, text->size);
	return arena_strdup(a, buf_text(&out));
}

const char *cert_subject(gnutls_x509_crt_t crt, struct arena *a)
{
	AUTO(datum) text = { 0 };

	if (gnutls_x509_crt_get_dn3(crt, &text, 0) < 0)
		return "";
	return cert_shown(a, &text);
}

const char *cert_issuer(gnutls_x509_crt_t crt, struct arena *a)
{
	AUTO(datum) text = { 0 };

	if (gnutls_x509_crt_get_issuer_dn3(crt, &text, 0) < 0)
		return "";
	return cert_shown(a, &text);
}

bool cert_is_signed_by(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	/* Without DO_NOT_ALLOW_SAME every certificate would verify against itself. */
	unsigned flags = GNUTLS_VERIFY_DO_NOT_ALLOW_SAME | GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			 GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS | GNUTLS_VERIFY_ALLOW_BROKEN |
			 GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1;
	unsigned status = 0;

	if (!gnutls_x509_crt_check_issuer(crt, issuer))
		return false;
	if (gnutls_x509_crt_verify(crt, &issuer, 1, flags, &status) < 0)
		return false;
	return !(status & (GNUTLS_CERT_SIGNATURE_FAILURE | GNUTLS_CERT_SIGNER_NOT_FOUND));
}

static bool read_serial(gnutls_x509_crt_t crt, struct arena *a, const char **out, struct err *e)
{
	unsigned char bytes[128];
	size_t len = sizeof(bytes);
	size_t zeros = 0;
	char hex[2 * sizeof(bytes) + 1];
	int rc = gnutls_x509_crt_get_serial(crt, bytes, &len);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot read a serial number");
	while (zeros + 1 < len && bytes[zeros] == 0)
		zeros++;
	text_hex(bytes + zeros, len - zeros, hex);
	*out = arena_strdup(a, hex);
	return true;
}

static bool cert_read_key(gnutls_x509_crt_t crt, struct arena *a, struct cert_facts *out,
			  struct err *e)
{
	AUTO(pubkey) pub = NULL;
	char digest[FINGERPRINT_TEXT];
	struct err unknown = { 0 };

	out->spki = "";
	out->key = "unknown";
	if (!cert_public(crt, &pub, &unknown))
		return true;
	if (!key_digest(pub, digest, e))
		return false;
	out->spki = arena_strdup(a, digest);
	out->key = key_word(pub, a);
	return true;
}

/* False: a kind of name that the fleet file cannot have, or a damaged name. */
static bool cert_read_name(unsigned type, const gnutls_datum_t *value, struct arena *a,
			   struct san *out)
{
	AUTO(buf) shown = { 0 };
	char ip[INET6_ADDRSTRLEN];

	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		text_escape(&shown, (const char *)value->data, value->size);
		for (size_t i = 0; i < shown.len; i++)
			shown.data[i] = (char)tolower((unsigned char)shown.data[i]);
		*out = (struct san){ NAME_DNS, arena_strdup(a, buf_text(&shown)) };
		return true;
	case GNUTLS_SAN_IPADDRESS:
		if (value->size != 4 && value->size != 16)
			return false;
		inet_ntop(value->size == 4 ? AF_INET : AF_INET6, value->data, ip, sizeof(ip));
		*out = (struct san){ NAME_IP, arena_strdup(a, ip) };
		return true;
	case GNUTLS_SAN_URI:
		*out = (struct san){ NAME_URI, cert_shown(a, value) };
		return true;
	case GNUTLS_SAN_RFC822NAME:
		*out = (struct san){ NAME_EMAIL, cert_shown(a, value) };
		return true;
	}
	return false;
}

static int cert_compare_names(const void *a, const void *b)
{
	const struct san *x = a;
	const struct san *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->value, y->value);
}

static bool collect_names(gnutls_subject_alt_names_t all, struct arena *a, struct cert_facts *out,
			  struct err *e)
{
	VEC(struct san) names = { 0 };
	gnutls_datum_t value = { 0 };
	unsigned type = 0;

	for (unsigned i = 0; gnutls_subject_alt_names_get(all, i, &type, &value, NULL) >= 0; i++) {
		if (i == NAMES_LIMIT)
			return err_set(e, ERR_INPUT, "a certificate has more than %d names",
				       NAMES_LIMIT);
		struct san name = { 0 };

		if (cert_read_name(type, &value, a, &name))
			VEC_PUSH(&names, a, name);
	}
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), cert_compare_names);
	out->names = names.items;
	out->name_count = names.count;
	return true;
}

/* Parses the whole extension at once: GnuTLS's get-by-index is quadratic. */
static bool cert_read_names(gnutls_x509_crt_t crt, struct arena *a, struct cert_facts *out,
			    struct err *e)
{
	AUTO(datum) der = { 0 };
	AUTO(alt_names) all = NULL;
	unsigned critical = 0;
	int rc = gnutls_x509_crt_get_extension_by_oid2(crt, GNUTLS_X509EXT_OID_SAN, 0, &der,
						       &critical);

	if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return true;
	if (rc >= 0)
		rc = gnutls_subject_alt_names_init(&all);
	if (rc >= 0)
		rc = gnutls_x509_ext_import_subject_alt_names(&der, all, 0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read a certificate's names");
	return collect_names(all, a, out, e);
}

typedef int id_fn(gnutls_x509_crt_t crt, void *out, size_t *len, unsigned *critical);

static const char *read_id(gnutls_x509_crt_t crt, id_fn *get, struct arena *a)
{
	unsigned char bytes[KEY_ID_LIMIT];
	char hex[2 * KEY_ID_LIMIT + 1];
	size_t len = sizeof(bytes);

	if (get(crt, bytes, &len, NULL) < 0 || len == 0)
		return NULL;
	text_hex(bytes, len, hex);
	return arena_strdup(a, hex);
}

/* Without the extension it is good for anything. */
static unsigned read_purpose_of(gnutls_x509_crt_t crt)
{
	unsigned purpose = 0;

	for (unsigned i = 0;; i++) {
		char oid[OID_LIMIT];
		size_t len = sizeof(oid);
		int rc = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &len, NULL);

		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return i ? purpose : PURPOSE_SERVER | PURPOSE_CLIENT;
		if (rc < 0 && rc != GNUTLS_E_SHORT_MEMORY_BUFFER)
			return purpose;
		if (rc < 0)
			continue; /* longer than those that matter */
		if (!strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) || !strcmp(oid, GNUTLS_KP_ANY))
			purpose |= PURPOSE_SERVER;
		if (!strcmp(oid, GNUTLS_KP_TLS_WWW_CLIENT) || !strcmp(oid, GNUTLS_KP_ANY))
			purpose |= PURPOSE_CLIENT;
	}
}

bool cert_read_facts(struct der der, struct arena *a, struct cert_facts *out, struct err *e)
{
	AUTO(crt) crt = NULL;
	struct cert_facts f = { 0 };
	char fingerprint[FINGERPRINT_TEXT];
	unsigned critical = 0;
	unsigned is_ca = 0;

	if (!cert_open(der, &crt, e))
		return false;
	sha256_text(der.bytes, der.len, fingerprint);
	f.fingerprint = arena_strdup(a, fingerprint);
	f.subject = cert_subject(crt, a);
	f.issuer = cert_issuer(crt, a);
	f.not_before = gnutls_x509_crt_get_activation_time(crt);
	f.not_after = gnutls_x509_crt_get_expiration_time(crt);
	if (f.not_before == -1 || f.not_after == -1)
		return err_set(e, ERR_CRYPTO, "cannot read the dates of certificate '%s'",
			       f.subject);
	if (gnutls_x509_crt_get_basic_constraints(crt, &critical, &is_ca, NULL) >= 0)
		f.is_ca = is_ca;
	f.purpose = read_purpose_of(crt);
	f.own_id = read_id(crt, gnutls_x509_crt_get_subject_key_id, a);
	f.signer_id = read_id(crt, gnutls_x509_crt_get_authority_key_id, a);
	if (!read_serial(crt, a, &f.serial, e) || !cert_read_key(crt, a, &f, e) ||
	    !cert_read_names(crt, a, &f, e))
		return err_in(e, "certificate '%s'", f.subject);
	*out = f;
	return true;
}

const char *cert_sha1(struct der der, struct arena *a)
{
	unsigned char digest[SHA1_BYTES];
	char *text = arena_alloc(a, 2 * SHA1_BYTES + 1);

	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, der.bytes, der.len, digest) < 0)
		return "";
	text_hex(digest, sizeof(digest), text);
	for (char *at = text; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return text;
}
