/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle_layout.h"
#include "test.h"

#include "bundle/entries.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

TEST(the_newest_that_was_not_found_has_the_name_and_others_their_number)
{
	struct bundle_item items[] = {
		{ .name = "a", .number = 10, .source = "issued" },
		{ .name = "a", .number = 1, .source = "issued", .is_issuer = true },
		{ .name = "a", .number = 9, .source = "imported" },
		{ .name = "a", .number = 11, .source = "found" },
		{ .name = "p/x y", .number = 1, .source = "issued" },
	};
	static const char *const due[] = { "certificates/a/11", "certificates/a/9",
					   "certificates/a", "certificates/p%2Fx%20y",
					   "issuers/a" };
	struct bundle b = { .items = items, .item_count = 5 };
	AUTO(arena) a = { 0 };

	qsort(items, 5, sizeof(*items), layout_compare_items);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(layout_directory(&b, i, &a), due[i]);
}

TEST(every_path_of_a_file_gets_a_safe_name_of_its_own)
{
	static const char *const pairs[][2] = {
		{ "certfleet.yaml", "config/certfleet.yaml" },
		{ "roles/web.yaml", "config/roles/web.yaml" },
		{ "../x.yaml", "config/%2E%2E/x.yaml" },
		{ "./x.yaml", "config/%2E/x.yaml" },
		{ "/etc/x.yaml", "config/%2F/etc/x.yaml" },
		{ "%2E%2E/x.yaml", "config/%252E%252E/x.yaml" },
		{ "a\\b\nc", "config/a%5Cb%0Ac" },
		{ "\xc3\xa9", "config/%C3%A9" },
		{ "...", "config/..." },
	};
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		const char *name = layout_config(pairs[i][0], &a);

		assert_string_equal(name, pairs[i][1]);
		assert_true(entry_name_is_safe(name));
	}
}
