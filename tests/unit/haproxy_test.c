/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "test.h"

/* An HAProxy that gives these answers, one after the other. */
#define HAPROXY(...) server_new((struct server){ .lines = true, .answers = { __VA_ARGS__ } }, NULL)

static struct component at(const struct server *s)
{
	const char *file = at_root("site.pem");

	return (struct component){
		.name = "front",
		.deliver = { .kind = DRIVER_HAPROXY,
			     .files = { .combined = file },
			     .haproxy = { .socket = s->origin, .certificate = file } },
	};
}

static void install(const struct component *c, const struct pair *p)
{
	assert_true(run(c, DRIVER_STAGE, p).done);
	assert_true(run(c, DRIVER_COMMIT, p).done);
}

static const char *holding(const struct pair *p)
{
	return arena_printf(&test_arena, "Version: 2.6.12\n\nSerial: 1\nSHA1 FingerPrint: %s\n\n",
			    cert_sha1(p->set.certs[0], &test_arena));
}

TEST(what_is_installed_is_handed_over)
{
	struct server *s = HAPROXY("Transaction created for certificate x!\n",
				   "Committing.\nSuccess!\n", holding(&new_pair));
	struct component c = at(s);
	struct job job;

	install(&c, &new_pair);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_int_equal(job.error.code, ERR_NONE);
	assert_true(job.done);
	assert_int_equal(s->requests, 3);
}

TEST(another_than_what_is_installed_is_not)
{
	struct server *s = HAPROXY("?");
	struct component c = at(s);
	struct job job;

	install(&c, &old_pair);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_int_equal(job.error.code, ERR_STALE);
	assert_int_equal(s->requests, 0);
}

TEST(a_commit_that_is_refused_is_aborted)
{
	struct server *s = HAPROXY("Transaction created for certificate x!\n",
				   "inconsistencies between private key and \033[1mcertificate\n"
				   "Can't commit x!\n",
				   "Transaction aborted for certificate x!\n");
	struct component c = at(s);
	struct job job;

	install(&c, &new_pair);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_false(job.done);
	assert_int_equal(job.error.code, ERR_REMOTE);
	assert_non_null(strstr(job.error.text, "inconsistencies"));
	assert_null(strchr(job.error.text, '\033'));
	assert_int_equal(s->requests, 3);
	assert_int_equal(strncmp(s->last, "abort ssl cert ", 15), 0);
}

TEST(a_success_that_is_none_is_not_believed)
{
	struct server *s = HAPROXY("Transaction updated for certificate x!\n", "Success!\n",
				   holding(&old_pair));
	struct component c = at(s);

	install(&c, &new_pair);
	assert_false(run(&c, DRIVER_ACTIVATE, &new_pair).done);
}

TEST(a_refused_set_is_the_end)
{
	struct server *s = HAPROXY("Permission denied\n");
	struct component c = at(s);
	struct job job;

	install(&c, &new_pair);
	job = run(&c, DRIVER_ACTIVATE, &new_pair);
	assert_non_null(strstr(job.error.text, "Permission denied"));
	assert_int_equal(s->requests, 1);
}

TEST(a_probe_tells_what_the_process_holds)
{
	struct server *s = HAPROXY(holding(&new_pair), holding(&old_pair), "Can't display\n");
	struct component c = at(s);
	struct observation a;

	install(&c, &new_pair);
	a = run(&c, DRIVER_PROBE, &new_pair).seen;
	assert_true(a.online);
	assert_string_equal(a.version, "2.6.12");
	assert_string_equal(a.installed, new_pair.facts.fingerprint);
	assert_string_equal(a.served, new_pair.facts.fingerprint);
	assert_null(a.unwritable);
	a = run(&c, DRIVER_PROBE, &new_pair).seen;
	assert_string_equal(a.served, "");
	a = run(&c, DRIVER_PROBE, &new_pair).seen;
	assert_null(a.served);
	assert_non_null(strstr(a.unwritable, "does not know"));
}

TEST(p5_a_command_that_meets_another_one_is_sent_again)
{
	static const char locked[] =
		"Can't show!\nOperations on certificates are currently locked!\n";
	struct server *s = HAPROXY(locked, locked, holding(&new_pair));
	struct component c = at(s);
	struct observation a;

	install(&c, &new_pair);
	a = run(&c, DRIVER_PROBE, &new_pair).seen;
	assert_int_equal(s->requests, 3);
	assert_null(a.unwritable);
	assert_string_equal(a.served, new_pair.facts.fingerprint);
}

TEST(one_that_does_not_run_is_offline_but_its_file_is_seen)
{
	struct server *s = HAPROXY("?");
	struct component c = at(s);
	struct job job;

	install(&c, &new_pair);
	server_stop(s);
	job = run(&c, DRIVER_PROBE, &new_pair);
	assert_true(job.done);
	assert_false(job.seen.online);
	assert_non_null(job.seen.error);
	assert_string_equal(job.seen.installed, new_pair.facts.fingerprint);
}

TEST_EACH(open_root, close_root)
TEST_GROUP(open_drivers, close_drivers)
