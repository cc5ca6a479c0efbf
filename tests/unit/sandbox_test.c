/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool echo(void *ctx, struct buf *answer, struct err *e)
{
	(void)e;
	buf_puts(answer, ctx);
	return true;
}

static bool answer_nothing(void *ctx, struct buf *answer, struct err *e)
{
	(void)ctx;
	(void)answer;
	(void)e;
	return true;
}

static bool refuse(void *ctx, struct buf *answer, struct err *e)
{
	buf_puts(answer, "half an answer");
	return err_set(e, ERR_CRYPTO, "%s", (const char *)ctx);
}

static bool flood(void *ctx, struct buf *answer, struct err *e)
{
	static const char block[4096];

	(void)ctx;
	(void)e;
	for (int i = 0; i < 3 * SANDBOX_ANSWER_LIMIT / 4096; i++)
		buf_add(answer, block, sizeof(block));
	return true;
}

static bool crash(void *ctx, struct buf *answer, struct err *e)
{
	(void)ctx;
	(void)answer;
	(void)e;
	signal(SIGILL, SIG_DFL);
	__builtin_trap();
}

static bool spin(void *ctx, struct buf *answer, struct err *e)
{
	volatile bool forever = true;

	(void)ctx;
	(void)answer;
	(void)e;
	while (forever)
		continue;
	return true;
}

static bool eat_memory(void *ctx, struct buf *answer, struct err *e)
{
	void *block = malloc(2 * (size_t)SANDBOX_MEMORY);

	(void)ctx;
	if (!block)
		return err_set(e, ERR_INPUT, "no memory");
	buf_puts(answer, "had it");
	free(block);
	return true;
}

/* Lists what succeeds although it must not. */
static bool try_to_escape(void *ctx, struct buf *answer, struct err *e)
{
	char bytes[16];

	(void)e;
	if (open("/etc/passwd", O_RDONLY) >= 0)
		buf_puts(answer, "open ");
	if (open(ctx, O_WRONLY | O_CREAT, 0600) >= 0)
		buf_puts(answer, "create ");
	if (mkdir(ctx, 0700) == 0)
		buf_puts(answer, "mkdir ");
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
		buf_puts(answer, "socket ");
	if (fork() >= 0)
		buf_puts(answer, "fork ");
	if (kill(getppid(), 0) == 0)
		buf_puts(answer, "kill ");
	if (execl("/bin/true", "true", NULL) == 0)
		buf_puts(answer, "exec ");
	if (fcntl(0, F_GETFD) >= 0 || read(9, bytes, 1) >= 0)
		buf_puts(answer, "descriptor ");
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		buf_puts(answer, "no-random ");
	return true;
}

static bool run(sandbox_fn *fn, void *ctx, struct secret *answer, struct err *e)
{
	return sandbox_work(&(struct sandbox_work){ fn, ctx, SANDBOX_SECONDS }, answer, e);
}

TEST(brings_the_answer_back)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_true(run(echo, (char[]){ "hello" }, &answer, &e));
	assert_int_equal(answer.len, 5);
	assert_string_equal((char *)answer.bytes, "hello");
}

TEST(an_empty_answer_is_an_answer)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_true(run(answer_nothing, NULL, &answer, &e));
	assert_int_equal(answer.len, 0);
	assert_non_null(answer.bytes);
}

TEST(brings_code_and_text_of_an_error_back)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(run(refuse, (char[]){ "wrong password" }, &answer, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_string_equal(e.text, "wrong password");
	assert_null(answer.bytes);
}

TEST(escapes_what_the_child_says)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(run(refuse, (char[]){ "a\033b\nc" }, &answer, &e));
	assert_null(strchr(e.text, '\033'));
	assert_null(strchr(e.text, '\n'));
}

TEST(refuses_an_answer_over_the_limit)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(run(flood, NULL, &answer, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_null(answer.bytes);
}

TEST(a_crash_is_an_error)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(run(crash, NULL, &answer, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "signal"));
}

TEST(endless_work_ends)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(run(spin, NULL, &answer, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "processor time"));
}

TEST(memory_is_limited)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

#ifdef __SANITIZE_ADDRESS__
	print_message("SKIPPED: the sanitizer reserves more than the limit\n");
	skip();
#endif
	assert_false(run(eat_memory, NULL, &answer, &e));
	assert_string_equal(e.text, "no memory");
}

TEST(nothing_outside_can_be_reached)
{
	char folder[] = "/tmp/certfleet-sandbox-XXXXXX";
	char path[64];
	AUTO(secret) answer = { 0 };
	AUTO(fd) inherited = open("/dev/zero", O_RDONLY);
	struct err e = { 0 };

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	assert_true(dup2(inherited, 9) == 9);
	assert_true(run(try_to_escape, path, &answer, &e));
	close(9);
	assert_string_equal((char *)answer.bytes, "");
	assert_int_equal(rmdir(folder), 0);
}

TEST(no_child_is_left_behind)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_true(run(echo, (char[]){ "x" }, &answer, &e));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Runs in a child of the test: what it forbids is forbidden for good. */
static int reach_out(void)
{
	struct err e = { 0 };

	if (!sandbox_confine(&e))
		return 1;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM ||
	    socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno != EPERM ||
	    socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 2;
	if (execl("/bin/true", "true", NULL) >= 0 || errno != EPERM)
		return 3;
#ifndef __SANITIZE_ADDRESS__
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0 || errno != EPERM)
		return 4;
#endif
	if (kill(getpid(), 0) == 0)
		return 5;

	int fd = open("/dev/null", O_RDWR);

	return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : 6;
}

TEST(who_is_confined_cannot_reach_out)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(reach_out());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

TEST(works_side_by_side_have_their_own_answers)
{
	const struct sandbox_work works[] = { { echo, (char *)"one", SANDBOX_SECONDS },
					      { echo, (char *)"two", SANDBOX_SECONDS } };
	struct secret answers[2] = { 0 };
	struct err e = { 0 };

	assert_true(sandbox_work_all(works, 2, answers, &e));
	assert_string_equal((char *)answers[0].bytes, "one");
	assert_string_equal((char *)answers[1].bytes, "two");
	secret_release(&answers[0]);
	secret_release(&answers[1]);
}

TEST(one_failure_among_works_side_by_side_leaves_no_answer)
{
	const struct sandbox_work works[] = { { echo, (char *)"one", SANDBOX_SECONDS },
					      { refuse, (char *)"why", SANDBOX_SECONDS },
					      { spin, NULL, SANDBOX_SECONDS } };
	struct secret answers[3] = { 0 };
	struct err e = { 0 };

	assert_false(sandbox_work_all(works, 3, answers, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_string_equal(e.text, "why");
	for (size_t i = 0; i < 3; i++)
		assert_null(answers[i].bytes);
}
