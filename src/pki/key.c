/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/key.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "model/fleet.h"
#include "pki/ec_key.h"
#include "pki/issue.h"

#include <string.h>

/* GnuTLS parameters of each key type; `curve` is unset for RSA. */
static const struct {
	gnutls_pk_algorithm_t algorithm;
	gnutls_ecc_curve_t curve;
	unsigned bits;
} recipes[] = {
	[KEY_ECDSA_P256] = { GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP256R1,
			     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1) },
	[KEY_ECDSA_P384] = { GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP384R1,
			     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1) },
	[KEY_ECDSA_P521] = { GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP521R1,
			     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1) },
	[KEY_ED25519] = { GNUTLS_PK_EDDSA_ED25519, GNUTLS_ECC_CURVE_ED25519,
			  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519) },
	[KEY_RSA_2048] = { GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, 2048 },
	[KEY_RSA_3072] = { GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, 3072 },
	[KEY_RSA_4096] = { GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, 4096 },
};
_Static_assert(sizeof(recipes) / sizeof(*recipes) == KEY_TYPE_COUNT,
	       "every key type needs a recipe");

bool key_generate(enum key_type type, struct secret *out, struct err *e)
{
	AUTO(x509_key) key = NULL;
	int rc = gnutls_x509_privkey_init(&key);

	if (rc == 0)
		rc = gnutls_x509_privkey_generate(key, recipes[type].algorithm, recipes[type].bits,
						  0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot make a key of type '%s'", key_type_names[type]);
	return key_store(key, out, e);
}

bool key_store(gnutls_x509_privkey_t key, struct secret *out, struct err *e)
{
	AUTO(secret_datum) der = { 0 };
	int rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, NULL,
						   GNUTLS_PKCS_PLAIN, &der);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot write the key as PKCS#8");
	if (ec_key_is_uneven((struct der){ der.data, der.size }))
		return ec_key_write(key, out, e);
	secret_copy(out, der.data, der.size);
	return true;
}

bool key_straighten(struct secret *pkcs8, struct err *e)
{
	AUTO(x509_key) key = NULL;
	AUTO(secret) even = { 0 };
	gnutls_datum_t der = datum_of_secret(pkcs8);
	int rc = 0;

	if (!ec_key_is_uneven((struct der){ pkcs8->bytes, pkcs8->len }))
		return true;
	rc = gnutls_x509_privkey_init(&key);
	if (rc == 0)
		rc = gnutls_x509_privkey_import_pkcs8(key, &der, GNUTLS_X509_FMT_DER, NULL,
						      GNUTLS_PKCS_PLAIN);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read the private key");
	if (!ec_key_write(key, &even, e))
		return false;
	secret_release(pkcs8);
	*pkcs8 = TAKE(even);
	return true;
}

bool key_open(const struct secret *pkcs8, gnutls_privkey_t *out, struct err *e)
{
	AUTO(privkey) key = NULL;
	gnutls_datum_t der = datum_of_secret(pkcs8);
	int rc = gnutls_privkey_init(&key);

	if (rc == 0)
		rc = gnutls_privkey_import_x509_raw(key, &der, GNUTLS_X509_FMT_DER, NULL,
						    GNUTLS_PKCS_PLAIN);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot read the private key");
	*out = TAKE(key);
	return true;
}

bool key_public(gnutls_privkey_t key, gnutls_pubkey_t *out, struct err *e)
{
	AUTO(pubkey) pub = NULL;
	int rc = gnutls_pubkey_init(&pub);

	if (rc == 0)
		rc = gnutls_pubkey_import_privkey(pub, key, 0, 0);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot find the public key");
	*out = TAKE(pub);
	return true;
}

bool key_digest(gnutls_pubkey_t key, char out[65], struct err *e)
{
	AUTO(datum) spki = { 0 };
	int rc = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot write the public key");
	sha256_text(spki.data, spki.size, out);
	return true;
}

bool key_spki(const struct secret *pkcs8, char out[65], struct err *e)
{
	AUTO(privkey) key = NULL;
	AUTO(pubkey) pub = NULL;

	return key_open(pkcs8, &key, e) && key_public(key, &pub, e) && key_digest(pub, out, e);
}

bool key_proves(gnutls_privkey_t key, gnutls_pubkey_t pub)
{
	static const char message[] = "certfleet: key and certificate agree";
	gnutls_datum_t text = datum_of_text(message);
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
	AUTO(datum) signature = { 0 };

	if (gnutls_pubkey_get_preferred_hash_algorithm(pub, &hash, NULL) < 0)
		return false;
	gnutls_sign_algorithm_t sign =
		gnutls_pk_to_sign(gnutls_pubkey_get_pk_algorithm(pub, NULL), hash);
	return gnutls_privkey_sign_data2(key, sign, 0, &text, &signature) == 0 &&
	       gnutls_pubkey_verify_data2(pub, sign, 0, &text, &signature) >= 0;
}

const char *key_word(gnutls_pubkey_t pub, struct arena *a)
{
	unsigned bits = 0;
	int algorithm = gnutls_pubkey_get_pk_algorithm(pub, &bits);
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

	if (algorithm < 0)
		return "unknown";
	if (algorithm == GNUTLS_PK_EDDSA_ED25519)
		curve = GNUTLS_ECC_CURVE_ED25519;
	else if (algorithm == GNUTLS_PK_ECDSA &&
		 gnutls_pubkey_export_ecc_raw2(pub, &curve, NULL, NULL, 0) < 0)
		curve = GNUTLS_ECC_CURVE_INVALID;

	for (size_t i = 0; i < KEY_TYPE_COUNT; i++)
		if ((int)recipes[i].algorithm == algorithm && recipes[i].curve == curve &&
		    (curve != GNUTLS_ECC_CURVE_INVALID || recipes[i].bits == bits))
			return key_type_names[i];
	if (algorithm == GNUTLS_PK_RSA)
		return arena_printf(a, "rsa-%u", bits);
	if (curve != GNUTLS_ECC_CURVE_INVALID)
		return arena_strdup(a, gnutls_ecc_curve_get_name(curve));
	return arena_strdup(a, gnutls_pk_get_name(algorithm));
}
