/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "test.h"

#include "base/stop.h"
#include "model/activation.h"
#include "model/snapshot.h"

#include <signal.h>
#include <sys/wait.h>

static struct component at(struct install install)
{
	return (struct component){ .name = "front",
				   .deliver = { .kind = DRIVER_FILES, .files = install } };
}

TEST(a_pair_goes_through_every_verb)
{
	struct component c = at(directory_form());
	struct job look = job_of(&c, DRIVER_PROBE, &new_pair);

	assert_true(run(&c, DRIVER_STAGE, &old_pair).done);
	assert_true(run(&c, DRIVER_COMMIT, &old_pair).done);
	assert_true(run(&c, DRIVER_STAGE, &new_pair).done);
	drivers_run(drivers, &look, 1);
	assert_true(look.done);
	assert_true(look.seen.online);
	assert_string_equal(look.seen.installed, old_pair.facts.fingerprint);
	assert_string_equal(look.seen.staged, new_pair.facts.fingerprint);
	assert_null(look.seen.served);
	assert_true(run(&c, DRIVER_COMMIT, &new_pair).done);
	assert_true(run(&c, DRIVER_ACTIVATE, &new_pair).done);
	assert_served(&c.deliver.files, &new_pair);
	assert_true(run(&c, DRIVER_REVERT, &old_pair).done);
	assert_served(&c.deliver.files, &old_pair);
	assert_true(run(&c, DRIVER_ABORT, &new_pair).done);
	assert_true(run(&c, DRIVER_REMOVE, &new_pair).done);
	assert_served(&c.deliver.files, NULL);
}

TEST(a_job_that_fails_harms_no_other)
{
	struct component good = at(directory_form());
	struct component bad = at((struct install){ .directory = at_root("no/site") });
	struct job jobs[] = { job_of(&bad, DRIVER_STAGE, &new_pair),
			      job_of(&good, DRIVER_STAGE, &new_pair) };

	drivers_run(drivers, jobs, 2);
	assert_false(jobs[0].done);
	assert_non_null(strstr(jobs[0].error.text, "does not exist"));
	assert_true(jobs[1].done);
	assert_int_equal(jobs[1].error.code, ERR_NONE);
}

TEST(a_commit_carries_what_it_replaces)
{
	struct component c = at(path_form());
	struct job job = job_of(&c, DRIVER_COMMIT, &new_pair);

	assert_true(run(&c, DRIVER_STAGE, &new_pair).done);
	job.replaces = old_pair.facts.fingerprint;
	drivers_run(drivers, &job, 1);
	assert_false(job.done);
	assert_int_equal(job.error.code, ERR_STALE);
}

TEST(a_stop_begins_nothing_but_lets_going_back)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct component c = at(directory_form());
		bool before = run(&c, DRIVER_STAGE, &old_pair).done &&
			      run(&c, DRIVER_COMMIT, &old_pair).done &&
			      run(&c, DRIVER_STAGE, &new_pair).done &&
			      run(&c, DRIVER_COMMIT, &new_pair).done;

		stop_install();
		raise(SIGTERM);
		_exit(before && !run(&c, DRIVER_STAGE, &third_pair).done &&
				      run(&c, DRIVER_REVERT, &old_pair).done
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(the_way_of_activation_follows_from_the_component)
{
	struct component c = at(directory_form());
	const struct component_seen seen = { 0 };

	assert_int_equal(component_activation(&c, &seen), ACTIVATION_NONE);
	c.activate.kind = ACTIVATE_SIGNAL;
	assert_int_equal(component_activation(&c, &seen), ACTIVATION_RELOAD);
	c.activate.kind = ACTIVATE_COMMAND;
	assert_int_equal(component_activation(&c, &seen), ACTIVATION_RESTART);
}

TEST(what_is_installed_can_be_read)
{
	struct component c = at(path_form());
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };
	struct job job = { .verb = DRIVER_READ,
			   .component = &c,
			   .arena = &test_arena,
			   .found = &set,
			   .parsed_key = &key };

	write_certs(c.deliver.files.certificate, &old_pair);
	write_key(c.deliver.files.key, &old_pair, 0600);
	drivers_run(drivers, &job, 1);
	must(job.done, &job.error);
	assert_int_equal(set.count, old_pair.set.count);
	assert_int_equal(key.len, old_pair.key.len);
}

TEST_EACH(open_root, close_root)
TEST_GROUP(open_drivers, close_drivers)
