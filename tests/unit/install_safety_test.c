/* SPDX-License-Identifier: Apache-2.0 */
#include "install_fixture.h"
#include "test.h"

#include <sys/file.h>
#include <sys/syscall.h>
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

TEST(no_umask_opens_a_key)
{
	static const mode_t masks[] = { 0, 077, 022 };
	struct install i = directory_form();

	for (size_t n = 0; n < sizeof(masks) / sizeof(*masks); n++) {
		umask(masks[n]);
		assert_true(deploys_without_an_open_key(&i));
		assert_int_equal(mode_of(at_root("site/key.pem")), 0600);
		assert_int_equal(mode_of(at_root("site/leaf.pem")), 0644);
		assert_int_equal(mode_of(at_root("site")), 0755);
		assert_int_equal(mode_of(at_root(".site.certfleet")), 0755);
	}
}

TEST(a_linked_parent_is_refused)
{
	struct install i = { .directory = at_root("link/site") };
	struct err e = { 0 };

	mkdir(at_root("real"), 0755);
	assert_int_equal(symlink("real", at_root("link")), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "symbolic link"));
	assert_non_null(probe(&i).unwritable);
	i.unsafe_directory = true;
	assert_false(stage(&i, &new_pair, &e));
}

TEST(a_parent_that_others_can_write_is_refused)
{
	struct install i = { .directory = at_root("open/site") };
	struct err e = { 0 };

	mkdir(at_root("open"), 0755);
	chmod(at_root("open"), 0777);
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "unsafe_directory"));
	assert_non_null(strstr(probe(&i).unwritable, "chmod"));
	assert_string_equal(probe(&i).installed, "");
	i.unsafe_directory = true;
	e = (struct err){ 0 };
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(a_sticky_directory_of_root_is_accepted)
{
	struct install i = { .directory = at_root("sticky/site") };
	struct err e = { 0 };

	if (geteuid() != 0) {
		print_message("SKIPPED: only root can make one\n");
		skip();
	}
	mkdir(at_root("sticky"), 0755);
	chmod(at_root("sticky"), 01777);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(a_parent_of_another_user_is_refused)
{
	struct install i = { .directory = at_root("theirs/site") };
	struct err e = { 0 };

	if (geteuid() != 0) {
		print_message("SKIPPED: only root can make one\n");
		skip();
	}
	mkdir(at_root("theirs"), 0755);
	assert_int_equal(chown(at_root("theirs"), 65534, 65534), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(probe(&i).unwritable);
}

TEST(a_missing_parent_is_not_made)
{
	struct install i = { .directory = at_root("no/site") };
	struct err e = { 0 };

	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "does not exist"));
	assert_non_null(strstr(probe(&i).unwritable, "does not exist"));
	assert_string_equal(probe(&i).installed, "");
	assert_int_equal(access(at_root("no"), F_OK), -1);
	e = (struct err){ 0 };
	must(install_abort(&i, new_pair.facts.fingerprint, &e), &e);
	must(install_remove(&i, &e), &e);
}

TEST(a_store_that_is_a_link_is_refused)
{
	struct install i = directory_form();
	struct err e = { 0 };

	mkdir(at_root("trap"), 0755);
	assert_int_equal(symlink("trap", at_root(".site.certfleet")), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_int_equal(rmdir(at_root("trap")), 0);
}

TEST(a_link_out_of_the_store_is_not_followed)
{
	struct install i = directory_form();

	mkdir(at_root("trap"), 0755);
	write_certs(at_root("trap/fullchain.pem"), &old_pair);
	assert_int_equal(symlink(".site.certfleet/../trap", i.directory), 0);
	assert_null(probe(&i).installed);
	assert_non_null(probe(&i).error);
}

TEST(a_part_that_is_a_link_is_not_followed)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	unlink(at_root("site/key.pem"));
	write_key(at_root("outside.pem"), &old_pair, 0600);
	assert_int_equal(symlink("../../outside.pem", at_root("site/key.pem")), 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
	assert_int_equal(access(at_root("outside.pem"), F_OK), 0);
}

TEST(d2_what_is_not_ours_stays_in_a_directory)
{
	struct install i = directory_form();
	struct err e = { 0 };

	mkdir(i.directory, 0755);
	put_others();
	assert_null(probe(&i).unwritable);
	must(deploy(&i, &old_pair, &e), &e);
	assert_others();
	assert_int_equal(mode_of(at_root("site/hooks")), 0750);
	write_text(at_root("site/later.pem"), "later\n");
	must(deploy(&i, &new_pair, &e), &e);
	assert_others();
	assert_reads("site/later.pem", "later\n");
	unlink(at_root("site/later.pem"));
	must(deploy(&i, &third_pair, &e), &e);
	assert_int_equal(access(at_root("site/later.pem"), F_OK), -1);
	must(install_revert(&i, new_pair.facts.fingerprint, &e), &e);
	assert_others();
	must(install_revert(&i, "", &e), &e);
	assert_others();
}

TEST(d2_a_directory_with_what_is_not_ours_is_not_removed)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	write_text(at_root("site/dhparam.pem"), "parameters\n");
	assert_false(install_remove(&i, &e));
	assert_non_null(strstr(e.text, "is not certfleet's"));
	assert_reads("site/dhparam.pem", "parameters\n");
	assert_installed(&i, &old_pair);
}

TEST(a_socket_in_a_directory_is_not_carried)
{
	struct install i = directory_form();
	struct err e = { 0 };

	mkdir(i.directory, 0755);
	assert_int_equal(mkfifo(at_root("site/pipe"), 0600), 0);
	assert_non_null(strstr(probe(&i).unwritable, "site/pipe' cannot be carried"));
	assert_false(stage(&i, &new_pair, &e));
	assert_int_equal(access(at_root(".site.certfleet"), F_OK), -1);
}

TEST(a_file_named_like_ours_needs_replace)
{
	struct install i = directory_form();
	struct err e = { 0 };

	mkdir(i.directory, 0755);
	write_text(at_root("site/ca.pem"), "important\n");
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "site/ca.pem"));
	assert_non_null(strstr(probe(&i).unwritable, "replace: true"));
	i.replace = true;
	e = (struct err){ 0 };
	must(deploy(&i, &new_pair, &e), &e);
	must(install_revert(&i, "", &e), &e);
	assert_reads("site/ca.pem", "important\n");
}

TEST(a_file_where_the_directory_belongs_is_refused)
{
	struct install i = directory_form();
	struct err e = { 0 };

	write_certs(i.directory, &old_pair);
	i.replace = true;
	assert_false(stage(&i, &new_pair, &e));
	assert_null(probe(&i).installed);
}

TEST(a_fifo_does_not_block)
{
	struct install i = path_form();
	struct err e = { 0 };

	assert_int_equal(mkfifo(i.certificate, 0600), 0);
	assert_false(stage(&i, &new_pair, &e));
	assert_null(probe(&i).installed);
}

TEST(an_oversized_file_is_an_error)
{
	struct install i = path_form();

	write_certs(i.certificate, &old_pair);
	assert_int_equal(truncate(i.certificate, INPUT_FILE_LIMIT + 1), 0);
	assert_null(probe(&i).installed);
	assert_non_null(strstr(probe(&i).error, "more than"));
}

TEST(an_old_temporary_is_cleaned_up)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(stage(&i, &old_pair, &e), &e);
	mkdir(at_root(".site.key.certfleet/.new.tmp-certfleet"), 0700);
	write_key(at_root(".site.key.certfleet/.new.tmp-certfleet/key.pem"), &new_pair, 0600);
	assert_int_equal(symlink("x", at_root(".site.crt.tmp-certfleet")), 0);
	must(stage(&i, &new_pair, &e), &e);
	assert_int_equal(access(at_root(".site.key.certfleet/.new.tmp-certfleet"), F_OK), -1);
	assert_int_equal(readlink(at_root(".site.crt.tmp-certfleet"), (char[8]){ 0 }, 8), -1);
}

/* Locked by somebody else until it has been asked for twice; -1: nobody. */
static int first_writer = -1;
static unsigned refusals;

/* In the place of the library's. */
int flock(int fd, int operation)
{
	int rc = (int)syscall(SYS_flock, fd, operation);

	if (rc && first_writer >= 0 && ++refusals == 2) {
		close(TAKE_FD(first_writer));
		errno = EWOULDBLOCK;
	}
	return rc;
}

TEST(a_second_writer_waits)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(stage(&i, &old_pair, &e), &e);
	first_writer = open(at_root(".site.certfleet"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(first_writer, LOCK_EX), 0);
	must(stage(&i, &new_pair, &e), &e);
	assert_int_equal(refusals, 2);
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

TEST(s2_a_planted_key_in_an_open_directory_is_refused)
{
	struct install i = directory_form();

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

TEST(s2_a_planted_key_in_a_sticky_directory_is_refused)
{
	struct install i = { .certificate = at_root("sticky/site.crt"),
			     .key = at_root("sticky/site.key") };

	needs_root();
	make_dir("sticky", 01777);
	plant_files(&i);
	assert_refused(&i, "belongs to user 65534 and stands in a directory");
	i.owner = "nobody";
	assert_refused(&i, "belongs to user 65534 and stands in a directory");
	assert_false(exists(at_root("sticky/.site.key.certfleet")));
}

TEST(s2_a_key_of_another_user_needs_owner_to_be_said)
{
	struct install i = path_form();
	struct err e = { 0 };

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

TEST(s2_where_the_owner_is_said_a_strangers_file_lends_nothing)
{
	struct install i = path_form();
	struct stat st = { 0 };
	struct err e = { 0 };

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

TEST(s2_a_combined_file_of_another_user_is_refused)
{
	struct install i = { .combined = at_root("site.pem") };

	needs_root();
	write_certs(i.combined, &old_pair);
	give_to_stranger(i.combined);
	assert_refused(&i, "say 'owner: \"65534\"', or remove it");
}

TEST(s2_a_hard_link_lends_no_owner_and_mode)
{
	struct install i = path_form();

	make_dir("private", 0700);
	write_certs(i.certificate, &old_pair);
	write_key(at_root("private/other.key"), &old_pair, 0640);
	assert_int_equal(link(at_root("private/other.key"), i.key), 0);
	assert_refused(&i, "hard link");
	assert_false(exists(at_root(".site.key.certfleet")));
}

TEST(s2_a_hard_link_in_the_directory_lends_nothing_either)
{
	struct install i = directory_form();

	make_dir("site", 0755);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("other.key"), &old_pair, 0640);
	assert_int_equal(link(at_root("other.key"), at_root("site/key.pem")), 0);
	assert_refused(&i, "hard link");
}

TEST(s2_a_backup_by_hard_links_does_not_stop_a_renewal)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	assert_int_equal(link(at_root("site/key.pem"), at_root("copy")), 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(s2_a_planted_link_store_or_directory_is_refused)
{
	struct install i = { .directory = at_root("sticky/site") };
	const char *store = at_root("sticky/.site.certfleet");
	struct err e = { 0 };

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

TEST(s2_a_directory_of_another_user_is_not_taken_over)
{
	struct install i = directory_form();
	struct err e = { 0 };

	needs_root();
	make_dir("site", 0755);
	give_to_stranger(i.directory);
	assert_refused(&i, "belongs to user 65534");
	i.unsafe_directory = true;
	must(deploy(&i, &new_pair, &e), &e);
}

TEST(s2_a_store_that_others_can_write_keeps_its_mode)
{
	struct install i = directory_form();

	make_dir(".site.certfleet", 0777);
	assert_refused(&i, "can be written by others");
	assert_int_equal(mode_of(at_root(".site.certfleet")), 0777);
}

TEST(s2_a_version_that_others_can_write_is_not_used)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(chmod(arena_printf(&test_arena, "%s/.site.certfleet/%s", root,
					    old_pair.facts.fingerprint),
			       0777),
			 0);
	assert_false(install_revert(&i, old_pair.facts.fingerprint, &e));
	assert_non_null(strstr(e.text, "others can write"));
	assert_served(&i, &new_pair);
	assert_int_equal(chmod(i.directory, 0777), 0);
	assert_refused(&i, "others can write");
}

TEST(s2_what_is_planted_after_the_plan_is_refused)
{
	struct install i = { .certificate = at_root("sticky/site.crt"),
			     .key = at_root("sticky/site.key") };
	struct err e = { 0 };

	needs_root();
	make_dir("sticky", 01777);
	must(stage(&i, &new_pair, &e), &e);
	plant_files(&i);
	assert_false(install_commit(&i, new_pair.facts.fingerprint, NULL, &e));
	assert_non_null(strstr(e.text, "belongs to user 65534"));
	assert_int_equal(owner_of(i.key), STRANGER_ID);
}

TEST_EACH(open_root, close_root)
TEST_GROUP(make_pairs, drop_pairs)
