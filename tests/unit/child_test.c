/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/stop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool run_shell(const char *script, int64_t timeout_ms, struct buf *out, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child c = { .argv = argv, .timeout_ms = timeout_ms };

	return child_run(&c, out, e);
}

TEST(finds_a_program_and_keeps_both_outputs)
{
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	assert_true(run_shell("echo out; echo err >&2", PATIENCE_MS, &out, &e));
	assert_string_equal(buf_text(&out), "out\nerr\n");
}

TEST(refuses_a_relative_path)
{
	const char *const argv[] = { "bin/true", NULL };
	const struct child c = { .argv = argv, .timeout_ms = PATIENCE_MS };
	struct err e = { 0 };

	assert_false(child_run(&c, NULL, &e));
	assert_int_equal(e.code, ERR_INPUT);
}

TEST(says_when_a_program_does_not_exist)
{
	const char *const argv[] = { "certfleet-no-such-program", NULL };
	const struct child c = { .argv = argv, .timeout_ms = PATIENCE_MS };
	struct err e = { 0 };

	assert_false(child_run(&c, NULL, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.text, CHILD_PATH));
}

TEST(says_why_exec_failed)
{
	char path[] = "/tmp/certfleet-child-XXXXXX";
	const char *const argv[] = { path, NULL };
	const struct child c = { .argv = argv, .timeout_ms = PATIENCE_MS };
	struct err e = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\177ELF", 4), 4);
	fchmod(fd, 0700);
	close(fd);
	assert_false(child_run(&c, NULL, &e));
	unlink(path);
	assert_non_null(strstr(e.text, "format"));
}

TEST(quotes_status_and_escaped_tail_of_a_failure)
{
	struct err e = { 0 };

	assert_false(run_shell("printf 'bad\\033[2J'; exit 7", PATIENCE_MS, NULL, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "status 7: bad"));
	assert_null(strchr(e.text, '\033'));
}

TEST(quotes_each_line_of_a_failure_and_begins_with_a_whole_one)
{
	struct err e = { 0 };
	const char *lines = NULL;

	assert_false(run_shell("seq 1000 1200; printf 'one\\r\\n\\n\\033two\\n\\n'; exit 7",
			       PATIENCE_MS, NULL, &e));
	lines = strstr(e.text, "status 7:\n1");
	assert_non_null(lines);
	assert_int_equal(strcspn(lines + strlen("status 7:\n"), "\n"), 4);
	assert_non_null(strstr(e.text, "\n1200\none\n\\x1btwo"));
	assert_string_equal(strrchr(e.text, '\n'), "\n\\x1btwo");
}

TEST(names_the_signal_that_killed_it)
{
	struct err e = { 0 };

	assert_false(run_shell("kill -SEGV $$", PATIENCE_MS, NULL, &e));
	assert_non_null(strstr(e.text, "signal 11"));
}

TEST(gets_a_clean_environment_only)
{
	const char *const argv[] = { "env", NULL };
	const char *const extra[] = { "CERTFLEET_COMPONENT=x", NULL };
	const struct child c = { .argv = argv, .extra_env = extra, .timeout_ms = PATIENCE_MS };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	setenv("LD_PRELOAD_NOT", "leaked", 1);
	setenv("HOME", "/nowhere", 1);
	assert_true(child_run(&c, &out, &e));
	unsetenv("LD_PRELOAD_NOT");
	assert_string_equal(buf_text(&out), "PATH=" CHILD_PATH "\nLANG=C.UTF-8\n"
					    "HOME=/nowhere\nCERTFLEET_COMPONENT=x\n");
}

TEST(has_no_descriptor_of_ours)
{
	int opened = open("/dev/null", O_RDONLY);
	int leaked = dup2(opened, 12);
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	close(opened);
	assert_int_equal(leaked, 12);
	assert_true(run_shell(
		"for f in 0 1 2 3 4 5 6 7 8 9 10 11 12 13; do test -e /proc/$$/fd/$f && echo $f; done; readlink /proc/$$/fd/0",
		PATIENCE_MS, &out, &e));
	close(leaked);
	assert_string_equal(buf_text(&out), "0\n1\n2\n/dev/null\n");
}

TEST(starts_with_default_signals_and_none_blocked)
{
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	void (*before)(int) = signal(SIGTERM, SIG_IGN);

	assert_false(run_shell("grep -E '^SigBlk:' /proc/self/status; kill -TERM $$; echo deaf",
			       PATIENCE_MS, &out, &e));
	signal(SIGTERM, before);
	assert_string_equal(buf_text(&out), "SigBlk:\t0000000000000000\n");
	assert_non_null(strstr(e.text, "signal 15"));
}

/* Whoever inherits it may not have reaped it yet. */
static bool is_alive(pid_t pid)
{
	char path[64];
	char text[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	AUTO(fd) fd = open(path, O_RDONLY);
	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !strstr(text, ") Z ");
}

/* The deadline is as late as the shell needs to have begun. */
TEST(kills_the_whole_group_at_the_deadline)
{
	pid_t grandchild = 0;

	for (int64_t ms = 300; grandchild == 0 && ms < PATIENCE_MS; ms *= 2) {
		AUTO(buf) out = { 0 };
		struct err e = { 0 };
		int64_t began = clock_mono_ms();
		char words[32];

		assert_false(run_shell("sleep 300 & echo $!; wait", ms, &out, &e));
		assert_true(clock_mono_ms() - began < 2 * PATIENCE_MS);
		snprintf(words, sizeof(words), "%d ms", (int)ms);
		assert_non_null(strstr(e.text, words));
		grandchild = (pid_t)atoi(buf_text(&out));
	}
	assert_true(grandchild > 1);
	for (int i = 0; is_alive(grandchild) && i < PATIENCE_MS / 20; i++)
		clock_sleep_ms(20);
	assert_false(is_alive(grandchild));
}

TEST(does_not_wait_for_what_holds_the_pipe_open)
{
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	pid_t holder = 0;

	assert_true(run_shell("setsid sleep 300 & echo $!", PATIENCE_MS, &out, &e));
	holder = (pid_t)atoi(buf_text(&out));
	assert_true(holder > 1);
	assert_true(is_alive(holder));
	kill(holder, SIGKILL);
}

TEST(keeps_output_up_to_the_limit_and_lets_the_rest_go)
{
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	assert_true(run_shell("head -c 300000 /dev/zero", PATIENCE_MS, &out, &e));
	assert_int_equal(out.len, CHILD_OUTPUT_LIMIT);
}

TEST(a_secret_is_stdout_alone_and_never_in_an_error)
{
	const char *const good[] = { "sh", "-c", "echo s3; echo no >&2", NULL };
	const char *const bad[] = { "sh", "-c", "echo s3; exit 1", NULL };
	struct child c = { .argv = good, .timeout_ms = PATIENCE_MS };
	AUTO(secret) out = { 0 };
	AUTO(secret) none = { 0 };
	struct err e = { 0 };

	assert_true(child_run_secret(&c, &out, &e));
	assert_string_equal((char *)out.bytes, "s3\n");
	c.argv = bad;
	assert_false(child_run_secret(&c, &none, &e));
	assert_null(strstr(e.text, "s3"));
	assert_null(none.bytes);
}

TEST(refuses_a_secret_that_is_too_long)
{
	const char *const argv[] = { "head", "-c", "70000", "/dev/zero", NULL };
	const struct child c = { .argv = argv, .timeout_ms = PATIENCE_MS };
	AUTO(secret) out = { 0 };
	struct err e = { 0 };

	assert_false(child_run_secret(&c, &out, &e));
	assert_null(out.bytes);
}

TEST(the_name_of_a_program_is_escaped_when_its_secret_is_too_long)
{
	const char *const argv[] = { "/tmp/certfleet-child-\033[2J", NULL };
	const struct child c = { .argv = argv, .timeout_ms = 10000 };
	static const char script[] = "#!/bin/sh\nhead -c 70000 /dev/zero\n";
	AUTO(secret) out = { 0 };
	struct err e = { 0 };
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC, 0700);

	assert_int_equal(write(fd, script, strlen(script)), strlen(script));
	close(fd);
	assert_false(child_run_secret(&c, &out, &e));
	unlink(argv[0]);
	assert_non_null(strstr(e.text, "printed more than"));
	assert_null(strchr(e.text, '\033'));
}

TEST(says_that_its_directory_is_missing)
{
	const char *const argv[] = { "true", NULL };
	const struct child c = { .argv = argv,
				 .directory = "/nonexistent",
				 .timeout_ms = PATIENCE_MS };
	struct err e = { 0 };

	assert_false(child_run(&c, NULL, &e));
	assert_int_equal(e.code, ERR_MISSING);
}

TEST(works_when_standard_descriptors_are_closed)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		AUTO(buf) out = { 0 };
		struct err e = { 0 };

		close_range(0, 9, 0);
		_exit(run_shell("readlink /proc/$$/fd/0", PATIENCE_MS, &out, &e) &&
				      !strcmp(buf_text(&out), "/dev/null\n")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(a_complaint_is_apart_from_output_and_error)
{
	const char *const argv[] = { "sh", "-c",
				     "umask; seq 1000 >&2; echo out; printf last >&2; exit 3",
				     NULL };
	AUTO(buf) complaint = { 0 };
	AUTO(buf) out = { 0 };
	const struct child c = {
		.argv = argv, .timeout_ms = PATIENCE_MS, .sees_key = true, .complaint = &complaint
	};
	struct err e = { 0 };

	assert_false(child_run(&c, &out, &e));
	assert_string_equal(e.text, "'sh' ended with status 3");
	assert_string_equal(buf_text(&out), "0077\nout\n");
	assert_int_equal(complaint.len, CHILD_TAIL);
	assert_string_equal(buf_text(&complaint) + CHILD_TAIL - 9, "1000\nlast");
}

/* In a process of its own, because a stop cannot be taken back. */
static int code_when_stopped(bool before, bool finishes, const char *script)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		const char *const argv[] = { "sh", "-c", script, NULL };
		const struct child c = { .argv = argv,
					 .timeout_ms = 10 * PATIENCE_MS,
					 .finishes = finishes };
		struct err e = { 0 };

		stop_install();
		if (before)
			raise(SIGTERM);
		_exit(child_run(&c, NULL, &e) ? 0 : (int)e.code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(a_stop_ends_what_is_running)
{
	int64_t began = clock_mono_ms();

	assert_int_equal(code_when_stopped(false, false, "kill -TERM $PPID; sleep 300"),
			 ERR_STOPPED);
	assert_true(clock_mono_ms() - began < PATIENCE_MS);
}

TEST(what_begins_after_a_stop_may_end)
{
	assert_int_equal(code_when_stopped(true, false, "sleep 0.3"), ERR_NONE);
}

TEST(a_stop_lets_a_change_finish)
{
	assert_int_equal(code_when_stopped(false, true, "kill -TERM $PPID; sleep 0.5"), ERR_NONE);
}

static bool run_with_input(const char *script, const struct buf *input, struct buf *out)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child c = { .argv = argv, .timeout_ms = PATIENCE_MS, .input = input };
	struct err e = { 0 };

	return child_run(&c, out, &e);
}

TEST(a_program_reads_its_input)
{
	AUTO(buf) input = { 0 };
	AUTO(buf) out = { 0 };

	buf_puts(&input, "one\ntwo");
	assert_true(run_with_input("read first; echo \"<$first>\"; cat", &input, &out));
	assert_string_equal(buf_text(&out), "<one>\ntwo");
}

TEST(an_input_may_be_empty)
{
	AUTO(buf) input = { 0 };
	AUTO(buf) out = { 0 };

	assert_true(run_with_input("cat; echo end", &input, &out));
	assert_string_equal(buf_text(&out), "end\n");
}

/* More than a pipe holds. */
TEST(an_input_that_nobody_reads_keeps_nobody_waiting)
{
	AUTO(buf) input = { 0 };
	AUTO(buf) out = { 0 };

	for (int i = 0; i < 64 * 1024; i++)
		buf_puts(&input, "much to read that is not read\n");
	assert_true(run_with_input("exec 0<&-; echo end", &input, &out));
	assert_string_equal(buf_text(&out), "end\n");
	buf_release(&out);
	assert_true(run_with_input("wc -c", &input, &out));
	assert_int_equal(strtol(buf_text(&out), NULL, 10), (long)input.len);
}
