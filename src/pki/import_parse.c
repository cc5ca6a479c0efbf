/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/import_parse.h"

#include "pki/cert.h"
#include "pki/der.h"
#include "pki/key.h"
#include "pki/pair.h"

#include <string.h>

void import_parse_release(struct import_parse *f)
{
	for (size_t i = 0; i < f->key_count; i++) {
		secret_release(&f->keys[i].pkcs8);
		secret_release(&f->keys[i].scalar);
	}
	arena_release(&f->arena);
	*f = (struct import_parse){ 0 };
}

bool import_parse_count(struct import_parse *f, struct err *e)
{
	if (f->blocks++ < PEM_BLOCK_LIMIT)
		return true;
	return err_set(e, ERR_INPUT, "more than %d parts in one import", PEM_BLOCK_LIMIT);
}

/*
 * The serial number in the fewest octets, as DER has it: GnuTLS takes any form, and
 * other readers refuse the certificate.
 */
static bool check_serial(struct der der, struct err *e)
{
	struct der cert = { 0 };
	struct der body = { 0 };
	struct der version = { 0 };
	struct der serial = { 0 };

	if (!der_take(&der, DER_SEQUENCE, &cert) || !der_take(&cert, DER_SEQUENCE, &body) ||
	    (der_is(&body, DER_CONTEXT_0) && !der_take(&body, DER_CONTEXT_0, &version)) ||
	    !der_take(&body, DER_INTEGER, &serial) || !serial.len)
		return err_set(e, ERR_INPUT, "a certificate is damaged at its serial number");
	if (serial.len > 1 && ((serial.bytes[0] == 0x00 && !(serial.bytes[1] & 0x80)) ||
			       (serial.bytes[0] == 0xff && (serial.bytes[1] & 0x80))))
		return err_set(
			e, ERR_INPUT,
			"a certificate's serial number is not in its shortest form, which other programs refuse; have it issued again");
	return true;
}

/* Reads the facts only so that an unreadable certificate fails here. */
bool import_parse_add_cert(struct import_parse *f, const gnutls_datum_t *der, struct err *e)
{
	struct cert_facts facts = { 0 };
	struct der view = { der->data, der->size };

	vec_each (known, &f->certs)
		if (known->len == view.len && memcmp(known->bytes, view.bytes, view.len) == 0)
			return true;
	if (!cert_read_facts(view, &f->arena, &facts, e) || !check_serial(view, e))
		return false;
	unsigned char *copy = arena_alloc(&f->arena, view.len);

	memcpy(copy, view.bytes, view.len);
	VEC_PUSH(&f->certs, &f->arena, (struct der){ copy, view.len });
	return true;
}

static bool import_parse_is_same(const struct secret *a, const void *bytes, size_t len)
{
	return a->len == len && memcmp(a->bytes, bytes, len) == 0;
}

static bool check_room(const struct import_parse *f, struct err *e)
{
	if (f->key_count < FOUND_KEY_LIMIT)
		return true;
	return err_set(e, ERR_INPUT, "more than %d private keys in one import", FOUND_KEY_LIMIT);
}

bool import_parse_add_key(struct import_parse *f, gnutls_x509_privkey_t key, struct err *e)
{
	AUTO(secret) pkcs8 = { 0 };

	if (!key_store(key, &pkcs8, e))
		return false;
	for (size_t i = 0; i < f->key_count; i++)
		if (import_parse_is_same(&f->keys[i].pkcs8, pkcs8.bytes, pkcs8.len))
			return true;
	if (!check_room(f, e))
		return false;
	f->keys[f->key_count++].pkcs8 = TAKE(pkcs8);
	return true;
}

bool import_parse_add_scalar(struct import_parse *f, gnutls_ecc_curve_t curve, struct der scalar,
			     struct err *e)
{
	for (size_t i = 0; i < f->key_count; i++)
		if (import_parse_is_same(&f->keys[i].scalar, scalar.bytes, scalar.len))
			return true;
	if (!check_room(f, e))
		return false;
	struct parsed_key *k = &f->keys[f->key_count++];

	secret_copy(&k->scalar, scalar.bytes, scalar.len);
	k->curve = curve;
	return true;
}

/* Completes `k` with the public point of `crt`; false: the point does not match. */
static bool import_parse_complete(struct parsed_key *k, gnutls_x509_crt_t crt, struct err *e)
{
	AUTO(datum) x = { 0 };
	AUTO(datum) y = { 0 };
	AUTO(pubkey) pub = NULL;
	AUTO(x509_key) key = NULL;
	AUTO(privkey) signer = NULL;
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	gnutls_datum_t scalar = datum_of_secret(&k->scalar);

	if (!cert_public(crt, &pub, e) ||
	    gnutls_pubkey_export_ecc_raw2(pub, &curve, &x, &y, 0) < 0 || curve != k->curve ||
	    gnutls_x509_privkey_init(&key) < 0 ||
	    gnutls_x509_privkey_import_ecc_raw(key, curve, &x, &y, &scalar) < 0)
		return false;
	if (gnutls_privkey_init(&signer) < 0 ||
	    gnutls_privkey_import_x509(signer, key, GNUTLS_PRIVKEY_IMPORT_COPY) < 0 ||
	    !key_proves(signer, pub))
		return false;
	return key_store(key, &k->pkcs8, e);
}

static bool complete_key(struct import_parse *f, struct parsed_key *k, struct err *e)
{
	vec_each (der, &f->certs) {
		AUTO(crt) crt = NULL;
		struct err ignored = { 0 };

		if (!cert_open(*der, &crt, e))
			return false;
		/* Certificates of other keys are expected: try the next. */
		if (import_parse_complete(k, crt, &ignored))
			return true;
	}
	return err_set(e, ERR_INPUT,
		       "its EC key holds no public point, and no certificate fits it");
}

/* Refuses an import without a key, or without a certificate. */
static bool refuse_lacking(const struct import_parse *f, const char *object, struct err *e)
{
	err_set(e, ERR_INPUT, "there is no %s in it", object);
	switch (f->kind) {
	case IMPORT_PKCS12:
		return err_remedy(e, "export it again with certificate and key");
	case IMPORT_ZIP:
		return err_remedy(e, "put its file into the ZIP");
	case IMPORT_DER:
		return err_remedy(e, "name its file in 'der' as well");
	case IMPORT_FILE:
		return err_remedy(e, "name its file in 'file' as well");
	case IMPORT_NONE:
	case IMPORT_PEM:
		break;
	}
	return err_remedy(e, "name its file in 'pem' as well");
}

/* The same key with and without its public point counts as one key. */
static bool the_key(struct import_parse *f, struct parsed_key **out, struct err *e)
{
	struct parsed_key *first = &f->keys[0];

	if (f->key_count == 0)
		return refuse_lacking(f, "private key", e);
	for (size_t i = 0; i < f->key_count; i++) {
		struct parsed_key *k = &f->keys[i];

		if (!k->pkcs8.bytes && !complete_key(f, k, e))
			return false;
		if (!import_parse_is_same(&first->pkcs8, k->pkcs8.bytes, k->pkcs8.len))
			return err_set(e, ERR_INPUT,
				       "there is more than one private key in it; leave one");
	}
	*out = first;
	return true;
}

bool import_parse_pair(struct import_parse *f, const struct secret **key, struct cert_set *set,
		       struct err *e)
{
	struct parsed_key *k = NULL;

	if (f->certs.count == 0)
		return refuse_lacking(f, "certificate", e);
	if (!the_key(f, &k, e) || !import_parse_chain(f, &k->pkcs8, set, e))
		return false;
	*key = &k->pkcs8;
	return true;
}
