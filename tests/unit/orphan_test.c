/* SPDX-License-Identifier: Apache-2.0 */
#include "install/supervisor.h"
#include "test.h"

#include "base/child.h"
#include "base/clock.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What came of a command, in a process forked for it: 0 nothing was left. */
enum {
	NOTHING_LEFT,
	SOMETHING_LEFT,
	COMMAND_FAILED,
};

struct outcome {
	int what;
	char text[512];
	unsigned waits;    /* times that the check slept */
	int64_t waited_ms; /* how long it took */
};

static unsigned sleeps;

/* In the place of the library's. */
int usleep(useconds_t us)
{
	sleeps++;
	clock_sleep_ms(us / 1000);
	return 0;
}

static void run_and_check(const char *script, struct outcome *o)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child c = { .argv = argv, .timeout_ms = PATIENCE_MS };
	AUTO(arena) a = { 0 };
	struct err e = { 0 };
	bool good = orphan_watch(&e) && child_run(&c, NULL, &e);
	int64_t begin_ms = clock_mono_ms();
	bool clean = false;

	sleeps = 0;
	clean = good && orphan_check(&a, &e);
	*o = (struct outcome){ .what = clean  ? NOTHING_LEFT
				       : good ? SOMETHING_LEFT
					      : COMMAND_FAILED,
			       .waits = sleeps,
			       .waited_ms = clock_mono_ms() - begin_ms };
	snprintf(o->text, sizeof(o->text), "%s", e.text);
}

/* What a command has left comes to the subreaper above it, and goes. */
static void end_what_is_left(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	for (;;) {
		FILE *f = fopen(path, "r");
		int pid = 0;

		assert_non_null(f);
		if (fscanf(f, "%d", &pid) != 1)
			pid = 0;
		fclose(f);
		if (!pid)
			return;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static struct outcome after(const char *script)
{
	struct outcome o = { 0 };
	int ends[2];
	int status = -1;
	pid_t pid = 0;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		run_and_check(script, &o);
		_exit(write(ends[1], &o, sizeof(o)) != sizeof(o));
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &o, sizeof(o)), sizeof(o));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end_what_is_left();
	return o;
}

TEST(a_command_that_ends_leaves_nothing)
{
	struct outcome o = after("true; (exit 0); echo done");

	assert_int_equal(o.what, NOTHING_LEFT);
	assert_int_equal(o.waits, 0);
}

/*
 * As systemctl does: it asks somebody else, and waits a little.  A machine
 * may be too busy for it to end in time, but then it was waited for.
 */
TEST(helpers_that_end_soon_are_fine)
{
	struct outcome o = { .what = SOMETHING_LEFT };

	for (int i = 0; i < 30 && o.what == SOMETHING_LEFT; i++) {
		o = after("setsid sleep 0.3 >/dev/null 2>&1 </dev/null & exit 0");
		assert_true(o.what == NOTHING_LEFT || o.waited_ms >= 1000);
	}
	assert_int_equal(o.what, NOTHING_LEFT);
	assert_true(o.waits > 0);
}

/* Has become what it is when the command ends. */
#define ONCE_IT_IS(name) "until grep -q " name " /proc/$!/comm; do sleep 0.02; done"

TEST(a_daemon_is_found)
{
	struct outcome o =
		after("setsid sleep 300 >/dev/null 2>&1 </dev/null & " ONCE_IT_IS("sleep"));

	assert_int_equal(o.what, SOMETHING_LEFT);
	assert_non_null(strstr(o.text, "('sleep') behind"));
	assert_non_null(strstr(o.text, "systemctl"));
}

/* The way daemons detach: two forks, a session of its own. */
TEST(a_daemon_that_forked_twice_is_found)
{
	struct outcome o =
		after("(setsid sh -c 'exec sleep 300 >/dev/null 2>&1 </dev/null' & " ONCE_IT_IS(
			"sleep") ") & wait; exit 0");

	assert_int_equal(o.what, SOMETHING_LEFT);
	assert_non_null(strstr(o.text, "sleep"));
}

TEST(a_job_in_the_background_is_found)
{
	struct outcome o = after("sleep 300 >/dev/null 2>&1 &");

	assert_int_equal(o.what, SOMETHING_LEFT);
}

TEST(one_that_forks_on_and_on_is_found)
{
	struct outcome o = after(
		"setsid sh -c 'while :; do sleep 0.4 & wait; done' >/dev/null 2>&1 </dev/null &");

	assert_int_equal(o.what, SOMETHING_LEFT);
}

TEST(its_name_is_shown_escaped)
{
	struct outcome o = after(
		"setsid sh -c 'printf \"\\033[2J\" >/proc/$$/comm; sleep 300; :' >/dev/null 2>&1 </dev/null & " ONCE_IT_IS(
			"2J"));

	assert_int_equal(o.what, SOMETHING_LEFT);
	assert_non_null(strstr(o.text, "('\\x1b[2J') behind"));
}
