/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/worker.h"
#include "test.h"

#include "agent/ipc_message.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/stop.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer_at_once(void *ctx, struct response *out)
{
	response_json(200, json_pack("{ss}", "said", ctx), out);
	out->signer.spki_len = 3;
}

static void end_silently(void *ctx, struct response *out)
{
	(void)ctx;
	(void)out;
	_exit(3);
}

static void crash(void *ctx, struct response *out)
{
	(void)ctx;
	(void)out;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void tell_too_much(void *ctx, struct response *out)
{
	(void)ctx;
	out->status = 200;
	secret_alloc(&out->body, RESPONSE_LIMIT + 1);
	memset(out->body.bytes, 'x', out->body.len);
}

static void tell_all(void *ctx, struct response *out)
{
	(void)ctx;
	out->status = 200;
	secret_alloc(&out->body, RESPONSE_LIMIT);
	memset(out->body.bytes, 'x', out->body.len);
}

/* The descriptors it finds open, and its parent's death signal. */
static void look_around(void *ctx, struct response *out)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	(void)ctx;
	while (d && readdir(d))
		count++;
	if (d)
		closedir(d);
	/* "." and "..", 0 to 2, the pipe, and that of opendir() */
	response_json(200, json_pack("{si}", "open", count), out);
}

/* Runs a command that takes for ever, and writes down its number. */
static void run_for_ever(void *ctx, struct response *out)
{
	const char *script = ctx;
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child c = { .argv = argv, .timeout_ms = 10 * PATIENCE_MS };
	struct err e = { 0 };

	if (!child_run(&c, NULL, &e))
		response_problem(PROBLEM_BUSY, e.text, out);
}

static struct worker begin(worker_fn *fn, const char *ctx)
{
	struct worker w = { 0 };
	struct err e = { 0 };

	must(worker_begin(fn, (void *)ctx, &w, &e), &e);
	return w;
}

TEST(an_answer_comes_back)
{
	struct worker w = begin(answer_at_once, "hello");
	struct pollfd fd = { .fd = w.pipe, .events = POLLIN };
	AUTO(response) a = { 0 };

	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_true(worker_end(&w, &a));
	assert_int_equal(w.pid, 0);
	assert_int_equal(a.status, 200);
	assert_string_equal((char *)a.body.bytes, "{\"said\":\"hello\"}");
	assert_int_equal(a.signer.spki_len, 3);
}

TEST(one_that_ends_silently_has_none)
{
	worker_fn *const bad[] = { end_silently, crash };

	for (size_t i = 0; i < 2; i++) {
		struct worker w = begin(bad[i], NULL);
		AUTO(response) a = { 0 };

		assert_false(worker_end(&w, &a));
		assert_int_equal(w.pid, 0);
		assert_null(a.body.bytes);
	}
}

TEST(an_answer_has_a_limit)
{
	struct worker w = begin(tell_too_much, NULL);
	struct worker most = begin(tell_all, NULL);
	AUTO(response) a = { 0 };
	AUTO(response) all = { 0 };

	assert_true(worker_end(&w, &a));
	assert_int_equal(a.status, 500);
	assert_non_null(strstr((char *)a.body.bytes, "answer is too long"));
	assert_true(worker_end(&most, &all));
	assert_int_equal(all.body.len, RESPONSE_LIMIT);
}

TEST(it_has_no_descriptor_of_ours)
{
	int kept[5];
	struct worker w;
	AUTO(response) a = { 0 };

	for (int i = 0; i < 5; i++)
		kept[i] = open("/dev/null", O_RDONLY);
	w = begin(look_around, NULL);
	assert_true(worker_end(&w, &a));
	assert_string_equal((char *)a.body.bytes, "{\"open\":7}");
	for (int i = 0; i < 5; i++)
		close(kept[i]);
}

static char pid_file[64];

static const char *script_of(const char *rest)
{
	static char script[256];

	snprintf(script, sizeof(script), "echo $$ >%s; %s", pid_file, rest);
	unlink(pid_file);
	return script;
}

static pid_t pid_of_command(void)
{
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		FILE *f = fopen(pid_file, "r");
		int pid = 0;

		if (f && fscanf(f, "%d", &pid) != 1)
			pid = 0;
		if (f)
			fclose(f);
		if (pid)
			return pid;
		clock_sleep_ms(20);
	}
	fail_msg("the command did not begin");
	return 0;
}

/* Gone, or dead and only not yet waited for by init. */
static bool is_gone(pid_t pid)
{
	char path[64];
	char text[256] = "";
	FILE *f = NULL;

	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "r");
		if (!f)
			return true;
		if (!fgets(text, sizeof(text), f))
			text[0] = '\0';
		fclose(f);
		if (strstr(text, ") Z "))
			return true;
		clock_sleep_ms(20);
	}
	return false;
}

/* It was not killed, as one that does not end in time is. */
static bool has_answered(int pipe_end)
{
	char byte = 0;
	bool answered = read(pipe_end, &byte, 1) == 1;

	close(pipe_end);
	return answered;
}

TEST(a_stop_ends_what_it_runs)
{
	struct worker w = begin(run_for_ever, script_of("sleep 300"));
	int answer = dup(w.pipe);
	struct worker idle = { 0 };
	struct worker *list[] = { &idle, &w };
	pid_t command = pid_of_command();

	workers_stop(list, 2);
	assert_true(has_answered(answer));
	assert_int_equal(w.pid, 0);
	assert_true(is_gone(command));
}

TEST(one_that_does_not_listen_is_ended)
{
	struct worker w = begin(run_for_ever, script_of("trap '' TERM; sleep 300"));
	int answer = dup(w.pipe);
	struct worker *list[] = { &w };
	pid_t command = pid_of_command();

	/* twice, as from a terminal: it goes on to end its command */
	kill(w.pid, SIGTERM);
	workers_stop(list, 1);
	assert_true(has_answered(answer));
	assert_true(is_gone(command));
}

TEST(it_does_not_outlive_who_started_it)
{
	const char *script = script_of("sleep 300");
	pid_t pid = fork();
	pid_t command = 0;

	if (pid == 0) {
		(void)begin(run_for_ever, script);
		pause();
		_exit(0);
	}
	command = pid_of_command();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(is_gone(command));
}

static int open_worker_test(void **state)
{
	(void)state;
	stop_install();
	snprintf(pid_file, sizeof(pid_file), "/tmp/certfleet-worker-%d", (int)getpid());
	return 0;
}

static int close_worker_test(void **state)
{
	(void)state;
	unlink(pid_file);
	return 0;
}

TEST_GROUP(open_worker_test, close_worker_test)
