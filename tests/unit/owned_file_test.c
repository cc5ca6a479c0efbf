/* SPDX-License-Identifier: Apache-2.0 */
#include "install/owned_file.h"

#include "base/fs.h"
#include "folder_fixture.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *name, const char *text)
{
	struct err e = { 0 };

	must(fs_replace(in(name), text, strlen(text), FS_PUBLIC, &e), &e);
}

static void expect(const char *name, const char *text)
{
	AUTO(buf) found = { 0 };
	struct err e = { 0 };

	must(fs_read(in(name), 4096, &found, &e), &e);
	assert_string_equal(buf_text(&found), text);
}

static void expect_nothing(const char *name)
{
	assert_int_equal(access(in(name), F_OK), -1);
}

/* The texts that count as certfleet's own. */
struct own {
	char path[160];
	char hashes[2][SHA256_TEXT];
	const char *known[2];
	struct owned_file file;
};

static void own_init(struct own *o, const char *name, const char *first, const char *second)
{
	snprintf(o->path, sizeof(o->path), "%s", in(name));
	sha256_text(first, strlen(first), o->hashes[0]);
	sha256_text(second, strlen(second), o->hashes[1]);
	o->known[0] = o->hashes[0];
	o->known[1] = o->hashes[1];
	o->file = (struct owned_file){
		.path = o->path, .known = o->known, .known_count = 2, .keeps_former = true
	};
}

static bool replace(const struct own *o, const char *text, struct err *e)
{
	const struct secret bytes = { (unsigned char *)text, strlen(text) };

	return owned_file_replace(&o->file, &bytes, e);
}

TEST(a_file_is_written_with_its_directory_for_nobody_else)
{
	struct own o;
	struct stat st;
	struct err e = { 0 };

	own_init(&o, "new/deep/file", "one", "two");
	must(replace(&o, "one", &e), &e);
	expect("new/deep/file", "one");
	assert_int_equal(stat(in("new/deep/file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(in("new/deep"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

TEST(the_former_file_is_kept_beside_the_new_one)
{
	struct own o;
	struct err e = { 0 };

	own_init(&o, "file", "one", "two");
	must(replace(&o, "one", &e), &e);
	expect_nothing("file.old");
	must(replace(&o, "two", &e), &e);
	expect("file", "two");
	expect("file.old", "one");
	must(replace(&o, "one", &e), &e);
	expect("file.old", "two");
}

TEST(without_a_wish_for_it_no_former_file_is_kept)
{
	struct own o;
	struct err e = { 0 };

	own_init(&o, "file", "one", "two");
	o.file.keeps_former = false;
	must(replace(&o, "one", &e), &e);
	must(replace(&o, "two", &e), &e);
	expect_nothing("file.old");
}

TEST(a_foreign_file_stays_and_so_does_one_that_was_edited)
{
	struct own o;
	struct owned_there there;
	struct err e = { 0 };

	own_init(&o, "file", "one", "two");
	put("file", "one and more");
	assert_false(owned_file_look(&o.file, &there, &e));
	assert_non_null(strstr(e.text, "certfleet did not write it"));
	assert_false(replace(&o, "two", &e));
	e = (struct err){ 0 };
	must(owned_file_wipe(&o.file, &e), &e);
	expect("file", "one and more");
}

TEST(a_foreign_former_file_stays)
{
	struct own o;
	struct err e = { 0 };

	own_init(&o, "file", "one", "two");
	put("file", "one");
	put("file.old", "foreign");
	assert_false(replace(&o, "two", &e));
	expect("file", "one");
	expect("file.old", "foreign");
}

TEST(a_link_is_not_followed)
{
	struct own o;
	struct err e = { 0 };

	own_init(&o, "file", "one", "two");
	put("target", "one");
	assert_int_equal(symlink(in("target"), in("file")), 0);
	assert_false(replace(&o, "two", &e));
	e = (struct err){ 0 };
	must(owned_file_wipe(&o.file, &e), &e);
	expect("target", "one");
}

TEST(what_others_can_write_is_no_place_for_it)
{
	struct own o;
	struct err e = { 0 };

	own_init(&o, "open/file", "one", "two");
	assert_int_equal(mkdir(in("open"), 0700), 0);
	assert_int_equal(chmod(in("open"), 0777), 0);
	assert_false(replace(&o, "one", &e));
	assert_non_null(strstr(e.text, "others can write"));
	assert_null(strstr(e.text, "unsafe_directory"));
	expect_nothing("open/file");
}

TEST(a_wiped_file_is_gone_and_holds_nothing_any_more)
{
	struct own o;
	struct stat st;
	struct err e = { 0 };
	char left[4] = "";

	own_init(&o, "file", "one", "two");
	must(replace(&o, "one", &e), &e);

	FILE *open = fopen(in("file"), "r");

	assert_non_null(open);
	must(owned_file_wipe(&o.file, &e), &e);
	expect_nothing("file");
	assert_int_equal(fread(left, 1, 3, open), 3);
	assert_memory_equal(left, "\0\0\0", 3);
	assert_int_equal(fstat(fileno(open), &st), 0);
	assert_int_equal(st.st_nlink, 0);
	fclose(open);
	must(owned_file_wipe(&o.file, &e), &e);
}

TEST(another_name_of_a_wiped_file_keeps_its_content)
{
	struct own o;
	struct err e = { 0 };

	own_init(&o, "file", "one", "two");
	must(replace(&o, "one", &e), &e);
	assert_int_equal(link(in("file"), in("copy")), 0);
	must(owned_file_wipe(&o.file, &e), &e);
	expect_nothing("file");
	expect("copy", "one");
}

TEST_EACH(folder_setup, folder_teardown)
