/* SPDX-License-Identifier: Apache-2.0 */
#include "install/attr.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <sys/stat.h>

enum {
	ROOT = 0,
	US = 1000,
	NAMED = 70,
	STRANGER = 666,
	NOBODY_NAMED = -1,
};

static const struct fs_attr safe_home = { .mode = S_IFDIR | 0755 };
static const struct fs_attr sticky_home = { .mode = S_IFDIR | 01777 };

static struct trust trust_of(int us, int owner)
{
	return (struct trust){ .us = (uid_t)us, .owner = (uid_t)owner };
}

static struct fs_attr a_file(int owner, nlink_t links)
{
	return (struct fs_attr){ .mode = S_IFREG | 0600, .owner = (uid_t)owner, .links = links };
}

TEST(s2_a_file_is_inherited_from_root_us_or_the_named_owner)
{
	static const struct {
		int us;
		int named;
		int owner;
		bool lends;
		bool replaced;
	} rows[] = {
		{ ROOT, NOBODY_NAMED, ROOT, true, true },
		{ ROOT, NOBODY_NAMED, STRANGER, false, false },
		{ ROOT, NAMED, NAMED, true, true },
		/* who gets it is said */
		{ ROOT, NAMED, STRANGER, false, true },
		{ US, NOBODY_NAMED, US, true, true },
		{ US, NOBODY_NAMED, ROOT, true, true },
		{ US, NOBODY_NAMED, STRANGER, false, false },
		/* files whose owner is not told are nobody's */
		{ ROOT, NOBODY_NAMED, -1, false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct trust t = trust_of(rows[i].us, rows[i].named);
		struct err e = { 0 };

		if (file_trust_file(&t, "/k", a_file(rows[i].owner, 1), &e) != rows[i].replaced ||
		    file_trust_lends(&t, a_file(rows[i].owner, 1)) != rows[i].lends)
			fail_msg("row %zu: %s", i, e.text);
	}
}

TEST(s2_the_remedy_names_the_owner_that_can_be_said)
{
	const struct trust root = trust_of(ROOT, NOBODY_NAMED);
	const struct trust user = trust_of(US, NOBODY_NAMED);
	struct err e = { 0 };

	assert_false(file_trust_file(&root, "/k", a_file(STRANGER, 1), &e));
	assert_non_null(strstr(e.text, "'/k' belongs to user 666"));
	assert_non_null(strstr(e.text, "say 'owner: \"666\"', or remove it"));
	/* who is not root cannot give files away */
	assert_false(file_trust_file(&user, "/k", a_file(STRANGER, 1), &e));
	assert_null(strstr(e.text, "owner:"));
	assert_non_null(strstr(e.text, "remove it"));
}

TEST(s2_a_file_with_a_second_name_is_not_inherited_from)
{
	const struct trust t = trust_of(ROOT, NOBODY_NAMED);
	struct err e = { 0 };

	assert_true(file_trust_file(&t, "/k", a_file(ROOT, 0), &e));
	assert_false(file_trust_file(&t, "/k", a_file(ROOT, 2), &e));
	assert_non_null(strstr(e.text, "hard link"));
	assert_false(file_trust_entry(&t, "/k", a_file(ROOT, 2), safe_home, &e));
}

TEST(s2_what_stands_in_a_sticky_directory_is_roots_or_ours)
{
	static const mode_t kinds[] = { S_IFREG | 0600, S_IFLNK | 0777, S_IFDIR | 0755,
					S_IFIFO | 0600 };
	const struct trust t = trust_of(ROOT, NAMED);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct fs_attr entry = { .mode = kinds[i], .links = 1 };
		struct err e = { 0 };

		assert_true(file_trust_entry(&t, "/tmp/k", entry, sticky_home, &e));
		entry.owner = STRANGER;
		assert_false(file_trust_entry(&t, "/tmp/k", entry, sticky_home, &e));
		assert_non_null(strstr(e.text, "user 666"));
		/* naming the owner does not help: anybody can say who it is */
		entry.owner = NAMED;
		assert_false(file_trust_entry(&t, "/tmp/k", entry, sticky_home, &e));
	}
}

TEST(s2_a_link_elsewhere_is_roots_or_ours)
{
	const struct trust t = trust_of(US, NOBODY_NAMED);
	struct fs_attr link = { .mode = S_IFLNK | 0777, .owner = STRANGER };
	struct err e = { 0 };

	assert_false(file_trust_entry(&t, "/k", link, safe_home, &e));
	link.owner = US;
	assert_true(file_trust_entry(&t, "/k", link, safe_home, &e));
}

TEST(s2_a_directory_is_judged_like_those_above_it)
{
	struct trust t = trust_of(ROOT, NAMED);
	struct fs_attr dir = { .mode = S_IFDIR | 0755 };
	struct err e = { 0 };

	assert_true(file_trust_directory(&t, "/d", dir, &e));
	dir.mode = S_IFDIR | 0777;
	assert_false(file_trust_directory(&t, "/d", dir, &e));
	dir.mode = S_IFDIR | 01777; /* what is in it may be a stranger's */
	assert_false(file_trust_directory(&t, "/d", dir, &e));
	dir = (struct fs_attr){ .mode = S_IFDIR | 0700, .owner = NAMED };
	assert_false(file_trust_directory(&t, "/d", dir, &e));
	t.unsafe = true;
	assert_true(file_trust_directory(&t, "/d", dir, &e));
}

TEST(s2_the_store_is_ours_alone_even_where_unsafe_is_said)
{
	struct trust t = trust_of(US, NAMED);
	struct fs_attr dir = { .mode = S_IFDIR | 0755, .owner = US };
	struct err e = { 0 };

	t.unsafe = true;
	assert_true(file_trust_store(&t, "/s", dir, &e));
	dir.owner = NAMED;
	assert_false(file_trust_store(&t, "/s", dir, &e));
	dir = (struct fs_attr){ .mode = S_IFDIR | 0775, .owner = US };
	assert_false(file_trust_store(&t, "/s", dir, &e));
	dir = (struct fs_attr){ .mode = S_IFREG | 0600, .owner = US };
	assert_false(file_trust_store(&t, "/s", dir, &e));
}
