/* SPDX-License-Identifier: Apache-2.0 */
/* What names a certificate covers, as GnuTLS and as we say it. */
#include "model/client_view.h"
#include "pki/cert.h"
#include "pki_fixture.h"

static bool is_taken(const struct san *names, size_t count, const struct verify *port)
{
	AUTO(arena) a = { 0 };
	const struct client_view x = { .names = names,
				       .name_count = count,
				       .purpose = PURPOSE_SERVER };

	return !refusal_by_port(&x, port, &a);
}

static bool gnutls_takes(const struct pair *p, const char *host)
{
	AUTO(crt) crt = NULL;
	struct err e = { 0 };

	must(cert_open(p->set.certs[0], &crt, &e), &e);
	return gnutls_x509_crt_check_hostname2(crt, host, 0) != 0;
}

TEST(names_are_covered_as_gnutls_says)
{
	static const struct san names[] = {
		{ NAME_DNS, "a.example" },     { NAME_DNS, "*.b.example" },
		{ NAME_DNS, "*.x" },           { NAME_DNS, "*.c.d.example" },
		{ NAME_IP, "10.0.0.1" },       { NAME_DNS, "single" },
		{ NAME_URI, "urn:d.example" }, { NAME_EMAIL, "x@e.example" },
	};
	static const char *const hosts[] = {
		"a.example",     "A.Example",     "b.example",   "x.b.example",
		"x.y.b.example", "xb.example",    "*.b.example", "y.x",
		"d.example",     "z.c.d.example", "c.d.example", "single",
		"singles",       "e.example",     "other.test",  "b.example.test",
	};
	const size_t count = sizeof(names) / sizeof(*names);

	for (size_t n = 0; n < count; n++) {
		struct certificate c = made_certificate();
		AUTO(pair) p = { 0 };

		c.names = &names[n];
		make_leaf(&c, NULL, NOW, &p);
		for (size_t h = 0; h < sizeof(hosts) / sizeof(*hosts); h++) {
			const struct verify port = { .host = "1.2.3.4", .server_name = hosts[h] };

			if (is_taken(p.facts.names, p.facts.name_count, &port) ==
			    gnutls_takes(&p, hosts[h]))
				continue;
			fail_msg("'%s' for '%s'", hosts[h], names[n].value);
		}
	}
}

TEST(an_address_is_asked_for_where_there_are_addresses_else_the_first_dns_name)
{
	static const struct san address = { NAME_IP, "10.0.0.1" };
	static const struct san dns = { NAME_DNS, "a.example" };
	static const struct san uri = { NAME_URI, "spiffe://x/y" };
	const struct verify same = { .host = "10.0.0.1" };
	const struct verify other = { .host = "10.0.0.2" };

	assert_true(is_taken(&address, 1, &same));
	assert_false(is_taken(&address, 1, &other));
	assert_true(is_taken(&dns, 1, &other));
	assert_true(is_taken(&uri, 1, &other));
	assert_false(is_taken(NULL, 0, &other));
}

TEST(p5_a_port_at_an_address_is_asked_for_the_first_dns_name_unless_the_certificate_has_the_address)
{
	static const struct san names[] = {
		{ NAME_DNS, "*.a.example" },
		{ NAME_DNS, "b.example" },
		{ NAME_IP, "10.0.0.1" },
	};
	const struct client_view all = { .names = names, .name_count = 3 };
	const struct client_view wildcard = { .names = names, .name_count = 1 };
	const struct verify has = { .host = "10.0.0.1" };
	const struct verify other = { .host = "10.0.0.2" };
	const struct verify named = { .host = "10.0.0.1", .server_name = "c.example" };

	assert_null(port_server_name(&has, &all));
	assert_string_equal(port_server_name(&other, &all), "b.example");
	assert_null(port_server_name(&other, &wildcard));
	assert_string_equal(port_server_name(&named, &all), "c.example");
}

TEST(dates_of_the_whole_chain_count_to_the_second)
{
	AUTO(arena) a = { 0 };
	const struct client_view x = { .from = 100,
				       .until = 200,
				       .begins = "the chain certificate 'CN=m'",
				       .ends = "the leaf 'CN=a'" };
	const struct generation g = { .view = &x, .not_before = 50, .not_after = 300 };

	assert_null(refusal_by_dates(&g, 100, &a));
	assert_null(refusal_by_dates(&g, 199, &a));
	assert_string_equal(
		refusal_by_dates(&g, 99, &a),
		"the chain certificate 'CN=m' is not valid before 1970-01-01T00:01:40Z");
	assert_string_equal(refusal_by_dates(&g, 200 + 230 * DAY, &a),
			    "the leaf 'CN=a' expired 230 days ago");
	assert_int_equal(generation_end(&g), 200);
}

TEST(of_what_was_issued_the_request_says_names_and_purpose)
{
	AUTO(arena) a = { 0 };
	static const struct verify ports[] = { { .server_name = "a.example" },
					       { .server_name = "b.example" } };
	struct component c = { .verify = ports, .verify_count = 1 };
	struct generation g = {
		.source = SOURCE_ISSUED,
		.request =
			"subject=CN=x\nnames=dns:a.example\nnames=ip:10.0.0.1\npurpose=server \n",
		.not_after = 200,
	};

	assert_null(client_refusal(&c, &g, 100, &a));
	c.verify_count = 2;
	assert_string_equal(
		client_refusal(&c, &g, 100, &a),
		"the certificate is not for 'b.example' but for 'a.example', '10.0.0.1'");
	g.request = "names=dns:a.example\npurpose=client \n";
	assert_string_equal(client_refusal(&c, &g, 100, &a), "the certificate is not for servers");
}

TEST(the_purpose_of_a_leaf_is_its_extended_key_usage)
{
	static const unsigned purposes[] = { PURPOSE_SERVER, PURPOSE_CLIENT,
					     PURPOSE_SERVER | PURPOSE_CLIENT };

	for (size_t i = 0; i < sizeof(purposes) / sizeof(*purposes); i++) {
		struct certificate c = made_certificate();
		AUTO(pair) p = { 0 };

		c.purpose = purposes[i];
		make_leaf(&c, NULL, NOW, &p);
		assert_int_equal(p.facts.purpose, purposes[i]);
	}
}

TEST(the_authorities_of_this_machine_are_certificates)
{
	AUTO(arena) a = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	struct err e = { 0 };

	system_trust(&a, &certs, &count);
	for (size_t i = 0; i < count; i++) {
		struct cert_facts facts = { 0 };

		must(cert_read_facts(certs[i], &a, &facts, &e), &e);
	}
	if (!count)
		skip();
}
