/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_made.h"

#include "pki/cert.h"

static const struct san all_kinds[] = {
	{ NAME_DNS, "shop.example.com" },   { NAME_IP, "10.0.0.5" },
	{ NAME_IP, "2001:db8::1" },         { NAME_URI, "spiffe://example.com/shop" },
	{ NAME_EMAIL, "shop@example.com" },
};

static void open_leaf(const struct pair *p, gnutls_x509_crt_t *out)
{
	struct err e = { 0 };

	MUST(cert_open(p->set.certs[0], out, &e), &e);
}

/* The whole matrix but RSA as authority of every type: that takes minutes. */
static void every_type_of_key_is_issued_and_signs(void **state)
{
	(void)state;
	for (int type = 0; type < KEY_RSA_4096; type++) {
		AUTO(pair) ca = { 0 };
		AUTO(pair) leaf = { 0 };
		struct certificate c = made_certificate();
		struct err e = { 0 };

		c.key = (enum key_type)type;
		make_authority_at(c.key, NOW, &ca);
		make_leaf(&c, &ca, &leaf);
		assert_string_equal(leaf.facts.key, key_type_names[type]);
		assert_string_equal(ca.facts.key, key_type_names[type]);
		MUST(pair_lint(&leaf, NOW, &e), &e);
		MUST(pair_lint(&ca, NOW, &e), &e);
	}
}

static void a_leaf_has_the_extensions_it_needs(void **state)
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

	(void)state;
	c.purpose = PURPOSE_SERVER | PURPOSE_CLIENT;
	make_authority_at(KEY_ECDSA_P384, NOW, &ca);
	make_leaf(&c, &ca, &leaf);
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

static void the_key_identifiers_link_leaf_and_authority(void **state)
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

	(void)state;
	make_authority_at(KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, &leaf);
	open_leaf(&leaf, &below);
	open_leaf(&ca, &above);
	assert_true(gnutls_x509_crt_get_authority_key_id(below, aki, &aki_len, NULL) >= 0);
	assert_true(gnutls_x509_crt_get_subject_key_id(above, ski, &ski_len, NULL) >= 0);
	assert_int_equal(aki_len, ski_len);
	assert_memory_equal(aki, ski, ski_len);
}

static void an_authority_may_sign_leaves_and_nothing_deeper(void **state)
{
	AUTO(pair) ca = { 0 };
	AUTO(crt) crt = NULL;
	unsigned usage = 0;
	unsigned critical = 0;
	unsigned is_ca = 0;
	int depth = -1;

	(void)state;
	make_authority_at(KEY_ECDSA_P256, NOW, &ca);
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

static void only_rsa_may_encipher_keys(void **state)
{
	AUTO(pair) leaf = { 0 };
	AUTO(crt) crt = NULL;
	struct certificate c = made_certificate();
	unsigned usage = 0;

	(void)state;
	c.key = KEY_RSA_2048;
	make_leaf(&c, NULL, &leaf);
	open_leaf(&leaf, &crt);
	assert_int_equal(gnutls_x509_crt_get_key_usage(crt, &usage, NULL), 0);
	assert_int_equal(usage, GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT);
}

static void names_of_every_kind_read_back_sorted(void **state)
{
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	(void)state;
	c.names = all_kinds;
	c.name_count = sizeof(all_kinds) / sizeof(*all_kinds);
	make_leaf(&c, NULL, &leaf);
	assert_int_equal(leaf.facts.name_count, c.name_count);
	for (size_t i = 0; i < c.name_count; i++) {
		assert_int_equal(leaf.facts.names[i].kind, all_kinds[i].kind);
		assert_string_equal(leaf.facts.names[i].value, all_kinds[i].value);
	}
}

static void names_are_critical_only_without_a_subject(void **state)
{
	static const char *const subjects[] = { "", "CN=x" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		AUTO(pair) leaf = { 0 };
		AUTO(crt) crt = NULL;
		AUTO(datum) der = { 0 };
		struct certificate c = made_certificate();
		unsigned critical = 2;

		c.subject = subjects[i];
		make_leaf(&c, NULL, &leaf);
		open_leaf(&leaf, &crt);
		assert_true(gnutls_x509_crt_get_extension_by_oid2(crt, GNUTLS_X509EXT_OID_SAN, 0,
								  &der, &critical) >= 0);
		assert_int_equal(critical, *c.subject == '\0');
	}
}

static void a_leaf_without_subject_and_names_is_refused(void **state)
{
	AUTO(pair) leaf = { 0 };
	AUTO(secret) key = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	(void)state;
	c.subject = "";
	c.name_count = 0;
	MUST(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	assert_false(issue_leaf(&c, &key, NULL, NOW, &leaf, &e));
	assert_says(&e, "needs a subject or names");
	assert_null(leaf.key.bytes);
}

static void an_address_that_is_none_is_refused(void **state)
{
	static const struct san bad[] = { { NAME_IP, "10.0.0.300" } };
	AUTO(pair) leaf = { 0 };
	AUTO(secret) key = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	(void)state;
	c.names = bad;
	MUST(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	assert_false(issue_leaf(&c, &key, NULL, NOW, &leaf, &e));
	assert_says(&e, "10.0.0.300");
}

static void serials_are_sixteen_bytes_positive_and_new(void **state)
{
	AUTO(pair) a = { 0 };
	AUTO(pair) b = { 0 };
	struct certificate c = made_certificate();

	(void)state;
	make_leaf(&c, NULL, &a);
	make_leaf(&c, NULL, &b);
	assert_int_equal(strlen(a.facts.serial), 32);
	assert_true(a.facts.serial[0] >= '4' && a.facts.serial[0] <= '7');
	assert_string_not_equal(a.facts.serial, b.facts.serial);
}

static void dates_are_counted_from_now_with_a_little_slack(void **state)
{
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	(void)state;
	make_leaf(&c, NULL, &leaf);
	assert_int_equal(leaf.facts.not_before, NOW - BACKDATE_SECONDS);
	assert_int_equal(leaf.facts.not_after, NOW + c.validity);
}

static void a_leaf_never_outlives_or_precedes_its_issuer(void **state)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	(void)state;
	c.validity = 20 * 365 * (int64_t)DAY;
	make_authority_at(KEY_ECDSA_P256, NOW + 100, &ca);
	make_leaf(&c, &ca, &leaf);
	assert_int_equal(leaf.facts.not_after, ca.facts.not_after);
	assert_int_equal(leaf.facts.not_before, ca.facts.not_before);
}

static void an_authority_that_ended_issues_nothing(void **state)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(authority) by = NULL;
	struct certificate c = made_certificate();
	struct err e = { 0 };

	(void)state;
	make_authority_at(KEY_ECDSA_P256, NOW - 3651 * (int64_t)DAY, &ca);
	MUST(authority_open(&ca.key, &ca.set, &by, &e), &e);
	assert_false(issue_leaf(&c, &ca.key, by, NOW, &leaf, &e));
	assert_says(&e, "ended at 2027-01-14");
}

static void the_chain_of_a_leaf_leaves_the_root_to_those_who_trust_it(void **state)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();

	(void)state;
	make_authority_at(KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, &leaf);
	assert_int_equal(leaf.set.count, 1);
	assert_int_equal(leaf.set.anchor.len, ca.set.certs[0].len);
	assert_memory_equal(leaf.set.anchor.bytes, ca.set.certs[0].bytes, leaf.set.anchor.len);
	assert_string_equal(leaf.facts.issuer, ca.facts.subject);
}

static void an_authority_with_a_foreign_key_does_not_open(void **state)
{
	AUTO(pair) ca = { 0 };
	AUTO(secret) other = { 0 };
	AUTO(authority) by = NULL;
	struct err e = { 0 };

	(void)state;
	make_authority_at(KEY_ECDSA_P256, NOW, &ca);
	MUST(key_generate(KEY_ECDSA_P256, &other, &e), &e);
	assert_false(authority_open(&other, &ca.set, &by, &e));
	assert_says(&e, "its private key belongs to another one");
	assert_null(by);
}

static void a_leaf_does_not_open_as_authority(void **state)
{
	AUTO(pair) leaf = { 0 };
	AUTO(authority) by = NULL;
	struct certificate c = made_certificate();
	struct err e = { 0 };

	(void)state;
	make_leaf(&c, NULL, &leaf);
	assert_false(authority_open(&leaf.key, &leaf.set, &by, &e));
	assert_says(&e, "is no authority");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_key_is_issued_and_signs),
		cmocka_unit_test(a_leaf_has_the_extensions_it_needs),
		cmocka_unit_test(the_key_identifiers_link_leaf_and_authority),
		cmocka_unit_test(an_authority_may_sign_leaves_and_nothing_deeper),
		cmocka_unit_test(only_rsa_may_encipher_keys),
		cmocka_unit_test(names_of_every_kind_read_back_sorted),
		cmocka_unit_test(names_are_critical_only_without_a_subject),
		cmocka_unit_test(a_leaf_without_subject_and_names_is_refused),
		cmocka_unit_test(an_address_that_is_none_is_refused),
		cmocka_unit_test(serials_are_sixteen_bytes_positive_and_new),
		cmocka_unit_test(dates_are_counted_from_now_with_a_little_slack),
		cmocka_unit_test(a_leaf_never_outlives_or_precedes_its_issuer),
		cmocka_unit_test(an_authority_that_ended_issues_nothing),
		cmocka_unit_test(the_chain_of_a_leaf_leaves_the_root_to_those_who_trust_it),
		cmocka_unit_test(an_authority_with_a_foreign_key_does_not_open),
		cmocka_unit_test(a_leaf_does_not_open_as_authority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
