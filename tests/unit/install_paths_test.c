/* SPDX-License-Identifier: Apache-2.0 */
#include "install_fixture.h"
#include "test.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct install every_path(void)
{
	return (struct install){ .certificate = at_root("full.crt"),
				 .key = at_root("site.key"),
				 .leaf = at_root("leaf.crt"),
				 .chain = at_root("chain.crt"),
				 .ca = at_root("ca.crt"),
				 .combined = at_root("all.pem") };
}

TEST(every_path_becomes_a_link)
{
	struct install i = every_path();
	struct err e = { 0 };
	struct stat st = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	assert_installed(&i, &new_pair);
	assert_served(&i, &new_pair);
	assert_string_equal(served_from(i.combined, i.combined), new_pair.facts.fingerprint);
	assert_string_equal(served_from(i.leaf, i.key), new_pair.facts.fingerprint);
	assert_int_equal(access(i.chain, F_OK), 0);
	assert_int_equal(access(i.ca, F_OK), 0);
	assert_int_equal(lstat(i.key, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(mode_of(i.key), 0600);
	assert_int_equal(mode_of(i.combined), 0600);
	assert_int_equal(mode_of(i.certificate), 0644);
}

TEST(a_combined_file_alone_is_enough)
{
	struct install i = { .combined = at_root("all.pem") };
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_installed(&i, &new_pair);
	assert_string_equal(served_from(i.combined, i.combined), new_pair.facts.fingerprint);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_string_equal(served_from(i.combined, i.combined), old_pair.facts.fingerprint);
}

static bool is_plain(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(lstat(path, &st), 0);
	return S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static void assert_flaw_begins(const struct install *i, const char *path)
{
	struct observation seen = probe(i);

	if (!path) {
		assert_null(seen.attr_flaw);
		return;
	}
	assert_non_null(seen.attr_flaw);
	assert_string_equal(
		seen.attr_flaw,
		arena_printf(&test_arena, "'%s' is a link, and a plain file is to be there", path));
}

TEST(d1_a_combined_file_alone_is_no_link)
{
	struct install i = { .combined = at_root("all.pem") };
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	assert_true(is_plain(i.combined));
	must(deploy(&i, &new_pair, &e), &e);
	assert_true(is_plain(i.combined));
	assert_int_equal(mode_of(i.combined), 0600);
	assert_string_equal(served_from(i.combined, i.combined), new_pair.facts.fingerprint);
	assert_flaw_begins(&i, NULL);
}

TEST(d1_without_a_link_the_files_are_plain_and_go_back)
{
	struct install forms[] = { path_form(), split_form(), directory_form() };
	const char *const keys[] = { at_root("site.key"), at_root("priv/site.key"),
				     at_root("site/key.pem") };
	struct err e = { 0 };

	make_split_homes();
	make_dir("site", 0755);
	for (size_t f = 0; f < 3; f++) {
		struct install *i = &forms[f];

		i->plain = true;
		must(deploy(i, &old_pair, &e), &e);
		must(deploy(i, &new_pair, &e), &e);
		assert_served(i, &new_pair);
		assert_installed(i, &new_pair);
		assert_flaw_begins(i, NULL);
		assert_true(is_plain(keys[f]));
		assert_int_equal(mode_of(keys[f]), 0600);
		must(install_revert(i, old_pair.facts.fingerprint, &e), &e);
		assert_served(i, &old_pair);
		must(install_revert(i, new_pair.facts.fingerprint, &e), &e);
		assert_served(i, &new_pair);
		must(install_remove(i, &e), &e);
		assert_served(i, NULL);
		assert_false(exists(keys[f]));
	}
}

TEST(d1_a_link_is_told_and_becomes_a_plain_file)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	i.plain = true;
	assert_installed(&i, &old_pair);
	assert_flaw_begins(&i, i.key);
	must(deploy(&i, &old_pair, &e), &e);
	assert_flaw_begins(&i, NULL);
	assert_true(is_plain(i.key) && is_plain(i.certificate));
	i.plain = false;
	assert_installed(&i, &old_pair);
	must(deploy(&i, &new_pair, &e), &e);
	assert_false(is_plain(i.key));
	assert_served(&i, &new_pair);
}

TEST(d1_a_link_to_a_directory_is_told_with_what_to_do)
{
	struct install i = directory_form();
	const char *why = NULL;
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	i.plain = true;
	why = probe(&i).unwritable;
	assert_non_null(why);
	assert_non_null(strstr(why, "needs a directory there; put a copy in its place"));
	assert_int_equal(system(arena_printf(
				 &test_arena, "cp -aL %s %s.plain && rm %s && mv %s.plain %s",
				 i.directory, i.directory, i.directory, i.directory, i.directory)),
			 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(d1_what_was_found_at_plain_paths_is_kept)
{
	struct install i = path_form();
	struct err e = { 0 };

	i.plain = true;
	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0640);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(mode_of(i.key), 0640);
	must(deploy(&i, &third_pair, &e), &e);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &old_pair);
	assert_true(is_plain(i.key));
}

TEST(d1_a_mixed_pair_of_two_versions_is_finished)
{
	struct install i = path_form();
	struct err e = { 0 };

	i.plain = true;
	must(deploy(&i, &old_pair, &e), &e);
	must(stage(&i, &new_pair, &e), &e);
	unlink(i.key);
	write_key(i.key, &new_pair, 0600);
	assert_non_null(probe(&i).damage);
	must(deploy(&i, &new_pair, &e), &e);
	assert_installed(&i, &new_pair);
	assert_flaw_begins(&i, NULL);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_installed(&i, &old_pair);
	/* nothing was found there, so nothing was kept */
	assert_false(exists(at_root(arena_printf(&test_arena, ".site.key.certfleet/found-%s",
						 old_pair.facts.fingerprint))));
}

/* In a mount namespace of its own: whether the probe names the mount point. */
static void assert_mount_is_told(const struct install *i, const char *path, const char *words)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(path, path, NULL, MS_BIND, NULL))
			_exit(77);

		const char *why = probe(i).unwritable;

		_exit(why && strstr(why, path) && strstr(why, words) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: nothing can be mounted here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

TEST(d1_a_mount_point_as_target_is_told_beforehand)
{
	struct install paths = path_form();
	struct install directory = directory_form();
	struct err e = { 0 };

	write_certs(paths.certificate, &old_pair);
	write_key(paths.key, &old_pair, 0600);
	assert_mount_is_told(&paths, paths.key, "mount the directory that it is in");
	paths.plain = true;
	assert_mount_is_told(&paths, paths.key, "mount the directory that it is in");
	make_dir("site", 0755);
	assert_mount_is_told(&directory, directory.directory, "say 'link: false'");
	directory.plain = true;
	must(deploy(&directory, &new_pair, &e), &e);
}

TEST(paths_in_several_directories_switch_together)
{
	struct install i = { .certificate = at_root("certs/site.crt"),
			     .key = at_root("private/site.key") };
	struct err e = { 0 };

	mkdir(at_root("certs"), 0755);
	mkdir(at_root("private"), 0700);
	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
	assert_installed(&i, &new_pair);
}

TEST(plain_files_are_kept_and_come_back)
{
	struct install i = path_form();
	struct err e = { 0 };

	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0640);
	assert_installed(&i, &old_pair);
	must(stage(&i, &new_pair, &e), &e);
	assert_served(&i, &old_pair);
	must(install_commit(&i, new_pair.facts.fingerprint, old_pair.facts.fingerprint, &e), &e);
	assert_installed(&i, &new_pair);
	assert_int_equal(mode_of(i.key), 0640);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_installed(&i, &old_pair);
	assert_served(&i, &old_pair);
	assert_int_equal(mode_of(i.key), 0640);
}

TEST(an_open_key_is_closed_to_others)
{
	struct install i = path_form();
	struct err e = { 0 };

	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0666);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(mode_of(i.key), 0640);
}

TEST(the_wanted_mode_wins)
{
	struct install i = path_form();
	struct err e = { 0 };

	i.mode = 0440;
	write_key(i.key, &old_pair, 0600);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(mode_of(i.key), 0440);
}

TEST(owner_and_group_are_set_by_name)
{
	struct install i = path_form();
	struct err e = { 0 };
	struct stat st = { 0 };

	if (geteuid() != 0) {
		print_message("SKIPPED: only root can give files away\n");
		skip();
	}
	i.owner = "daemon";
	i.group = "mail";
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(stat(i.key, &st), 0);
	assert_int_equal(st.st_uid, 1);
	assert_int_equal(st.st_gid, 8);
	i.owner = "1";
	i.group = "8";
	must(deploy(&i, &old_pair, &e), &e);
	assert_int_equal(stat(i.key, &st), 0);
	assert_int_equal(st.st_uid, 1);
	assert_int_equal(st.st_gid, 8);
	i.owner = NULL;
	i.group = NULL;
	assert_false(stage(&i, &third_pair, &e));
	assert_non_null(strstr(e.text, "say 'owner: \"1\"'"));
	i.owner = "certfleet-nobody-has-this-name";
	assert_false(stage(&i, &third_pair, &e));
	assert_non_null(strstr(e.text, "no user"));
	assert_non_null(probe(&i).unwritable);
}

TEST(real_files_behind_our_back_are_what_is_installed)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	unlink(i.certificate);
	unlink(i.key);
	write_certs(i.certificate, &third_pair);
	write_key(i.key, &third_pair, 0600);
	assert_installed(&i, &third_pair);
	must(stage(&i, &new_pair, &e), &e);
	assert_false(
		install_commit(&i, new_pair.facts.fingerprint, old_pair.facts.fingerprint, &e));
	assert_int_equal(e.code, ERR_STALE);
	e = (struct err){ 0 };
	must(install_commit(&i, new_pair.facts.fingerprint, third_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &new_pair);
	must(install_revert(&i, third_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &third_pair);
}

TEST(one_replaced_file_is_damage_until_the_next_commit)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	unlink(i.key);
	write_key(i.key, &third_pair, 0600);
	assert_non_null(strstr(probe(&i).damage, "site.key"));
	must(deploy(&i, &old_pair, &e), &e);
	assert_installed(&i, &old_pair);
	assert_served(&i, &old_pair);
}

TEST(a_missing_path_is_linked_again)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	unlink(i.certificate);
	assert_string_equal(probe(&i).installed, "");
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(a_path_that_is_new_in_the_fleet_file_is_damage)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	i.chain = at_root("chain.crt");
	assert_non_null(strstr(probe(&i).damage, "chain.crt"));
	must(deploy(&i, &new_pair, &e), &e);
	assert_installed(&i, &new_pair);
	assert_int_equal(access(i.chain, F_OK), 0);
}

TEST(a_lone_key_is_kept_and_comes_back)
{
	struct install i = path_form();
	struct err e = { 0 };

	write_key(i.key, &old_pair, 0600);
	assert_string_equal(probe(&i).installed, "");
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
	must(install_revert(&i, "", &e), &e);
	assert_int_equal(access(i.key, F_OK), 0);
	assert_int_equal(access(i.certificate, F_OK), -1);
}

TEST(d1_a_certificate_is_readable_where_its_key_is_not)
{
	struct install i = split_form();
	struct err e = { 0 };

	make_split_homes();
	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_split();
	assert_served(&i, &new_pair);
	assert_installed(&i, &new_pair);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &old_pair);
	must(install_remove(&i, &e), &e);
	assert_int_equal(rmdir(at_root("pub")), 0);
	assert_int_equal(rmdir(at_root("priv")), 0);
}

TEST(paths_in_two_directories_move_together)
{
	struct install i = split_form();
	struct err e = { 0 };

	make_split_homes();
	must(deploy(&i, &old_pair, &e), &e);
	assert_int_equal(mkdir(at_root("moved"), 0755), 0);
	assert_int_equal(rename(at_root("pub"), at_root("moved/pub")), 0);
	assert_int_equal(rename(at_root("priv"), at_root("moved/priv")), 0);
	i.certificate = at_root("moved/pub/site.crt");
	i.key = at_root("moved/priv/site.key");
	assert_served(&i, &old_pair);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(links_of_the_former_layout_are_taken_over)
{
	struct install i = split_form();
	struct err e = { 0 };

	make_split_homes();
	plant_former_layout(&i, &old_pair);
	assert_installed(&i, &old_pair);
	must(deploy(&i, &new_pair, &e), &e);
	assert_split();
	assert_served(&i, &new_pair);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &old_pair);
	must(deploy(&i, &third_pair, &e), &e);
	assert_served(&i, &third_pair);
}

TEST(former_links_within_one_store_stay)
{
	struct install i = { .certificate = at_root("a/site.crt"),
			     .key = at_root("a/site.key"),
			     .chain = at_root("b/chain.pem") };
	const char *former = at_root("a/.site.key.certfleet/current/chain.pem");
	struct err e = { 0 };

	assert_int_equal(mkdir(at_root("a"), 0755), 0);
	assert_int_equal(mkdir(at_root("b"), 0755), 0);
	must(deploy(&i, &old_pair, &e), &e);
	assert_int_equal(unlink(i.chain), 0);
	assert_int_equal(symlink(former, i.chain), 0);
	assert_installed(&i, &old_pair);
	must(deploy(&i, &new_pair, &e), &e);
	assert_installed(&i, &new_pair);
}

TEST(a_foreign_file_needs_replace)
{
	struct install i = path_form();
	struct err e = { 0 };

	write_text(i.certificate, "important notes\n");
	assert_null(probe(&i).installed);
	assert_non_null(strstr(probe(&i).unwritable, "replace: true"));
	assert_false(stage(&i, &new_pair, &e));
	assert_non_null(strstr(e.text, "replace: true"));
	i.replace = true;
	assert_null(probe(&i).unwritable);
	e = (struct err){ 0 };
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(a_foreign_file_put_there_after_staging_is_not_replaced)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(stage(&i, &new_pair, &e), &e);
	write_text(i.key, "important notes\n");
	assert_false(install_commit(&i, new_pair.facts.fingerprint, NULL, &e));
	assert_non_null(strstr(e.text, "replace: true"));
}

/* As certbot's live/ leads to archive/. */
static void link_elsewhere(const struct install *i)
{
	assert_int_equal(mkdir(at_root("archive"), 0700), 0);
	write_certs(at_root("archive/cert1.pem"), &old_pair);
	write_key(at_root("archive/key1.pem"), &old_pair, 0640);
	assert_int_equal(symlink("archive/cert1.pem", i->certificate), 0);
	assert_int_equal(symlink(at_root("archive/key1.pem"), i->key), 0);
}

static void assert_archive_is_old(void)
{
	struct install i = { .certificate = at_root("archive/cert1.pem"),
			     .key = at_root("archive/key1.pem") };

	assert_string_equal(probe(&i).installed, old_pair.facts.fingerprint);
	assert_int_equal(mode_of(i.key), 0640);
}

TEST(d3_what_a_link_of_others_leads_to_is_kept_and_never_written_to)
{
	struct err e = { 0 };

	for (int form = 0; form < 2; form++) {
		struct install i = path_form();

		folder_remove(root);
		assert_int_equal(mkdir(root, 0700), 0);
		i.plain = form;
		link_elsewhere(&i);
		assert_string_equal(probe(&i).installed, old_pair.facts.fingerprint);
		assert_null(probe(&i).unwritable);
		must(deploy(&i, &new_pair, &e), &e);
		assert_served(&i, &new_pair);
		assert_int_equal(mode_of(i.key), 0640);
		assert_archive_is_old();
		must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
		assert_served(&i, &old_pair);
		must(deploy(&i, &third_pair, &e), &e);
		assert_archive_is_old();
	}
}

TEST(d3_a_link_that_leads_nowhere_is_replaced_and_one_to_a_directory_is_told)
{
	struct install i = path_form();
	struct err e = { 0 };

	assert_int_equal(symlink("nowhere", i.certificate), 0);
	assert_int_equal(symlink("nowhere", i.key), 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
	folder_remove(root);
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(mkdir(at_root("archive"), 0700), 0);
	assert_int_equal(symlink("archive", i.key), 0);
	assert_non_null(probe(&i).unwritable);
	assert_false(stage(&i, &new_pair, &e));
}

TEST(d3_what_a_link_of_others_leads_to_is_of_an_owner_who_may_own_the_new_one)
{
	struct install i = path_form();
	struct err e = { 0 };

	needs_root();
	link_elsewhere(&i);
	assert_int_equal(chown(at_root("archive/key1.pem"), 1, 1), 0);
	assert_non_null(strstr(probe(&i).unwritable, "belongs to user 1"));
	assert_false(stage(&i, &new_pair, &e));
}

TEST(revert_to_nothing_does_not_take_what_others_put)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	unlink(i.key);
	write_key(i.key, &third_pair, 0600);
	assert_false(install_revert(&i, "", &e));
	assert_int_equal(e.code, ERR_STALE);
}

TEST(remove_leaves_what_is_not_ours)
{
	struct install i = path_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	unlink(i.key);
	write_key(i.key, &third_pair, 0600);
	must(install_remove(&i, &e), &e);
	assert_int_equal(access(i.key, F_OK), 0);
	unlink(i.key);
	assert_int_equal(rmdir(root), 0);
	assert_int_equal(mkdir(root, 0700), 0);
}

TEST(no_path_at_all_is_an_error)
{
	struct install i = { 0 };
	struct err e = { 0 };

	assert_false(stage(&i, &new_pair, &e));
	assert_int_equal(e.code, ERR_INPUT);
}

TEST_EACH(open_root, close_root)
TEST_GROUP(make_pairs, drop_pairs)
