/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/signature.h"

#include "base/alloc.h"
#include "pki/der.h"
#include "pki/gnutls_handle.h"
#include "pki/key.h"
#include "pki/pem.h"

#include <string.h>

struct signing_key {
	gnutls_privkey_t key;
	gnutls_sign_algorithm_t how;
};

/* The signature algorithm of this key; GNUTLS_SIGN_UNKNOWN: none. */
static gnutls_sign_algorithm_t algorithm_of(gnutls_pubkey_t pub)
{
	int pk = gnutls_pubkey_get_pk_algorithm(pub, NULL);
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;

	if (pk == GNUTLS_PK_EDDSA_ED25519)
		return GNUTLS_SIGN_EDDSA_ED25519;
	if (gnutls_pubkey_get_preferred_hash_algorithm(pub, &hash, NULL) < 0)
		return GNUTLS_SIGN_UNKNOWN;
	return gnutls_pk_to_sign(pk, hash);
}

bool signing_key_open(const struct secret *pkcs8, struct signing_key **out, struct err *e)
{
	AUTO(signing_key) k = xcalloc(1, sizeof(*k));
	AUTO(pubkey) pub = NULL;

	if (!key_open(pkcs8, &k->key, e) || !key_public(k->key, &pub, e))
		return false;
	k->how = algorithm_of(pub);
	if (k->how == GNUTLS_SIGN_UNKNOWN)
		return err_set(e, ERR_CRYPTO, "a key of this kind cannot sign");
	*out = TAKE(k);
	return true;
}

void signing_key_close(struct signing_key *k)
{
	if (!k)
		return;
	gnutls_privkey_deinit(k->key);
	free(k);
}

/* A copy in `a`. */
static struct der datum_copied(const gnutls_datum_t *from, struct arena *a)
{
	unsigned char *copy = arena_alloc(a, from->size);

	memcpy(copy, from->data, from->size);
	return (struct der){ copy, from->size };
}

bool signing_key_public(const struct signing_key *k, struct arena *a, struct der *out,
			struct err *e)
{
	AUTO(pubkey) pub = NULL;
	AUTO(datum) der = { 0 };
	int rc = 0;

	if (!key_public(k->key, &pub, e))
		return false;
	rc = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot write the public key");
	*out = datum_copied(&der, a);
	return true;
}

bool signing_key_sign(const struct signing_key *k, struct der text, struct arena *a,
		      struct der *out, struct err *e)
{
	AUTO(datum) signature = { 0 };
	gnutls_datum_t data = datum_of(text);
	int rc = gnutls_privkey_sign_data2(k->key, k->how, 0, &data, &signature);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot sign");
	*out = datum_copied(&signature, a);
	return true;
}

bool signature_check(struct der spki, struct der text, struct der signature, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	gnutls_datum_t key = datum_of(spki);
	gnutls_datum_t data = datum_of(text);
	gnutls_datum_t sealed = datum_of(signature);
	gnutls_sign_algorithm_t how = GNUTLS_SIGN_UNKNOWN;
	int rc = gnutls_pubkey_init(&pub);

	if (rc >= 0)
		rc = gnutls_pubkey_import(pub, &key, GNUTLS_X509_FMT_DER);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read the signer's key");
	how = algorithm_of(pub);
	if (how == GNUTLS_SIGN_UNKNOWN)
		return err_set(e, ERR_CRYPTO, "a key of this kind cannot sign");
	rc = gnutls_pubkey_verify_data2(pub, how, 0, &data, &sealed);
	if (rc < 0)
		return err_gnutls(e, rc, "the signature is not valid");
	return true;
}

bool public_key_read(const char *pem, size_t len, struct arena *a, struct der *spki)
{
	gnutls_datum_t text = { (unsigned char *)pem, (unsigned)len };
	struct pem_block block = { 0 };
	size_t at = 0;

	while (pem_next(text, &at, &block)) {
		AUTO(datum) der = { 0 };
		struct err ignored = { 0 };

		if (strcmp(block.label, "PUBLIC KEY") != 0 || !block.whole ||
		    !pem_decode(&block, &der, &ignored))
			continue;
		*spki = datum_copied(&der, a);
		return true;
	}
	return false;
}

bool public_key_signs_plans(struct der spki)
{
	static const unsigned char ed25519[] = { 0x2b, 0x65, 0x70 };
	static const unsigned char ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
	struct der key = { 0 };
	struct der algorithm = { 0 };
	struct der oid = { 0 };

	if (!der_take(&spki, DER_SEQUENCE, &key) || !der_take(&key, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid))
		return false;
	return (oid.len == sizeof(ed25519) && !memcmp(oid.bytes, ed25519, oid.len)) ||
	       (oid.len == sizeof(ec) && !memcmp(oid.bytes, ec, oid.len));
}
