/* SPDX-License-Identifier: Apache-2.0 */
#include "install_fixture.h"
#include "test.h"

TEST(nothing_is_installed_at_first)
{
	struct install i = directory_form();
	struct observation seen = probe(&i);

	assert_string_equal(seen.installed, "");
	assert_null(seen.damage);
	assert_null(seen.unwritable);
	assert_null(seen.error);
	assert_null(seen.staged);
}

TEST(staging_changes_nothing_that_is_served)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(stage(&i, &new_pair, &e), &e);
	assert_installed(&i, &old_pair);
	assert_served(&i, &old_pair);
	assert_string_equal(probe(&i).staged, new_pair.facts.fingerprint);
}

TEST(committing_switches_and_clears_staged)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_installed(&i, &new_pair);
	assert_served(&i, &new_pair);
	assert_null(probe(&i).staged);
	assert_int_equal(readlink(at_root(".site.certfleet/staged"), (char[8]){ 0 }, 8), -1);
	assert_string_equal(probe(&i).chain,
			    chain_digest(new_pair.set.certs, new_pair.set.count, &test_arena));
}

TEST(every_file_is_there_with_its_mode)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(mode_of(at_root("site/leaf.pem")), 0644);
	assert_int_equal(mode_of(at_root("site/chain.pem")), 0644);
	assert_int_equal(mode_of(at_root("site/fullchain.pem")), 0644);
	assert_int_equal(mode_of(at_root("site/ca.pem")), 0644);
	assert_int_equal(mode_of(at_root("site/key.pem")), 0600);
	assert_int_equal(mode_of(at_root("site")), 0755);
	assert_int_equal(mode_of(at_root(".site.certfleet")), 0755);
}

TEST(a_repeat_changes_nothing)
{
	struct install i = directory_form();
	struct err e = { 0 };
	struct stat before = { 0 };
	struct stat after = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(lstat(i.directory, &before), 0);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(lstat(i.directory, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

TEST(commit_without_stage_is_refused)
{
	struct install i = directory_form();
	struct err e = { 0 };

	assert_false(install_commit(&i, new_pair.facts.fingerprint, NULL, &e));
	assert_int_equal(e.code, ERR_MISSING);
}

TEST(commit_that_replaces_something_else_is_stale)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(stage(&i, &new_pair, &e), &e);
	assert_false(
		install_commit(&i, new_pair.facts.fingerprint, third_pair.facts.fingerprint, &e));
	assert_int_equal(e.code, ERR_STALE);
	assert_false(install_commit(&i, new_pair.facts.fingerprint, "", &e));
	assert_int_equal(e.code, ERR_STALE);
	assert_served(&i, &old_pair);
	e = (struct err){ 0 };
	must(install_commit(&i, new_pair.facts.fingerprint, old_pair.facts.fingerprint, &e), &e);
	/* a repeat after a crash: what it replaces is gone by now */
	must(install_commit(&i, new_pair.facts.fingerprint, old_pair.facts.fingerprint, &e), &e);
}

TEST(a_damaged_version_is_not_committed)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(stage(&i, &new_pair, &e), &e);
	write_key(at_root(arena_printf(&test_arena, ".site.certfleet/%s/key.pem",
				       new_pair.facts.fingerprint)),
		  &old_pair, 0600);
	assert_false(install_commit(&i, new_pair.facts.fingerprint, NULL, &e));
	assert_non_null(strstr(e.text, "does not match"));
	assert_served(&i, NULL);
	e = (struct err){ 0 };
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(a_pair_that_does_not_fit_is_not_staged)
{
	struct install i = directory_form();
	struct install_pair mixed = as_placed(&new_pair);
	struct err e = { 0 };

	mixed.key = &old_pair.key;
	assert_false(install_stage(&i, &mixed, &e));
	mixed = as_placed(&new_pair);
	mixed.fingerprint = old_pair.facts.fingerprint;
	assert_false(install_stage(&i, &mixed, &e));
	mixed.fingerprint = "../../etc";
	assert_false(install_stage(&i, &mixed, &e));
	assert_null(probe(&i).staged);
}

TEST(abort_removes_what_was_staged_only)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(stage(&i, &new_pair, &e), &e);
	must(install_abort(&i, new_pair.facts.fingerprint, &e), &e);
	must(install_abort(&i, new_pair.facts.fingerprint, &e), &e);
	must(install_abort(&i, old_pair.facts.fingerprint, &e), &e);
	assert_null(probe(&i).staged);
	assert_served(&i, &old_pair);
	assert_false(install_commit(&i, new_pair.facts.fingerprint, NULL, &e));
}

TEST(revert_goes_back_and_forth)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &old_pair);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	must(install_revert(&i, new_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(revert_to_nothing_leaves_nothing)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	must(install_revert(&i, "", &e), &e);
	assert_installed(&i, NULL);
	assert_int_equal(access(i.directory, F_OK), -1);
	must(install_revert(&i, "", &e), &e);
}

TEST(revert_to_an_unknown_version_is_refused)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	assert_false(install_revert(&i, old_pair.facts.fingerprint, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_served(&i, &new_pair);
}

TEST(only_the_last_two_versions_are_kept)
{
	struct install i = directory_form();
	struct err e = { 0 };
	struct err gone = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	must(deploy(&i, &third_pair, &e), &e);
	assert_false(install_revert(&i, old_pair.facts.fingerprint, &gone));
	must(install_revert(&i, new_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &new_pair);
}

TEST(another_chain_of_the_same_leaf_is_another_version)
{
	struct install i = directory_form();
	struct cert_set longer = new_pair.set;
	struct der certs[3];
	struct install_pair pair = as_placed(&new_pair);
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	certs[0] = new_pair.set.certs[0];
	certs[1] = new_pair.set.anchor;
	longer.certs = certs;
	longer.count = 2;
	pair.set = &longer;
	must(install_stage(&i, &pair, &e), &e);
	must(install_commit(&i, pair.fingerprint, pair.fingerprint, &e), &e);
	assert_installed(&i, &new_pair);
	assert_string_equal(probe(&i).chain, chain_digest(certs, 2, &test_arena));
}

TEST(an_existing_directory_is_exchanged_and_comes_back)
{
	struct install i = directory_form();
	struct err e = { 0 };
	struct stat before = { 0 };
	struct stat after = { 0 };

	mkdir(i.directory, 0750);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("site/key.pem"), &old_pair, 0640);
	stat(at_root("site/key.pem"), &before);
	assert_string_equal(probe(&i).installed, old_pair.facts.fingerprint);
	must(stage(&i, &new_pair, &e), &e);
	assert_served(&i, &old_pair);
	must(install_commit(&i, new_pair.facts.fingerprint, old_pair.facts.fingerprint, &e), &e);
	assert_installed(&i, &new_pair);
	assert_served(&i, &new_pair);
	assert_int_equal(mode_of(at_root("site/key.pem")), 0640);
	must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
	assert_served(&i, &old_pair);
	stat(at_root("site/key.pem"), &after);
	assert_int_equal(before.st_ino, after.st_ino);
}

TEST(a_directory_without_a_pair_comes_back_too)
{
	struct install i = directory_form();
	struct err e = { 0 };

	mkdir(i.directory, 0755);
	write_certs(at_root("site/other.crt"), &old_pair);
	must(deploy(&i, &new_pair, &e), &e);
	assert_served(&i, &new_pair);
	must(install_revert(&i, "", &e), &e);
	assert_int_equal(access(at_root("site/other.crt"), F_OK), 0);
}

TEST(a_key_that_was_there_before_is_never_removed)
{
	struct install i = directory_form();
	struct err e = { 0 };

	mkdir(i.directory, 0755);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("site/privkey.pem"), &old_pair, 0600);
	must(deploy(&i, &new_pair, &e), &e);
	must(deploy(&i, &third_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(
		access(at_root(arena_printf(&test_arena, ".site.certfleet/found-%s/privkey.pem",
					    old_pair.facts.fingerprint)),
		       F_OK),
		0);
}

TEST(files_put_over_a_version_are_noticed)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	write_key(at_root("site/key.pem"), &old_pair, 0600);
	assert_string_equal(probe(&i).installed, new_pair.facts.fingerprint);
	assert_non_null(strstr(probe(&i).damage, "key.pem"));
	write_key(at_root("site/key.pem"), &new_pair, 0600);
	assert_null(probe(&i).damage);
	write_certs(at_root("site/leaf.pem"), &old_pair);
	assert_non_null(strstr(probe(&i).damage, "leaf.pem"));
	unlink(at_root("site/leaf.pem"));
	assert_non_null(strstr(probe(&i).damage, "missing"));
}

TEST(a_damaged_installation_is_made_whole)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &new_pair, &e), &e);
	unlink(at_root("site/key.pem"));
	assert_non_null(probe(&i).damage);
	must(stage(&i, &new_pair, &e), &e);
	must(install_commit(&i, new_pair.facts.fingerprint, new_pair.facts.fingerprint, &e), &e);
	assert_installed(&i, &new_pair);
	assert_served(&i, &new_pair);
}

TEST(garbage_is_unknown_not_nothing)
{
	struct install i = directory_form();

	mkdir(i.directory, 0755);
	write_text(at_root("site/fullchain.pem"), "hello\n");
	assert_null(probe(&i).installed);
	assert_non_null(probe(&i).error);
}

TEST(the_installed_pair_can_be_read_back)
{
	struct install i = directory_form();
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) none = { 0 };
	struct err e = { 0 };

	assert_false(install_read(&i, &test_arena, &set, &key, &e));
	assert_int_equal(e.code, ERR_MISSING);
	e = (struct err){ 0 };
	must(deploy(&i, &new_pair, &e), &e);
	must(install_read(&i, &test_arena, &set, &key, &e), &e);
	assert_int_equal(set.count, new_pair.set.count);
	assert_int_equal(set.anchor.len, new_pair.set.anchor.len);
	assert_int_equal(key.len, new_pair.key.len);
	assert_memory_equal(key.bytes, new_pair.key.bytes, key.len);
	write_key(at_root("site/key.pem"), &old_pair, 0600);
	assert_false(install_read(&i, &test_arena, &set, &none, &e));
	assert_null(none.bytes);
}

TEST(remove_takes_link_and_store_away)
{
	struct install i = directory_form();
	struct err e = { 0 };

	must(deploy(&i, &old_pair, &e), &e);
	must(deploy(&i, &new_pair, &e), &e);
	must(install_remove(&i, &e), &e);
	must(install_remove(&i, &e), &e);
	assert_int_equal(rmdir(root), 0);
	assert_int_equal(mkdir(root, 0700), 0);
}

enum {
	TOGETHER = 150,
	WITHOUT_PARENT = 77
};

/* Runs a verb for all of them; one cannot be done, which harms no other. */
static void run_together(struct install_job *jobs, struct install_order order)
{
	for (size_t i = 0; i < TOGETHER; i++)
		jobs[i].order = order;
	install_run(jobs, TOGETHER);
	for (size_t i = 0; i < TOGETHER; i++)
		if (jobs[i].done != (i != WITHOUT_PARENT || order.verb == INSTALL_PROBE))
			fail_msg("%zu: %s", i, jobs[i].done ? "done" : jobs[i].error.text);
}

TEST(many_are_installed_together)
{
	struct install *installs = arena_array(&test_arena, TOGETHER, sizeof(*installs));
	struct install_job *jobs = arena_array(&test_arena, TOGETHER, sizeof(*jobs));
	struct observation *seen = arena_array(&test_arena, TOGETHER, sizeof(*seen));
	const char *fingerprint = new_pair.facts.fingerprint;

	for (size_t i = 0; i < TOGETHER; i++) {
		const char *name =
			arena_printf(&test_arena, i == WITHOUT_PARENT ? "no/%zu" : "%zu", i);

		installs[i].directory = at_root(name);
		jobs[i] = (struct install_job){ .install = &installs[i],
						.arena = &test_arena,
						.seen = &seen[i] };
	}
	run_together(jobs, (struct install_order){ .verb = INSTALL_STAGE,
						   .fingerprint = fingerprint,
						   .set = &new_pair.set,
						   .key = &new_pair.key });
	run_together(jobs, (struct install_order){ INSTALL_COMMIT, fingerprint, "" });
	run_together(jobs, (struct install_order){ .verb = INSTALL_PROBE });
	for (size_t i = 0; i < TOGETHER; i++)
		assert_string_equal(seen[i].installed, i == WITHOUT_PARENT ? "" : fingerprint);
	assert_string_equal(served(&installs[149]), fingerprint);
}

TEST_EACH(open_root, close_root)
TEST_GROUP(make_pairs, drop_pairs)
