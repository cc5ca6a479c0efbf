/* SPDX-License-Identifier: Apache-2.0 */
#include "place_fixture.h"

#include "base/clock.h"

#include <sys/file.h>
#include <sys/wait.h>

/* Every entry that may hold a key, at any time; true: one was open. */
static bool key_is_open;

static int sample(const char *path, const struct stat *st, int type,
		  struct FTW *at)
{
	(void)at;
	if (type == FTW_F && st->st_size > 0 && strstr(path, "key.pem") &&
	    (st->st_mode & 077))
		key_is_open = true;
	return 0;
}

/* A second process looks at all modes while the first writes. */
static bool deploys_without_an_open_key(const struct install *i)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = { 0 };

		for (int n = 0; n < 30; n++)
			if (!deploy(i, n % 2 ? &old_pair : &new_pair, &e))
				_exit(1);
		_exit(0);
	}
	key_is_open = false;
	while (waitpid(pid, &status, WNOHANG) == 0)
		nftw(root, sample, 16, FTW_PHYS);
	return status == 0 && !key_is_open;
}

static void no_umask_opens_a_key(void **state)
{
	static const mode_t masks[] = { 0, 077, 022 };
	struct install i = directory_form();

	(void)state;
	for (size_t n = 0; n < sizeof(masks) / sizeof(*masks); n++) {
		umask(masks[n]);
		assert_true(deploys_without_an_open_key(&i));
		assert_int_equal(mode_of(at_root("site/key.pem")), 0600);
		assert_int_equal(mode_of(at_root("site/leaf.pem")), 0644);
		assert_int_equal(mode_of(at_root("site")), 0755);
		assert_int_equal(mode_of(at_root(".site.certfleet")), 0755);
	}
}

static void a_linked_parent_is_refused(void **state)
{
	struct install i = { .directory = at_root("link/site") };
	struct err e = { 0 };

	(void)state;
	mkdir(at_root("real"), 0755);
	assert_int_equal(symlink("real", at_root("link")), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "symbolic link"));
	assert_non_null(probe(&i).unwritable);
	i.unsafe_directory = true;
	assert_false(stage(&i, &new_pair, &e));
}

static void a_parent_that_others_can_write_is_refused(void **state)
{
	struct install i = { .directory = at_root("open/site") };
	struct err e = { 0 };

	(void)state;
	mkdir(at_root("open"), 0755);
	chmod(at_root("open"), 0777);
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "unsafe_directory"));
	assert_non_null(strstr(probe(&i).unwritable, "chmod"));
	assert_string_equal(probe(&i).installed, "");
	i.unsafe_directory = true;
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

static void a_sticky_directory_of_root_is_accepted(void **state)
{
	struct install i = { .directory = at_root("sticky/site") };
	struct err e = { 0 };

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: only root can make one\n");
		skip();
	}
	mkdir(at_root("sticky"), 0755);
	chmod(at_root("sticky"), 01777);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

static void a_parent_of_another_user_is_refused(void **state)
{
	struct install i = { .directory = at_root("theirs/site") };
	struct err e = { 0 };

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: only root can make one\n");
		skip();
	}
	mkdir(at_root("theirs"), 0755);
	assert_int_equal(chown(at_root("theirs"), 65534, 65534), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(probe(&i).unwritable);
}

static void a_missing_parent_is_not_made(void **state)
{
	struct install i = { .directory = at_root("no/site") };
	struct err e = { 0 };

	(void)state;
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "does not exist"));
	assert_non_null(strstr(probe(&i).unwritable, "does not exist"));
	assert_string_equal(probe(&i).installed, "");
	assert_int_equal(access(at_root("no"), F_OK), -1);
	must(place_abort(&i, new_pair.facts.fingerprint, &e), &e);
	must(place_remove(&i, &e), &e);
}

static void a_store_that_is_a_link_is_refused(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	mkdir(at_root("trap"), 0755);
	assert_int_equal(symlink("trap", at_root(".site.certfleet")), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_int_equal(rmdir(at_root("trap")), 0);
}

static void a_link_out_of_the_store_is_not_followed(void **state)
{
	struct install i = directory_form();

	(void)state;
	mkdir(at_root("trap"), 0755);
	write_certs(at_root("trap/fullchain.pem"), &old_pair);
	assert_int_equal(symlink(".site.certfleet/../trap", i.directory), 0);
	assert_null(probe(&i).installed);
	assert_non_null(probe(&i).error);
}

static void a_part_that_is_a_link_is_not_followed(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	must(deploy(&i, &new_pair, &e), &e);
	unlink(at_root("site/key.pem"));
	write_key(at_root("outside.pem"), &old_pair, 0600);
	assert_int_equal(symlink("../../outside.pem", at_root("site/key.pem")),
			 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
	assert_int_equal(access(at_root("outside.pem"), F_OK), 0);
}

static void a_directory_with_foreign_files_needs_replace(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	mkdir(i.directory, 0755);
	write_text(at_root("site/notes.txt"), "important\n");
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "notes.txt"));
	assert_non_null(strstr(probe(&i).unwritable, "replace: true"));
	i.replace = true;
	must(deploy(&i, &new_pair, &e), &e);
	must(place_revert(&i, "", &e), &e);
	assert_int_equal(access(at_root("site/notes.txt"), F_OK), 0);
}

static void a_file_where_the_directory_belongs_is_refused(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	write_certs(i.directory, &old_pair);
	i.replace = true;
	assert_false(stage(&i, &new_pair, &e));
	assert_null(probe(&i).installed);
}

static void a_fifo_does_not_block(void **state)
{
	struct install i = path_form();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(mkfifo(i.certificate, 0600), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_null(probe(&i).installed);
}

static void an_oversized_file_is_an_error(void **state)
{
	struct install i = path_form();

	(void)state;
	write_certs(i.certificate, &old_pair);
	assert_int_equal(truncate(i.certificate, INPUT_FILE_LIMIT + 1), 0);
	assert_null(probe(&i).installed);
	assert_non_null(strstr(probe(&i).error, "more than"));
}

static void an_old_temporary_is_cleaned_up(void **state)
{
	struct install i = path_form();
	struct err e = { 0 };

	(void)state;
	must(stage(&i, &old_pair, &e), &e);
	mkdir(at_root(".site.key.certfleet/.new.tmp-certfleet"), 0700);
	write_key(at_root(".site.key.certfleet/.new.tmp-certfleet/key.pem"),
		  &new_pair, 0600);
	assert_int_equal(symlink("x", at_root(".site.crt.tmp-certfleet")), 0);
	must(stage(&i, &new_pair, &e), &e);
	assert_int_equal(
		access(at_root(".site.key.certfleet/.new.tmp-certfleet"), F_OK),
		-1);
	assert_int_equal(
		readlink(at_root(".site.crt.tmp-certfleet"), (char[8]){ 0 }, 8),
		-1);
}

static void a_second_writer_waits(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };
	int64_t began = 0;
	int ready[2];
	char byte = 0;
	pid_t pid;

	(void)state;
	must(stage(&i, &old_pair, &e), &e);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int store = open(at_root(".site.certfleet"), O_RDONLY);

		if (flock(store, LOCK_EX) || write(ready[1], "", 1) != 1)
			_exit(1);
		clock_sleep_ms(400);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	began = clock_mono_ms();
	must(stage(&i, &new_pair, &e), &e);
	assert_true(clock_mono_ms() - began >= 200);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_root, close_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_umask_opens_a_key),
		TEST(a_linked_parent_is_refused),
		TEST(a_parent_that_others_can_write_is_refused),
		TEST(a_sticky_directory_of_root_is_accepted),
		TEST(a_parent_of_another_user_is_refused),
		TEST(a_missing_parent_is_not_made),
		TEST(a_store_that_is_a_link_is_refused),
		TEST(a_link_out_of_the_store_is_not_followed),
		TEST(a_part_that_is_a_link_is_not_followed),
		TEST(a_directory_with_foreign_files_needs_replace),
		TEST(a_file_where_the_directory_belongs_is_refused),
		TEST(a_fifo_does_not_block),
		TEST(an_oversized_file_is_an_error),
		TEST(an_old_temporary_is_cleaned_up),
		TEST(a_second_writer_waits),
	};

	return cmocka_run_group_tests(tests, make_pairs, drop_pairs);
}
