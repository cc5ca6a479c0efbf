/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/issue.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/cert.h"
#include "pki/extensions.h"
#include "pki/key.h"

#include <string.h>

enum {
	SERIAL_BYTES = 16,
};
/* RFC 5280, section 4.1.2.5: 9999-12-31 23:59:59 UTC, the last date a certificate can hold. */
static const int64_t end_of_time = 253402300799;

struct authority {
	struct arena arena;
	gnutls_privkey_t key;
	gnutls_x509_crt_t crt;
	struct cert_set set;
	const char *subject;
	bool is_self_signed;
	int64_t not_before; /* latest not_before in the chain */
	int64_t not_after;  /* earliest not_after in the chain */
};

void authority_close(struct authority *a)
{
	if (!a)
		return;
	gnutls_privkey_deinit(a->key);
	gnutls_x509_crt_deinit(a->crt);
	arena_release(&a->arena);
	free(a);
}

/* Computes the period in which every certificate of the chain is valid. */
static bool read_span(struct authority *a, struct err *e)
{
	a->not_after = end_of_time;
	for (size_t i = 0; i < a->set.count; i++) {
		AUTO(crt) crt = NULL;

		if (!cert_open(a->set.certs[i], &crt, e))
			return false;
		int64_t from = gnutls_x509_crt_get_activation_time(crt);
		int64_t until = gnutls_x509_crt_get_expiration_time(crt);

		if (i == 0 || from > a->not_before)
			a->not_before = from;
		if (until < a->not_after)
			a->not_after = until;
	}
	return true;
}

static bool issue_check_authority(struct authority *a, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	AUTO(pubkey) mine = NULL;
	char of_key[FINGERPRINT_TEXT];
	char of_cert[FINGERPRINT_TEXT];

	if (gnutls_x509_crt_get_ca_status(a->crt, NULL) <= 0)
		return err_set(e, ERR_INPUT, "the certificate is not a CA certificate");
	if (!cert_public(a->crt, &pub, e) || !key_public(a->key, &mine, e) ||
	    !key_digest(pub, of_cert, e) || !key_digest(mine, of_key, e))
		return false;
	if (strcmp(of_key, of_cert) != 0)
		return err_set(e, ERR_INPUT, "its private key belongs to another certificate");
	return true;
}

bool authority_open(const struct secret *pkcs8, const struct cert_set *set, struct authority **out,
		    struct err *e)
{
	AUTO(authority) a = xcalloc(1, sizeof(*a));

	if (set->count == 0 || set->count >= CHAIN_LIMIT)
		return err_set(e, ERR_INPUT, "an authority has 1 to %d certificates",
			       CHAIN_LIMIT - 1);
	a->set = cert_set_copy(set, &a->arena);
	if (!cert_open(a->set.certs[0], &a->crt, e))
		return err_in(e, "cannot open an authority");
	a->subject = cert_subject(a->crt, &a->arena);
	a->is_self_signed = cert_is_signed_by(a->crt, a->crt);
	if (!key_open(pkcs8, &a->key, e) || !issue_check_authority(a, e) || !read_span(a, e))
		return err_in(e, "cannot open authority '%s'", a->subject);
	*out = TAKE(a);
	return true;
}

/* Signing key and issuer certificate: of `by`, or of the leaf itself. */
struct leaf_signer {
	gnutls_privkey_t key;
	gnutls_x509_crt_t crt;
};

/* Fields common to leaf and CA certificates. */
struct body {
	const char *subject;
	int64_t not_before;
	int64_t not_after;
};

static bool issue_start(const struct body *b, gnutls_pubkey_t pub, gnutls_x509_crt_t crt,
			struct err *e)
{
	unsigned char serial[SERIAL_BYTES];
	int rc = gnutls_x509_crt_set_version(crt, 3);

	/* Positive, and always of the same length. */
	random_bytes(serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40;
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0 && *b->subject)
		rc = gnutls_x509_crt_set_dn(crt, b->subject, NULL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, b->not_before);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, b->not_after);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_pubkey(crt, pub);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot fill in the certificate");
	return true;
}

static bool issue_sign(gnutls_x509_crt_t crt, const struct leaf_signer *by, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;

	if (!extensions_add_key_ids(crt, by->crt, e) || !key_public(by->key, &pub, e))
		return false;
	int rc = gnutls_pubkey_get_preferred_hash_algorithm(pub, &hash, NULL);

	if (rc >= 0)
		rc = gnutls_x509_crt_privkey_sign(crt, by->crt, by->key, hash, 0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot sign the certificate");
	return true;
}

/* The finished certificate followed by the chain of `by`; copies in `a`. */
static bool make_set(gnutls_x509_crt_t crt, const struct authority *by, struct arena *a,
		     struct cert_set *out, struct err *e)
{
	AUTO(datum) der = { 0 };
	struct der certs[CHAIN_LIMIT];
	struct cert_set set = { .certs = certs, .count = 1 };
	int rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot write the certificate");
	certs[0] = (struct der){ der.data, der.size };
	for (size_t i = 0; by && i < by->set.count; i++) {
		if (i == 0 && by->is_self_signed) {
			set.anchor = by->set.certs[0];
			break;
		}
		certs[set.count++] = by->set.certs[i];
	}
	if (by && !by->is_self_signed)
		set.anchor = by->set.anchor;
	*out = cert_set_copy(&set, a);
	return true;
}

static bool make_pair(gnutls_x509_crt_t crt, const struct secret *pkcs8, const struct authority *by,
		      struct pair *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct cert_set set = { 0 };

	return make_set(crt, by, &a, &set, e) && pair_from_parts(pkcs8, &set, out, e);
}

static bool leaf_span(const struct certificate *c, const struct authority *by, int64_t now,
		      struct body *b, struct err *e)
{
	char text[TIME_TEXT];

	b->not_before = now - BACKDATE_SECONDS;
	b->not_after = c->validity < end_of_time - now ? now + c->validity : end_of_time;
	if (!by)
		return true;
	if (by->not_after <= now)
		return err_set(e, ERR_INPUT, "authority '%s' ended at %s", by->subject,
			       time_format(by->not_after, text));
	if (by->not_before > now)
		return err_set(e, ERR_INPUT, "authority '%s' is not valid before %s", by->subject,
			       time_format(by->not_before, text));
	if (b->not_before < by->not_before)
		b->not_before = by->not_before;
	if (b->not_after > by->not_after)
		b->not_after = by->not_after;
	return true;
}

static bool build_leaf(const struct certificate *c, const struct secret *pkcs8,
		       const struct authority *by, const struct body *b, struct pair *out,
		       struct err *e)
{
	AUTO(privkey) key = NULL;
	AUTO(pubkey) pub = NULL;
	AUTO(crt) crt = NULL;

	if (!key_open(pkcs8, &key, e) || !key_public(key, &pub, e))
		return false;
	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(e, ERR_CRYPTO, "cannot begin a certificate");
	struct leaf_signer signer = { by ? by->key : key, by ? by->crt : crt };

	return issue_start(b, pub, crt, e) && extensions_add_leaf(crt, c, e) &&
	       issue_sign(crt, &signer, e) && make_pair(crt, pkcs8, by, out, e);
}

bool issue_leaf(const struct certificate *c, const struct secret *pkcs8, const struct authority *by,
		int64_t now, struct pair *out, struct err *e)
{
	struct body b = { .subject = c->subject };

	if (!leaf_span(c, by, now, &b, e) || !build_leaf(c, pkcs8, by, &b, out, e))
		return err_in(e, "cannot issue certificate '%s'", c->name);
	return true;
}

bool issue_for(const struct leaf_request *r, const struct authority *by, struct arena *a,
	       struct cert_set *out, struct err *e)
{
	const struct certificate *c = r->certificate;
	const gnutls_datum_t spki = datum_of(r->spki);
	const struct leaf_signer signer = { by->key, by->crt };
	struct body b = { .subject = c->subject };
	AUTO(pubkey) pub = NULL;
	AUTO(crt) crt = NULL;
	int rc = gnutls_pubkey_init(&pub);

	if (rc >= 0)
		rc = gnutls_pubkey_import(pub, &spki, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&crt);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot begin certificate '%s'", c->name);
	if (!leaf_span(c, by, r->now, &b, e) || !issue_start(&b, pub, crt, e) ||
	    !extensions_add_leaf(crt, c, e) || !issue_sign(crt, &signer, e) ||
	    !make_set(crt, by, a, out, e))
		return err_in(e, "cannot issue certificate '%s'", c->name);
	return true;
}

static bool build_authority(const struct body *b, const struct secret *pkcs8, struct pair *out,
			    struct err *e)
{
	AUTO(privkey) key = NULL;
	AUTO(pubkey) pub = NULL;
	AUTO(crt) crt = NULL;

	if (*b->subject == '\0')
		return err_set(e, ERR_INPUT, "an authority needs a subject");
	if (!key_open(pkcs8, &key, e) || !key_public(key, &pub, e))
		return false;
	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(e, ERR_CRYPTO, "cannot begin a certificate");
	struct leaf_signer self = { key, crt };

	return issue_start(b, pub, crt, e) && extensions_add_authority(crt, e) &&
	       issue_sign(crt, &self, e) && make_pair(crt, pkcs8, NULL, out, e);
}

bool issue_authority(const struct issuer *i, const struct secret *pkcs8, int64_t now,
		     struct pair *out, struct err *e)
{
	struct body b = {
		.subject = i->subject,
		.not_before = now - BACKDATE_SECONDS,
		.not_after = i->validity < end_of_time - now ? now + i->validity : end_of_time,
	};

	if (!build_authority(&b, pkcs8, out, e))
		return err_in(e, "cannot create issuer '%s'", i->name);
	return true;
}
