/* SPDX-License-Identifier: Apache-2.0 */
#include "install/supervisor.h"
#include "test.h"

#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

static char folder[64];
static char records[80];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/certfleet-supervisor-XXXXXX");
	snprintf(records, sizeof(records), "%s/activations", mkdtemp(folder));
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct supervised supervised_of(const char *script, const char *fingerprint)
{
	static const char *argv[] = { "sh", "-c", NULL, NULL };
	static const char *const env[] = { NULL };

	argv[2] = script;
	return (struct supervised){ .directory = records,
				    .process = "web",
				    .component = "edge/e1",
				    .fingerprint = fingerprint,
				    .argv = argv,
				    .env = env,
				    .place = folder,
				    .timeout_ms = PATIENCE_MS };
}

static bool activate_by(const char *script, const char *fingerprint, struct err *e)
{
	const struct supervised s = supervised_of(script, fingerprint);
	AUTO(supervisor) one = { .pidfd = -1 };

	if (!supervisor_begin(&s, &one, e))
		return false;
	supervisors_wait(&one, 1, NULL, NULL);
	return supervisor_end(&one, e);
}

static bool is_there(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !access(path, F_OK);
}

static void wait_for(const char *name)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (!is_there(name) && clock_mono_ms() < end_ms)
		clock_sleep_ms(10);
	assert_true(is_there(name));
}

static struct activation_record record_of(struct arena *a)
{
	struct activation_record r = { 0 };

	assert_true(activation_record_read(records, "web", a, &r));
	return r;
}

/* Begins in a process that is killed then. */
static void begin_and_die(const char *script)
{
	const struct supervised s = supervised_of(script, ONE);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct supervisor one;
		struct err e = { 0 };

		if (supervisor_begin(&s, &one, &e))
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

TEST(the_outcome_of_a_command_is_its_own)
{
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	assert_true(activate_by("true", ONE, &e));
	assert_int_equal(record_of(&a).end, ACTIVATION_DONE);
	assert_string_equal(record_of(&a).order.component, "edge/e1");
	assert_false(activate_by("echo broken; exit 3", TWO, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "status 3: broken"));
	assert_int_equal(record_of(&a).end, ACTIVATION_FAILED);
	assert_string_equal(record_of(&a).error, e.text);
}

TEST(r6_a_command_inherits_nothing_of_its_supervisor)
{
	struct err e = { 0 };

	assert_true(activate_by(
		"for f in 3 4 5 6 7 8 9 10 11 12; do ! test -e /proc/$$/fd/$f || exit 1; done; test \"$(readlink /proc/$$/fd/0)\" = /dev/null",
		ONE, &e));
}

TEST(r6_an_activation_outlives_whoever_began_it_and_is_not_run_twice)
{
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	begin_and_die("echo x >>log; touch begun; until test -e go; do sleep 0.02; done");
	wait_for("begun");
	assert_true(activation_runs(records, "web"));
	assert_false(activation_runs(records, "other"));
	assert_int_equal(record_of(&a).end, ACTIVATION_RUNS);
	assert_int_equal(system(arena_printf(&a, "touch %s/go", folder)), 0);
	assert_true(activate_by("echo y >>log", ONE, &e));
	assert_int_equal(system(arena_printf(&a, "test \"$(cat %s/log)\" = x", folder)), 0);
	assert_false(activation_runs(records, "web"));
	/* another pair is another activation */
	assert_true(activate_by("echo y >>log", TWO, &e));
	assert_int_equal(system(arena_printf(&a, "grep -q y %s/log", folder)), 0);
}

TEST(r6_an_activation_that_failed_is_tried_again)
{
	struct err e = { 0 };

	begin_and_die("test -e second || { touch second; exit 1; }");
	assert_true(activate_by("test -e second && touch ran", ONE, &e));
	assert_true(is_there("ran"));
}

TEST(r6_another_activation_of_the_process_waits_for_the_first)
{
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	begin_and_die("touch begun; sleep 0.5; touch over");
	wait_for("begun");
	assert_true(activate_by("test -e over", TWO, &e));
}

TEST(a_supervisor_that_was_killed_is_told)
{
	struct err e = { 0 };
	const struct supervised s = supervised_of("echo $$ >pid; touch begun; exec sleep 300", ONE);
	AUTO(supervisor) one = { .pidfd = -1 };
	AUTO(arena) a = { 0 };

	assert_true(supervisor_begin(&s, &one, &e));
	wait_for("begun");
	kill(one.pid, SIGKILL);
	assert_int_equal(system(arena_printf(&a, "kill $(cat %s/pid)", folder)), 0);
	supervisors_wait(&one, 1, NULL, NULL);
	assert_false(supervisor_end(&one, &e));
	assert_non_null(strstr(e.text, "was killed"));
	assert_int_equal(record_of(&a).end, ACTIVATION_RUNS);
	assert_false(activation_runs(records, "web"));
}

static size_t told;

static void count_told(void *ctx, size_t running, int64_t until)
{
	(void)ctx;
	assert_int_equal(running, 1);
	assert_true(until >= clock_now());
	told++;
}

TEST(e4_a_stop_waits_and_a_further_one_leaves_the_supervisor_alone)
{
	AUTO(arena) a = { 0 };
	struct err e = { 0 };
	const struct supervised s = supervised_of(
		"kill -TERM $(cat parent); touch begun; until test -e go; do sleep 0.02; done",
		ONE);
	AUTO(supervisor) one = { .pidfd = -1 };

	assert_int_equal(
		system(arena_printf(
			&a,
			"echo %d >%s/parent; (until test -e %s/begun; do sleep 0.02; done; sleep 0.4; kill -TERM %d) &",
			(int)getpid(), folder, folder, (int)getpid())),
		0);
	stop_only_by(SIGTERM);
	told = 0;
	assert_true(supervisor_begin(&s, &one, &e));
	supervisors_wait(&one, 1, count_told, NULL);
	assert_int_equal(told, 1);
	assert_true(stop_insisted());
	stop_only_by(SIGTERM);
	assert_false(supervisor_end(&one, &e));
	assert_int_equal(e.code, ERR_STOPPED);
	assert_true(activation_runs(records, "web"));
	assert_int_equal(system(arena_printf(&a, "touch %s/go", folder)), 0);
	assert_true(activate_by("false", ONE, &e));
}

TEST(a_name_of_any_length_has_a_record)
{
	AUTO(arena) a = { 0 };
	struct activation_record r = { 0 };
	struct err e = { 0 };
	struct supervised s = supervised_of("true", ONE);
	AUTO(supervisor) one = { .pidfd = -1 };
	char name[1000];

	memset(name, '/', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	s.process = name;
	assert_true(supervisor_begin(&s, &one, &e));
	supervisors_wait(&one, 1, NULL, NULL);
	assert_true(supervisor_end(&one, &e));
	assert_true(activation_record_read(records, name, &a, &r));
	activation_record_remove(records, name);
	assert_false(activation_record_read(records, name, &a, &r));
}

TEST_EACH(make_folder, remove_folder)
