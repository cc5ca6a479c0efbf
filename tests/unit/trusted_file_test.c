/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trusted_file.h"
#include "folder_fixture.h"
#include "test.h"

#include "base/fs.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STRANGER = 65534
};

static void put(const char *name, mode_t mode)
{
	struct err e = { 0 };

	assert_true(fs_replace(in(name), "text", 4, FS_PRIVATE, &e));
	assert_int_equal(chmod(in(name), mode), 0);
}

static void make(const char *name, mode_t mode)
{
	assert_int_equal(mkdir(in(name), 0700), 0);
	assert_int_equal(chmod(in(name), mode), 0);
}

static void reads(const char *name, enum trusted_kind kind)
{
	AUTO(secret) out = { 0 };
	struct err e = { 0 };

	must(trusted_file_read(in(name), kind, 100, &out, &e), &e);
	assert_string_equal(out.bytes, "text");
}

static void is_refused(const char *name, enum trusted_kind kind, const char *word)
{
	AUTO(secret) out = { 0 };
	struct err e = { 0 };

	assert_false(trusted_file_read(in(name), kind, 100, &out, &e));
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, word) || !strstr(e.text, in(name)))
		fail_msg("no '%s' in '%s'", word, e.text);
	assert_null(out.bytes);
}

TEST(s9_a_file_that_others_can_write_is_refused)
{
	put("list", 0666);
	is_refused("list", TRUSTED_PUBLIC, "run 'chmod go-w ");
	put("list", 0660);
	is_refused("list", TRUSTED_PUBLIC, "mode 0660");
	is_refused("list", TRUSTED_SECRET, "others can write it");
	put("list", 0644);
	reads("list", TRUSTED_PUBLIC);
	reads("list", TRUSTED_SECRET);
}

TEST(s9_a_key_that_others_can_read_is_refused)
{
	put("key", 0644);
	is_refused("key", TRUSTED_KEY, "run 'chmod o-rwx ");
	put("key", 0604);
	is_refused("key", TRUSTED_KEY, "mode 0604");
	put("key", 0640);
	reads("key", TRUSTED_KEY);
	put("key", 0600);
	reads("key", TRUSTED_KEY);
}

TEST(s9_a_directory_that_others_can_write_is_refused)
{
	char word[128];

	make("open", 0777);
	make("open/inner", 0755);
	put("open/inner/list", 0644);
	snprintf(word, sizeof(word), "run 'chmod go-w %s'", in("open"));
	is_refused("open/inner/list", TRUSTED_PUBLIC, word);
	assert_int_equal(chmod(in("open"), 0755), 0);
	reads("open/inner/list", TRUSTED_PUBLIC);
	reads("open/../open/./inner//list", TRUSTED_PUBLIC);
}

TEST(s9_a_link_is_followed_through_directories_that_are_safe)
{
	make("open", 0777);
	make("safe", 0755);
	make("safe/..data", 0755);
	put("safe/..data/list", 0644);
	put("open/list", 0644);
	/* as Kubernetes mounts secrets */
	assert_int_equal(symlink("..data/list", in("safe/list")), 0);
	reads("safe/list", TRUSTED_PUBLIC);
	assert_int_equal(symlink(in("safe"), in("way")), 0);
	reads("way/list", TRUSTED_PUBLIC);
	assert_int_equal(symlink("../open/list", in("safe/planted")), 0);
	is_refused("safe/planted", TRUSTED_PUBLIC, "others can write to");
	assert_int_equal(symlink(in("safe/list"), in("open/link")), 0);
	is_refused("open/link", TRUSTED_PUBLIC, "others can write to");
	assert_int_equal(symlink("round", in("safe/round")), 0);
	is_refused("safe/round", TRUSTED_PUBLIC, "too many links");
}

TEST(s9_a_strangers_file_is_refused)
{
	if (geteuid() != 0)
		skip();
	put("list", 0644);
	assert_int_equal(chown(in("list"), STRANGER, 0), 0);
	is_refused("list", TRUSTED_PUBLIC, "belongs to user 65534");
	make("theirs", 0755);
	put("theirs/list", 0644);
	assert_int_equal(chown(in("theirs"), STRANGER, 0), 0);
	is_refused("theirs/list", TRUSTED_PUBLIC, "run 'chown 0 ");
}

TEST(s9_in_a_sticky_directory_entries_are_roots_or_ours)
{
	if (geteuid() != 0)
		skip();
	make("sticky", 01777);
	put("sticky/list", 0644);
	put("list", 0644);
	reads("sticky/list", TRUSTED_PUBLIC);
	assert_int_equal(symlink(in("list"), in("sticky/link")), 0);
	reads("sticky/link", TRUSTED_PUBLIC);
	assert_int_equal(lchown(in("sticky/link"), STRANGER, 0), 0);
	is_refused("sticky/link", TRUSTED_PUBLIC, "everybody may write");
}

TEST(only_a_regular_file_is_read)
{
	AUTO(secret) out = { 0 };
	struct err e = { 0 };

	make("folder", 0755);
	is_refused("folder", TRUSTED_PUBLIC, "not a regular file");
	is_refused("folder/", TRUSTED_PUBLIC, "not a regular file");
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	is_refused("fifo", TRUSTED_PUBLIC, "not a regular file");
	assert_false(trusted_file_read(in("none"), TRUSTED_PUBLIC, 100, &out, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.text, "cannot read '"));
	put("list", 0644);
	assert_false(trusted_file_read(in("list"), TRUSTED_PUBLIC, 3, &out, &e));
	assert_non_null(strstr(e.text, "the limit is 3"));
}

TEST(another_version_of_a_file_has_another_stamp)
{
	AUTO(trusted_file) before = { 0 };
	AUTO(trusted_file) same = { 0 };
	AUTO(trusted_file) after = { 0 };
	struct err e = { 0 };

	put("list", 0644);
	assert_true(trusted_file_open(in("list"), TRUSTED_PUBLIC, &before, &e));
	assert_true(trusted_file_open(in("list"), TRUSTED_PUBLIC, &same, &e));
	assert_true(file_stamp_is_same(&before.stamp, &same.stamp));
	put("list", 0644);
	assert_true(trusted_file_open(in("list"), TRUSTED_PUBLIC, &after, &e));
	assert_false(file_stamp_is_same(&before.stamp, &after.stamp));
}

TEST_EACH(folder_setup, folder_teardown)
