/* SPDX-License-Identifier: Apache-2.0 */
/* Owner and mode are part of what is installed. */
#include "install_fixture.h"
#include "test.h"

#include <sys/stat.h>
#include <sys/xattr.h>

static void assert_flaw(const struct install *i, const char *flaw)
{
	struct observation seen = probe(i);

	if (seen.error || seen.damage)
		fail_msg("%s", seen.error ? seen.error : seen.damage);
	if (!flaw) {
		assert_null(seen.attr_flaw);
		return;
	}
	assert_non_null(seen.attr_flaw);
	assert_string_equal(seen.attr_flaw, flaw);
	assert_null(seen.unwritable);
}

static void chmod_to(const char *path, mode_t mode)
{
	assert_int_equal(chmod(path, mode), 0);
}

static void deploy_old(const struct install *i)
{
	struct err e = { 0 };

	must(deploy(i, &old_pair, &e), &e);
	assert_flaw(i, NULL);
}

/* The same pair again is what an apply does about it. */
static void assert_mended(const struct install *i, const char *key, mode_t mode)
{
	struct err e = { 0 };

	must(deploy(i, &old_pair, &e), &e);
	assert_flaw(i, NULL);
	assert_int_equal(mode_of(key), mode);
	assert_int_equal(owner_of(key), geteuid());
	assert_served(i, &old_pair);
}

TEST(p3_a_key_that_was_opened_is_told_and_closed_again)
{
	struct install i = directory_form();
	const char *key = at_root("site/key.pem");

	deploy_old(&i);
	chmod_to(key, 0666);
	assert_flaw(&i, arena_printf(&test_arena, "'%s' has mode 0666, not 0600", key));
	assert_mended(&i, key, 0600);
	chmod_to(key, 0640);
	assert_flaw(&i, arena_printf(&test_arena, "'%s' has mode 0640, not 0600", key));
	assert_mended(&i, key, 0600);
	chmod_to(key, 0400);
	assert_mended(&i, key, 0600);
}

TEST(p3_a_certificate_that_was_closed_is_told_and_opened_again)
{
	struct install i = path_form();
	const char *certificate = i.certificate;

	deploy_old(&i);
	chmod_to(certificate, 0600);
	assert_flaw(&i, arena_printf(&test_arena, "'%s' has mode 0600, not 0644", certificate));
	assert_mended(&i, i.key, 0600);
}

TEST(p3_files_that_were_given_away_are_told_and_taken_back)
{
	struct install forms[] = { directory_form(), path_form() };
	const char *const keys[] = { at_root("site/key.pem"), at_root("site.key") };

	needs_root();
	for (size_t f = 0; f < 2; f++) {
		deploy_old(&forms[f]);
		assert_int_equal(chown(keys[f], STRANGER_ID, (gid_t)-1), 0);
		assert_flaw(&forms[f],
			    arena_printf(&test_arena, "'%s' belongs to user %d, not to user 0",
					 keys[f], STRANGER_ID));
		chmod_to(keys[f], 0666);
		assert_mended(&forms[f], keys[f], 0600);
		assert_int_equal(chown(keys[f], (uid_t)-1, STRANGER_ID), 0);
		assert_flaw(&forms[f],
			    arena_printf(&test_arena, "'%s' belongs to group %d, not to group 0",
					 keys[f], STRANGER_ID));
		assert_mended(&forms[f], keys[f], 0600);
	}
}

TEST(p3_what_was_inherited_is_what_was_set)
{
	struct install i = path_form();
	struct err e = { 0 };

	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0640);
	must(deploy(&i, &new_pair, &e), &e);
	assert_flaw(&i, NULL);
	assert_int_equal(mode_of(i.key), 0640);
	chmod_to(i.key, 0600);
	assert_flaw(&i, arena_printf(&test_arena, "'%s' has mode 0600, not 0640", i.key));
	must(deploy(&i, &old_pair, &e), &e);
	assert_int_equal(mode_of(i.key), 0640);
	assert_flaw(&i, NULL);
}

TEST(p3_a_mode_or_owner_that_is_asked_for_later_is_set_and_back_again)
{
	struct install i = directory_form();
	const char *key = at_root("site/key.pem");
	struct err e = { 0 };

	needs_root();
	deploy_old(&i);
	for (int turn = 0; turn < 2; turn++) {
		i.mode = 0640;
		assert_flaw(&i, arena_printf(&test_arena, "'%s' has mode 0600, not 0640", key));
		must(deploy(&i, &old_pair, &e), &e);
		assert_flaw(&i, NULL);
		assert_int_equal(mode_of(key), 0640);
		i.mode = 0600;
		assert_flaw(&i, arena_printf(&test_arena, "'%s' has mode 0640, not 0600", key));
		must(deploy(&i, &old_pair, &e), &e);
		assert_int_equal(mode_of(key), 0600);
	}
	i.owner = "65534";
	assert_non_null(probe(&i).attr_flaw);
	must(deploy(&i, &old_pair, &e), &e);
	assert_flaw(&i, NULL);
	assert_int_equal(owner_of(key), 65534);
	/* nobody is named any more: whoever had the key is asked about first */
	i.owner = NULL;
	assert_non_null(probe(&i).unwritable);
}

TEST(p3_a_commit_that_is_repeated_after_another_mode_stays_where_it_is)
{
	struct install i = directory_form();
	struct err e = { 0 };

	deploy_old(&i);
	i.mode = 0640;
	must(deploy(&i, &old_pair, &e), &e);
	i.mode = 0600;
	must(deploy(&i, &old_pair, &e), &e);
	must(install_commit(&i, old_pair.facts.fingerprint, NULL, &e), &e);
	assert_int_equal(mode_of(at_root("site/key.pem")), 0600);
}

TEST(p3_a_store_of_an_earlier_version_tells_what_is_too_open)
{
	struct install i = directory_form();
	const char *key = at_root("site/key.pem");
	struct err e = { 0 };

	deploy_old(&i);
	assert_int_equal(unlink(at_root(".site.certfleet/attributes")), 0);
	assert_flaw(&i, NULL);
	chmod_to(key, 0666);
	assert_non_null(probe(&i).attr_flaw);
	must(deploy(&i, &old_pair, &e), &e);
	assert_flaw(&i, NULL);
	assert_int_equal(mode_of(key) & 027, 0);
}

TEST(p3_a_record_that_is_none_counts_for_nothing)
{
	static const char *const texts[] = { "x", "key=777777:0:0,certificate=644:0:0",
					     "key=600:0:0,certificate=644:0:0,", "" };
	struct install i = directory_form();

	deploy_old(&i);
	for (size_t t = 0; t < sizeof(texts) / sizeof(*texts) && *texts[t]; t++) {
		assert_int_equal(unlink(at_root(".site.certfleet/attributes")), 0);
		assert_int_equal(symlink(texts[t], at_root(".site.certfleet/attributes")), 0);
		assert_flaw(&i, NULL);
	}
}

TEST(p3_a_mode_that_was_reverted_is_not_inherited)
{
	struct install forms[] = { directory_form(), path_form() };
	const char *const keys[] = { at_root("site/key.pem"), at_root("site.key") };
	struct err e = { 0 };

	for (size_t f = 0; f < 2; f++) {
		deploy_old(&forms[f]);
		forms[f].mode = 0640;
		must(deploy(&forms[f], &new_pair, &e), &e);
		must(install_revert(&forms[f], old_pair.facts.fingerprint, &e), &e);
		forms[f].mode = 0;
		assert_flaw(&forms[f], NULL);
		assert_int_equal(mode_of(keys[f]), 0600);
		must(deploy(&forms[f], &new_pair, &e), &e);
		assert_flaw(&forms[f], NULL);
		assert_int_equal(mode_of(keys[f]), 0600);
	}
}

TEST(p3_a_mode_that_was_reverted_to_nothing_is_not_inherited)
{
	struct install i = directory_form();
	struct err e = { 0 };

	i.mode = 0640;
	must(deploy(&i, &new_pair, &e), &e);
	must(install_revert(&i, "", &e), &e);
	i.mode = 0;
	must(deploy(&i, &new_pair, &e), &e);
	assert_flaw(&i, NULL);
	assert_int_equal(mode_of(at_root("site/key.pem")), 0600);
}

/* ---- what was left by a kill ---- */

TEST(r5_leftovers_are_told_and_removed_by_the_next_apply)
{
	struct install forms[] = { directory_form(), split_form() };
	const char *const stores[] = { at_root(".site.certfleet"),
				       at_root("priv/.site.key.certfleet") };

	make_split_homes();
	for (size_t f = 0; f < 2; f++) {
		const char *aside = arena_printf(&test_arena, "%s/.new.tmp-certfleet", stores[f]);

		deploy_old(&forms[f]);
		assert_int_equal(mkdir(aside, 0755), 0);
		write_key(arena_printf(&test_arena, "%s/key.pem", aside), &new_pair, 0600);
		assert_flaw(&forms[f],
			    arena_printf(&test_arena,
					 "'%s' was left by a change that was interrupted", aside));
		deploy_old(&forms[f]);
		assert_false(exists(aside));
	}
}

TEST(r5_the_link_of_a_stage_that_is_done_is_told_and_removed)
{
	struct install i = directory_form();
	const char *staged = at_root(".site.certfleet/staged");

	deploy_old(&i);
	assert_int_equal(symlink(old_pair.facts.fingerprint, staged), 0);
	assert_flaw(&i, arena_printf(&test_arena, "'%s' was left by a change that was interrupted",
				     staged));
	deploy_old(&i);
	assert_false(exists(staged));
}

/* ---- ACLs and security labels ---- */

#define LABEL "system_u:object_r:cert_t:s0"

TEST(d1_who_may_read_by_an_acl_still_may)
{
	needs_root();
	for (int n = 0; n < 4; n++) {
		struct install i = n % 2 ? directory_form() : path_form();
		const char *key = n % 2 ? at_root("site/key.pem") : i.key;
		struct err e = { 0 };

		folder_remove(root);
		assert_int_equal(mkdir(root, 0755), 0);
		assert_int_equal(chmod(root, 0755), 0);
		if (n % 2)
			make_dir("site", 0755);
		write_certs(n % 2 ? at_root("site/fullchain.pem") : i.certificate, &old_pair);
		write_key(key, &old_pair, 0600);
		set_acl(key);
		assert_true(opens_as(33, key));
		assert_false(opens_as(34, key));
		i.plain = n / 2;
		must(deploy(&i, &new_pair, &e), &e);
		assert_flaw(&i, NULL);
		must(deploy(&i, &third_pair, &e), &e);
		assert_true(opens_as(33, key));
		assert_false(opens_as(34, key));
		must(install_revert(&i, old_pair.facts.fingerprint, &e), &e);
		assert_true(opens_as(33, key));
	}
}

TEST(d1_an_acl_that_is_set_afterwards_is_no_drift_and_is_kept)
{
	struct install i = path_form();
	struct err e = { 0 };

	deploy_old(&i);
	set_acl(i.key);
	assert_flaw(&i, NULL);
	must(deploy(&i, &new_pair, &e), &e);
	assert_true(has_acl(i.key));
	assert_int_equal(mode_of(i.key), 0640);
	assert_flaw(&i, NULL);
	i.mode = 0600; /* what is said wins, and closes it */
	assert_non_null(probe(&i).attr_flaw);
}

TEST(d1_an_acl_never_opens_a_key_further_than_its_mode_might)
{
	struct install i = path_form();
	struct err e = { 0 };

	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0600);
	set_acl(i.key);
	chmod_to(i.key, 0666);
	must(deploy(&i, &new_pair, &e), &e);
	assert_int_equal(mode_of(i.key), 0640);
	assert_true(has_acl(i.key));
}

TEST(d1_an_acl_of_somebody_else_is_not_lent)
{
	struct install i = path_form();
	struct err e = { 0 };

	needs_root();
	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0600);
	set_acl(i.key);
	give_to_stranger(i.key);
	i.owner = "1";
	must(deploy(&i, &new_pair, &e), &e);
	assert_false(has_acl(i.key));
	assert_int_equal(mode_of(i.key), 0600);
}

TEST(d1_a_security_label_is_kept)
{
	struct install i = path_form();
	char found[100] = "";
	struct err e = { 0 };

	write_certs(i.certificate, &old_pair);
	write_key(i.key, &old_pair, 0600);
	if (setxattr(i.certificate, "security.selinux", LABEL, sizeof(LABEL), 0)) {
		print_message("SKIPPED: no security labels in this directory\n");
		skip();
	}
	must(deploy(&i, &new_pair, &e), &e);
	must(deploy(&i, &third_pair, &e), &e);
	assert_int_equal(getxattr(i.certificate, "security.selinux", found, sizeof(found)),
			 sizeof(LABEL));
	assert_string_equal(found, LABEL);
}

TEST_EACH(open_root, close_root)
TEST_GROUP(make_pairs, drop_pairs)
