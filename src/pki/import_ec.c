/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/import_ec.h"

#include "crypto/crypto.h"
#include "pki/der.h"

#include <gnutls/crypto.h>
#include <string.h>

/* An object identifier as its DER content. */
struct oid_row {
	int means;
	size_t len; /* 0: the end of a table */
	unsigned char oid[10];
};

static const struct oid_row curves[] = {
	{ GNUTLS_ECC_CURVE_SECP256R1, 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 } },
	{ GNUTLS_ECC_CURVE_SECP384R1, 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 } },
	{ GNUTLS_ECC_CURVE_SECP521R1, 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 } },
	{ 0 },
};
static const struct oid_row schemes[] = {
	{ 1 /* PBES2 */, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d } },
	{ 0 },
};
static const struct oid_row derivations[] = {
	{ 1 /* PBKDF2 */, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c } },
	{ 0 },
};
static const struct oid_row macs[] = {
	{ GNUTLS_MAC_SHA1, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07 } },
	{ GNUTLS_MAC_SHA256, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09 } },
	{ GNUTLS_MAC_SHA384, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0a } },
	{ GNUTLS_MAC_SHA512, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b } },
	{ 0 },
};
static const struct oid_row ciphers[] = {
	{ GNUTLS_CIPHER_AES_128_CBC, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02 } },
	{ GNUTLS_CIPHER_AES_192_CBC, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16 } },
	{ GNUTLS_CIPHER_AES_256_CBC, 9, { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a } },
	{ GNUTLS_CIPHER_3DES_CBC, 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07 } },
	{ 0 },
};

/* Consumes an object identifier that is in `rows`. */
static bool take_oid(struct der *in, const struct oid_row *rows, int *means)
{
	struct der oid = { 0 };

	if (!der_take(in, DER_OID, &oid))
		return false;
	for (; rows->len; rows++) {
		if (rows->len != oid.len || memcmp(rows->oid, oid.bytes, oid.len) != 0)
			continue;
		*means = rows->means;
		return true;
	}
	return false;
}

/* RFC 5915: version, private key, and optionally [0] the curve. */
static bool read_sec1(struct der in, struct ec_scalar *s)
{
	struct der key = { 0 };
	struct der named = { 0 };
	unsigned version = 0;
	int curve = (int)s->curve;

	if (!der_take(&in, DER_SEQUENCE, &key) || !der_take_count(&key, &version) || version != 1 ||
	    !der_take(&key, DER_OCTETS, &s->number) || s->number.len == 0)
		return false;
	if (der_take(&key, DER_CONTEXT_0, &named) && !take_oid(&named, curves, &curve))
		return false;
	s->curve = (gnutls_ecc_curve_t)curve;
	return s->curve != GNUTLS_ECC_CURVE_INVALID;
}

/* RFC 5208: version, algorithm with the curve, the SEC1 key in octets. */
static bool read_pkcs8(struct der in, struct ec_scalar *s)
{
	static const struct oid_row algorithms[] = {
		{ 1 /* id-ecPublicKey */, 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 } },
		{ 0 },
	};
	struct der key = { 0 };
	struct der algorithm = { 0 };
	struct der sec1 = { 0 };
	unsigned version = 0;
	int means = 0;
	int curve = GNUTLS_ECC_CURVE_INVALID;

	if (!der_take(&in, DER_SEQUENCE, &key) || !der_take_count(&key, &version) ||
	    !der_take(&key, DER_SEQUENCE, &algorithm) ||
	    !take_oid(&algorithm, algorithms, &means) || !take_oid(&algorithm, curves, &curve) ||
	    !der_take(&key, DER_OCTETS, &sec1))
		return false;
	s->curve = (gnutls_ecc_curve_t)curve;
	return read_sec1(sec1, s);
}

bool ec_scalar_read(struct der der, struct ec_scalar *out)
{
	struct ec_scalar s = { .curve = GNUTLS_ECC_CURVE_INVALID };

	if (!read_pkcs8(der, &s)) {
		s = (struct ec_scalar){ .curve = GNUTLS_ECC_CURVE_INVALID };
		if (!read_sec1(der, &s))
			return false;
	}
	*out = s;
	return true;
}

/* RFC 8018, appendix A: parameters of PBES2 with PBKDF2, and the ciphertext. */
struct pbes2 {
	struct der salt;
	unsigned rounds;
	int mac;
	int cipher;
	struct der iv;
	struct der sealed;
};

static bool read_pbkdf2(struct der in, struct pbes2 *p)
{
	struct der params = { 0 };
	struct der prf = { 0 };
	unsigned key_len = 0;
	int means = 0;

	p->mac = GNUTLS_MAC_SHA1;
	if (!take_oid(&in, derivations, &means) || !der_take(&in, DER_SEQUENCE, &params) ||
	    !der_take(&params, DER_OCTETS, &p->salt) || !der_take_count(&params, &p->rounds))
		return false;
	if (der_is(&params, DER_INTEGER) && !der_take_count(&params, &key_len))
		return false;
	return !der_take(&params, DER_SEQUENCE, &prf) || take_oid(&prf, macs, &p->mac);
}

static bool read_pbes2(struct der in, struct pbes2 *p)
{
	struct der all = { 0 };
	struct der algorithm = { 0 };
	struct der params = { 0 };
	struct der derivation = { 0 };
	struct der cipher = { 0 };
	int means = 0;

	return der_take(&in, DER_SEQUENCE, &all) && der_take(&all, DER_SEQUENCE, &algorithm) &&
	       take_oid(&algorithm, schemes, &means) &&
	       der_take(&algorithm, DER_SEQUENCE, &params) &&
	       der_take(&params, DER_SEQUENCE, &derivation) && read_pbkdf2(derivation, p) &&
	       der_take(&params, DER_SEQUENCE, &cipher) && take_oid(&cipher, ciphers, &p->cipher) &&
	       der_take(&cipher, DER_OCTETS, &p->iv) && der_take(&all, DER_OCTETS, &p->sealed) &&
	       p->rounds > 0 && p->rounds <= PBKDF2_ROUNDS_LIMIT;
}

static bool decrypt(const struct pbes2 *p, gnutls_datum_t key, struct secret *plain)
{
	gnutls_cipher_hd_t cipher = NULL;
	gnutls_datum_t iv = datum_of(p->iv);

	if (gnutls_cipher_init(&cipher, p->cipher, &key, &iv) < 0)
		return false;
	secret_alloc(plain, p->sealed.len);
	int rc = gnutls_cipher_decrypt2(cipher, p->sealed.bytes, p->sealed.len, plain->bytes,
					plain->len);

	gnutls_cipher_deinit(cipher);
	return rc >= 0;
}

static bool open_pbes2(const struct pbes2 *p, const char *password, struct secret *plain)
{
	AUTO(secret) key = { 0 };
	gnutls_datum_t secret = datum_of_text(password);
	gnutls_datum_t salt = datum_of(p->salt);
	size_t block = gnutls_cipher_get_block_size(p->cipher);

	if (p->sealed.len == 0 || p->sealed.len % block != 0 ||
	    p->iv.len != gnutls_cipher_get_iv_size(p->cipher))
		return false;
	secret_alloc(&key, gnutls_cipher_get_key_size(p->cipher));
	return gnutls_pbkdf2(p->mac, &secret, &salt, p->rounds, key.bytes, key.len) >= 0 &&
	       decrypt(p, datum_of_secret(&key), plain);
}

bool ec_scalar_decrypt(struct der der, const char *password, struct secret *plain,
		       struct ec_scalar *out)
{
	struct pbes2 p = { 0 };
	AUTO(secret) opened = { 0 };

	/* The padding needs no check: the DER length delimits the key. */
	if (!read_pbes2(der, &p) || !open_pbes2(&p, password, &opened) ||
	    !ec_scalar_read((struct der){ opened.bytes, opened.len }, out))
		return false;
	*plain = TAKE(opened);
	return true;
}
