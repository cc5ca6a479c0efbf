/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "pki/cert.h"

static const struct san all_kinds[] = {
	{ NAME_DNS, "shop.example.com" },   { NAME_IP, "10.0.0.5" },
	{ NAME_IP, "2001:db8::1" },         { NAME_URI, "spiffe://example.com/shop" },
	{ NAME_EMAIL, "shop@example.com" },
};

static void open_leaf(const struct pair *p, gnutls_x509_crt_t *out)
{
	struct err e = { 0 };

	must(cert_open(p->set.certs[0], out, &e), &e);
}

/* The whole matrix but RSA as authority of every type: that takes minutes. */
TEST(every_type_of_key_is_issued_and_signs)
{
	for (int type = 0; type < KEY_RSA_4096; type++) {
		AUTO(pair) ca = { 0 };
		AUTO(pair) leaf = { 0 };
		struct certificate c = made_certificate();
		struct err e = { 0 };

		c.key = (enum key_type)type;
		make_authority(SHOP_CA, c.key, NOW, &ca);
		make_leaf(&c, &ca, NOW, &leaf);
		assert_string_equal(leaf.facts.key, key_type_names[type]);
		assert_string_equal(ca.facts.key, key_type_names[type]);
		must(pair_lint(&leaf, NOW, &e), &e);
		must(pair_lint(&ca, NOW, &e), &e);
	}
}

TEST(a_leaf_has_the_extensions_it_needs)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(crt) crt = NULL;
	struct certificate c = made_certificate();
	unsigned usage = 0;
	unsigned critical = 0;
	unsigned is_ca = 1;
	char oid[64];
	size_t len = sizeof(oid);

	c.purpose = PURPOSE_SERVER | PURPOSE_CLIENT;
	make_authority(SHOP_CA, KEY_ECDSA_P384, NOW, &ca);
	make_leaf(&c, &ca, NOW, &leaf);
	open_leaf(&leaf, &crt);
	assert_int_equal(gnutls_x509_crt_get_version(crt), 3);
	assert_int_equal(gnutls_x509_crt_get_key_usage(crt, &usage, &critical), 0);
	assert_int_equal(usage, GNUTLS_KEY_DIGITAL_SIGNATURE);
	assert_true(critical);
	assert_true(gnutls_x509_crt_get_basic_constraints(crt, &critical, &is_ca, NULL) >= 0);
	assert_true(critical);
	assert_false(is_ca);
	assert_true(gnutls_x509_crt_get_key_purpose_oid(crt, 0, oid, &len, NULL) >= 0);
	assert_string_equal(oid, GNUTLS_KP_TLS_WWW_SERVER);
	len = sizeof(oid);
	assert_true(gnutls_x509_crt_get_key_purpose_oid(crt, 1, oid, &len, NULL) >= 0);
	assert_string_equal(oid, GNUTLS_KP_TLS_WWW_CLIENT);
}

TEST(the_key_identifiers_link_leaf_and_authority)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(crt) below = NULL;
	AUTO(crt) above = NULL;
	struct certificate c = made_certificate();
	unsigned char aki[64];
	unsigned char ski[64];
	size_t aki_len = sizeof(aki);
	size_t ski_len = sizeof(ski);

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &leaf);
	open_leaf(&leaf, &below);
	open_leaf(&ca, &above);
	assert_true(gnutls_x509_crt_get_authority_key_id(below, aki, &aki_len, NULL) >= 0);
	assert_true(gnutls_x509_crt_get_subject_key_id(above, ski, &ski_len, NULL) >= 0);
	assert_int_equal(aki_len, ski_len);
	assert_memory_equal(aki, ski, ski_len);
}

TEST(an_authority_may_sign_leaves_and_nothing_deeper)
{
	AUTO(pair) ca = { 0 };
	AUTO(crt) crt = NULL;
	unsigned usage = 0;
	unsigned critical = 0;
	unsigned is_ca = 0;
	int depth = -1;

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	open_leaf(&ca, &crt);
	assert_true(gnutls_x509_crt_get_basic_constraints(crt, &critical, &is_ca, &depth) >= 0);
	assert_true(critical && is_ca);
	assert_int_equal(depth, 0);
	assert_int_equal(gnutls_x509_crt_get_key_usage(crt, &usage, &critical), 0);
	assert_int_equal(usage, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	assert_true(ca.facts.is_ca);
	assert_int_equal(ca.set.count, 1);
	assert_int_equal(ca.set.anchor.len, 0);
}

TEST(only_rsa_may_encipher_keys)
{
	AUTO(pair) leaf = { 0 };
	AUTO(crt) crt = NULL;
	struct certificate c = made_certificate();
	unsigned usage = 0;

	c.key = KEY_RSA_2048;
	make_leaf(&c, NULL, NOW, &leaf);
	open_leaf(&leaf, &crt);
	assert_int_equal(gnutls_x509_crt_get_key_usage(crt, &usage, NULL), 0);
	assert_int_equal(usage, GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT);
}

TEST(names_of_every_kind_read_back_sorted)
{
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	c.names = all_kinds;
	c.name_count = sizeof(all_kinds) / sizeof(*all_kinds);
	make_leaf(&c, NULL, NOW, &leaf);
	assert_int_equal(leaf.facts.name_count, c.name_count);
	for (size_t i = 0; i < c.name_count; i++) {
		assert_int_equal(leaf.facts.names[i].kind, all_kinds[i].kind);
		assert_string_equal(leaf.facts.names[i].value, all_kinds[i].value);
	}
}

TEST(names_are_critical_only_without_a_subject)
{
	static const char *const subjects[] = { "", "CN=x" };

	for (int i = 0; i < 2; i++) {
		AUTO(pair) leaf = { 0 };
		AUTO(crt) crt = NULL;
		AUTO(datum) der = { 0 };
		struct certificate c = made_certificate();
		unsigned critical = 2;

		c.subject = subjects[i];
		make_leaf(&c, NULL, NOW, &leaf);
		open_leaf(&leaf, &crt);
		assert_true(gnutls_x509_crt_get_extension_by_oid2(crt, GNUTLS_X509EXT_OID_SAN, 0,
								  &der, &critical) >= 0);
		assert_int_equal(critical, *c.subject == '\0');
	}
}

TEST(a_leaf_without_subject_and_names_is_refused)
{
	AUTO(pair) leaf = { 0 };
	AUTO(secret) key = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	c.subject = "";
	c.name_count = 0;
	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	assert_false(issue_leaf(&c, &key, NULL, NOW, &leaf, &e));
	assert_says(&e, "needs a subject or names");
	assert_null(leaf.key.bytes);
}

TEST(an_address_that_is_none_is_refused)
{
	static const struct san bad[] = { { NAME_IP, "10.0.0.300" } };
	AUTO(pair) leaf = { 0 };
	AUTO(secret) key = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	c.names = bad;
	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	assert_false(issue_leaf(&c, &key, NULL, NOW, &leaf, &e));
	assert_says(&e, "10.0.0.300");
}

TEST(serials_are_sixteen_bytes_positive_and_new)
{
	AUTO(pair) a = { 0 };
	AUTO(pair) b = { 0 };
	struct certificate c = made_certificate();

	make_leaf(&c, NULL, NOW, &a);
	make_leaf(&c, NULL, NOW, &b);
	assert_int_equal(strlen(a.facts.serial), 32);
	assert_true(a.facts.serial[0] >= '4' && a.facts.serial[0] <= '7');
	assert_string_not_equal(a.facts.serial, b.facts.serial);
}

TEST(dates_are_counted_from_now_with_a_little_slack)
{
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	make_leaf(&c, NULL, NOW, &leaf);
	assert_int_equal(leaf.facts.not_before, NOW - BACKDATE_SECONDS);
	assert_int_equal(leaf.facts.not_after, NOW + c.validity);
}

TEST(a_leaf_never_outlives_or_precedes_its_issuer)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	c.validity = 20 * 365 * (int64_t)DAY;
	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW + 100, &ca);
	make_leaf(&c, &ca, NOW, &leaf);
	assert_int_equal(leaf.facts.not_after, ca.facts.not_after);
	assert_int_equal(leaf.facts.not_before, ca.facts.not_before);
}

TEST(an_authority_that_ended_issues_nothing)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(authority) by = NULL;
	struct certificate c = made_certificate();
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW - 3651 * (int64_t)DAY, &ca);
	must(authority_open(&ca.key, &ca.set, &by, &e), &e);
	assert_false(issue_leaf(&c, &ca.key, by, NOW, &leaf, &e));
	assert_says(&e, "ended at 2027-01-14");
}

TEST(the_chain_of_a_leaf_leaves_the_root_to_those_who_trust_it)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &leaf);
	assert_int_equal(leaf.set.count, 1);
	assert_int_equal(leaf.set.anchor.len, ca.set.certs[0].len);
	assert_memory_equal(leaf.set.anchor.bytes, ca.set.certs[0].bytes, leaf.set.anchor.len);
	assert_string_equal(leaf.facts.issuer, ca.facts.subject);
}

TEST(an_authority_with_a_foreign_key_does_not_open)
{
	AUTO(pair) ca = { 0 };
	AUTO(secret) other = { 0 };
	AUTO(authority) by = NULL;
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	must(key_generate(KEY_ECDSA_P256, &other, &e), &e);
	assert_false(authority_open(&other, &ca.set, &by, &e));
	assert_says(&e, "its private key belongs to another certificate");
	assert_null(by);
}

TEST(a_leaf_does_not_open_as_authority)
{
	AUTO(pair) leaf = { 0 };
	AUTO(authority) by = NULL;
	struct certificate c = made_certificate();
	struct err e = { 0 };

	make_leaf(&c, NULL, NOW, &leaf);
	assert_false(authority_open(&leaf.key, &leaf.set, &by, &e));
	assert_says(&e, "is not a CA certificate");
}
