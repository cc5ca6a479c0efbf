/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/ec_key.h"

#include "base/random.h"
#include "crypto/crypto.h"
#include "pki/der.h"

#include <assert.h>
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
static const struct oid_row algorithms[] = {
	{ 1 /* id-ecPublicKey */, 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 } },
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

/* ---- writing, from the end to the beginning ---- */

enum {
	WRITTEN_LIMIT = 64 * 1024,
	SALT_BYTES = 16,
	IV_BYTES = 16,
	AES_KEY_BYTES = 32,
	COORDINATE_LIMIT = 66, /* P-521 */
};

struct der_writer {
	struct secret *bytes;
	size_t at; /* of what is written */
};

static void der_put(struct der_writer *w, const void *bytes, size_t len)
{
	assert(len <= w->at);
	w->at -= len;
	if (len)
		memcpy(w->bytes->bytes + w->at, bytes, len);
}

static void der_put_byte(struct der_writer *w, unsigned char byte)
{
	der_put(w, &byte, 1);
}

/* Tag and length before everything up to `end`. */
static void der_wrap(struct der_writer *w, enum der_tag tag, size_t end)
{
	size_t len = end - w->at;
	unsigned char more = 0;

	if (len < 0x80) {
		der_put_byte(w, (unsigned char)len);
	} else {
		for (size_t rest = len; rest; rest >>= 8, more++)
			der_put_byte(w, (unsigned char)rest);
		der_put_byte(w, 0x80 | more);
	}
	der_put_byte(w, (unsigned char)tag);
}

static void der_put_oid(struct der_writer *w, const struct oid_row *rows, int means)
{
	size_t end = w->at;

	while (rows->len && rows->means != means)
		rows++;
	assert(rows->len);
	der_put(w, rows->oid, rows->len);
	der_wrap(w, DER_OID, end);
}

static void der_put_count(struct der_writer *w, unsigned count)
{
	size_t end = w->at;

	do
		der_put_byte(w, (unsigned char)count);
	while (count >>= 8);
	if (w->bytes->bytes[w->at] > 0x7f)
		der_put_byte(w, 0);
	der_wrap(w, DER_INTEGER, end);
}

/* A number in exactly `len` octets. */
static void der_put_number(struct der_writer *w, const gnutls_datum_t *number, size_t len)
{
	static const unsigned char zeros[COORDINATE_LIMIT];
	size_t extra = number->size > len ? number->size - len : 0;
	size_t used = number->size - extra;

	der_put(w, number->data + extra, used);
	der_put(w, zeros, len - used);
}

static void der_finish(struct der_writer *w, struct secret *out)
{
	secret_copy(out, w->bytes->bytes + w->at, w->bytes->len - w->at);
}

static size_t curve_bytes(gnutls_ecc_curve_t curve)
{
	return (size_t)gnutls_ecc_curve_get_size(curve);
}

bool ec_key_is_uneven(struct der pkcs8)
{
	struct ec_scalar s = { 0 };

	return ec_scalar_read(pkcs8, &s) && s.number.len != curve_bytes(s.curve);
}

bool ec_key_write(gnutls_x509_privkey_t key, struct secret *out, struct err *e)
{
	AUTO(secret) bytes = { 0 };
	AUTO(datum) x = { 0 };
	AUTO(datum) y = { 0 };
	AUTO(secret_datum) k = { 0 };
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	int rc = gnutls_x509_privkey_export_ecc_raw(key, &curve, &x, &y, &k);

	if (rc < 0)
		return err_gnutls(e, rc, "cannot write the key as PKCS#8");
	secret_alloc(&bytes, WRITTEN_LIMIT);

	struct der_writer w = { &bytes, bytes.len };
	size_t size = curve_bytes(curve);
	const size_t end = w.at;

	der_put_number(&w, &y, size);
	der_put_number(&w, &x, size);
	der_put(&w, "\0\x04", 2); /* no unused bits, an uncompressed point */
	der_wrap(&w, DER_BITS, end);
	der_wrap(&w, DER_CONTEXT_1, end);

	const size_t number_end = w.at;

	der_put_number(&w, &k, size);
	der_wrap(&w, DER_OCTETS, number_end);
	der_put_count(&w, 1);
	der_wrap(&w, DER_SEQUENCE, end);
	der_wrap(&w, DER_OCTETS, end);

	const size_t algorithm_end = w.at;

	der_put_oid(&w, curves, (int)curve);
	der_put_oid(&w, algorithms, 1);
	der_wrap(&w, DER_SEQUENCE, algorithm_end);
	der_put_count(&w, 0);
	der_wrap(&w, DER_SEQUENCE, end);
	der_finish(&w, out);
	return true;
}

void pkcs8_encrypt(const struct secret *pkcs8, const struct secret *password, struct secret *out)
{
	AUTO(secret) bytes = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) sealed = { 0 };
	unsigned char salt[SALT_BYTES];
	unsigned char iv[IV_BYTES];

	random_bytes(salt, sizeof(salt));
	random_bytes(iv, sizeof(iv));
	secret_alloc(&key, AES_KEY_BYTES);
	secret_alloc(&sealed, pkcs8->len + IV_BYTES);
	secret_alloc(&bytes, sealed.len + WRITTEN_LIMIT);
	pbkdf2_sha256((struct bytes){ password->bytes, password->len },
		      (struct bytes){ salt, sizeof(salt) }, PBKDF2_ROUNDS, key.bytes, key.len);

	struct der_writer w = { &bytes, bytes.len };
	size_t len = aes_cbc_encrypt(key.bytes, iv, (struct bytes){ pkcs8->bytes, pkcs8->len },
				     sealed.bytes);
	const size_t end = w.at;

	der_put(&w, sealed.bytes, len);
	der_wrap(&w, DER_OCTETS, end);

	const size_t params_end = w.at;

	der_put(&w, iv, sizeof(iv));
	der_wrap(&w, DER_OCTETS, params_end);
	der_put_oid(&w, ciphers, GNUTLS_CIPHER_AES_256_CBC);
	der_wrap(&w, DER_SEQUENCE, params_end);

	const size_t derivation_end = w.at;

	der_wrap(&w, DER_NULL, derivation_end);
	der_put_oid(&w, macs, GNUTLS_MAC_SHA256);
	der_wrap(&w, DER_SEQUENCE, derivation_end);
	der_put_count(&w, PBKDF2_ROUNDS);

	const size_t salt_end = w.at;

	der_put(&w, salt, sizeof(salt));
	der_wrap(&w, DER_OCTETS, salt_end);
	der_wrap(&w, DER_SEQUENCE, derivation_end);
	der_put_oid(&w, derivations, 1);
	der_wrap(&w, DER_SEQUENCE, derivation_end);
	der_wrap(&w, DER_SEQUENCE, params_end);
	der_put_oid(&w, schemes, 1);
	der_wrap(&w, DER_SEQUENCE, params_end);
	der_wrap(&w, DER_SEQUENCE, end);
	der_finish(&w, out);
}
