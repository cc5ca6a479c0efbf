/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/client_auth.h"

#include "base/alloc.h"
#include "crypto/crypto.h"
#include "pki/cert.h"
#include "pki/pair.h"

#include <libtasn1.h>
#include <string.h>

struct client_auth {
	gnutls_x509_trust_list_t authorities;
	const struct allowed_client *list;
	size_t count;
	gnutls_x509_dn_t *names; /* parallel to `list`; NULL for an entry by key */
};

/* ---- life ---- */

void client_auth_free(struct client_auth *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		if (c->names[i])
			gnutls_x509_dn_deinit(c->names[i]);
	free(c->names);
	if (c->authorities)
		gnutls_x509_trust_list_deinit(c->authorities, 1);
	free(c);
}

static bool read_authority(struct client_auth *c, const char *pem, size_t len, struct err *e)
{
	gnutls_datum_t text = { (unsigned char *)pem, (unsigned)len };
	int rc = gnutls_x509_trust_list_init(&c->authorities, 0);

	if (rc >= 0)
		rc = gnutls_x509_trust_list_add_trust_mem(c->authorities, &text, NULL,
							  GNUTLS_X509_FMT_PEM, 0, 0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read the authority");
	if (rc == 0)
		return err_set(e, ERR_INPUT, "it holds no certificate");
	return true;
}

bool client_auth_new(const struct agent_config *config, const char *authority, size_t len,
		     struct client_auth **out, struct err *e)
{
	AUTO(client_auth) c = xcalloc(1, sizeof(*c));

	c->list = config->clients;
	c->count = config->client_count;
	c->names = xcalloc(c->count, sizeof(*c->names));
	if (!read_authority(c, authority, len, e))
		return false;
	for (size_t i = 0; i < c->count; i++) {
		const char *name = c->list[i].name;
		int rc = name ? gnutls_x509_dn_init(&c->names[i]) : 0;

		if (name && rc >= 0)
			rc = gnutls_x509_dn_set_str(c->names[i], name, NULL);
		if (rc < 0)
			return err_gnutls(e, rc, "cannot read the name '%s'", name);
	}
	*out = TAKE(c);
	return true;
}

/* ---- checking ---- */

struct presented_chain {
	gnutls_x509_crt_t certs[CHAIN_LIMIT];
	unsigned count;
};

static void shown_release(struct presented_chain *s)
{
	for (unsigned i = 0; i < s->count; i++)
		gnutls_x509_crt_deinit(s->certs[i]);
}
AUTO_STRUCT(presented_chain, struct presented_chain, shown_release)

/* clientAuth must be stated: anyExtendedKeyUsage or no extension is not enough. */
static bool is_for_clients(gnutls_x509_crt_t leaf)
{
	for (unsigned i = 0;; i++) {
		char oid[64];
		size_t size = sizeof(oid);
		int rc = gnutls_x509_crt_get_key_purpose_oid(leaf, i, oid, &size, NULL);

		if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (rc < 0)
			return false;
		if (!strcmp(oid, GNUTLS_KP_TLS_WWW_CLIENT))
			return true;
	}
}

static bool leads_to_authority(const struct client_auth *c, struct presented_chain *s,
			       struct err *e)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	unsigned status = 0;
	AUTO(datum) words = { 0 };
	int rc = gnutls_x509_trust_list_verify_crt2(c->authorities, s->certs, s->count, &purpose, 1,
						    flags, &status, NULL);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot check the client's certificate");
	if (!status)
		return true;
	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
	return err_set(e, ERR_INPUT, "not known here: %s",
		       words.data ? (const char *)words.data : "");
}

/* ASCII has the same bytes in all three string types. */
static unsigned kind_of_string(unsigned long tag)
{
	switch (tag) {
	case ASN1_TAG_IA5_STRING:
	case ASN1_TAG_PRINTABLE_STRING:
		return ASN1_TAG_UTF8_STRING;
	default:
		return (unsigned)tag;
	}
}

static bool same_attribute(const gnutls_x509_ava_st *a, const gnutls_x509_ava_st *b)
{
	return a->oid.size == b->oid.size && !memcmp(a->oid.data, b->oid.data, a->oid.size) &&
	       kind_of_string(a->value_tag) == kind_of_string(b->value_tag) &&
	       a->value.size == b->value.size &&
	       !memcmp(a->value.data, b->value.data, a->value.size);
}

/* Compares RDN by RDN, attribute by attribute, until both names end together. */
static bool same_name(gnutls_x509_dn_t one, gnutls_x509_dn_t other)
{
	for (int rdn = 0, part = 0;;) {
		gnutls_x509_ava_st a, b;
		int rc = gnutls_x509_dn_get_rdn_ava(one, rdn, part, &a);

		if (rc != gnutls_x509_dn_get_rdn_ava(other, rdn, part, &b))
			return false;
		if (rc == GNUTLS_E_ASN1_ELEMENT_NOT_FOUND && !part)
			return rdn > 0;
		if (rc < 0 && rc != GNUTLS_E_ASN1_ELEMENT_NOT_FOUND)
			return false;
		if (rc >= 0 && !same_attribute(&a, &b))
			return false;
		part = rc < 0 ? 0 : part + 1;
		rdn += rc < 0;
	}
}

static bool client_auth_is_listed(const struct client_auth *c, gnutls_x509_crt_t leaf,
				  const char *spki)
{
	gnutls_x509_dn_t subject = NULL; /* belongs to the leaf */
	bool named = gnutls_x509_crt_get_subject(leaf, &subject) >= 0;

	for (size_t i = 0; i < c->count; i++) {
		const char *wanted = c->list[i].spki;

		if (wanted ? !strcmp(wanted, spki) : named && same_name(subject, c->names[i]))
			return true;
	}
	return false;
}

static bool read_spki(gnutls_x509_crt_t leaf, struct arena *a, struct der *out, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	AUTO(datum) der = { 0 };
	unsigned char *copy = NULL;
	int rc = 0;

	if (!cert_public(leaf, &pub, e))
		return false;
	rc = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read a public key");
	copy = arena_alloc(a, der.size);
	memcpy(copy, der.data, der.size);
	*out = (struct der){ copy, der.size };
	return true;
}

bool client_auth_check(const struct client_auth *c, const struct der *chain, size_t count,
		       struct arena *a, struct client *out, struct err *e)
{
	AUTO(presented_chain) s = { 0 };
	char digest[SHA256_TEXT];

	if (!count || count > CHAIN_LIMIT)
		return err_set(e, ERR_INPUT, "the client showed no certificate");
	for (; s.count < count; s.count++)
		if (!cert_open(chain[s.count], &s.certs[s.count], e))
			return false;
	if (!leads_to_authority(c, &s, e) || !read_spki(s.certs[0], a, &out->spki, e))
		return false;
	if (!is_for_clients(s.certs[0]))
		return err_set(e, ERR_INPUT, "its certificate is not for clients");
	sha256_text(out->spki.bytes, out->spki.len, digest);
	if (!client_auth_is_listed(c, s.certs[0], digest))
		return err_set(e, ERR_INPUT, "its certificate is not in 'allow'");
	out->until = INT64_MAX;
	for (unsigned i = 0; i < s.count; i++) {
		int64_t end = gnutls_x509_crt_get_expiration_time(s.certs[i]);

		if (end < out->until)
			out->until = end;
	}
	return true;
}
