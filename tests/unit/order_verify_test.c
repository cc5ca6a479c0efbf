/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "test.h"

struct outcome {
	bool accepted;
	struct verified_order checked;
	struct problem problem;
};

struct way {
	const struct order_request *request;
	enum order_action action;
	const char *component;
	int64_t later; /* seconds from now */
};

static struct outcome check_way(const struct way *w)
{
	const struct order_verification check = {
		.config = &config,
		.signers = signers,
		.spki = own_pair.facts.spki,
		.action = w->action,
		.component = component(w->component),
		.request = w->request,
		.now = time(NULL) + w->later,
	};
	struct outcome o = { 0 };

	o.accepted = order_verify(&check, &test_arena, &o.checked, &o.problem);
	return o;
}

static struct outcome check_request(const struct order_request *r)
{
	return check_way(&(struct way){ r, ORDER_COMMIT, "edge/e1", 0 });
}

static struct outcome check(const struct order *o)
{
	const struct order_request r = sign(OPS, o);

	return check_request(&r);
}

static void accepts(const struct order *o)
{
	struct outcome got = check(o);

	if (!got.accepted)
		fail_msg("%s", got.problem.detail);
}

static void refuses(const struct order *o, enum problem_kind why)
{
	struct outcome got = check(o);

	assert_false(got.accepted);
	assert_int_equal(got.problem.kind, why);
	assert_non_null(got.problem.detail);
}

static void told(const char *lineage, int64_t sequence, enum order_end end)
{
	const struct order_record r = { .lineage = lineage,
					.sequence = sequence,
					.fingerprint = new_pair.facts.fingerprint,
					.end = end,
					.expires = time(NULL) + 100 };
	struct err e = { 0 };

	must(order_log_write(&config, "edge/e1", &r, &e), &e);
}

TEST(an_order_of_an_operator_is_accepted)
{
	struct order o = order_to(ORDER_COMMIT);
	struct outcome got;

	got = check(&o);
	assert_true(got.accepted);
	assert_int_equal(got.checked.order.sequence, 1);
	assert_null(got.checked.before.lineage);
	assert_true(got.checked.signer.spki_len > 0);
}

TEST(a_name_on_the_list_will_do)
{
	struct order o = order_to(ORDER_COMMIT);
	const struct order_request r = sign(NAMED, &o);

	assert_true(check_request(&r).accepted);
}

TEST(nobody_else_may_order)
{
	static const enum who others[] = { STRANGER, SERVER, FORMER, UNLISTED };
	static const char *const words[] = { "not known here",
					     "does not match the intended purpose",
					     "not known here", "not in 'allow'" };
	struct order o = order_to(ORDER_COMMIT);

	for (size_t i = 0; i < 4; i++) {
		const struct order_request r = sign(others[i], &o);
		struct outcome got = check_request(&r);

		assert_false(got.accepted);
		assert_int_equal(got.problem.kind, PROBLEM_NOT_ALLOWED);
		if (!strstr(got.problem.detail, words[i]))
			fail_msg("%s", got.problem.detail);
	}
}

TEST(certificates_of_another_prove_nothing)
{
	struct order o = order_to(ORDER_COMMIT);
	struct order_request r = sign(UNLISTED, &o);

	r.signer = signatories[OPS].pair.set.certs;
	assert_int_equal(check_request(&r).problem.kind, PROBLEM_NOT_ALLOWED);
	r.signer_count = 0;
	assert_int_equal(check_request(&r).problem.kind, PROBLEM_NOT_ALLOWED);
}

TEST(certificates_that_are_none_prove_nothing)
{
	static const unsigned char junk[] = { 0x30, 0x82, 0xff, 0xff, 0x30 };
	const struct der broken = { junk, sizeof(junk) };
	struct order o = order_to(ORDER_COMMIT);
	struct order_request r = sign(OPS, &o);

	r.signer = &broken;
	r.signer_count = 1;
	assert_int_equal(check_request(&r).problem.kind, PROBLEM_NOT_ALLOWED);
}

/* So that the many checks that follow need no sandbox each. */
static void get_to_know(enum who who)
{
	struct order o = order_to(ORDER_COMMIT);
	const struct order_request r = sign(who, &o);
	struct outcome got = check_request(&r);

	assert_true(got.accepted);
	signer_cache_remember(signers, &got.checked.signer);
}

TEST(any_other_byte_of_the_order_breaks_its_signature)
{
	struct order o = order_to(ORDER_COMMIT);
	struct order_request r = sign(OPS, &o);
	char *text = arena_strdup(&test_arena, r.order);

	get_to_know(OPS);
	r.order = text;
	for (size_t i = 0; i < r.order_len; i++) {
		char before = text[i];
		struct outcome got;

		text[i] = before == '1' ? '2' : '1';
		got = check_request(&r);
		assert_false(got.accepted);
		assert_true(got.problem.kind == PROBLEM_BAD_REQUEST ||
			    got.problem.kind == PROBLEM_NOT_ALLOWED);
		text[i] = before;
	}
	assert_true(check_request(&r).accepted);
}

TEST(any_other_byte_of_the_signature_breaks_it)
{
	struct order o = order_to(ORDER_COMMIT);
	struct order_request r = sign(OPS, &o);
	unsigned char bytes[SIGNATURE_LIMIT];

	get_to_know(OPS);
	memcpy(bytes, r.signature.bytes, r.signature.len);
	r.signature.bytes = bytes;
	for (size_t i = 0; i < r.signature.len; i++) {
		bytes[i] ^= 1;
		assert_int_equal(check_request(&r).problem.kind, PROBLEM_NOT_ALLOWED);
		bytes[i] ^= 1;
	}
	for (size_t len = 0; len < r.signature.len; len++) {
		struct order_request cut = r;

		cut.signature.len = len;
		assert_int_equal(check_request(&cut).problem.kind, PROBLEM_NOT_ALLOWED);
	}
	assert_true(check_request(&r).accepted);
}

/* A signature of the same text, made for something else. */
TEST(a_signature_for_another_purpose_is_none)
{
	struct order o = order_to(ORDER_COMMIT);
	struct order_request r = sign(OPS, &o);
	struct err e = { 0 };

	must(signing_key_sign(signatories[OPS].key,
			      (struct der){ (const unsigned char *)r.order, r.order_len },
			      &test_arena, &r.signature, &e),
	     &e);
	assert_int_equal(check_request(&r).problem.kind, PROBLEM_NOT_ALLOWED);
}

TEST(every_single_field_that_differs_is_told_apart)
{
	struct order o = order_to(ORDER_COMMIT);

	o.agent = next_pair.facts.spki;
	refuses(&o, PROBLEM_OTHER_AGENT);
	o = order_to(ORDER_COMMIT);
	o.component = "breaks";
	refuses(&o, PROBLEM_BAD_REQUEST);
	o = order_to(ORDER_ACTIVATE);
	refuses(&o, PROBLEM_BAD_REQUEST);
	o = order_to(ORDER_REVERT);
	refuses(&o, PROBLEM_BAD_REQUEST);
	o = order_to(ORDER_STAGE);
	refuses(&o, PROBLEM_BAD_REQUEST);
	o = order_to(ORDER_COMMIT);
	o.expires = time(NULL) - 2;
	refuses(&o, PROBLEM_EXPIRED);
	o.expires = time(NULL) + ORDER_LIFE + 120;
	refuses(&o, PROBLEM_EXPIRED);
	o.expires = INT64_MAX;
	refuses(&o, PROBLEM_EXPIRED);
}

TEST(an_order_for_the_own_pair_is_for_no_other)
{
	struct order o = order_to(ORDER_COMMIT);
	struct order_request r;
	struct way w = { &r, ORDER_COMMIT, "self", 0 };

	o.self = true;
	refuses(&o, PROBLEM_NOT_SELF);
	o.component = "self";
	r = sign(OPS, &o);
	assert_true(check_way(&w).accepted);
}

TEST(a_path_that_is_another_refuses_as_well)
{
	struct order o = order_to(ORDER_COMMIT);
	const struct order_request r = sign(OPS, &o);
	struct way other_action = { &r, ORDER_REVERT, "edge/e1", 0 };
	struct way other_component = { &r, ORDER_COMMIT, "self", 0 };

	assert_int_equal(check_way(&other_action).problem.kind, PROBLEM_BAD_REQUEST);
	assert_int_equal(check_way(&other_component).problem.kind, PROBLEM_BAD_REQUEST);
}

TEST(an_order_lives_five_minutes)
{
	struct order o = order_to(ORDER_COMMIT);
	const struct order_request r = sign(OPS, &o);
	struct way w = { &r, ORDER_COMMIT, "edge/e1", 0 };

	o.expires = time(NULL) + ORDER_LIFE;
	w.later = ORDER_LIFE - 2;
	assert_true(check_way(&w).accepted);
	w.later = ORDER_LIFE + 2;
	assert_int_equal(check_way(&w).problem.kind, PROBLEM_EXPIRED);
	/* a clock that is a little behind is no matter */
	w.later = -50;
	assert_true(check_way(&w).accepted);
	w.later = -70;
	assert_int_equal(check_way(&w).problem.kind, PROBLEM_EXPIRED);
}

TEST(a_lower_number_is_stale)
{
	struct order o = order_to(ORDER_COMMIT);

	told(LINEAGE, 5, ORDER_END_OPEN);
	o.sequence = 4;
	refuses(&o, PROBLEM_STALE_ORDER);
	o.sequence = 1;
	refuses(&o, PROBLEM_STALE_ORDER);
	o.sequence = 6;
	accepts(&o);
}

TEST(the_same_number_is_for_the_same_pair_only)
{
	struct order o = order_to(ORDER_COMMIT);

	told(LINEAGE, 5, ORDER_END_OPEN);
	o.sequence = 5;
	accepts(&o);
	name_pair(&o, &third_pair);
	refuses(&o, PROBLEM_STALE_ORDER);
	o.sequence = 6;
	accepts(&o);
}

TEST(what_was_taken_back_is_over)
{
	struct order o = order_to(ORDER_COMMIT);

	told(LINEAGE, 5, ORDER_END_ABORTED);
	o.sequence = 5;
	refuses(&o, PROBLEM_STALE_ORDER);
	o.sequence = 6;
	accepts(&o);
}

TEST(another_lineage_must_adopt)
{
	struct order o = order_to(ORDER_COMMIT);

	told(OTHER_LINEAGE, 5, ORDER_END_OPEN);
	o.sequence = 9;
	refuses(&o, PROBLEM_OTHER_LINEAGE);
	o.sequence = 1;
	refuses(&o, PROBLEM_OTHER_LINEAGE);
	o.adopt = true;
	accepts(&o);
	/* an older order that adopts is used again */
	o.expires = time(NULL) + 99;
	refuses(&o, PROBLEM_STALE_ORDER);
}

TEST(what_was_told_last_is_handed_on)
{
	struct order o = order_to(ORDER_COMMIT);
	struct outcome got;

	told(LINEAGE, 5, ORDER_END_ACTIVATED);
	o.sequence = 5;
	got = check(&o);
	assert_true(got.accepted);
	assert_int_equal(got.checked.before.sequence, 5);
	assert_int_equal(got.checked.before.end, ORDER_END_ACTIVATED);
}

TEST(a_damaged_record_stops_the_component)
{
	struct order o = order_to(ORDER_COMMIT);

	told(LINEAGE, 5, ORDER_END_OPEN);
	write_text(arena_printf(&test_arena, "%s/edge%%2Fe1.json", config.state), "{\"lineage\":");
	o.sequence = 9;
	refuses(&o, PROBLEM_CANNOT);
}

/* The list is gone afterwards: who is asked again is not found. */
static struct order_request remembered(enum who who)
{
	struct order o = order_to(ORDER_COMMIT);
	const struct order_request r = sign(who, &o);
	struct outcome first = check_request(&r);

	assert_true(first.accepted);
	signer_cache_remember(signers, &first.checked.signer);
	config.client_count = 0;
	return r;
}

static bool is_found(const struct order_request *r, int64_t later)
{
	struct signer found;
	struct err e = { 0 };

	return signer_cache_find(signers, r, time(NULL) + later, &found, &e);
}

TEST(a_signer_is_remembered_for_a_while)
{
	const struct order_request r = remembered(OPS);

	assert_true(check_request(&r).accepted);
	assert_true(is_found(&r, SIGNER_TRUST_S - 10));
	assert_false(is_found(&r, SIGNER_TRUST_S + 10));
	assert_false(is_found(&r, -SIGNER_TRUST_S - 10));
}

TEST(a_signer_is_remembered_for_no_longer_than_its_certificate)
{
	const struct order_request r = remembered(LEAVING);

	assert_true(is_found(&r, 200));
	assert_false(is_found(&r, 310));
}

TEST(who_is_remembered_is_nobody_else)
{
	struct order o = order_to(ORDER_COMMIT);
	const struct order_request good = sign(OPS, &o);
	const struct order_request bad = sign(UNLISTED, &o);
	struct outcome first = check_request(&good);

	signer_cache_remember(signers, &first.checked.signer);
	assert_false(check_request(&bad).accepted);
}

TEST_EACH(open_agent, close_agent)
TEST_GROUP(make_signatories, drop_signatories)
