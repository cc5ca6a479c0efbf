/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine from fleet file to files, without servers: what it writes, what
 * it leaves alone, what it remembers.
 */
#include "engine_fixture.h"
#include "test.h"

TEST(a_second_apply_plans_nothing)
{
	write_fleet(*state, ONE);
	assert_applied(apply_it(*state));
	assert_true(there(*state, "a/key.pem"));
	assert_true(there(*state, "ca.pem"));
	assert_string_equal(plan_it(*state).steps, "");
}

TEST(planning_creates_nothing)
{
	write_fleet(*state, ONE);
	assert_string_equal(
		plan_it(*state).steps,
		"create-issuer ca; publish ca; issue web; backup; stage web a; commit web a; ");
	assert_false(there(*state, ".certfleet"));
	assert_false(there(*state, "backups"));
}

TEST(a_key_is_in_a_bundle_before_it_is_staged)
{
	struct told t;

	write_fleet(*state, ONE);
	t = run_wish(*state, (struct wish){ .apply = true, .only = 3 });
	assert_applied(t);
	assert_false(there(*state, "backups"));
	assert_string_equal(plan_it(*state).steps, "backup; stage web a; commit web a; ");
}

TEST(a_failed_delivery_is_retried_with_the_same_certificate)
{
	struct told t;

	write_fleet(*state, ONE);
	assert_applied(run_wish(*state, (struct wish){ .apply = true, .only = 4 }));
	t = apply_it(*state);
	assert_applied(t);
	assert_string_equal(t.steps, "stage web a; commit web a; ");
}

TEST(a_renamed_certificate_and_issuer_are_not_re_issued)
{
	struct told t;
	char before[4096];
	char after[4096];

	write_fleet(*state, ONE);
	assert_applied(apply_it(*state));
	slurp(*state, "a/leaf.pem", before, sizeof(before));
	write_fleet(*state, "certificates:\n"
			    "  site: {was: web, subject: \"CN=web.test\", issuer: root}\n"
			    "issuers:\n"
			    "  root: {was: ca, subject: \"CN=CA\", publish: ca.pem}\n"
			    "components:\n"
			    "  b: {was: a, certificate: site, deliver: {files: {directory: a}}}\n");
	t = plan_it(*state);
	assert_true(t.planned);
	assert_string_equal(t.steps, "");
	/* the renaming is carried over by the next thing there is to do */
	write_fleet(*state, "certificates:\n"
			    "  site: {was: web, subject: \"CN=web.test\", issuer: root}\n"
			    "issuers:\n"
			    "  root: {was: ca, subject: \"CN=CA\", publish: ca.pem}\n"
			    "components:\n"
			    "  b: {was: a, certificate: site, deliver: {files: {directory: a}}}\n"
			    "  c: {certificate: site, deliver: {files: {directory: c}}}\n");
	t = apply_it(*state);
	assert_applied(t);
	assert_string_equal(t.steps, "stage site c; commit site c; ");
	slurp(*state, "c/leaf.pem", after, sizeof(after));
	assert_string_equal(before, after);
	/* and then `was` may go */
	write_fleet(*state, "certificates:\n"
			    "  site: {subject: \"CN=web.test\", issuer: root}\n"
			    "issuers:\n"
			    "  root: {subject: \"CN=CA\", publish: ca.pem}\n"
			    "components:\n"
			    "  b: {certificate: site, deliver: {files: {directory: a}}}\n"
			    "  c: {certificate: site, deliver: {files: {directory: c}}}\n");
	assert_string_equal(plan_it(*state).steps, "");
}

TEST(a_reused_key_stays_and_a_rotated_one_goes)
{
	static const char body[] = "certificates:\n"
				   "  web: {subject: \"CN=%s\", issuer: self, key_rotation: %s}\n"
				   "components:\n"
				   "  a: {certificate: web, deliver: {files: {directory: a}}}\n";
	static const char *const rotations[] = { "reuse", "always" };
	char text[512];
	char keys[3][8192];

	snprintf(text, sizeof(text), body, "zero.test", "reuse");
	write_fleet(*state, text);
	assert_applied(apply_it(*state));
	slurp(*state, "a/key.pem", keys[0], sizeof(keys[0]));
	for (size_t i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), body, i ? "two.test" : "one.test", rotations[i]);
		write_fleet(*state, text);
		assert_applied(apply_it(*state));
		slurp(*state, "a/key.pem", keys[i + 1], sizeof(keys[0]));
	}
	assert_string_equal(keys[0], keys[1]);
	assert_string_not_equal(keys[1], keys[2]);
}

TEST(reissue_always_makes_a_new_key)
{
	static const char *const names[] = { "web" };
	char before[8192];
	char after[8192];
	struct told t;

	write_fleet(*state, ONE);
	assert_applied(apply_it(*state));
	slurp(*state, "a/key.pem", before, sizeof(before));
	t = run_wish(*state, (struct wish){ .apply = true,
					    .choices = { .reissue = names, .reissue_count = 1 } });
	assert_applied(t);
	slurp(*state, "a/key.pem", after, sizeof(after));
	assert_string_not_equal(before, after);
}

TEST(what_is_due_is_renewed_ahead_of_time)
{
	struct wish later = { .at = clock_now() + 61 * 86400 };

	write_fleet(*state, ONE);
	assert_applied(apply_it(*state));
	assert_string_equal(run_wish(*state, later).steps,
			    "issue web; backup; stage web a; commit web a; ");
	later.at -= 2 * 86400;
	assert_string_equal(run_wish(*state, later).steps, "");
}

TEST(a_retired_component_keeps_its_files_unless_told)
{
	struct told t;

	write_fleet(
		*state, ONE
		"  b: {certificate: web, retire: {remove: true}, deliver: {files: {directory: b}}}\n"
		"  c: {certificate: web, deliver: {files: {directory: c}}}\n"
		"  d: {certificate: web, deliver: {files: {directory: d}}}\n"
		"  e: {certificate: web, deliver: {files: {directory: e}}}\n");
	assert_applied(apply_it(*state));
	assert_true(there(*state, "b/key.pem"));
	write_fleet(*state, ONE "  d: {certificate: web, deliver: {files: {directory: d}}}\n"
				"  e: {certificate: web, deliver: {files: {directory: e}}}\n");
	t = apply_it(*state);
	assert_applied(t);
	assert_string_equal(t.steps, "retire web b; retire web c; ");
	assert_false(there(*state, "b"));
	assert_false(there(*state, ".b.certfleet"));
	assert_true(there(*state, "c/key.pem"));
	assert_string_equal(plan_it(*state).steps, "");
}

TEST(another_fleet_cannot_use_the_state)
{
	const struct world *w = *state;
	struct told t;
	char text[1024];

	write_fleet(w, ONE);
	assert_applied(apply_it(w));
	snprintf(text, sizeof(text), "certfleet: 1\nfleet: other\n%s%s",
		 "backup: {passphrase: {env: CERTFLEET_TEST}}\n", ONE);
	assert_true(fs_replace(w->file, text, strlen(text), FS_PRIVATE, &t.error));
	t = apply_it(w);
	assert_false(t.planned);
	assert_int_equal(t.error.code, ERR_INPUT);
}

/* After k steps an apply is cut off; the next one finishes, for every k. */
TEST(an_apply_that_broke_off_anywhere_is_finished)
{
	struct world *w = *state;
	char command[192];

	for (size_t k = 1; k < 7; k++) {
		write_fleet(w, ONE);
		assert_applied(run_wish(w, (struct wish){ .apply = true, .only = k }));
		assert_applied(apply_it(w));
		assert_string_equal(plan_it(w).steps, "");
		snprintf(
			command, sizeof(command),
			"cd %s && rm -rf .certfleet certfleet.lineage .a.certfleet a backups ca.pem",
			w->folder);
		assert_int_equal(system(command), 0);
	}
}

TEST(a_stranger_is_kept_before_it_is_replaced)
{
	const struct world *w = *state;
	struct err e = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) pem = { 0 };
	AUTO(buf) cert = { 0 };
	AUTO(pair) pair = { 0 };
	struct certificate c = {
		.name = "x", .subject = "CN=stranger", .validity = 86400, .purpose = PURPOSE_SERVER
	};
	char path[128];
	struct state *st = NULL;
	struct state_options o = { .fleet = "test" };
	const struct generation *list = NULL;
	AUTO(arena) a = { 0 };
	size_t count = 0;
	size_t found = 0;

	write_fleet(
		w, "certificates:\n"
		   "  web: {subject: \"CN=web.test\", issuer: self}\n"
		   "components:\n"
		   "  a: {certificate: web, deliver: {files: {certificate: a.crt, key: a.key}}}\n");
	assert_true(key_generate(KEY_ECDSA_P256, &key, &e));
	assert_true(issue_leaf(&c, &key, NULL, clock_now(), &pair, &e));
	pem_add_key(&pem, &key);
	pem_add_certs(&cert, pair.set.certs, pair.set.count);
	snprintf(path, sizeof(path), "%s/a.key", w->folder);
	assert_true(fs_replace(path, pem.bytes, pem.len, FS_PRIVATE, &e));
	snprintf(path, sizeof(path), "%s/a.crt", w->folder);
	assert_true(fs_replace(path, cert.data, cert.len, FS_PUBLIC, &e));
	assert_applied(apply_it(w));

	o.path = arena_printf(&a, "%s/.certfleet", w->folder);
	assert_true(state_open(&o, &st, &e));
	assert_true(state_generations(st, &a, &list, &count, &e));
	for (size_t i = 0; i < count; i++)
		if (list[i].source == SOURCE_FOUND) {
			found++;
			assert_string_equal(list[i].fingerprint, pair.facts.fingerprint);
			assert_non_null(list[i].bundle);
		}
	state_close(st);
	assert_int_equal(found, 1);
}

TEST(a_wrong_passphrase_changes_nothing)
{
	struct told t;
	char before[8192];
	char after[8192];

	write_fleet(*state, ONE);
	assert_applied(apply_it(*state));
	slurp(*state, "a/leaf.pem", before, sizeof(before));
	write_fleet(*state, "state: {seal: {file: seal.pass}}\n"
			    "certificates:\n"
			    "  web: {subject: \"CN=other.test\", issuer: ca}\n"
			    "issuers:\n"
			    "  ca: {subject: \"CN=CA\", publish: ca.pem}\n"
			    "components:\n"
			    "  a: {certificate: web, deliver: {files: {directory: a}}}\n");
	char path[128];

	snprintf(path, sizeof(path), "%s/seal.pass", ((const struct world *)*state)->folder);
	assert_true(fs_replace(path, "not the right passphrase\n", 25, FS_PRIVATE, &t.error));
	t = apply_it(*state);
	assert_int_equal(t.result.exit_status, -1);
	assert_int_equal(t.error.code, ERR_INPUT);
	slurp(*state, "a/leaf.pem", after, sizeof(after));
	assert_string_equal(before, after);
}

static size_t count_bundles(const struct world *w)
{
	AUTO(fleet) f = { 0 };
	AUTO(diags) d = { 0 };
	AUTO(arena) a = { 0 };
	struct backup_listed *list = NULL;
	struct err e = { 0 };
	size_t count = 0;

	assert_true(load_fleet(w->file, subject_canonical, &f, &d, &e));
	assert_true(backup_list(&f, &a, &list, &count, &e));
	return count;
}

TEST(a_bundle_with_the_only_copy_of_a_key_stays)
{
	static const char *const names[] = { "web" };
	static const char *const acks[] = { "foreign-authority", "state-missing" };
	const struct world *w = *state;
	const struct wish again = { .apply = true,
				    .choices = { .reissue = names, .reissue_count = 1 } };
	char command[128];

	write_fleet(w, "certfleet: 1\n"
		       "fleet: test\n"
		       "backup: {keep: 1, passphrase: {env: CERTFLEET_TEST}}\n" ONE);
	assert_applied(apply_it(w));
	assert_applied(run_wish(w, again));
	assert_int_equal(count_bundles(w), 1);
	/* the state is lost, and another authority made */
	snprintf(command, sizeof(command), "rm -rf %s/.certfleet", w->folder);
	assert_int_equal(system(command), 0);
	assert_applied(run_wish(
		w, (struct wish){ .apply = true, .choices = { .acks = acks, .ack_count = 2 } }));
	assert_applied(run_wish(w, again));
	assert_int_equal(count_bundles(w), 2);
}

static void run_command(const struct world *w, const char *format)
{
	char command[256];

	snprintf(command, sizeof(command), format, w->folder);
	assert_int_equal(system(command), 0);
}

static void lose_bundles(void *ctx, const struct event *event)
{
	if (event->kind == EVENT_RUN_STARTED)
		run_command(ctx, "rm %s/backups/*.zip");
}

TEST(a_bundle_that_is_lost_after_the_plan_is_written_anew_before_the_stage)
{
	const struct world *w = *state;

	write_fleet(w, ONE);
	assert_applied(apply_it(w));
	write_fleet(w, ONE "  b: {certificate: web, deliver: {files: {directory: b}}}\n");

	struct told t = run_wish(w, (struct wish){ .apply = true, .listen = lose_bundles });

	assert_applied(t);
	assert_string_equal(t.steps, "stage web b; commit web b; ");
	assert_true(there(w, "b/key.pem"));
	assert_int_equal(count_bundles(w), 1);
}

TEST(an_old_copy_of_the_state_is_noticed_by_the_bundles)
{
	static const char *const names[] = { "web" };
	const struct world *w = *state;
	const struct wish again = { .apply = true,
				    .choices = { .reissue = names, .reissue_count = 1 } };

	write_fleet(w, ONE);
	assert_applied(apply_it(w));
	run_command(w, "cd %s && cp -a .certfleet old");
	assert_applied(run_wish(w, again));
	assert_string_equal(plan_it(w).preconditions, "");
	run_command(w, "cd %s && rm -rf .certfleet && cp -a old .certfleet");
	assert_string_equal(plan_it(w).preconditions, "acknowledge state-behind; ");
	/* what cannot be read says nothing of a state */
	run_command(w, "cd %s/backups && for b in *.zip; do echo x >$b; done");
	assert_string_equal(plan_it(w).preconditions, "info backup-missing; ");
}

TEST(bundles_of_another_lineage_do_not_count)
{
	static const char *const names[] = { "web" };
	static const char *const acks[] = { "foreign-authority", "state-missing" };
	const struct world *w = *state;
	const struct wish again = { .apply = true,
				    .choices = { .reissue = names, .reissue_count = 1 } };
	const struct wish anew = { .apply = true, .choices = { .acks = acks, .ack_count = 2 } };

	write_fleet(w, ONE);
	assert_applied(apply_it(w));
	assert_applied(run_wish(w, again));
	run_command(w, "rm -rf %s/.certfleet");
	assert_applied(run_wish(w, anew));
	assert_string_equal(plan_it(w).preconditions, "");
}

#define NEW(what)                                                    \
	"certificates:\n"                                            \
	"  web: {subject: \"CN=web.test\", issuer: ca}\n"            \
	"issuers:\n"                                                 \
	"  ca: {subject: \"CN=CA\", publish: ca.pem}\n"              \
	"components:\n"                                              \
	"  a: {certificate: web, deliver: {files: {directory: a}}, " \
	"activate: {command: " what "}}\n"

TEST(what_a_completed_run_reached_is_not_new_again)
{
	const struct world *w = *state;

	write_fleet(w, NEW("[/bin/true]"));
	/* environment, command, paths; reading does not make them known */
	assert_string_equal(plan_it(w).preconditions,
			    "info first-contact; info first-contact; info first-contact; ");
	assert_string_equal(plan_it(w).preconditions,
			    "info first-contact; info first-contact; info first-contact; ");
	assert_applied(apply_it(w));
	assert_string_equal(plan_it(w).preconditions, "");
	write_fleet(w, NEW("[/bin/true, now]"));
	assert_string_equal(plan_it(w).preconditions, "info first-contact; ");
}

TEST(what_a_failed_run_reached_is_still_new)
{
	static const char *const names[] = { "web" };
	const struct world *w = *state;
	const struct wish again = { .apply = true,
				    .choices = { .reissue = names, .reissue_count = 1 } };

	write_fleet(w, NEW("[/bin/true]"));
	assert_applied(apply_it(w));
	write_fleet(w, NEW("[/bin/false]"));
	assert_int_equal(run_wish(w, again).result.exit_status, 7);
	assert_string_equal(plan_it(w).preconditions, "info first-contact; info failed-before a; ");
	/* and what the last completed run had is not */
	write_fleet(w, NEW("[/bin/true]"));
	assert_string_equal(plan_it(w).preconditions, "info failed-before a; ");
}

TEST_EACH(setup, teardown)
