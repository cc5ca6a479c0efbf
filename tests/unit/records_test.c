/* SPDX-License-Identifier: Apache-2.0 */
#include "state/records.h"
#include "test.h"

#include "state_fixture.h"

static const char fingerprint[] =
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static const char spki_1[] = "1111111111111111111111111111111111111111111111111111111111111111";

static struct generation generation_of_owner(const char *owner, unsigned number)
{
	return (struct generation){
		.of = OF_CERTIFICATE,
		.owner = owner,
		.number = number,
		.source = SOURCE_IMPORTED,
		.fingerprint = fingerprint,
		.spki = spki_1,
		.chain = "",
		.serial = "0102",
		.subject = "CN=sh\xc3\xb6p",
		.issuer = "CN=Shop CA",
		.authority = "",
		.key = "ecdsa-p256",
		.request = "subject=CN=x\nissuer=shop-ca\nvalidity=9\n",
		.not_before = 1000,
		.not_after = 5000000000,
		.bundle = "shop-1.zip",
	};
}

TEST(generations_come_back_whole_and_sorted)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const struct generation *list = NULL;
	size_t count = 0;
	struct err e = { 0 };
	struct generation in[] = {
		generation_of_owner("shop/x", 1), generation_of_owner("shop", 11),
		generation_of_owner("shop-2", 1), generation_of_owner("shop", 2),
		generation_of_owner("ca", 1),
	};

	in[4].of = OF_ISSUER;
	in[3].pending = true;
	in[3].bundle = NULL;
	for (size_t i = 0; i < 5; i++)
		change_generation(c, &in[i], NULL);
	must_commit(s, c);
	assert_true(state_generations(s, &a, &list, &count, &e));
	assert_int_equal(count, 5);
	assert_string_equal(list[0].owner, "shop");
	assert_int_equal(list[0].number, 2);
	assert_true(list[0].pending);
	assert_null(list[0].bundle);
	assert_int_equal(list[1].number, 11);
	assert_string_equal(list[2].owner, "shop-2");
	assert_string_equal(list[3].owner, "shop/x");
	assert_int_equal(list[4].of, OF_ISSUER);
	assert_int_equal(list[1].source, SOURCE_IMPORTED);
	assert_string_equal(list[1].fingerprint, fingerprint);
	assert_string_equal(list[1].subject, "CN=sh\xc3\xb6p");
	assert_string_equal(list[1].request, in[1].request);
	assert_int_equal(list[1].not_after, 5000000000);
	assert_string_equal(list[1].bundle, "shop-1.zip");
	state_close(s);
}

TEST(text_that_is_no_utf8_is_kept_escaped)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	struct generation g = generation_of_owner("shop", 1);
	const struct generation *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	g.subject = "CN=\xff";
	change_generation(c, &g, NULL);
	must_commit(s, c);
	assert_true(state_generations(s, &a, &list, &count, &e));
	assert_string_equal(list[0].subject, "CN=\\xff");
	state_close(s);
}

TEST(certificates_come_back_and_outlive_an_update)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	struct generation g = generation_of_owner("shop", 1);
	const unsigned char bytes[] = { 0x30, 0, 0xff };
	const struct der certs[] = { { bytes, 3 }, { bytes, 2 } };
	const struct cert_set set = { certs, 2, { bytes, 1 } };
	struct cert_set out = { 0 };
	struct err e = { 0 };

	change_generation(c, &g, &set);
	must_commit(s, c);
	change_generation(c, &g, NULL);
	must_commit(s, c);
	assert_true(state_certificates(s, &g, &a, &out, &e));
	assert_int_equal(out.count, 2);
	assert_int_equal(out.certs[0].len, 3);
	assert_memory_equal(out.certs[0].bytes, bytes, 3);
	assert_int_equal(out.certs[1].len, 2);
	assert_int_equal(out.anchor.len, 1);
	g.number = 2;
	assert_false(state_certificates(s, &g, &a, &out, &e));
	assert_int_equal(e.code, ERR_MISSING);
	g.pending = true;
	assert_true(state_certificates(s, &g, &a, &out, &e));
	assert_int_equal(out.count, 0);
	state_close(s);
}

TEST(a_damaged_generation_is_named)
{
	static const char *const bad[] = { "null", "{\"of\":\"certificate\"}", "not json" };

	state_close(must_open_state(*state, true));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(arena) a = { 0 };
		const struct generation *list = NULL;
		size_t count = 0;
		struct err e = { 0 };

		set_record(*state, "generation/c/shop/000001", bad[i]);
		struct state *s = must_open_state(*state, false);

		assert_false(state_generations(s, &a, &list, &count, &e));
		assert_int_equal(e.code, ERR_IO);
		assert_non_null(strstr(e.text, "'generation/c/shop/000001'"));
		state_close(s);
	}
}

TEST(a_generation_under_another_key_is_damage)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const struct generation g = generation_of_owner("shop", 1);
	const struct generation *list = NULL;
	const char *json = NULL;
	size_t count = 0;
	struct err e = { 0 };

	change_generation(c, &g, NULL);
	must_commit(s, c);
	assert_true(state_generation_record(s, &g, &a, &json, &e));
	change_record(c, "generation/c/shop/000002", json);
	must_commit(s, c);
	assert_false(state_generations(s, &a, &list, &count, &e));
	assert_int_equal(e.code, ERR_IO);
	state_close(s);
}

TEST(both_halves_of_a_component_come_back)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const char *const rejected[] = { "r1", "r2" };
	const struct component_seen in[] = {
		{ .name = "edge/e1",
		  .certificate = "shop",
		  .rejected = rejected,
		  .rejected_count = 2,
		  .now.staged = fingerprint,
		  .deferred_at = 1790000000,
		  .order_given = 7,
		  .retire_remove = true },
		{ .name = "edge/e1",
		  .now.online = true,
		  .now.installed = "",
		  .now.evidence = EVIDENCE_HANDSHAKE,
		  .now.observed_at = 77 },
		{ .name = "edge-2", .now.online = true, .now.version = "7.2" },
	};
	const struct component_seen *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	change_component(c, &in[0]);
	must_commit(s, c);
	assert_true(state_observe(s, &in[1], 2, &e));
	assert_true(state_components(s, &a, &list, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "edge-2");
	assert_false(list[0].known);
	assert_string_equal(list[0].now.version, "7.2");
	assert_null(list[0].now.installed);
	assert_true(list[1].known);
	assert_true(list[1].now.online);
	assert_true(list[1].retire_remove);
	assert_string_equal(list[1].certificate, "shop");
	assert_int_equal(list[1].rejected_count, 2);
	assert_string_equal(list[1].rejected[1], "r2");
	assert_string_equal(list[1].now.staged, fingerprint);
	assert_int_equal(list[1].deferred_at, 1790000000);
	assert_int_equal(list[1].order_given, 7);
	assert_int_equal(list[0].deferred_at, 0);
	assert_string_equal(list[1].now.installed, "");
	assert_null(list[1].now.served);
	assert_int_equal(list[1].now.evidence, EVIDENCE_HANDSHAKE);
	assert_int_equal(list[1].now.observed_at, 77);

	change_forget_component(c, "edge/e1");
	must_commit(s, c);
	assert_true(state_components(s, &a, &list, &count, &e));
	assert_int_equal(count, 1);
	state_close(s);
}

TEST_EACH(make_place, remove_place)
