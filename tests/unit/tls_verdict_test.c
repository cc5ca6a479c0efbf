/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct tls_outcome serves_a = {
	.completed = true, .fingerprint = "a", .chain = "c", .not_after = 7
};
static const struct tls_outcome serves_b = {
	.completed = true, .fingerprint = "b", .chain = "d", .not_after = 8
};
static const struct tls_outcome serves_a_with_more = {
	.completed = true, .fingerprint = "a", .chain = "more", .above_count = 1
};
static const struct tls_outcome away = { .unreachable = true, .error = "away" };
static const struct tls_outcome broken = { .error = "broken" };

static struct tls_probe judge(const struct tls_outcome *first,
			      const struct tls_outcome *second)
{
	struct tls_probe p = { .host = "name" };
	struct tls_verdict v = { 0 };

	tls_verdict_add(&v, &p, first);
	tls_verdict_add(&v, &p, second);
	tls_verdict_end(&v, &p);
	return p;
}

static void addresses_that_agree_are_one_answer(void **state)
{
	struct tls_probe p = judge(&serves_a, &serves_a);

	(void)state;
	assert_true(p.completed);
	assert_string_equal(p.fingerprint, "a");
	assert_null(p.other);
}

static void addresses_that_serve_different_leaves_are_told(void **state)
{
	struct tls_probe p = judge(&serves_a, &serves_b);

	(void)state;
	assert_true(p.completed);
	assert_string_equal(p.fingerprint, "a");
	assert_string_equal(p.other, "b");
	assert_string_equal(p.chain, "c");
	assert_int_equal(p.not_after, 7);
}

static void the_address_that_presents_least_counts(void **state)
{
	struct tls_probe p = judge(&serves_a_with_more, &serves_a);

	(void)state;
	assert_string_equal(p.chain, "c");
	assert_int_equal(p.above_count, 0);
	p = judge(&serves_a, &serves_a_with_more);
	assert_string_equal(p.chain, "c");
	p = judge(&serves_b, &serves_a_with_more);
	assert_string_equal(p.chain, "d");
}

static void an_address_where_nobody_listens_does_not_count(void **state)
{
	struct tls_probe p = judge(&away, &serves_b);

	(void)state;
	assert_true(p.completed);
	assert_string_equal(p.fingerprint, "b");
	assert_null(p.error);
}

static void one_address_that_cannot_complete_fails_the_name(void **state)
{
	const struct tls_outcome *orders[][2] = { { &serves_a, &broken },
						  { &broken, &serves_a },
						  { &away, &broken } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct tls_probe p = judge(orders[i][0], orders[i][1]);

		assert_false(p.completed);
		assert_null(p.fingerprint);
		assert_null(p.chain);
		assert_int_equal(p.not_after, 0);
		assert_string_equal(p.error, "broken");
	}
}

static void a_name_that_nobody_answers_for_says_why(void **state)
{
	struct tls_probe p = judge(&away, &away);

	(void)state;
	assert_false(p.completed);
	assert_string_equal(p.error, "away");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_agree_are_one_answer),
		cmocka_unit_test(
			addresses_that_serve_different_leaves_are_told),
		cmocka_unit_test(the_address_that_presents_least_counts),
		cmocka_unit_test(
			an_address_where_nobody_listens_does_not_count),
		cmocka_unit_test(
			one_address_that_cannot_complete_fails_the_name),
		cmocka_unit_test(a_name_that_nobody_answers_for_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
