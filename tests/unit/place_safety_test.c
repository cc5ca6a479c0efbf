/* SPDX-License-Identifier: Apache-2.0 */
#include "place_fixture.h"

#include "base/clock.h"

#include <sys/file.h>
#include <sys/wait.h>

/* Every entry that may hold a key, at any time; true: one was open. */
static bool key_is_open;

static int sample(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_F && st->st_size > 0 && strstr(path, "key.pem") && (st->st_mode & 077))
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
	assert_int_equal(symlink("../../outside.pem", at_root("site/key.pem")), 0);
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
	write_key(at_root(".site.key.certfleet/.new.tmp-certfleet/key.pem"), &new_pair, 0600);
	assert_int_equal(symlink("x", at_root(".site.crt.tmp-certfleet")), 0);
	must(stage(&i, &new_pair, &e), &e);
	assert_int_equal(access(at_root(".site.key.certfleet/.new.tmp-certfleet"), F_OK), -1);
	assert_int_equal(readlink(at_root(".site.crt.tmp-certfleet"), (char[8]){ 0 }, 8), -1);
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

/* ---- what somebody else has put there ---- */

/* Told before anything is written, and refused; nothing is made. */
static void assert_refused(const struct install *i, const char *words)
{
	const char *why = probe(i).unwritable;
	struct err e = { 0 };

	assert_non_null(why);
	if (!strstr(why, words))
		fail_msg("no '%s' in: %s", words, why);
	assert_false(stage(i, &new_pair, &e));
	if (!strstr(e.text, words))
		fail_msg("no '%s' in: %s", words, e.text);
}

static void s2_a_planted_key_in_an_open_directory_is_refused(void **state)
{
	struct install i = directory_form();

	(void)state;
	needs_root();
	plant_directory(&i, 0777);
	assert_refused(&i, "others can write to directory");
	assert_false(exists(at_root(".site.certfleet")));
	assert_int_equal(owner_of(at_root("site/key.pem")), STRANGER_ID);
	/* though the directory is accepted, its key is not */
	i.unsafe_directory = true;
	assert_refused(&i, "say 'owner: \"65534\"', or remove it");
	assert_false(exists(at_root(".site.certfleet")));
}

static void s2_a_planted_key_in_a_sticky_directory_is_refused(void **state)
{
	struct install i = { .certificate = at_root("sticky/site.crt"),
			     .key = at_root("sticky/site.key") };

	(void)state;
	needs_root();
	make_dir("sticky", 01777);
	plant_files(&i);
	assert_refused(&i, "belongs to user 65534 and stands in a directory");
	i.owner = "nobody";
	assert_refused(&i, "belongs to user 65534 and stands in a directory");
	assert_false(exists(at_root("sticky/.site.key.certfleet")));
}

static void s2_a_key_of_another_user_needs_owner_to_be_said(void **state)
{
	struct install i = path_form();
	struct err e = { 0 };

	(void)state;
	needs_root();
	plant_files(&i);
	assert_refused(&i, "say 'owner: \"65534\"', or remove it");
	assert_false(exists(at_root(".site.key.certfleet")));
	i.owner = "65534";
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(owner_of(at_root(".site.key.certfleet/current/key.pem")), STRANGER_ID);
	i.owner = NULL;
	unlink(i.key);
	write_key(i.key, &old_pair, 0600);
	assert_refused(&i, "site.crt' belongs to user 65534");
}

static void s2_where_the_owner_is_said_a_strangers_file_lends_nothing(void **state)
{
	struct install i = path_form();
	struct stat st = { 0 };
	struct err e = { 0 };

	(void)state;
	needs_root();
	plant_files(&i);
	assert_int_equal(chmod(i.key, 0640), 0);
	i.owner = "root";
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(stat(i.key, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void s2_a_combined_file_of_another_user_is_refused(void **state)
{
	struct install i = { .combined = at_root("site.pem") };

	(void)state;
	needs_root();
	write_certs(i.combined, &old_pair);
	give_to_stranger(i.combined);
	assert_refused(&i, "say 'owner: \"65534\"', or remove it");
}

static void s2_a_hard_link_lends_no_owner_and_mode(void **state)
{
	struct install i = path_form();

	(void)state;
	make_dir("private", 0700);
	write_certs(i.certificate, &old_pair);
	write_key(at_root("private/other.key"), &old_pair, 0640);
	assert_int_equal(link(at_root("private/other.key"), i.key), 0);
	assert_refused(&i, "hard link");
	assert_false(exists(at_root(".site.key.certfleet")));
}

static void s2_a_hard_link_in_the_directory_lends_nothing_either(void **state)
{
	struct install i = directory_form();

	(void)state;
	make_dir("site", 0755);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("other.key"), &old_pair, 0640);
	assert_int_equal(link(at_root("other.key"), at_root("site/key.pem")), 0);
	assert_refused(&i, "hard link");
}

static void s2_a_backup_by_hard_links_does_not_stop_a_renewal(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	must(deploy(&i, &old_pair, &e), &e);
	assert_int_equal(link(at_root("site/key.pem"), at_root("copy")), 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

static void s2_a_planted_link_store_or_directory_is_refused(void **state)
{
	struct install i = { .directory = at_root("sticky/site") };
	const char *store = at_root("sticky/.site.certfleet");
	struct err e = { 0 };

	(void)state;
	needs_root();
	make_dir("sticky", 01777);
	assert_int_equal(symlink(".site.certfleet/x", i.directory), 0);
	give_to_stranger(i.directory);
	assert_refused(&i, "stands in a directory that everybody can write");
	unlink(i.directory);

	make_dir("sticky/site", 0755);
	give_to_stranger(i.directory);
	assert_refused(&i, "stands in a directory that everybody can write");
	rmdir(i.directory);

	make_dir("sticky/.site.certfleet", 0777);
	give_to_stranger(store);
	assert_refused(&i, "belongs to user 65534");
	assert_int_equal(mode_of(store), 0777);
	rmdir(store);
	must(deploy(&i, &new_pair, &e), &e);
}

static void s2_a_directory_of_another_user_is_not_taken_over(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	needs_root();
	make_dir("site", 0755);
	give_to_stranger(i.directory);
	assert_refused(&i, "belongs to user 65534");
	i.unsafe_directory = true;
	must(deploy(&i, &new_pair, &e), &e);
}

static void s2_a_store_that_others_can_write_keeps_its_mode(void **state)
{
	struct install i = directory_form();

	(void)state;
	make_dir(".site.certfleet", 0777);
	assert_refused(&i, "can be written by others");
	assert_int_equal(mode_of(at_root(".site.certfleet")), 0777);
}

static void s2_a_version_that_others_can_write_is_not_used(void **state)
{
	struct install i = directory_form();
	struct err e = { 0 };

	(void)state;
	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(chmod(arena_printf(&test_arena, "%s/.site.certfleet/%s", root,
					    old_pair.facts.fingerprint),
			       0777),
			 0);
	assert_false(place_revert(&i, old_pair.facts.fingerprint, &e));
	assert_non_null(strstr(e.text, "others can write"));
	assert_served(&i, &new_pair);
	assert_int_equal(chmod(i.directory, 0777), 0);
	assert_refused(&i, "others can write");
}

static void s2_what_is_planted_after_the_plan_is_refused(void **state)
{
	struct install i = { .certificate = at_root("sticky/site.crt"),
			     .key = at_root("sticky/site.key") };
	struct err e = { 0 };

	(void)state;
	needs_root();
	make_dir("sticky", 01777);
	must(stage(&i, &new_pair, &e), &e);
	plant_files(&i);
	assert_false(place_commit(&i, new_pair.facts.fingerprint, NULL, &e));
	assert_non_null(strstr(e.text, "belongs to user 65534"));
	assert_int_equal(owner_of(i.key), STRANGER_ID);
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
		TEST(s2_a_planted_key_in_an_open_directory_is_refused),
		TEST(s2_a_planted_key_in_a_sticky_directory_is_refused),
		TEST(s2_a_key_of_another_user_needs_owner_to_be_said),
		TEST(s2_where_the_owner_is_said_a_strangers_file_lends_nothing),
		TEST(s2_a_combined_file_of_another_user_is_refused),
		TEST(s2_a_hard_link_lends_no_owner_and_mode),
		TEST(s2_a_hard_link_in_the_directory_lends_nothing_either),
		TEST(s2_a_backup_by_hard_links_does_not_stop_a_renewal),
		TEST(s2_a_planted_link_store_or_directory_is_refused),
		TEST(s2_a_directory_of_another_user_is_not_taken_over),
		TEST(s2_a_store_that_others_can_write_keeps_its_mode),
		TEST(s2_a_version_that_others_can_write_is_not_used),
		TEST(s2_what_is_planted_after_the_plan_is_refused),
	};

	return cmocka_run_group_tests(tests, make_pairs, drop_pairs);
}
