/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "test.h"

#include "pki/client_auth.h"

static struct client_auth *must_open(void)
{
	struct client_auth *c = NULL;
	struct err e = { 0 };

	must(client_auth_new(&config, authority_pem.data, authority_pem.len, &c, &e), &e);
	return c;
}

static bool admits(const struct pair *p, struct err *e)
{
	AUTO(client_auth) c = must_open();
	struct client caller = { 0 };
	bool good = client_auth_check(c, p->set.certs, p->set.count, &test_arena, &caller, e);
	char digest[SHA256_TEXT];

	if (!good)
		return false;
	sha256_text(caller.spki.bytes, caller.spki.len, digest);
	assert_string_equal(digest, p->facts.spki);
	return true;
}

static void refuses(const struct pair *p, const char *why)
{
	struct err e = { 0 };

	assert_false(admits(p, &e));
	if (!strstr(e.text, why))
		fail_msg("%s", e.text);
}

TEST(who_is_on_the_list_may_call)
{
	struct err e = { 0 };

	must(admits(&signatories[OPS].pair, &e), &e);
	must(admits(&signatories[NAMED].pair, &e), &e);
}

TEST(who_is_not_may_not)
{
	refuses(&signatories[UNLISTED].pair, "not in 'allow'");
	refuses(&signatories[STRANGER].pair, "not known here");
	refuses(&signatories[SERVER].pair, "purpose");
	refuses(&signatories[FORMER].pair, "expired");
}

/* "Any purpose" and silence are not enough. */
TEST(its_certificate_must_say_that_it_is_for_clients)
{
	const struct operator_kind silent = { "CN=named,O=Example", 0, 0 };
	const struct operator_kind both = { "CN=named,O=Example", PURPOSE_CLIENT | PURPOSE_SERVER,
					    0 };
	AUTO(pair) p = { 0 };
	AUTO(pair) q = { 0 };
	struct err e = { 0 };

	make_operator(&operators, &silent, &p);
	refuses(&p, "not for clients");
	make_operator(&operators, &both, &q);
	must(admits(&q, &e), &e);
}

TEST(a_name_is_complete_and_in_its_order)
{
	static const char *const others[] = {
		"CN=named",
		"CN=named2,O=Example",
		"CN=named,O=Example2",
		"CN=named,O=Example,C=AT",
		"O=Example,CN=named",
		"CN=Named,O=Example",
		"CN=named\\,O\\=Example",
		"CN=named,OU=Example",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const struct operator_kind w = { others[i], PURPOSE_CLIENT, 0 };
		AUTO(pair) p = { 0 };

		make_operator(&operators, &w, &p);
		refuses(&p, "not in 'allow'");
	}
}

/* Another key with the name of somebody who is listed by key. */
TEST(a_key_on_the_list_is_no_name_on_it)
{
	const struct operator_kind w = { "CN=ops,O=Example", PURPOSE_CLIENT, 0 };
	AUTO(pair) p = { 0 };

	make_operator(&operators, &w, &p);
	refuses(&p, "not in 'allow'");
}

TEST(nothing_shown_is_nobody)
{
	AUTO(client_auth) c = must_open();
	struct der many[CHAIN_LIMIT + 1];
	struct client caller = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i <= CHAIN_LIMIT; i++)
		many[i] = signatories[OPS].pair.set.certs[0];
	assert_false(client_auth_check(c, many, 0, &test_arena, &caller, &e));
	assert_false(client_auth_check(c, many, CHAIN_LIMIT + 1, &test_arena, &caller, &e));
	assert_true(client_auth_check(c, many, 1, &test_arena, &caller, &e));
}

/* Through an authority in between, which comes along. */
TEST(a_chain_leads_to_the_authority)
{
	struct der both[2] = { signatories[OPS].pair.set.certs[0], operators.set.certs[0] };
	struct der wrong[2] = { signatories[STRANGER].pair.set.certs[0], operators.set.certs[0] };
	AUTO(client_auth) c = must_open();
	struct client caller = { 0 };
	struct err e = { 0 };

	assert_true(client_auth_check(c, both, 2, &test_arena, &caller, &e));
	assert_false(client_auth_check(c, wrong, 2, &test_arena, &caller, &e));
}

static void not_opened(const char *authority, const char *why)
{
	struct client_auth *c = NULL;
	struct err e = { 0 };

	assert_false(client_auth_new(&config, authority, strlen(authority), &c, &e));
	if (!strstr(e.text, why))
		fail_msg("%s", e.text);
	assert_null(c);
}

TEST(an_authority_that_is_none_is_told)
{
	not_opened("", "certificate");
	not_opened("-----BEGIN CERTIFICATE-----\nAAAA\n"
		   "-----END CERTIFICATE-----\n",
		   "cannot read the authority");
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(make_signatories, drop_signatories)
