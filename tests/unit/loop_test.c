/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"
#include "test.h"

#include "base/clock.h"
#include "base/stop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SHORT_MS = 50,
	MANY = 20,
};

static char order[256];
static char name_a[] = "a";
static char name_b[] = "b";
static char name_c[] = "c";
static struct semaphore two = { .free = 2 };
static int ends[2];

static int clear(void **state)
{
	(void)state;
	*order = '\0';
	assert_int_equal(pipe(ends), 0);
	return 0;
}

static int close_ends(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void note(const char *word)
{
	strncat(order, word, sizeof(order) - strlen(order) - 1);
}

static void sleeper(void *ctx)
{
	note(ctx);
	loop_sleep(clock_mono_ms() + SHORT_MS);
	note(ctx);
}

static void reader(void *ctx)
{
	char byte = 0;

	note(ctx);
	if (!loop_wait(ends[0], POLLIN, clock_mono_ms() + PATIENCE_MS))
		note("!");
	else if (read(ends[0], &byte, 1) == 1)
		note(ctx);
}

static void writer(void *ctx)
{
	note(ctx);
	if (write(ends[1], "", 1) != 1)
		note("!");
}

static void run(size_t limit, fiber_fn *const fns[], size_t count)
{
	static char names[] = "a\0b\0c\0d\0e\0f";
	AUTO(loop) l = loop_new(limit);

	for (size_t i = 0; i < count; i++)
		loop_add(l, NULL, fns[i], &names[2 * i]);
	loop_run(l);
}

TEST(one_waits_while_others_run)
{
	run(3, (fiber_fn *[]){ reader, writer }, 2);
	assert_string_equal(order, "aba");
}

TEST(one_that_sleeps_leaves_its_place)
{
	run(1, (fiber_fn *[]){ sleeper, writer, sleeper }, 3);
	assert_string_equal(order, "abcac");
}

TEST(one_that_waits_for_a_descriptor_keeps_its_place)
{
	assert_int_equal(write(ends[1], "", 1), 1);
	run(1, (fiber_fn *[]){ reader, writer, reader }, 3);
	assert_string_equal(order, "aabcc");
}

/* ---- deadlines ---- */

static void late(void *ctx)
{
	int64_t begin = clock_mono_ms();

	(void)ctx;
	note(loop_wait(ends[0], POLLIN, begin + SHORT_MS) ? "r" : "e");
	note(clock_mono_ms() - begin >= SHORT_MS ? "w" : "-");
	note(loop_wait(ends[0], POLLIN, begin) ? "r" : "e");
	note(loop_is_stopped() ? "s" : "-");
}

TEST(a_wait_ends_at_its_deadline)
{
	run(1, (fiber_fn *[]){ late }, 1);
	assert_string_equal(order, "ewe-");
}

/* ---- semaphores ---- */

static void two_at_once(void *ctx)
{
	semaphore_take(&two);
	note(ctx);
	if (!loop_wait(ends[1], POLLOUT, clock_mono_ms() + PATIENCE_MS)) /* until the next poll */
		note("!");
	note(ctx);
	semaphore_give(&two);
}

TEST(a_semaphore_lets_in_so_many_in_order)
{
	run(MANY, (fiber_fn *[]){ two_at_once, two_at_once, two_at_once, two_at_once }, 4);
	assert_string_equal(order, "ababcdcd");
	assert_int_equal(two.free, 2);
}

static void lifts(void *ctx)
{
	semaphore_take(&two);
	semaphore_lift(&two);
	note(ctx);
	semaphore_give(&two);
}

TEST(a_lifted_semaphore_lets_in_all)
{
	run(MANY, (fiber_fn *[]){ two_at_once, lifts, two_at_once, two_at_once, two_at_once }, 5);
	assert_string_equal(order, "abcdeacde");
	two.free = 2;
}

static struct semaphore one = { .free = 1 };

static void gives_back(void *ctx)
{
	sleeper(ctx);
	semaphore_give(&one);
}

TEST(a_task_can_be_added_behind_a_semaphore)
{
	AUTO(loop) l = loop_new(1);

	loop_add(l, &one, gives_back, name_a);
	loop_add(l, &one, gives_back, name_b);
	loop_add(l, NULL, writer, name_c);
	loop_run(l);
	assert_string_equal(order, "acabb");
	assert_int_equal(one.free, 1);
}

/* ---- other ways to poll ---- */

static struct loop_task *sleeping;

static void is_woken(void *ctx)
{
	note(ctx);
	sleeping = loop_current();
	note(loop_wait(-1, 0, clock_mono_ms() + PATIENCE_MS) ? "w" : "e");
}

static void wake_it(void *ctx, struct pollfd *fds, size_t count, int timeout_ms)
{
	(void)fds;
	*(int *)ctx = timeout_ms;
	if (count == 0)
		loop_wake(sleeping);
}

TEST(a_task_can_be_woken_by_what_polls)
{
	AUTO(loop) l = loop_new(1);
	int timeout_ms = -1;

	loop_set_poll(l, wake_it, &timeout_ms);
	loop_add(l, NULL, is_woken, name_a);
	loop_run(l);
	assert_string_equal(order, "aw");
	assert_in_range(timeout_ms, 0, 1000);
}

/* ---- many ---- */

static size_t reached;

static void one_of_many(void *ctx)
{
	loop_sleep(clock_mono_ms() + 1 + (ctx != NULL));
	reached++;
}

TEST(a_thousand_tasks_come_to_their_ends)
{
	AUTO(loop) l = loop_new(3);

	reached = 0;
	for (size_t i = 0; i < 1000; i++)
		loop_add(l, NULL, one_of_many, i % 2 ? &reached : NULL);
	loop_run(l);
	assert_int_equal(reached, 1000);
	loop_add(l, NULL, one_of_many, NULL); /* and it can run again */
	loop_run(l);
	assert_int_equal(reached, 1001);
}

/* ---- a stop ---- */

static void is_stopped(void *ctx)
{
	if (ctx)
		loop_persist(LOOP_PERSISTS);
	if (loop_wait(ends[0], POLLIN, clock_mono_ms() + (ctx ? 2 * SHORT_MS : PATIENCE_MS)))
		note("!");
	note(ctx ? "p" : "s");
	note(loop_is_stopped() ? "S" : "-");
	loop_sleep(clock_mono_ms() + (ctx ? 1 : PATIENCE_MS));
	note("e");
}

static void raise_it(void *ctx)
{
	(void)ctx;
	raise(SIGTERM);
}

TEST(a_stop_ends_all_waits_but_those_that_persist)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		AUTO(loop) l = loop_new(MANY);

		alarm(PATIENCE_MS / 1000);
		stop_install();
		loop_add(l, NULL, is_stopped, order);
		loop_add(l, NULL, is_stopped, NULL);
		loop_add(l, NULL, raise_it, NULL);
		loop_run(l);
		_exit(strcmp(order, "sSep-e") ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST_EACH(clear, close_ends)
