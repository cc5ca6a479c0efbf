/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "pki/foreign.h"

#include <sys/resource.h>

/* Without a descriptor for its pipe no decoder starts: only what is known is told. */
static void forbid_decoding(bool forbidden)
{
	static struct rlimit before;
	struct rlimit none;

	if (!forbidden) {
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		return;
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

struct told {
	bool leaf, key, other;
	char spki[65];
};

static struct told ask_without_decoder(const struct pair *p, const struct pair *other)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) pem = { 0 };
	struct cert_facts facts = { 0 };
	struct told out = { 0 };
	struct err e = { 0 };

	pem_add_key(&pem, &p->key);
	forbid_decoding(true);
	out.leaf = foreign_cert(p->set.certs[0], &a, &facts, &e) &&
		   !strcmp(facts.fingerprint, p->facts.fingerprint) &&
		   !strcmp(facts.subject, p->facts.subject);
	out.key = foreign_key_spki(pem.bytes, pem.len, out.spki, &e);
	out.other = foreign_cert(other->set.certs[0], &a, &facts, &e);
	forbid_decoding(false);
	return out;
}

TEST(what_a_checked_pair_has_shown_is_not_decoded_again)
{
	const struct certificate c = made_certificate();
	AUTO(pair) ca = { 0 };
	AUTO(pair) made = { 0 };
	AUTO(pair) other = { 0 };
	AUTO(pair) checked = { 0 };
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &made);
	make_leaf(&c, &ca, NOW, &other);
	must(foreign_pair(&made.key, &made.set, NOW, &checked, &e), &e);

	const struct told told = ask_without_decoder(&made, &other);

	assert_true(told.leaf);
	assert_true(told.key);
	assert_string_equal(told.spki, made.facts.spki);
	assert_false(told.other);
}
