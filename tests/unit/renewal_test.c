/* SPDX-License-Identifier: Apache-2.0 */
/* When renewals are due: `spread` takes those of one day apart. */
#include "model/renewal.h"
#include "test.h"

#include <stdio.h>

enum {
	DAY = 24 * 3600
};

static int64_t spread_with(const char *name, int64_t lifetime, struct renew_before rb,
			   unsigned spread)
{
	const struct generation g = { .source = SOURCE_IMPORTED, .not_after = lifetime };
	const struct certificate c = { .name = name, .renew_before = rb, .spread = spread };
	int64_t earlier = renewal_spread(&g, &c);
	const struct certificate none = { .name = name, .renew_before = rb };

	assert_int_equal(renewal_due_at(&g, &c), renewal_due_at(&g, &none) - earlier);
	return earlier;
}

TEST(a_spread_takes_the_renewals_of_one_day_apart)
{
	const struct renew_before rb = { .seconds = 30 * DAY };
	unsigned days[3] = { 0 };

	for (unsigned i = 0; i < 900; i++) {
		char name[32];
		int64_t earlier = 0;

		snprintf(name, sizeof(name), "edge/e%03u.example.com", i);
		earlier = spread_with(name, 90 * DAY, rb, 10);
		assert_in_range(earlier, 0, 3 * DAY - 1);
		assert_int_equal(earlier, spread_with(name, 90 * DAY, rb, 10));
		days[earlier / DAY]++;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(days[i], 250, 350);
}

TEST(a_spread_is_the_same_in_every_version)
{
	const struct renew_before rb = { .percent = 50 };

	assert_int_equal(spread_with("shop", 100 * DAY, rb, 20), 443232);
	assert_int_equal(spread_with("vendor", 100 * DAY, rb, 20), 594432);
}

TEST(without_a_spread_nothing_is_moved)
{
	const struct renew_before rb = { 0 };

	assert_int_equal(spread_with("shop", 90 * DAY, rb, 0), 0);
}

TEST(a_new_certificate_is_never_due_at_once_by_its_spread)
{
	for (unsigned percent = 1; percent < 100; percent++) {
		const struct renew_before rb = { .percent = percent };
		int64_t life = 10 * DAY;
		int64_t window = life * percent / 100;

		for (unsigned i = 0; i < 20; i++) {
			char name[2] = { (char)('a' + i), '\0' };

			assert_true(window + spread_with(name, life, rb, 100) <=
				    window + (life - window) / 2);
		}
	}
}
