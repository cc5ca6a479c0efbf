/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/csr.h"

#include "model/fleet.h"
#include "pki/gnutls_handle.h"
#include "pki/key.h"

#include <string.h>

static struct der copy_of(const void *bytes, size_t len, struct arena *a)
{
	unsigned char *copy = arena_alloc(a, len);

	memcpy(copy, bytes, len);
	return (struct der){ copy, len };
}

/* ---- making ---- */

bool csr_make(const struct secret *pkcs8, struct arena *a, struct der *out, struct err *e)
{
	AUTO(privkey) key = NULL;
	AUTO(pubkey) pub = NULL;
	AUTO(crq) crq = NULL;
	AUTO(datum) der = { 0 };
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
	int rc = 0;

	if (!key_open(pkcs8, &key, e) || !key_public(key, &pub, e))
		return false;
	rc = gnutls_x509_crq_init(&crq);
	if (rc >= 0)
		rc = gnutls_x509_crq_set_version(crq, 1);
	if (rc >= 0)
		rc = gnutls_x509_crq_set_pubkey(crq, pub);
	if (rc >= 0)
		rc = gnutls_pubkey_get_preferred_hash_algorithm(pub, &hash, NULL);
	if (rc >= 0)
		rc = gnutls_x509_crq_privkey_sign(crq, key, hash, 0);
	if (rc >= 0)
		rc = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot make a signing request");
	*out = copy_of(der.data, der.size, a);
	return true;
}

/* ---- reading ---- */

/* Only key types that key_generate() makes are signed. */
static bool csr_is_known_kind(gnutls_pubkey_t pub)
{
	AUTO(arena) a = { 0 };
	const char *word = key_word(pub, &a);

	for (size_t i = 0; i < KEY_TYPE_COUNT; i++)
		if (!strcmp(word, key_type_names[i]))
			return true;
	return false;
}

bool csr_decode(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	const struct der csr = { count ? in->bytes : NULL, count ? in->len : 0 };
	const gnutls_datum_t der = datum_of(csr);
	AUTO(crq) crq = NULL;
	AUTO(pubkey) pub = NULL;
	AUTO(datum) spki = { 0 };
	int rc = gnutls_x509_crq_init(&crq);

	if (rc >= 0)
		rc = gnutls_x509_crq_import(crq, &der, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = gnutls_x509_crq_verify(crq, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_init(&pub);
	if (rc >= 0)
		rc = gnutls_pubkey_import_x509_crq(pub, crq, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &spki);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read the signing request");
	if (!csr_is_known_kind(pub))
		return err_set(e, ERR_CRYPTO, "its key is of an unsupported kind");
	buf_add(answer, spki.data, spki.size);
	return true;
}

bool csr_read(struct der csr, struct arena *a, struct der *spki, struct err *e)
{
	const struct span in = { csr.bytes, csr.len };
	const struct decode d = { .fn = csr_decode, .in = &in, .count = 1 };
	AUTO(secret) answer = { 0 };

	if (!csr.len || csr.len > CSR_LIMIT)
		return err_set(e, ERR_INPUT, "a signing request has 1 to %d bytes, not %zu",
			       CSR_LIMIT, csr.len);
	if (!decoder_run(&d, &answer, e))
		return false;
	if (!answer.len || answer.len > CSR_SPKI_LIMIT)
		return err_set(e, ERR_INPUT, "its key is too large");
	*spki = copy_of(answer.bytes, answer.len, a);
	return true;
}
