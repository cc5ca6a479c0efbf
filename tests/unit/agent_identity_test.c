/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "test.h"

#include "agent/agent_identity.h"
#include "base/clock.h"

#include <gnutls/abstract.h>

static void must_read(struct agent_identity *s)
{
	struct err e = { 0 };

	must(agent_identity_read(s, &config, &e), &e);
}

static void put_own(const struct pair *p)
{
	write_certs(config.certificate, p);
	write_key(config.key, p, 0600);
}

static struct der spki_of(const struct pair *p)
{
	gnutls_datum_t leaf = { (unsigned char *)p->set.certs[0].bytes,
				(unsigned)p->set.certs[0].len };
	gnutls_datum_t der = { 0 };
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t pub = NULL;
	unsigned char *copy = NULL;

	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_import(crt, &leaf, GNUTLS_X509_FMT_DER);
	gnutls_pubkey_init(&pub);
	gnutls_pubkey_import_x509(pub, crt, 0);
	assert_int_equal(gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &der), 0);
	copy = arena_alloc(&test_arena, der.size);
	memcpy(copy, der.data, der.size);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(pub);
	gnutls_x509_crt_deinit(crt);
	return (struct der){ copy, der.size };
}

/* A handshake with ECDSA wants a hash signed; by whose key it is. */
static bool signs(const struct agent_identity *s, uint64_t revision, const struct pair *by)
{
	static const unsigned char text[] = "of a handshake";
	unsigned char hash[SHA256_BYTES];
	const struct tls_signing what = { .revision = revision,
					  .algorithm = GNUTLS_SIGN_ECDSA_SECP256R1_SHA256,
					  .hashed = true,
					  .text = { hash, sizeof(hash) } };
	struct der signature = { 0 };
	struct err e = { 0 };

	sha256(text, sizeof(text), hash);
	return agent_identity_sign(s, &what, &test_arena, &signature, &e) &&
	       signature_check(spki_of(by), (struct der){ text, sizeof(text) }, signature, &e);
}

TEST(it_has_what_its_files_have)
{
	AUTO(agent_identity) s = { 0 };

	must_read(&s);
	assert_int_equal(s.revision, 1);
	assert_string_equal(s.spki, own_pair.facts.spki);
	assert_int_equal(s.set.count, own_pair.set.count);
	assert_true(signs(&s, 1, &own_pair));
}

TEST(handshakes_that_began_are_finished_with_the_old_key)
{
	AUTO(agent_identity) s = { 0 };

	must_read(&s);
	put_own(&next_pair);
	must_read(&s);
	assert_int_equal(s.revision, 2);
	assert_string_equal(s.spki, next_pair.facts.spki);
	assert_true(signs(&s, 2, &next_pair));
	assert_true(signs(&s, 1, &own_pair));
	assert_false(signs(&s, 1, &next_pair));
	assert_false(signs(&s, 0, &own_pair));
	assert_false(signs(&s, 3, &next_pair));
	put_own(&own_pair);
	must_read(&s);
	assert_true(signs(&s, 3, &own_pair));
	assert_true(signs(&s, 2, &next_pair));
	assert_false(signs(&s, 1, &own_pair));
}

/* When no handshake can be under way with it any more. */
TEST(s14_an_old_key_is_dropped)
{
	AUTO(agent_identity) s = { 0 };

	must_read(&s);
	put_own(&next_pair);
	must_read(&s);
	agent_identity_drop_old(&s);
	assert_true(signs(&s, 1, &own_pair));
	s.old_end_ms = clock_mono_ms();
	agent_identity_drop_old(&s);
	assert_null(s.old);
	assert_false(signs(&s, 1, &own_pair));
	assert_true(signs(&s, 2, &next_pair));
}

TEST(the_same_pair_is_no_new_revision)
{
	AUTO(agent_identity) s = { 0 };

	must_read(&s);
	must_read(&s);
	assert_int_equal(s.revision, 1);
}

static void stays(struct agent_identity *s, const char *why)
{
	struct err e = { 0 };

	assert_false(agent_identity_read(s, &config, &e));
	if (!strstr(e.text, why))
		fail_msg("%s", e.text);
	assert_int_equal(s->revision, 1);
	assert_string_equal(s->spki, own_pair.facts.spki);
	assert_true(signs(s, 1, &own_pair));
}

TEST(what_cannot_be_used_does_not_lock_everybody_out)
{
	AUTO(agent_identity) s = { 0 };

	must_read(&s);
	write_key(config.key, &next_pair, 0600);
	stays(&s, "does not belong to the leaf");
	write_text(config.key, "nothing");
	stays(&s, "cannot use the agent's own pair");
	put_own(&signatories[FORMER].pair);
	stays(&s, "cannot use the agent's own pair");
	write_text(config.certificate, "");
	stays(&s, "holds no certificate");
	unlink(config.certificate);
	stays(&s, "cannot use the agent's own pair");
}

static bool is_self(struct install i)
{
	const struct agent_component c = { .name = "x", .install = i };

	return agent_identity_is(&config, &c);
}

TEST(its_component_is_known_by_its_paths)
{
	const char *pem = config.certificate;
	const char *key = config.key;

	assert_true(is_self((struct install){ .certificate = pem, .key = key }));
	assert_true(is_self((struct install){ .certificate = at_root("x/../agent.pem"),
					      .key = at_root("./agent.key") }));
	assert_false(is_self((struct install){ .certificate = pem }));
	assert_false(is_self((struct install){ .certificate = pem, .key = pem }));
	assert_false(is_self((struct install){ .directory = root }));
	config.certificate = at_root("own/fullchain.pem");
	config.key = at_root("own/key.pem");
	assert_true(is_self((struct install){ .directory = at_root("own") }));
	assert_false(is_self((struct install){ .directory = at_root("ow") }));
	config.key = at_root("other/key.pem");
	assert_false(is_self((struct install){ .directory = at_root("own") }));
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(make_signatories, drop_signatories)
