/* SPDX-License-Identifier: Apache-2.0 */
#include "model/observation.h"
#include "test.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const size_t texts[] = {
	offsetof(struct observation, error),      offsetof(struct observation, version),
	offsetof(struct observation, installed),  offsetof(struct observation, chain),
	offsetof(struct observation, damage),     offsetof(struct observation, attr_flaw),
	offsetof(struct observation, staged),     offsetof(struct observation, unwritable),
	offsetof(struct observation, served),     offsetof(struct observation, served_flaw),
	offsetof(struct observation, activation), offsetof(struct observation, doubt),
	offsetof(struct observation, untrusted),  offsetof(struct observation, not_running),
	offsetof(struct observation, activated),  offsetof(struct observation, executable),
	offsetof(struct observation, order_from), offsetof(struct observation, unverifiable),
	offsetof(struct observation, no_secret),  offsetof(struct observation, plain),
};

#define TEXT_COUNT (sizeof(texts) / sizeof(*texts))

static const char **text_at(struct observation *o, size_t i)
{
	return (const char **)((char *)o + texts[i]);
}

TEST(a_copy_outlives_what_it_was_copied_from)
{
	AUTO(arena) a = { 0 };
	char source[TEXT_COUNT][16];
	struct observation o = { .online = true,
				 .order_taken = 7,
				 .leaf = { (const unsigned char *)"x", 1 } };

	for (size_t i = 0; i < TEXT_COUNT; i++) {
		snprintf(source[i], sizeof(source[i]), "text %zu", i);
		*text_at(&o, i) = source[i];
	}

	struct observation copy = observation_copy(&o, &a);

	memset(source, 0, sizeof(source));
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		char expected[16];

		snprintf(expected, sizeof(expected), "text %zu", i);
		assert_string_equal(*text_at(&copy, i), expected);
	}
	assert_true(copy.online);
	assert_int_equal(copy.order_taken, 7);
	assert_int_equal(copy.leaf.len, 0);
}
