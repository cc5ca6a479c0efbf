/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "ssh_target_fixture.h"
#include "test.h"

#include "base/loop.h"
#include "drivers/driver_table.h"
#include "remote/batch.h"

#include <sys/wait.h>

enum {
	POINTS_LIMIT = 200
};

static const struct fleet_access access_given = {
	.ssh = { .key = { .kind = SECRET_FILE, .name = "id" }, .known_hosts = "known_hosts" }
};

static bool resolve(void *ctx, const struct secret_ref *ref, const struct secret **out,
		    struct err *e)
{
	static const struct secret key = { (unsigned char *)"key", 3 };

	(void)ctx;
	(void)e;
	assert_string_equal(ref->name, "id");
	*out = &key;
	return true;
}

static int open_sftp(void **state)
{
	drivers = drivers_new(
		&(const struct drivers_options){ .access = &access_given, .secret = resolve });
	return make_pairs(state);
}

static int open_side(void **state)
{
	memset(&side, 0, sizeof(side));
	return open_root(state);
}

static struct component at(struct install install)
{
	return (struct component){
		.name = "front",
		.deliver = { .kind = DRIVER_SFTP,
			     .files = install,
			     .sftp = { .origin = "sftp://far.example:22",
				       .user = "deploy",
				       .host = "far.example",
				       .port = 22 } },
	};
}

/* In the place of the network: this machine is the other one. */
bool batch_request(struct conversation *c, struct exchange *x, struct err *e)
{
	(void)c;
	(void)e;
	assert_int_equal(x->kind, EXCHANGE_SSH);
	assert_string_equal(x->ssh->login->user, "deploy");
	side_answer(x->ssh);
	return true;
}

static void carry_out(struct job *job)
{
	AUTO(arena) a = { 0 };
	struct driver_session v = { .drivers = drivers, .job = job, .arena = &a };

	job->error = (struct err){ 0 };
	job->done = sftp_driver.sessions[job->verb](&v, &job->error);
	assert_int_equal(job->done, job->error.code == ERR_NONE);
}

static struct job run_session(const struct component *c, enum driver_verb verb,
			      const struct pair *p)
{
	struct job job = job_of(c, verb, p);

	carry_out(&job);
	return job;
}

static void must_run(const struct component *c, enum driver_verb verb, const struct pair *p)
{
	struct job job = run_session(c, verb, p);

	if (!job.done)
		fail_msg("%s", job.error.text);
}

static bool deploy_far(const struct component *c, const struct pair *p)
{
	return run_session(c, DRIVER_STAGE, p).done && run_session(c, DRIVER_COMMIT, p).done;
}

static void assert_refused(const struct component *c, enum driver_verb verb, const struct pair *p,
			   const char *words)
{
	struct job job = run_session(c, verb, p);

	assert_false(job.done);
	if (!strstr(job.error.text, words))
		fail_msg("no '%s' in: %s", words, job.error.text);
}

static struct observation look(const struct component *c)
{
	struct job job = run_session(c, DRIVER_PROBE, NULL);

	if (!job.done)
		fail_msg("%s", job.error.text);
	assert_true(job.seen.online);
	return job.seen;
}

/* ---- what is done ---- */

static struct install some_form(int n)
{
	static struct install forms[3];

	forms[0] = directory_form();
	forms[1] = path_form();
	forms[2] = (struct install){ .combined = at_root("site.pem"),
				     .certificate = at_root("a/site.crt"),
				     .key = at_root("b/site.key") };
	if (n == 2) {
		mkdir(at_root("a"), 0755);
		mkdir(at_root("b"), 0755);
	}
	return forms[n];
}

TEST(a_pair_goes_through_every_verb)
{
	for (int n = 0; n < 3; n++) {
		struct component c = at(some_form(n));
		const struct install *i = &c.deliver.files;
		struct observation a;

		assert_string_equal(look(&c).installed, "");
		assert_null(look(&c).unwritable);
		must_run(&c, DRIVER_STAGE, &old_pair);
		must_run(&c, DRIVER_COMMIT, &old_pair);
		assert_served(i, &old_pair);
		must_run(&c, DRIVER_STAGE, &new_pair);
		assert_served(i, &old_pair);
		a = look(&c);
		assert_string_equal(a.installed, old_pair.facts.fingerprint);
		assert_string_equal(a.staged, new_pair.facts.fingerprint);
		assert_null(a.damage);
		must_run(&c, DRIVER_COMMIT, &new_pair);
		assert_served(i, &new_pair);
		assert_installed(i, &new_pair);
		assert_null(look(&c).staged);
		must_run(&c, DRIVER_REVERT, &old_pair);
		assert_served(i, &old_pair);
		must_run(&c, DRIVER_ABORT, &new_pair);
		assert_refused(&c, DRIVER_COMMIT, &new_pair, "is not staged");
		must_run(&c, DRIVER_REVERT, NULL);
		assert_served(i, NULL);
		must_run(&c, DRIVER_REMOVE, NULL);
		must_run(&c, DRIVER_REMOVE, NULL);
		assert_string_equal(look(&c).installed, "");
		assert_int_equal(side.scripts > 0, 1);
	}
}

TEST(modes_are_as_place_has_them)
{
	struct component c = at(directory_form());

	for (int n = 0; n < 2; n++) {
		umask(n ? 0 : 077);
		assert_true(deploy_far(&c, n ? &new_pair : &old_pair));
		assert_int_equal(mode_of(at_root("site/key.pem")), 0600);
		assert_int_equal(mode_of(at_root("site/fullchain.pem")), 0644);
		assert_int_equal(mode_of(at_root("site")), 0755);
		assert_int_equal(mode_of(at_root(".site.certfleet")), 0755);
	}
	c.deliver.files.mode = 0640;
	must_run(&c, DRIVER_STAGE, &third_pair);
	must_run(&c, DRIVER_COMMIT, &third_pair);
	assert_int_equal(mode_of(at_root("site/key.pem")), 0640);
}

/* The two drivers keep the same store. */
TEST(what_files_began_goes_on_over_ssh)
{
	for (int n = 0; n < 2; n++) {
		struct component c = at(some_form(n));
		const struct install *i = &c.deliver.files;
		struct err e = { 0 };

		must(deploy(i, &old_pair, &e), &e);
		assert_true(deploy_far(&c, &new_pair));
		must(install_revert(i, old_pair.facts.fingerprint, &e), &e);
		assert_string_equal(look(&c).installed, old_pair.facts.fingerprint);
		must_run(&c, DRIVER_REVERT, &new_pair);
		must(deploy(i, &third_pair, &e), &e);
		assert_installed(i, &third_pair);
		must_run(&c, DRIVER_REMOVE, NULL);
	}
}

TEST(staging_again_writes_nothing)
{
	struct component c = at(directory_form());

	must_run(&c, DRIVER_STAGE, &new_pair);
	must_run(&c, DRIVER_STAGE, &new_pair);
	assert_int_not_equal(access(at_root(arena_printf(&test_arena, ".site.certfleet/%s.2",
							 new_pair.facts.fingerprint)),
				    F_OK),
			     0);
	must_run(&c, DRIVER_COMMIT, &new_pair);
	side.programs = 99;
	must_run(&c, DRIVER_STAGE, &new_pair);
	assert_int_equal(side.programs, 0); /* only looked */
}

TEST(older_versions_go_but_not_what_was_found)
{
	struct component c = at(path_form());
	struct observation a;

	write_certs(at_root("site.crt"), &third_pair);
	write_key(at_root("site.key"), &third_pair, 0600);
	for (int n = 0; n < 4; n++)
		assert_true(deploy_far(&c, n % 2 ? &old_pair : &new_pair));
	must_run(&c, DRIVER_REVERT, &third_pair);
	assert_served(&c.deliver.files, &third_pair);
	a = look(&c);
	assert_string_equal(a.installed, third_pair.facts.fingerprint);
}

TEST(what_was_there_is_kept_with_its_mode)
{
	struct component paths = at(path_form());
	struct component directory = at(directory_form());

	write_certs(at_root("site.crt"), &old_pair);
	write_key(at_root("site.key"), &old_pair, 0640);
	must_run(&paths, DRIVER_STAGE, &new_pair);
	assert_served(&paths.deliver.files, &old_pair);
	must_run(&paths, DRIVER_COMMIT, &new_pair);
	assert_int_equal(mode_of(at_root("site.key")), 0640); /* inherited */
	must_run(&paths, DRIVER_REVERT, &old_pair);
	assert_served(&paths.deliver.files, &old_pair);
	assert_int_equal(mode_of(at_root("site.key")), 0640);

	mkdir(at_root("site"), 0755);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("site/key.pem"), &old_pair, 0600);
	assert_true(deploy_far(&directory, &new_pair));
	assert_served(&directory.deliver.files, &new_pair);
	must_run(&directory, DRIVER_REVERT, &old_pair);
	assert_served(&directory.deliver.files, &old_pair);
}

TEST(the_installed_pair_can_be_read)
{
	struct component c = at(path_form());
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };
	struct job job = job_of(&c, DRIVER_READ, NULL);

	job.found = &set;
	job.parsed_key = &key;
	carry_out(&job);
	assert_int_equal(job.error.code, ERR_MISSING);
	write_certs(at_root("site.crt"), &old_pair);
	write_key(at_root("site.key"), &old_pair, 0600);
	carry_out(&job);
	must(job.done, &job.error);
	assert_int_equal(set.count, old_pair.set.count);
	assert_int_equal(key.len, old_pair.key.len);
}

/* ---- what is refused ---- */

TEST(a_commit_carries_what_it_replaces)
{
	struct component c = at(directory_form());
	struct job job = job_of(&c, DRIVER_COMMIT, &new_pair);

	must_run(&c, DRIVER_STAGE, &new_pair);
	job.replaces = old_pair.facts.fingerprint;
	carry_out(&job);
	assert_int_equal(job.error.code, ERR_STALE);
	assert_served(&c.deliver.files, NULL);
	job.replaces = "";
	carry_out(&job);
	assert_true(job.done);
}

static struct component *raced;

/* Somebody else turns the link after it was looked at, before it is turned. */
static void turn_meanwhile(const struct ssh_op *op)
{
	struct err e = { 0 };

	if (op->kind != SSH_RUN || side.scripts != 1)
		return;
	must(install_revert(&raced->deliver.files, third_pair.facts.fingerprint, &e), &e);
	raced = NULL;
}

TEST(a_link_that_is_turned_meanwhile_is_left)
{
	struct component c = at(directory_form());
	struct job job = job_of(&c, DRIVER_COMMIT, &new_pair);

	assert_true(deploy_far(&c, &third_pair));
	assert_true(deploy_far(&c, &old_pair));
	must_run(&c, DRIVER_STAGE, &new_pair);
	side.ops = side.scripts = 0;
	raced = &c;
	side.before = turn_meanwhile;
	job.replaces = old_pair.facts.fingerprint;
	carry_out(&job);
	assert_null(raced);
	if (job.error.code != ERR_STALE)
		fail_msg("%d: %s", job.error.code, job.error.text);
	assert_served(&c.deliver.files, &third_pair);
}

TEST(a_staged_version_that_was_damaged_is_not_switched_to)
{
	struct component c = at(directory_form());
	const char *key =
		arena_printf(&test_arena, ".site.certfleet/%s/key.pem", new_pair.facts.fingerprint);

	assert_true(deploy_far(&c, &old_pair));
	must_run(&c, DRIVER_STAGE, &new_pair);
	write_key(at_root(key), &third_pair, 0600);
	assert_refused(&c, DRIVER_COMMIT, &new_pair, "is damaged");
	assert_served(&c.deliver.files, &old_pair);
}

TEST(a_pair_that_is_none_is_refused)
{
	struct component c = at(directory_form());
	struct job job = job_of(&c, DRIVER_STAGE, &new_pair);

	job.key = &old_pair.key;
	carry_out(&job);
	assert_non_null(strstr(job.error.text, "does not match"));
	assert_int_not_equal(access(at_root(".site.certfleet"), F_OK), 0);
}

TEST(a_mixed_pair_is_seen)
{
	struct component c = at(path_form());
	struct observation a;

	write_certs(at_root("site.crt"), &old_pair);
	write_key(at_root("site.key"), &new_pair, 0600);
	a = look(&c);
	assert_string_equal(a.installed, old_pair.facts.fingerprint);
	assert_non_null(strstr(a.damage, "does not match"));
}

TEST(what_is_not_ours_stays)
{
	struct component c = at(path_form());
	struct component d = at(directory_form());

	write_text(at_root("site.crt"), "something else\n");
	assert_non_null(strstr(look(&c).unwritable, "replace: true"));
	assert_refused(&c, DRIVER_STAGE, &new_pair, "replace: true");
	c.deliver.files.replace = true;
	assert_true(deploy_far(&c, &new_pair));

	mkdir(at_root("site"), 0755);
	put_others();
	assert_null(look(&d).unwritable);
	assert_true(deploy_far(&d, &old_pair));
	assert_others();
	write_text(at_root("site/later.pem"), "later\n");
	assert_true(deploy_far(&d, &new_pair));
	assert_others();
	assert_reads("site/later.pem", "later\n");
	assert_refused(&d, DRIVER_REMOVE, NULL, "is not certfleet's");
	must_run(&d, DRIVER_REVERT, &old_pair);
	assert_others();
	folder_remove(at_root("site"));
	folder_remove(at_root(".site.certfleet"));
	assert_int_equal(symlink("elsewhere", at_root("site")), 0);
	assert_refused(&d, DRIVER_STAGE, &new_pair, "name the directory that it leads to");
	assert_null(look(&d).installed);
	assert_non_null(look(&d).error);
}

TEST(d1_a_certificate_is_readable_where_its_key_is_not)
{
	struct component c = at(split_form());

	make_split_homes();
	assert_true(deploy_far(&c, &old_pair));
	assert_true(deploy_far(&c, &new_pair));
	assert_split();
	assert_served(&c.deliver.files, &new_pair);
	must_run(&c, DRIVER_REVERT, &old_pair);
	assert_served(&c.deliver.files, &old_pair);
	must_run(&c, DRIVER_REMOVE, NULL);
	assert_int_equal(rmdir(at_root("pub")), 0);
	assert_int_equal(rmdir(at_root("priv")), 0);
}

TEST(links_of_the_former_layout_are_taken_over)
{
	struct component c = at(split_form());

	make_split_homes();
	plant_former_layout(&c.deliver.files, &old_pair);
	assert_string_equal(look(&c).installed, old_pair.facts.fingerprint);
	assert_true(deploy_far(&c, &new_pair));
	assert_split();
	assert_served(&c.deliver.files, &new_pair);
	must_run(&c, DRIVER_REVERT, &old_pair);
	assert_served(&c.deliver.files, &old_pair);
}

TEST(directories_on_the_way_are_checked)
{
	struct component c = at((struct install){ .directory = at_root("open/site") });
	struct component linked = at((struct install){ .directory = at_root("link/site") });
	struct component gone = at((struct install){ .directory = at_root("gone/site") });

	mkdir(at_root("open"), 0755);
	chmod(at_root("open"), 0777);
	assert_int_equal(symlink("open", at_root("link")), 0);
	assert_refused(&c, DRIVER_STAGE, &new_pair, "others can write");
	assert_non_null(look(&c).unwritable);
	assert_refused(&linked, DRIVER_STAGE, &new_pair, "symbolic link");
	assert_refused(&gone, DRIVER_STAGE, &new_pair, "create it first");
	c.deliver.files.unsafe_directory = true;
	assert_true(deploy_far(&c, &new_pair));
	assert_string_equal(look(&gone).installed, "");
	must_run(&gone, DRIVER_ABORT, &new_pair);
	must_run(&gone, DRIVER_REMOVE, NULL);
}

TEST(names_that_are_unknown_there_are_refused)
{
	struct component c = at(directory_form());

	c.deliver.files.owner = "no-such-user";
	assert_refused(&c, DRIVER_STAGE, &new_pair, "no user 'no-such-user'");
	c.deliver.files.owner = NULL;
	c.deliver.files.group = "no-such-group";
	assert_non_null(strstr(look(&c).unwritable, "no group"));
}

TEST(without_commands_nothing_is_installed_but_all_is_seen)
{
	struct component c = at(path_form());
	struct observation a;

	write_certs(at_root("site.crt"), &old_pair);
	write_key(at_root("site.key"), &old_pair, 0600);
	side.is_mute = true;
	a = look(&c);
	assert_string_equal(a.installed, old_pair.facts.fingerprint);
	assert_non_null(strstr(a.unwritable, "cannot run /bin/sh"));
	assert_refused(&c, DRIVER_STAGE, &new_pair, "ForceCommand");
}

TEST(hostile_names_are_only_names)
{
	struct component c =
		at((struct install){ .directory = at_root("it's $(touch hacked) `id`; #") });

	assert_true(deploy_far(&c, &old_pair));
	assert_true(deploy_far(&c, &new_pair));
	assert_served(&c.deliver.files, &new_pair);
	must_run(&c, DRIVER_REMOVE, NULL);
	assert_int_not_equal(access("/hacked", F_OK), 0);
}

/* ---- activation ---- */

static struct component with_command(const char *const *argv, int64_t timeout)
{
	struct component c = at(directory_form());

	c.activate =
		(struct activate){ .kind = ACTIVATE_COMMAND, .argv = argv, .timeout = timeout };
	return c;
}

/* A task, since the outcome is asked for after a pause. */
static void activate_where_nothing_runs(void *ctx)
{
	side.is_mute = true;
	assert_refused(ctx, DRIVER_ACTIVATE, &new_pair, "not run to its end");
}

TEST(a_command_is_run_there)
{
	AUTO(loop) loop = loop_new(1);
	const char *const good[] = { "true", NULL };
	const char *const bad[] = { "sh", "-c", "printf 'no \\033[1mreload'; exit 3", NULL };
	const char *const slow[] = { "sleep", "300", NULL };
	struct component c = with_command(good, 60);
	struct job job;

	must_run(&c, DRIVER_ACTIVATE, &new_pair);
	c = with_command(bad, 60);
	job = run_session(&c, DRIVER_ACTIVATE, &new_pair);
	assert_int_equal(job.error.code, ERR_REMOTE);
	assert_non_null(strstr(job.error.text, "status 3"));
	c = with_command(slow, 1);
	assert_refused(&c, DRIVER_ACTIVATE, &new_pair, "did not end within");
	loop_add(loop, NULL, activate_where_nothing_runs, &c);
	loop_run(loop);
	c.activate.kind = ACTIVATE_NONE;
	must_run(&c, DRIVER_ACTIVATE, &new_pair);
}

TEST(r6_the_outcome_of_an_activation_is_known_there_until_the_next_commit)
{
	const char *const good[] = { "true", NULL };
	const char *const bad[] = { "false", NULL };
	const struct component c = with_command(good, 60);
	const struct component fails = with_command(bad, 60);

	assert_true(deploy_far(&c, &old_pair));
	assert_null(look(&c).activated);
	must_run(&c, DRIVER_ACTIVATE, &old_pair);
	assert_string_equal(look(&c).activated, old_pair.facts.fingerprint);
	assert_true(deploy_far(&c, &new_pair));
	assert_null(look(&c).activated);
	assert_false(run_session(&fails, DRIVER_ACTIVATE, &new_pair).done);
	assert_null(look(&c).activated);
	must_run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_string_equal(look(&c).activated, new_pair.facts.fingerprint);
	/* somebody else's pair, and ours again */
	unlink(at_root("site"));
	mkdir(at_root("site"), 0755);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	write_key(at_root("site/key.pem"), &old_pair, 0600);
	assert_null(look(&c).activated);
	assert_true(deploy_far(&c, &new_pair));
	assert_null(look(&c).activated);
}

/* ---- whatever goes wrong ---- */

struct scenario {
	struct install install;
	const struct pair *before;
	const struct pair *after;
	bool found;            /* real files stand there before */
	bool has_gap;          /* for a moment there may be nothing */
	enum driver_verb verb; /* commit stages first */
	bool linked;           /* real files stand elsewhere, and links lead to them */
};

static void prepare(const struct scenario *s)
{
	const struct install *i = &s->install;
	struct err e = { 0 };

	folder_remove(root);
	assert_int_equal(mkdir(root, 0700), 0);
	make_split_homes();
	memset(&side, 0, sizeof(side));
	if (!s->found) {
		must(deploy(i, &old_pair, &e), &e);
		if (s->verb == DRIVER_REVERT)
			must(deploy(i, &new_pair, &e), &e);
		return;
	}
	if (i->directory) {
		mkdir(i->directory, 0755);
		put_others();
	}
	if (s->linked) {
		assert_int_equal(symlink(at_root("elsewhere.crt"), i->certificate), 0);
		assert_int_equal(symlink(at_root("elsewhere.key"), i->key), 0);
	}
	write_certs(i->directory ? at_root("site/fullchain.pem")
		    : s->linked  ? at_root("elsewhere.crt")
				 : i->certificate,
		    &old_pair);
	write_key(i->directory ? at_root("site/key.pem")
		  : s->linked  ? at_root("elsewhere.key")
			       : i->key,
		  &old_pair, 0600);
}

static bool run_scenario(const struct scenario *s)
{
	struct component c = at(s->install);

	if (s->verb == DRIVER_COMMIT)
		return deploy_far(&c, s->after);
	return run_session(&c, s->verb, s->after).done;
}

static void assert_old_or_new(const struct scenario *s, const char *when)
{
	const char *now = served(&s->install);
	const char *before = s->before->facts.fingerprint;
	const char *after = s->after ? s->after->facts.fingerprint : "";

	if (now && s->has_gap && !*now)
		return;
	if (s->install.plain && (!now || !*now))
		return; /* between its two files */
	if (!now || (strcmp(now, before) && strcmp(now, after)))
		fail_msg("%s: the paths hold %s", when, now ? now : "a mixed pair");
}

static int refuse_leftover(const char *path, const struct stat *st, int type, struct FTW *at_depth)
{
	(void)st;
	(void)type;
	(void)at_depth;
	return strstr(path, "tmp-certfleet") != NULL;
}

static void assert_converges(const struct scenario *s, const char *when)
{
	memset(&side, 0, sizeof(side));
	if (!run_scenario(s))
		fail_msg("%s: the repeat fails", when);
	assert_served(&s->install, s->after);
	assert_installed(&s->install, s->after);
	if (nftw(root, refuse_leftover, 16, FTW_PHYS))
		fail_msg("%s: a temporary is left", when);
	if (s->found && s->install.directory)
		assert_others();
}

/* What was found can be put back however often it was interrupted. */
static void assert_found_is_kept(const struct scenario *s, const char *when)
{
	struct component c = at(s->install);

	if (!s->found)
		return;
	if (!run_session(&c, DRIVER_REVERT, &old_pair).done)
		fail_msg("%s: what was found is lost", when);
	assert_served(&s->install, &old_pair);
}

static void check_broken(const struct scenario *s, unsigned k)
{
	const char *when = arena_printf(&test_arena, "broken at %u", k);

	assert_old_or_new(s, when);
	assert_converges(s, when);
	assert_found_is_kept(s, when);
}

enum {
	FOUND_PATHS = 3, /* the one with most to do */
	SCENARIOS = 11,
	PLAIN_SCENARIOS = 5,
};

static struct scenario scenarios(int n)
{
	const struct scenario all[] = {
		{ directory_form(), &old_pair, &new_pair, false, false, DRIVER_COMMIT },
		{ path_form(), &old_pair, &new_pair, false, false, DRIVER_COMMIT },
		{ directory_form(), &old_pair, &new_pair, true, true, DRIVER_COMMIT },
		{ path_form(), &old_pair, &new_pair, true, false, DRIVER_COMMIT },
		{ directory_form(), &new_pair, &old_pair, false, false, DRIVER_REVERT },
		{ path_form(), &new_pair, &old_pair, false, false, DRIVER_REVERT },
		{ path_form(), &new_pair, NULL, false, false, DRIVER_REVERT },
		{ split_form(), &old_pair, &new_pair, false, false, DRIVER_COMMIT },
		{ split_form(), &old_pair, &new_pair, true, false, DRIVER_COMMIT },
		{ split_form(), &new_pair, &old_pair, false, false, DRIVER_REVERT },
		{ path_form(), &old_pair, &new_pair, true, false, DRIVER_COMMIT, true },
	};

	return all[n];
}

static struct scenario plain_scenarios(int n)
{
	const struct scenario all[PLAIN_SCENARIOS] = {
		{ path_form(), &old_pair, &new_pair, false, false, DRIVER_COMMIT },
		{ split_form(), &old_pair, &new_pair, true, false, DRIVER_COMMIT },
		{ path_form(), &new_pair, &old_pair, false, false, DRIVER_REVERT },
		{ split_form(), &new_pair, NULL, false, false, DRIVER_REVERT },
		{ path_form(), &old_pair, &new_pair, true, false, DRIVER_COMMIT, true },
	};
	struct scenario s = all[n];

	s.install.plain = true;
	return s;
}

/* `make check-long` tries every point. */
static unsigned stride(void)
{
	return getenv("EVERY") ? 1 : 4;
}

TEST(an_op_that_is_refused_leaves_old_or_new)
{
	const struct scenario s = scenarios(FOUND_PATHS);
	bool reached = true;
	unsigned k = 0;

	for (k = 1; reached && k < POINTS_LIMIT; k += stride()) {
		prepare(&s);
		side.refuse_op = k;
		(void)run_scenario(&s);
		reached = side.ops >= k;
		check_broken(&s, k);
	}
	assert_true(k > 40 && k < POINTS_LIMIT);
}

static void cut_every_program(const struct scenario *s)
{
	bool done = false;
	unsigned k = 0;

	while (!done && ++k < POINTS_LIMIT) {
		prepare(s);
		side.cut_program = k;
		done = run_scenario(s);
		check_broken(s, k);
	}
	assert_true(k > 2 && k < POINTS_LIMIT);
}

TEST(a_program_that_is_cut_off_leaves_old_or_new)
{
	for (int n = 0; n < SCENARIOS; n += getenv("EVERY") ? 1 : n == 9 ? 1 : 3) {
		const struct scenario s = scenarios(n);

		cut_every_program(&s);
	}
}

TEST(d1_a_program_that_is_cut_off_between_plain_files_is_finished)
{
	for (int n = 0; n < PLAIN_SCENARIOS; n++) {
		const struct scenario s = plain_scenarios(n);

		cut_every_program(&s);
	}
}

TEST(d1_without_a_link_the_files_there_are_plain)
{
	struct component c = at(path_form());
	struct stat st = { 0 };

	assert_true(deploy_far(&c, &old_pair));
	c.deliver.files.plain = true;
	assert_non_null(look(&c).attr_flaw);
	assert_true(deploy_far(&c, &old_pair));
	assert_null(look(&c).attr_flaw);
	assert_true(deploy_far(&c, &new_pair));
	assert_served(&c.deliver.files, &new_pair);
	assert_int_equal(lstat(c.deliver.files.key, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	must_run(&c, DRIVER_REMOVE, NULL);
	assert_served(&c.deliver.files, NULL);
}

/* ---- what somebody else has put there ---- */

/* Told by the look, and refused before anything is made. */
static void assert_closed(const struct component *c, const char *words)
{
	const char *why = look(c).unwritable;

	assert_non_null(why);
	if (!strstr(why, words))
		fail_msg("no '%s' in: %s", words, why);
	assert_refused(c, DRIVER_STAGE, &new_pair, words);
}

TEST(s2_a_planted_key_is_refused_over_ssh)
{
	struct component c = at(directory_form());
	struct install *i = &c.deliver.files;

	needs_root();
	plant_directory(i, 0777);
	assert_closed(&c, "others can write to directory");
	i->unsafe_directory = true;
	assert_closed(&c, "say 'owner: \"65534\"', or remove it");
	assert_false(exists(at_root(".site.certfleet")));
	i->owner = "65534";
	assert_true(deploy_far(&c, &new_pair));
	assert_int_equal(owner_of(at_root(".site.certfleet/..")), 0);
	assert_int_equal(owner_of(arena_printf(&test_arena, "%s/.site.certfleet/%s/key.pem", root,
					       new_pair.facts.fingerprint)),
			 STRANGER_ID);
}

TEST(s2_a_planted_entry_of_a_sticky_directory_is_refused)
{
	struct component c = at((struct install){ .certificate = at_root("sticky/site.crt"),
						  .key = at_root("sticky/site.key") });
	struct install *i = &c.deliver.files;
	const char *store = at_root("sticky/.site.key.certfleet");

	needs_root();
	make_dir("sticky", 01777);
	plant_files(i);
	i->owner = "nobody";
	assert_closed(&c, "belongs to user 65534 and stands in a directory");
	unlink(i->key);
	assert_int_equal(symlink(".site.key.certfleet/current/key.pem", i->key), 0);
	give_to_stranger(i->key);
	assert_closed(&c, "belongs to user 65534 and stands in a directory");
	unlink(i->key);
	make_dir("sticky/.site.key.certfleet", 0777);
	give_to_stranger(store);
	assert_closed(&c, "belongs to user 65534");
	assert_int_equal(mode_of(store), 0777);
	rmdir(store);
	assert_true(deploy_far(&c, &new_pair));
}

TEST(s2_a_hard_link_lends_nothing_over_ssh)
{
	struct component paths = at(path_form());
	struct component whole = at(directory_form());

	write_certs(at_root("site.crt"), &old_pair);
	write_key(at_root("other.key"), &old_pair, 0640);
	assert_int_equal(link(at_root("other.key"), at_root("site.key")), 0);
	assert_closed(&paths, "hard link");
	make_dir("site", 0755);
	write_certs(at_root("site/fullchain.pem"), &old_pair);
	assert_int_equal(link(at_root("other.key"), at_root("site/key.pem")), 0);
	assert_closed(&whole, "hard link");
}

TEST(s2_a_version_that_others_can_write_is_not_used)
{
	struct component c = at(directory_form());

	assert_true(deploy_far(&c, &old_pair));
	assert_true(deploy_far(&c, &new_pair));
	assert_int_equal(chmod(arena_printf(&test_arena, "%s/.site.certfleet/%s", root,
					    old_pair.facts.fingerprint),
			       0777),
			 0);
	assert_refused(&c, DRIVER_REVERT, &old_pair, "others can write");
	assert_int_equal(chmod(at_root("site"), 0777), 0);
	assert_closed(&c, "others can write");
}

/* As user 65534 in a process of its own: both sides are that user then. */
static bool holds_for_stranger(bool (*holds)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setgid(STRANGER_ID) || setuid(STRANGER_ID) || !holds());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static bool is_closed_by_another_user(void)
{
	struct component c = at(path_form());
	struct observation a = look(&c);

	return a.unwritable && strstr(a.unwritable, "belongs to user 5,") &&
	       !strstr(a.unwritable, "owner:") && !run_session(&c, DRIVER_STAGE, &new_pair).done;
}

static bool is_open(void)
{
	struct component c = at(path_form());

	return !look(&c).unwritable && deploy_far(&c, &new_pair);
}

TEST(s2_a_plain_user_is_who_it_is_over_there)
{
	needs_root();
	give_to_stranger(root);
	write_certs(at_root("site.crt"), &old_pair);
	give_to_stranger(at_root("site.crt"));
	write_key(at_root("site.key"), &old_pair, 0644);
	assert_int_equal(chown(at_root("site.key"), 5, 60), 0);
	assert_true(holds_for_stranger(is_closed_by_another_user));
	give_to_stranger(at_root("site.key"));
	assert_true(holds_for_stranger(is_open));
	assert_int_equal(owner_of(at_root(".site.key.certfleet/current/key.pem")), STRANGER_ID);
}

/* The store is planted between the look and the first script that writes. */
static void plant_store(const struct ssh_op *op)
{
	const char *store = at_root(".site.certfleet");

	if (op->kind != SSH_RUN || side.scripts != 1 || exists(store))
		return;
	make_dir(".site.certfleet", 0777);
	give_to_stranger(store);
}

TEST(s2_a_store_that_comes_after_the_look_is_refused)
{
	struct component c = at(directory_form());
	AUTO(buf) key = { 0 };
	struct err e = { 0 };

	needs_root();
	side.before = plant_store;
	assert_refused(&c, DRIVER_STAGE, &new_pair, "can be changed by other users");
	assert_false(fs_read(at_root(".site.certfleet/.new.tmp-certfleet/key.pem"),
			     INPUT_FILE_LIMIT, &key, &e));
}

/* ---- owner and mode ---- */

static void assert_attr_flaw(const struct component *c, const char *flaw)
{
	struct job job = run_session(c, DRIVER_PROBE, NULL);

	assert_true(job.done);
	assert_null(job.seen.damage);
	if (!flaw) {
		assert_null(job.seen.attr_flaw);
		return;
	}
	assert_non_null(job.seen.attr_flaw);
	assert_string_equal(job.seen.attr_flaw, flaw);
	assert_null(job.seen.unwritable);
}

TEST(d1_who_may_read_by_an_acl_there_still_may)
{
	struct component c = at(path_form());
	const char *key = at_root("site.key");

	needs_root();
	for (int n = 0; n < 2; n++) {
		c.deliver.files.plain = n;
		folder_remove(root);
		assert_int_equal(mkdir(root, 0755), 0);
		assert_int_equal(chmod(root, 0755), 0);
		write_certs(at_root("site.crt"), &old_pair);
		write_key(key, &old_pair, 0600);
		set_acl(key);
		assert_true(deploy_far(&c, &new_pair));
		assert_attr_flaw(&c, NULL);
		assert_true(deploy_far(&c, &third_pair));
		assert_true(opens_as(33, key));
		assert_false(opens_as(34, key));
		assert_false(has_acl(at_root("site.crt")));
		must_run(&c, DRIVER_REVERT, &old_pair);
		assert_true(opens_as(33, key));
	}
}

/* The host has another 'cp', of fewer options. */
static void put_plain_cp(const struct ssh_op *op)
{
	struct ssh_op *changed = (struct ssh_op *)op;
	const char *at = op->kind == SSH_RUN ? strstr(op->bytes, "umask 022\n") : NULL;

	if (at)
		changed->bytes = arena_printf(&test_arena, "%.*sPATH=%s:$PATH\n%s",
					      (int)(at - (const char *)op->bytes),
					      (const char *)op->bytes, at_root("bin"), at);
}

TEST(d1_an_acl_that_cannot_be_kept_there_is_told_beforehand)
{
	struct component c = at(path_form());

	write_certs(at_root("site.crt"), &old_pair);
	write_key(at_root("site.key"), &old_pair, 0600);
	make_dir("bin", 0755);
	write_file(at_root("bin/cp"), "#!/bin/sh\necho usage\n", 21, 0755);
	side.before = put_plain_cp;
	assert_null(look(&c).unwritable);
	set_acl(at_root("site.key"));
	assert_closed(&c,
		      "has an ACL or a security label, which 'cp' of 'far.example' cannot keep");
	assert_served(&c.deliver.files, &old_pair);
}

TEST(r5_leftovers_there_are_told_and_removed)
{
	struct component c = at(path_form());
	const char *aside = at_root(".site.key.certfleet/.new.tmp-certfleet");

	assert_true(deploy_far(&c, &old_pair));
	assert_int_equal(mkdir(aside, 0755), 0);
	assert_attr_flaw(&c, arena_printf(&test_arena,
					  "'%s' was left by a change that was interrupted", aside));
	assert_true(deploy_far(&c, &old_pair));
	assert_attr_flaw(&c, NULL);
	assert_false(exists(aside));
}

TEST(p3_owner_and_mode_there_are_told_and_set_again)
{
	const struct install forms[] = { directory_form(), path_form() };
	const char *const keys[] = { at_root("site/key.pem"), at_root("site.key") };

	for (size_t f = 0; f < 2; f++) {
		struct component c = at(forms[f]);

		assert_true(deploy_far(&c, &old_pair));
		assert_attr_flaw(&c, NULL);
		assert_int_equal(chmod(keys[f], 0666), 0);
		assert_attr_flaw(
			&c, arena_printf(&test_arena, "'%s' has mode 0666, not 0600", keys[f]));
		assert_true(deploy_far(&c, &old_pair));
		assert_attr_flaw(&c, NULL);
		assert_int_equal(mode_of(keys[f]), 0600);
		if (geteuid() != 0)
			continue;
		assert_int_equal(chown(keys[f], STRANGER_ID, (gid_t)-1), 0);
		assert_attr_flaw(&c,
				 arena_printf(&test_arena, "'%s' belongs to user %d, not to user 0",
					      keys[f], STRANGER_ID));
		assert_true(deploy_far(&c, &old_pair));
		assert_attr_flaw(&c, NULL);
		assert_int_equal(owner_of(keys[f]), 0);
	}
}

TEST(p3_a_mode_that_is_asked_for_later_is_set_there_and_back_again)
{
	struct component c = at(directory_form());
	const char *key = at_root("site/key.pem");

	assert_true(deploy_far(&c, &old_pair));
	for (int turn = 0; turn < 2; turn++) {
		c.deliver.files.mode = 0640;
		assert_attr_flaw(&c,
				 arena_printf(&test_arena, "'%s' has mode 0600, not 0640", key));
		assert_true(deploy_far(&c, &old_pair));
		assert_int_equal(mode_of(key), 0640);
		c.deliver.files.mode = 0600;
		assert_true(deploy_far(&c, &old_pair));
		assert_attr_flaw(&c, NULL);
		assert_int_equal(mode_of(key), 0600);
	}
}

TEST(p3_a_mode_that_was_reverted_is_not_inherited_there)
{
	static const struct pair *const before[] = { &old_pair, NULL };

	for (int n = 0; n < 4; n++) {
		struct component c = at(some_form(n % 2));
		const struct pair *first = before[n / 2];

		if (first)
			assert_true(deploy_far(&c, first));
		c.deliver.files.mode = 0640;
		assert_true(deploy_far(&c, &new_pair));
		must_run(&c, DRIVER_REVERT, first);
		c.deliver.files.mode = 0;
		assert_attr_flaw(&c, NULL);
		assert_true(deploy_far(&c, &new_pair));
		assert_int_equal(mode_of(at_root(n % 2 ? "site.key" : "site/key.pem")), 0600);
		must_run(&c, DRIVER_REMOVE, NULL);
	}
}

TEST_EACH(open_side, close_root)
TEST_GROUP(open_sftp, close_drivers)
