/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc.h"
#include "test.h"

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ipc key;
static int their_end;

static int open_key(void **state)
{
	struct err e = { 0 };
	int ends[2];

	(void)state;
	if (!ipc_pair(ends, &e))
		return -1;
	key = ipc_of(ends[0]);
	key.from = FROM_INSTALLING;
	their_end = ends[1];
	return 0;
}

static int close_key(void **state)
{
	(void)state;
	ipc_release(&key);
	if (their_end >= 0)
		close(their_end);
	return 0;
}

/* In a child: answers each question with another number, the first late. */
static pid_t answer_in_child(uint32_t shift, int64_t late_ms)
{
	pid_t pid = fork();

	if (pid) {
		close(TAKE_FD(their_end));
		return pid;
	}
	AUTO(ipc) c = ipc_of(their_end);

	ipc_release(&key);
	for (;; late_ms = 0) {
		AUTO(message) m = { 0 };
		struct err e = { 0 };

		if (!ipc_wait(&c, clock_mono_ms() + 2 * PATIENCE_MS, &m, &e))
			_exit(0);
		if (late_ms)
			clock_sleep_ms(late_ms);
		m.number += shift;
		if (!ipc_post(&c, &m, &e))
			_exit(0);
	}
}

static bool asks(void)
{
	AUTO(message) question = { .kind = MESSAGE_SIGN };
	AUTO(message) answer = { 0 };
	struct err e = { 0 };

	secret_copy(&question.body, "sign this", 9);
	return ipc_ask(&key, &question, &answer, &e) && answer.body.len == 9;
}

static void end_child(pid_t pid)
{
	close(TAKE_FD(key.fd));
	waitpid(pid, NULL, 0);
}

TEST(an_answer_is_waited_for)
{
	pid_t pid = answer_in_child(0, 0);

	for (int i = 0; i < 50; i++)
		assert_true(asks());
	end_child(pid);
}

TEST(an_answer_to_something_else_ends_it)
{
	pid_t pid = answer_in_child(1, 0);

	assert_false(asks());
	assert_true(key.broken);
	end_child(pid);
}

TEST(s22_a_late_answer_ends_nothing)
{
	pid_t pid = answer_in_child(0, 8000);
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	assert_false(asks());
	/* whoever comes meanwhile does not wait as long */
	assert_false(asks());
	assert_false(key.broken);
	while (!asks() && clock_mono_ms() < end_ms)
		clock_sleep_ms(50);
	assert_true(asks());
	assert_false(key.broken);
	end_child(pid);
}

TEST(one_that_has_ended_is_noticed)
{
	close(TAKE_FD(their_end));
	assert_false(asks());
	assert_true(key.broken);
}

TEST_EACH(open_key, close_key)
