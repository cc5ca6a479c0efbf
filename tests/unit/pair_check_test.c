/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "pki/cert.h"
#include "pki/key.h"

/* A certificate that our own code would refuse to make. */
struct odd {
	gnutls_pk_algorithm_t algorithm;
	unsigned bits;
	gnutls_digest_algorithm_t hash;
	const char *subject;
	bool is_ca;
	int path_length;
};

struct odd_cert {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

static void odd_make(const struct odd *o, const struct odd_cert *by, struct odd_cert *out)
{
	static unsigned char serial = 1;

	gnutls_x509_privkey_init(&out->key);
	gnutls_x509_crt_init(&out->crt);
	assert_true(gnutls_x509_privkey_generate(out->key, o->algorithm, o->bits, 0) >= 0);
	gnutls_x509_crt_set_version(out->crt, 3);
	gnutls_x509_crt_set_serial(out->crt, &serial, 1);
	serial++;
	gnutls_x509_crt_set_dn(out->crt, o->subject, NULL);
	gnutls_x509_crt_set_activation_time(out->crt, NOW - DAY);
	gnutls_x509_crt_set_expiration_time(out->crt, NOW + DAY);
	gnutls_x509_crt_set_key(out->crt, out->key);
	gnutls_x509_crt_set_basic_constraints(out->crt, o->is_ca, o->path_length);
	assert_true(gnutls_x509_crt_sign2(out->crt, by ? by->crt : out->crt,
					  by ? by->key : out->key, o->hash, 0) >= 0);
}

static void odd_release(struct odd_cert *o)
{
	gnutls_x509_privkey_deinit(o->key);
	gnutls_x509_crt_deinit(o->crt);
}
AUTO_STRUCT(odd_cert, struct odd_cert, odd_release)

/* The key and leaf of certs[0], what is above it, no anchor. */
static void odd_pair(const struct odd_cert *const *certs, size_t count, struct pair *out)
{
	struct der ders[CHAIN_LIMIT];
	gnutls_datum_t data[CHAIN_LIMIT] = { 0 };
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < count; i++) {
		gnutls_x509_crt_export2(certs[i]->crt, GNUTLS_X509_FMT_DER, &data[i]);
		ders[i] = (struct der){ data[i].data, data[i].size };
	}
	must(key_store(certs[0]->key, &key, &e), &e);
	struct cert_set set = { .certs = ders, .count = count };

	must(pair_from_parts(&key, &set, out, &e), &e);
	for (size_t i = 0; i < count; i++)
		datum_release(&data[i]);
}

static const struct odd sound = { GNUTLS_PK_ECDSA, 256, GNUTLS_DIG_SHA256, "CN=leaf", false, -1 };
static const struct odd sound_ca = { GNUTLS_PK_ECDSA, 256, GNUTLS_DIG_SHA256, "CN=ca", true, -1 };

static void refuse_lint(const struct pair *p, int64_t now, const char *what)
{
	struct err e = { 0 };

	assert_false(pair_lint(p, now, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_says(&e, what);
}

static void refuse_alone(const struct odd *o, const char *what)
{
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) p = { 0 };

	odd_make(o, NULL, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf }, 1, &p);
	refuse_lint(&p, NOW, what);
}

TEST(a_sound_pair_is_accepted)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) p = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P384, NOW, &ca);
	make_leaf(&c, &ca, NOW, &p);
	must(pair_lint(&p, NOW, &e), &e);
}

TEST(a_foreign_key_is_refused)
{
	AUTO(pair) a = { 0 };
	AUTO(pair) b = { 0 };
	struct certificate c = made_certificate();

	make_leaf(&c, NULL, NOW, &a);
	make_leaf(&c, NULL, NOW, &b);
	struct secret kept = a.key;

	a.key = b.key;
	b.key = kept;
	refuse_lint(&a, NOW, "the private key does not belong to the leaf 'CN=shop.example.com'");
}

TEST(dates_are_judged_at_the_given_time)
{
	AUTO(pair) p = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	make_leaf(&c, NULL, NOW, &p);
	must(pair_lint(&p, p.facts.not_before, &e), &e);
	must(pair_lint(&p, p.facts.not_after, &e), &e);
	refuse_lint(&p, p.facts.not_before - 1,
		    "the leaf 'CN=shop.example.com' is not valid before 2027-01-15T07:55:00Z");
	refuse_lint(&p, p.facts.not_after + 1, "ended at 2027-04-15T08:00:00Z");
}

TEST(weak_keys_and_signatures_are_refused)
{
	struct odd o = sound;

	o.algorithm = GNUTLS_PK_RSA;
	o.bits = 1024;
	refuse_alone(&o, "too weak (rsa-1024)");
	o.bits = 2048;
	o.hash = GNUTLS_DIG_SHA1;
	refuse_alone(&o, "a signature that is too weak (RSA-SHA1)");
	o = sound;
	o.hash = GNUTLS_DIG_SHA1;
	refuse_alone(&o, "a signature that is too weak (ECDSA-SHA1)");
}

TEST(a_chain_in_the_wrong_order_is_refused)
{
	AUTO(odd_cert) root = { 0 };
	AUTO(odd_cert) middle = { 0 };
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) good = { 0 };
	AUTO(pair) bad = { 0 };
	struct odd above = sound_ca;
	struct err e = { 0 };

	above.subject = "CN=root";
	odd_make(&above, NULL, &root);
	odd_make(&sound_ca, &root, &middle);
	odd_make(&sound, &middle, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf, &middle, &root }, 3, &good);
	must(pair_lint(&good, NOW, &e), &e);
	odd_pair((const struct odd_cert *[]){ &leaf, &root, &middle }, 3, &bad);
	refuse_lint(&bad, NOW, "the chain certificate 'CN=root' did not sign the leaf 'CN=leaf'");
}

TEST(another_authority_of_the_same_name_is_refused)
{
	AUTO(odd_cert) ca = { 0 };
	AUTO(odd_cert) impostor = { 0 };
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) p = { 0 };

	odd_make(&sound_ca, NULL, &ca);
	odd_make(&sound_ca, NULL, &impostor);
	odd_make(&sound, &ca, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf, &impostor }, 2, &p);
	refuse_lint(&p, NOW, "did not sign");
}

TEST(a_signer_that_is_no_authority_is_refused)
{
	AUTO(odd_cert) ca = { 0 };
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) p = { 0 };
	struct odd no_ca = sound_ca;

	no_ca.is_ca = false;
	odd_make(&no_ca, NULL, &ca);
	odd_make(&sound, &ca, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf, &ca }, 2, &p);
	refuse_lint(&p, NOW, "is not a CA certificate");
}

TEST(a_path_that_is_longer_than_allowed_is_refused)
{
	AUTO(odd_cert) root = { 0 };
	AUTO(odd_cert) middle = { 0 };
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) p = { 0 };
	struct odd above = sound_ca;

	above.subject = "CN=root";
	above.path_length = 0;
	odd_make(&above, NULL, &root);
	odd_make(&sound_ca, &root, &middle);
	odd_make(&sound, &middle, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf, &middle, &root }, 3, &p);
	refuse_lint(&p, NOW, "the chain above");
}

TEST(a_weak_authority_is_refused)
{
	AUTO(odd_cert) ca = { 0 };
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) p = { 0 };
	struct odd weak = sound_ca;

	weak.algorithm = GNUTLS_PK_RSA;
	weak.bits = 1024;
	odd_make(&weak, NULL, &ca);
	odd_make(&sound, &ca, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf, &ca }, 2, &p);
	refuse_lint(&p, NOW, "the chain certificate 'CN=ca' has a key");
}

TEST(one_that_names_itself_but_was_signed_by_another_is_refused)
{
	AUTO(odd_cert) other = { 0 };
	AUTO(odd_cert) leaf = { 0 };
	AUTO(pair) p = { 0 };
	struct odd namesake = sound_ca;

	namesake.subject = sound.subject;
	odd_make(&namesake, NULL, &other);
	odd_make(&sound, &other, &leaf);
	odd_pair((const struct odd_cert *[]){ &leaf }, 1, &p);
	refuse_lint(&p, NOW, "names itself as issuer but did not sign itself");
}
