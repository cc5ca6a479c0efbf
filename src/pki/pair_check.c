/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/pair.h"

#include <string.h>

enum {
	VERIFY_FLAGS = GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
		       GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS | GNUTLS_VERIFY_DO_NOT_ALLOW_SAME
};

/* The certificates of a pair, opened: the leaf first, the anchor last. */
struct ladder {
	struct arena arena;
	gnutls_x509_crt_t rungs[CHAIN_LIMIT + 1];
	size_t served; /* `count` without the anchor, which is not served */
	size_t count;
};

static void ladder_release(struct ladder *l)
{
	for (size_t i = 0; i < l->count; i++)
		gnutls_x509_crt_deinit(l->rungs[i]);
	arena_release(&l->arena);
}
AUTO_STRUCT(ladder, struct ladder, ladder_release)

static bool ladder_open(struct ladder *l, const struct cert_set *set, struct err *e)
{
	if (set->count == 0 || set->count > CHAIN_LIMIT)
		return err_set(e, ERR_INPUT, "a pair has 1 to %d certificates, not %zu",
			       CHAIN_LIMIT, set->count);
	for (size_t i = 0; i < set->count; i++, l->count++)
		if (!cert_open(set->certs[i], &l->rungs[i], e))
			return false;
	l->served = l->count;
	if (set->anchor.len == 0)
		return true;
	if (!cert_open(set->anchor, &l->rungs[l->count], e))
		return false;
	l->count++;
	return true;
}

/* "the leaf 'CN=a'", for messages. */
static const char *rung_name(struct ladder *l, size_t i)
{
	const char *place = i == 0 ? "leaf" : i >= l->served ? "root" : "chain certificate";

	return arena_printf(&l->arena, "the %s '%s'", place, cert_subject(l->rungs[i], &l->arena));
}

static bool lint_key(const struct pair *p, struct ladder *l, struct err *e)
{
	AUTO(privkey) key = NULL;
	AUTO(pubkey) mine = NULL;
	AUTO(pubkey) leaf = NULL;
	char of_key[FINGERPRINT_TEXT];
	char of_leaf[FINGERPRINT_TEXT];

	if (!key_open(&p->key, &key, e) || !key_public(key, &mine, e) ||
	    !cert_public(l->rungs[0], &leaf, e) || !key_digest(mine, of_key, e) ||
	    !key_digest(leaf, of_leaf, e))
		return false;
	if (strcmp(of_key, of_leaf) != 0 || !key_proves(key, leaf))
		return err_set(e, ERR_INPUT, "the private key does not belong to %s",
			       rung_name(l, 0));
	return true;
}

static bool lint_dates(struct ladder *l, int64_t now, struct err *e)
{
	char text[TIME_TEXT];

	/* The root is not checked: its dates are for the clients that trust it. */
	for (size_t i = 0; i < l->served; i++) {
		int64_t from = gnutls_x509_crt_get_activation_time(l->rungs[i]);
		int64_t until = gnutls_x509_crt_get_expiration_time(l->rungs[i]);

		if (now < from)
			return err_set(e, ERR_INPUT, "%s is not valid before %s", rung_name(l, i),
				       time_format(from, text));
		if (now > until)
			return err_set(e, ERR_INPUT, "%s ended at %s", rung_name(l, i),
				       time_format(until, text));
	}
	return true;
}

static bool is_deployable(int algorithm)
{
	return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS ||
	       algorithm == GNUTLS_PK_ECDSA || algorithm == GNUTLS_PK_EDDSA_ED25519 ||
	       algorithm == GNUTLS_PK_EDDSA_ED448;
}

/* Requires the strength of GNUTLS_PROFILE_MEDIUM: 112 bits. */
static bool lint_strength(struct ladder *l, size_t i, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	unsigned bits = 0;
	int signature = gnutls_x509_crt_get_signature_algorithm(l->rungs[i]);

	if (!cert_public(l->rungs[i], &pub, e))
		return err_in(e, "%s", rung_name(l, i));
	int algorithm = gnutls_pubkey_get_pk_algorithm(pub, &bits);

	if (!is_deployable(algorithm))
		return err_set(
			e, ERR_INPUT,
			"%s has a key of a kind that cannot be deployed (%s); use ecdsa-p256 or rsa-2048",
			rung_name(l, i), key_word(pub, &l->arena));
	if (gnutls_pk_bits_to_sec_param(algorithm, bits) < GNUTLS_SEC_PARAM_MEDIUM)
		return err_set(
			e, ERR_INPUT,
			"%s has a key that is too weak (%s); use at least ecdsa-p256 or rsa-2048",
			rung_name(l, i), key_word(pub, &l->arena));
	if (signature < 0 || !gnutls_sign_is_secure2(signature, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS))
		return err_set(e, ERR_INPUT, "%s carries a signature that is too weak (%s)",
			       rung_name(l, i),
			       signature < 0 ? "unknown" : gnutls_sign_get_name(signature));
	return true;
}

static bool lint_link(struct ladder *l, size_t i, struct err *e)
{
	unsigned status = 0;
	const char *below = rung_name(l, i);
	const char *above = rung_name(l, i + 1);
	unsigned flags = VERIFY_FLAGS | GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);

	if (!cert_is_signed_by(l->rungs[i], l->rungs[i + 1]))
		return err_set(e, ERR_INPUT, "%s did not sign %s, which stands below it", above,
			       below);
	int rc = gnutls_x509_crt_verify(l->rungs[i], &l->rungs[i + 1], 1, flags, &status);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot verify %s", below);
	if (status & GNUTLS_CERT_SIGNER_NOT_CA)
		return err_set(e, ERR_INPUT, "%s signed %s, but is not a CA certificate", above,
			       below);
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return err_set(e, ERR_INPUT, "%s is too weak to be trusted for %s", above, below);
	if (status == 0)
		return true;
	return err_set(e, ERR_INPUT, "%s may not sign %s", above, below);
}

static void trust_list_close(gnutls_x509_trust_list_t list)
{
	gnutls_x509_trust_list_deinit(list, 0);
}
AUTO_TYPE(trust_list, gnutls_x509_trust_list_t, trust_list_close)

/* Checks path lengths and name constraints, which span more than one link. */
static bool lint_path(struct ladder *l, struct err *e)
{
	AUTO(trust_list) list = NULL;
	AUTO(datum) words = { 0 };
	unsigned status = 0;
	unsigned flags = VERIFY_FLAGS | GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	int rc = gnutls_x509_trust_list_init(&list, 1);

	if (rc >= 0)
		rc = gnutls_x509_trust_list_add_cas(list, &l->rungs[l->count - 1], 1, 0);
	if (rc >= 0)
		rc = gnutls_x509_trust_list_verify_crt2(list, l->rungs, (unsigned)l->count - 1,
							NULL, 0, flags, &status, NULL);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot verify the chain");
	if (status == 0)
		return true;
	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
	return err_set(e, ERR_INPUT, "the chain above %s is not valid: %s", rung_name(l, 0),
		       (const char *)words.data);
}

bool pair_lint(const struct pair *p, int64_t now, struct err *e)
{
	AUTO(ladder) l = { 0 };

	if (!ladder_open(&l, &p->set, e) || !lint_key(p, &l, e) || !lint_dates(&l, now, e))
		return false;
	for (size_t i = 0; i < l.served; i++)
		if (!lint_strength(&l, i, e))
			return false;
	for (size_t i = 0; i + 1 < l.count; i++)
		if (!lint_link(&l, i, e))
			return false;
	if (l.count > 1)
		return lint_path(&l, e);
	if (gnutls_x509_crt_check_issuer(l.rungs[0], l.rungs[0]) &&
	    !cert_is_signed_by(l.rungs[0], l.rungs[0]))
		return err_set(e, ERR_INPUT, "%s names itself as issuer but did not sign itself",
			       rung_name(&l, 0));
	return true;
}
