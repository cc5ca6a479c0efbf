/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_handshake.h"
#include "test.h"

#include <stdint.h>

static const struct tls_outcome serves_a = {
	.completed = true,
	.leaf = { "a", 7 },
	.chain = { .digest = "c" },
};
static const struct tls_outcome serves_b = {
	.completed = true,
	.leaf = { "b", 8 },
	.chain = { .digest = "d" },
};
static const struct tls_outcome serves_a_with_another_chain = {
	.completed = true,
	.leaf = { "a", 7 },
	.chain = { .digest = "e", .above_count = 1 },
};
static const struct tls_outcome away = { .unreachable = true, .error = "away" };
static const struct tls_outcome broken = { .error = "broken" };

static const union tls_address v4 = { .any = { .sa_family = AF_INET } };
static const union tls_address v6 = { .any = { .sa_family = AF_INET6 } };

/* One address of a name, and what it did. */
struct seen {
	const union tls_address *address;
	const struct tls_outcome *outcome;
};

static struct arena arena;

static struct tls_probe judge(const struct seen *seen, size_t count)
{
	struct tls_probe p = { .host = "name" };
	struct tls_verdict v = { .arena = &arena };

	for (size_t i = 0; i < count; i++)
		tls_verdict_add(&v, &p, seen[i].address, seen[i].outcome);
	tls_verdict_end(&v, &p);
	return p;
}

static struct tls_probe judge_two(const struct tls_outcome *first, const struct tls_outcome *second)
{
	const struct seen seen[] = { { &v4, first }, { &v4, second } };

	return judge(seen, 2);
}

TEST(addresses_that_agree_are_one_answer)
{
	struct tls_probe p = judge_two(&serves_a, &serves_a);

	assert_true(p.completed);
	assert_string_equal(p.leaf.fingerprint, "a");
	assert_null(p.other.fingerprint);
	assert_int_equal(p.chain_count, 1);
}

TEST(addresses_that_serve_different_leaves_are_told)
{
	struct tls_probe p = judge_two(&serves_a, &serves_b);

	assert_true(p.completed);
	assert_string_equal(p.leaf.fingerprint, "a");
	assert_int_equal(p.leaf.not_after, 7);
	assert_string_equal(p.other.fingerprint, "b");
	assert_int_equal(p.other.not_after, 8);
	assert_int_equal(p.chain_count, 1);
	assert_string_equal(p.chains[0].digest, "c");
}

/* Whichever comes first: what is wanted never hides what is not. */
TEST(the_leaf_that_is_not_wanted_counts)
{
	struct tls_probe p = judge_two(&serves_a, &serves_b);

	assert_string_equal(tls_probe_served(&p, "a").fingerprint, "b");
	assert_string_equal(tls_probe_served(&p, "b").fingerprint, "a");
	assert_string_equal(tls_probe_served(&p, "x").fingerprint, "a");
	assert_string_equal(tls_probe_served(&p, NULL).fingerprint, "a");
	p = judge_two(&serves_a, &serves_a);
	assert_string_equal(tls_probe_served(&p, "a").fingerprint, "a");
}

TEST(every_chain_of_the_leaf_counts)
{
	struct tls_probe p = judge_two(&serves_a, &serves_a_with_another_chain);

	assert_int_equal(p.chain_count, 2);
	assert_string_equal(p.chains[0].digest, "c");
	assert_string_equal(p.chains[1].digest, "e");
	assert_int_equal(p.chains[1].above_count, 1);
	p = judge_two(&serves_b, &serves_a_with_another_chain);
	assert_int_equal(p.chain_count, 1);
	assert_string_equal(p.chains[0].digest, "d");
}

TEST(a_family_where_nobody_listens_does_not_count)
{
	const struct seen first[] = { { &v6, &away }, { &v4, &serves_b } };
	const struct seen second[] = { { &v6, &serves_b }, { &v4, &away }, { &v4, &away } };
	struct tls_probe p = judge(first, 2);

	assert_true(p.completed);
	assert_string_equal(p.leaf.fingerprint, "b");
	assert_null(p.error);
	p = judge(second, 3);
	assert_true(p.completed);
	assert_null(p.error);
}

TEST(one_of_several_addresses_where_nobody_listens_counts)
{
	const struct seen mixed[] = { { &v4, &serves_a }, { &v6, &serves_a }, { &v6, &away } };
	const struct tls_probe probes[] = {
		judge_two(&serves_a, &away),
		judge_two(&away, &serves_a),
		judge(mixed, 3),
	};

	for (size_t i = 0; i < 3; i++) {
		assert_false(probes[i].completed);
		assert_string_equal(probes[i].error, "away");
		assert_null(probes[i].leaf.fingerprint);
	}
}

TEST(one_address_that_cannot_complete_fails_the_name)
{
	const struct seen families[] = { { &v4, &serves_a }, { &v6, &broken } };
	const struct tls_probe probes[] = {
		judge_two(&serves_a, &broken),
		judge_two(&broken, &serves_a),
		judge_two(&away, &broken),
		judge(families, 2),
	};

	for (size_t i = 0; i < 4; i++) {
		assert_false(probes[i].completed);
		assert_null(probes[i].leaf.fingerprint);
		assert_null(probes[i].other.fingerprint);
		assert_int_equal(probes[i].chain_count, 0);
		assert_string_equal(probes[i].error, "broken");
	}
}

TEST(a_name_that_nobody_answers_for_says_why)
{
	const struct seen only[] = { { &v6, &away } };
	struct tls_probe p = judge_two(&away, &away);

	assert_false(p.completed);
	assert_string_equal(p.error, "away");
	p = judge(only, 1);
	assert_string_equal(p.error, "away");
}

static struct tls_served serve(const struct tls_probe *first, const struct tls_probe *second,
			       const char *installed)
{
	const struct tls_probe ports[] = { *first, *second };

	return tls_served_by_all(ports, 2, installed);
}

TEST(ports_serve_together_what_is_not_installed)
{
	const struct tls_probe a = judge_two(&serves_a, &serves_a);
	const struct tls_probe b = judge_two(&serves_b, &serves_b);
	const struct tls_probe both = judge_two(&serves_a, &serves_b);

	assert_string_equal(serve(&a, &a, "a").leaf.fingerprint, "a");
	assert_string_equal(serve(&a, &b, "a").leaf.fingerprint, "b");
	assert_int_equal(serve(&a, &b, "a").leaf.not_after, 8);
	assert_string_equal(serve(&b, &a, "a").leaf.fingerprint, "b");
	assert_string_equal(serve(&a, &both, "a").leaf.fingerprint, "b");
	assert_string_equal(serve(&both, &a, "a").leaf.fingerprint, "b");
	assert_string_equal(serve(&a, &a, NULL).leaf.fingerprint, "a");
}

TEST(nothing_is_said_of_ports_that_differ_or_do_not_answer)
{
	const struct tls_probe a = judge_two(&serves_a, &serves_a);
	const struct tls_probe b = judge_two(&serves_b, &serves_b);
	const struct tls_probe both = judge_two(&serves_a, &serves_b);
	const struct tls_probe none = judge_two(&away, &away);
	const struct tls_served served[] = {
		serve(&a, &b, NULL),
		serve(&a, &both, NULL),
		serve(&a, &none, "a"),
		serve(&none, &a, "a"),
	};

	for (size_t i = 0; i < 4; i++)
		assert_null(served[i].leaf.fingerprint);
	assert_string_equal(served[0].error, "it serves several certificates");
	assert_string_equal(served[1].error, "it serves several certificates");
	assert_string_equal(served[2].error, "away");
	assert_string_equal(served[3].error, "away");
}

static int release(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

TEST_GROUP(NULL, release)
