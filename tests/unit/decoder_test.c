/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decoder.h"
#include "test.h"

#include "base/sandbox.h"

#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char passphrase[32] = "not known yet";
static const char *variable; /* where one stood when the decoder began */

static bool join(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < count; i++)
		buf_add(answer, in[i].bytes, in[i].len);
	return true;
}

static bool refuse(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	(void)in;
	(void)count;
	(void)answer;
	return err_set(e, ERR_CRYPTO, "wrong\033password");
}

static bool crash(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	(void)in;
	(void)count;
	(void)answer;
	(void)e;
	signal(SIGILL, SIG_DFL);
	__builtin_trap();
}

/* All that a child of the decoder knows of its parents. */
static bool tell_memory(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	(void)in;
	(void)count;
	(void)e;
	buf_printf(answer, "%s|%s|%s", passphrase, variable,
		   getenv("CERTFLEET_BACKUP_PASSPHRASE") ? "set" : "unset");
	return true;
}

static bool reach_out(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	(void)count;
	(void)e;
	if (open("/etc/passwd", O_RDONLY) >= 0 || open(in->bytes, O_CREAT | O_WRONLY, 0600) >= 0)
		buf_puts(answer, "file ");
	if (fork() >= 0)
		buf_puts(answer, "process ");
	for (int fd = 4; fd < 64; fd++)
		if (write(fd, "x", 1) >= 0)
			buf_printf(answer, "descriptor %d ", fd);
	return true;
}

static bool unlisted(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	return join(in, count, answer, e);
}

static decode_fn *const table[] = { join, refuse, crash, tell_memory, reach_out, NULL };

static int start(void **state)
{
	struct err e = { 0 };

	(void)state;
	setenv("CERTFLEET_BACKUP_PASSPHRASE", "correct horse battery", 1);
	variable = getenv("CERTFLEET_BACKUP_PASSPHRASE");
	signal(SIGPIPE, SIG_IGN);
	return decoder_start(table, &e) ? 0 : -1;
}

static bool ask(decode_fn *fn, const char *text, struct secret *answer, struct err *e)
{
	const struct span in[] = { { text, strlen(text) }, { "!", 2 } };
	const struct decode d = { .fn = fn, .in = in, .count = 2 };

	return decoder_run(&d, answer, e);
}

static void assert_it_answers(void)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_true(ask(join, "hello", &answer, &e));
	assert_string_equal((char *)answer.bytes, "hello!");
}

TEST(s5_it_was_forked_before_a_secret_is_read)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	strcpy(passphrase, "a key that was unsealed");
	assert_true(ask(tell_memory, "", &answer, &e));
	assert_string_equal((char *)answer.bytes, "not known yet||unset");
}

TEST(s5_a_child_of_it_reaches_nothing)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_true(ask(reach_out, "/tmp/certfleet-decoder-test", &answer, &e));
	assert_string_equal((char *)answer.bytes, "");
}

TEST(s5_what_breaks_one_request_does_not_break_the_next)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(ask(crash, "", &answer, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_it_answers();
}

TEST(s5_an_error_comes_back_escaped)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(ask(refuse, "", &answer, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_string_equal(e.text, "wrong\\x1bpassword");
	assert_null(answer.bytes);
}

TEST(s5_large_requests_and_answers_fit)
{
	size_t len = 8 * 1024 * 1024;
	char *text = malloc(len);
	const struct span in = { text, len };
	const struct decode d = { .fn = join, .in = &in, .count = 1 };
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	memset(text, 'x', len);
	assert_true(decoder_run(&d, &answer, &e));
	assert_int_equal(answer.len, len);
	assert_memory_equal(answer.bytes, text, len);
	free(text);
}

TEST(s5_more_than_the_limit_is_not_sent)
{
	const struct span in[] = { { "", DECODER_REQUEST_LIMIT }, { "", 1 } };
	const struct decode d = { .fn = join, .in = in, .count = 2 };
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	assert_false(decoder_run(&d, &answer, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_it_answers();
}

/* As workers of an agent do, at the same time as their parent. */
TEST(s5_a_forked_process_has_a_channel_of_its_own)
{
	pid_t pids[4];
	int status = 0;

	for (size_t i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		close_range(32, ~0U, 0);

		bool kept = decoder_keep_at(31);

		for (int k = 0; k < 20 && kept; k++) {
			AUTO(secret) answer = { 0 };
			struct err e = { 0 };
			char text[16];

			snprintf(text, sizeof(text), "%zu-%d", i, k);
			kept = ask(join, text, &answer, &e) &&
			       !strncmp((char *)answer.bytes, text, strlen(text));
		}
		_exit(kept ? 0 : 1);
	}
	for (int k = 0; k < 20; k++)
		assert_it_answers();
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static bool ask_side_by_side(decode_fn *const fns[SANDBOX_AT_ONCE],
			     struct secret answers[SANDBOX_AT_ONCE], struct err *e)
{
	static const char *const texts[SANDBOX_AT_ONCE] = { "a", "b", "c", "d" };
	struct span in[SANDBOX_AT_ONCE];
	struct decode list[SANDBOX_AT_ONCE];

	for (size_t i = 0; i < SANDBOX_AT_ONCE; i++) {
		in[i] = (struct span){ texts[i], 2 };
		list[i] = (struct decode){ .fn = fns[i], .in = &in[i], .count = 1 };
	}
	return decoder_run_all(list, SANDBOX_AT_ONCE, answers, e);
}

TEST(s5_requests_side_by_side_have_their_own_answers)
{
	static decode_fn *const fns[SANDBOX_AT_ONCE] = { join, join, join, join };
	struct secret answers[SANDBOX_AT_ONCE] = { 0 };
	struct err e = { 0 };

	assert_true(ask_side_by_side(fns, answers, &e));
	for (size_t i = 0; i < SANDBOX_AT_ONCE; i++) {
		assert_int_equal(answers[i].len, 2);
		assert_int_equal(answers[i].bytes[0], 'a' + (char)i);
		secret_release(&answers[i]);
	}
	assert_it_answers();
}

TEST(s5_one_failure_among_requests_side_by_side_fails_them_all)
{
	static decode_fn *const fns[SANDBOX_AT_ONCE] = { join, refuse, crash, join };
	struct secret answers[SANDBOX_AT_ONCE] = { 0 };
	struct err e = { 0 };

	assert_false(ask_side_by_side(fns, answers, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	for (size_t i = 0; i < SANDBOX_AT_ONCE; i++)
		assert_null(answers[i].bytes);
	assert_it_answers();
}

TEST(s5_who_leaves_cannot_ask)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		AUTO(secret) answer = { 0 };
		struct err e = { 0 };

		decoder_leave();
		_exit(ask(join, "x", &answer, &e) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_it_answers();
}

/* The decoder is the one child of the test. */
static pid_t decoder_pid(void)
{
	char path[64];
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());

	FILE *f = fopen(path, "r");

	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

TEST(s5_it_lasts_through_signals)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	pid_t pid = decoder_pid();

	if (!pid)
		skip();
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(kill(pid, numbers[i]), 0);
	assert_it_answers();
}

TEST(s5_spans_are_taken_whole_or_not_at_all)
{
	AUTO(buf) text = { 0 };
	struct span out = { 0 };

	span_add(&text, "abc", 3);
	span_add(&text, "", 0);

	struct span rest = { text.data, text.len };

	assert_true(span_take(&rest, &out));
	assert_int_equal(out.len, 3);
	assert_true(span_take(&rest, &out));
	assert_int_equal(out.len, 0);
	assert_false(span_take(&rest, &out));
	rest = (struct span){ "\377\377\377\377x", 5 };
	assert_false(span_take(&rest, &out));
	rest = (struct span){ text.data, 6 };
	assert_false(span_take(&rest, &out));
}

TEST(s5_what_is_not_in_the_table_is_not_run)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		decoder_keep_at(31);
		_exit(ask(unlisted, "x", &answer, &e) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_it_answers();
}

TEST(s5_without_it_nothing_is_decoded_elsewhere)
{
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };
	pid_t pid = decoder_pid();

	if (!pid)
		skip();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		assert_false(ask(join, "x", &answer, &e));
		assert_int_equal(e.code, ERR_IO);
		assert_non_null(strstr(e.text, "has ended"));
	}
}

TEST_GROUP(start, NULL)
