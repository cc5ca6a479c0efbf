/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/order_execute.h"
#include "test.h"

#include "base/child.h"
#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	int64_t took_ms;
};

static int run_and_check(const char *script, char *text, size_t room)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child c = { .argv = argv, .timeout_ms = 10000 };
	AUTO(arena) a = { 0 };
	struct err e = { 0 };
	bool good = orphan_watch(&e) && child_run(&c, NULL, &e);
	bool clean = good && orphan_check(&a, &e);

	snprintf(text, room, "%s", e.text);
	return clean ? NOTHING_LEFT : good ? SOMETHING_LEFT : COMMAND_FAILED;
}

/* What it leaves is ours then, and goes. */
static struct outcome after(const char *script)
{
	struct outcome o = { .took_ms = clock_mono_ms() };
	int ends[2];
	int status = -1;
	pid_t pid = 0;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char text[512];
		int what = run_and_check(script, text, sizeof(text));

		if (write(ends[1], text, sizeof(text)) != sizeof(text))
			_exit(9);
		_exit(what);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], o.text, sizeof(o.text)), sizeof(o.text));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	o.what = WEXITSTATUS(status);
	o.took_ms = clock_mono_ms() - o.took_ms;
	return o;
}

TEST(a_command_that_ends_leaves_nothing)
{
	struct outcome o = after("true; (exit 0); echo done");

	assert_int_equal(o.what, NOTHING_LEFT);
	assert_true(o.took_ms < 900);
}

/* As systemctl does: it asks somebody else, and waits a little. */
TEST(helpers_that_end_soon_are_fine)
{
	struct outcome o = after("setsid sleep 0.3 >/dev/null 2>&1 </dev/null & exit 0");

	assert_int_equal(o.what, NOTHING_LEFT);
	assert_true(o.took_ms >= 250);
}

TEST(a_daemon_is_found)
{
	struct outcome o = after("setsid sleep 2.5 >/dev/null 2>&1 </dev/null &");

	assert_int_equal(o.what, SOMETHING_LEFT);
	assert_non_null(strstr(o.text, "('sleep') behind"));
	assert_non_null(strstr(o.text, "systemctl"));
}

/* The way daemons detach: two forks, a session of its own. */
TEST(a_daemon_that_forked_twice_is_found)
{
	struct outcome o = after(
		"(setsid sh -c 'exec sleep 2.5 >/dev/null 2>&1 </dev/null' &) & wait; exit 0");

	assert_int_equal(o.what, SOMETHING_LEFT);
	assert_non_null(strstr(o.text, "sleep"));
}

TEST(a_job_in_the_background_is_found)
{
	struct outcome o = after("sleep 2.5 >/dev/null 2>&1 &");

	assert_int_equal(o.what, SOMETHING_LEFT);
}

TEST(one_that_forks_on_and_on_is_found)
{
	struct outcome o = after(
		"setsid sh -c 'for i in 1 2 3 4 5 6; do sleep 0.4 & wait; done' >/dev/null 2>&1 </dev/null &");

	assert_int_equal(o.what, SOMETHING_LEFT);
}

TEST(its_name_is_shown_escaped)
{
	struct outcome o = after(
		"setsid sh -c 'printf \"\\033[2J\" >/proc/$$/comm; sleep 2.5; :' >/dev/null 2>&1 </dev/null &");

	assert_int_equal(o.what, SOMETHING_LEFT);
	assert_non_null(strstr(o.text, "('\\x1b[2J') behind"));
}
