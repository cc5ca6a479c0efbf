/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/ec_key.h"

#include "pki/der.h"

#include <string.h>

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
	if (der_take(&key, DER_CONTEXT_0, &named) && !der_take_oid(&named, curves, &curve))
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
	    !der_take_oid(&algorithm, algorithms, &means) ||
	    !der_take_oid(&algorithm, curves, &curve) || !der_take(&key, DER_OCTETS, &sec1))
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

/* ---- writing ---- */

enum {
	WRITTEN_LIMIT = 4 * 1024,
	COORDINATE_LIMIT = 66, /* P-521 */
};

/* A number in exactly `len` octets. */
static void der_put_number(struct der_writer *w, const gnutls_datum_t *number, size_t len)
{
	static const unsigned char zeros[COORDINATE_LIMIT];
	size_t extra = number->size > len ? number->size - len : 0;
	size_t used = number->size - extra;

	der_put(w, number->data + extra, used);
	der_put(w, zeros, len - used);
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
