/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"
#include "test.h"

#include "state_fixture.h"

#include "base/text.h"
#include "state/enrolment_records.h"

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

TEST(new_names_move_everything_in_one_commit)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	struct generation g = generation_of_owner("shop", 1);
	struct generation ca = generation_of_owner("shop-ca", 1);
	const unsigned char bytes[] = { 0x30 };
	const struct der cert = { bytes, 1 };
	const struct cert_set set = { &cert, 1, { 0 } };
	const struct component_seen seen[] = {
		{ .name = "a", .certificate = "shop" },
		{ .name = "b", .certificate = "shop" },
	};
	const struct component_seen *list = NULL;
	const struct generation *generations = NULL;
	struct cert_set out = { 0 };
	size_t count = 0;
	struct err e = { 0 };

	ca.of = OF_ISSUER;
	change_generation(c, &g, &set);
	change_generation(c, &ca, &set);
	change_component(c, &seen[0]);
	change_component(c, &seen[1]);
	must_commit(s, c);
	assert_true(state_observe(s, seen, 2, &e));

	assert_true(change_rename_owner(c, OF_ISSUER, "shop-ca", "root", &e));
	assert_true(change_rename_owner(c, OF_CERTIFICATE, "shop", "store", &e));
	change_rename_component(c, "a", "z");
	change_rename_component(c, "never there", "y");
	must_commit(s, c);
	assert_int_equal(state_serial(s), 2);

	assert_true(state_components(s, &a, &list, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "b");
	assert_string_equal(list[0].certificate, "store");
	assert_string_equal(list[1].name, "z");
	assert_string_equal(list[1].certificate, "store");
	assert_true(state_generations(s, &a, &generations, &count, &e));
	assert_int_equal(count, 2);
	assert_string_equal(generations[0].owner, "store");
	assert_string_equal(generations[0].request, "subject=CN=x\nissuer=root\nvalidity=9\n");
	assert_string_equal(generations[1].owner, "root");
	assert_true(state_certificates(s, &generations[0], &a, &out, &e));
	assert_int_equal(out.count, 1);
	assert_false(state_certificates(s, &g, &a, &out, &e));
	state_close(s);
}

TEST(k2_invites_and_agents_name_their_issuer_anew)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const struct generation ca = { .of = OF_ISSUER,
				       .owner = "ca",
				       .number = 1,
				       .fingerprint = fingerprint,
				       .spki = spki_1,
				       .chain = "",
				       .serial = "01",
				       .subject = "CN=CA",
				       .issuer = "CN=CA",
				       .authority = "",
				       .key = "ecdsa-p256",
				       .request = "" };
	const struct invite invite = {
		.id = "0a", .agent = "one", .issuer = "ca", .token = fingerprint
	};
	const struct enrolled agent = { .agent = "one",
					.number = 1,
					.issuer = "ca",
					.authority = fingerprint,
					.serial = "02",
					.fingerprint = fingerprint,
					.spki = spki_1 };
	const struct enrolled *agents = NULL;
	struct invite found = { 0 };
	size_t count = 0;
	struct err e = { 0 };

	change_generation(c, &ca, NULL);
	change_invite(c, &invite);
	change_enrolled(c, &agent);
	must_commit(s, c);
	assert_true(change_rename_owner(c, OF_ISSUER, "ca", "root", &e));
	must_commit(s, c);
	assert_true(state_invite(s, "0a", &a, &found, &e));
	assert_string_equal(found.issuer, "root");
	assert_true(state_enrolled(s, &a, &agents, &count, &e));
	assert_int_equal(count, 1);
	assert_string_equal(agents[0].issuer, "root");
	state_close(s);
}

TEST(a_new_name_that_is_taken_is_refused)
{
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const struct generation g[] = { generation_of_owner("shop", 1),
					generation_of_owner("store", 1) };
	struct err e = { 0 };

	change_generation(c, &g[0], NULL);
	change_generation(c, &g[1], NULL);
	must_commit(s, c);
	assert_false(change_rename_owner(c, OF_CERTIFICATE, "shop", "store", &e));
	assert_int_equal(e.code, ERR_INPUT);
	state_close(s);
}

TEST(a_rename_that_cannot_be_read_fails_the_commit)
{
	state_close(must_open_state(*state, true));
	set_record(*state, "component/a", "{}");
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	struct err e = { 0 };

	change_rename_component(c, "a", "b");
	assert_false(state_commit(s, c, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "'component/a'"));
	state_close(s);
}

TEST(a_key_goes_with_the_last_generation_that_has_it)
{
	struct place *p = *state;
	AUTO(buf) sealed = { 0 };
	struct state *s = must_open_state(p, true);
	AUTO(change) c = change_new(s);
	struct err e = { 0 };
	struct generation g[] = { generation_of_owner("shop", 1), generation_of_owner("shop", 2) };

	assert_true(state_unseal(s, NULL, &e));
	must_keep_key(s, spki_1);
	text_base64(&sealed, KEY_TEXT, strlen(KEY_TEXT));
	change_generation(c, &g[0], NULL);
	change_generation(c, &g[1], NULL);
	must_commit(s, c);
	change_forget_generation(c, &g[0]);
	must_commit(s, c);
	assert_true(state_has_key(s, spki_1));
	assert_true(is_in_files(p, buf_text(&sealed)));

	/* one that is written in the same change needs it as well */
	change_forget_generation(c, &g[1]);
	g[0].number = 3;
	change_generation(c, &g[0], NULL);
	must_commit(s, c);
	assert_true(state_has_key(s, spki_1));

	change_forget_generation(c, &g[0]);
	must_commit(s, c);
	assert_false(state_has_key(s, spki_1));
	assert_false(is_in_files(p, buf_text(&sealed)));
	state_close(s);
	assert_false(is_in_files(p, buf_text(&sealed)));
}

TEST(what_is_written_and_forgotten_at_once_is_gone)
{
	AUTO(arena) a = { 0 };
	struct state *s = must_open_state(*state, true);
	AUTO(change) c = change_new(s);
	const struct generation g = generation_of_owner("shop", 1);
	const struct generation *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	assert_true(state_unseal(s, NULL, &e));
	must_keep_key(s, spki_1);
	change_generation(c, &g, NULL);
	change_forget_generation(c, &g);
	must_commit(s, c);
	assert_true(state_generations(s, &a, &list, &count, &e));
	assert_int_equal(count, 0);
	assert_false(state_has_key(s, spki_1));
	state_close(s);
}

TEST_EACH(make_place, remove_place)
