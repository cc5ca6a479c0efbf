/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fiber.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char order[64];
static char name_a[] = "a";
static char name_b[] = "b";

static void say(const char *word)
{
	strncat(order, word, sizeof(order) - strlen(order) - 1);
}

static void two_stops(void *ctx)
{
	const char *name = ctx;

	say(name);
	fiber_yield();
	say(name);
	fiber_yield();
	say(name);
}

TEST(a_fiber_goes_on_where_it_stopped)
{
	struct fiber *a = fiber_new(two_stops, name_a);
	struct fiber *b = fiber_new(two_stops, name_b);

	*order = 0;
	assert_false(fiber_is_running());
	assert_true(fiber_resume(a));
	assert_true(fiber_resume(b));
	assert_true(fiber_resume(b));
	assert_true(fiber_resume(a));
	assert_false(fiber_resume(a));
	assert_false(fiber_resume(b));
	assert_string_equal(order, "abbaab");
	fiber_free(a);
	fiber_free(b);
}

TEST(one_that_never_began_can_be_freed)
{
	fiber_free(fiber_new(two_stops, name_a));
	fiber_free(NULL);
}

static bool knows;
static int errno_inside;

static void set_errno(void *ctx)
{
	(void)ctx;
	knows = fiber_is_running();
	errno = ENOSPC;
	fiber_yield();
	errno_inside = errno;
}

TEST(errno_stays_with_each_side)
{
	struct fiber *f = fiber_new(set_errno, NULL);

	errno = EAGAIN;
	assert_true(fiber_resume(f));
	assert_int_equal(errno, EAGAIN);
	assert_true(knows);
	errno = EPERM;
	assert_false(fiber_resume(f));
	assert_int_equal(errno, EPERM);
	assert_int_equal(errno_inside, ENOSPC);
	fiber_free(f);
}

static bool outside_was_fiber = true;

static bool outside(void *ctx, struct err *e)
{
	outside_was_fiber = fiber_is_running();
	say(ctx);
	return err_set(e, ERR_IO, "no");
}

static void goes_outside(void *ctx)
{
	struct err e = { 0 };

	say("a");
	say(fiber_outside(outside, ctx, &e) || e.code != ERR_IO ? "d" : "c");
}

TEST(what_a_fiber_must_not_do_is_done_by_its_thread)
{
	struct fiber *f = fiber_new(goes_outside, name_b);
	struct err e = { 0 };

	*order = 0;
	assert_false(fiber_resume(f));
	assert_string_equal(order, "abc");
	assert_false(outside_was_fiber);
	fiber_free(f);
	assert_false(fiber_outside(outside, name_a, &e));
	assert_string_equal(order, "abca");
}

#ifndef __SANITIZE_ADDRESS__ /* which keeps such arrays elsewhere */
static void use_much(void *ctx)
{
	volatile char much[40000];

	memset((char *)much, 1, sizeof(much));
	*(int *)ctx = much[sizeof(much) - 1];
}

TEST(what_a_stack_has_used_can_be_measured)
{
	int one = 0;
	struct fiber *f = fiber_new(use_much, &one);
	struct fiber *g = fiber_new(two_stops, name_a);

	fiber_resume(f);
	while (fiber_resume(g))
		;
	assert_int_equal(one, 1);
	assert_in_range(fiber_stack_used(f), 40000, 50000);
	assert_in_range(fiber_stack_used(g), 1, 20000);
	fiber_free(f);
	fiber_free(g);
}

static void fall(void *ctx)
{
	volatile char frame[4096];

	memset((char *)frame, 1, sizeof(frame));
	if (ctx)
		fall((char *)ctx - frame[0]);
	frame[1] = 0;
}

TEST(an_overflow_hits_the_guard_page)
{
	pid_t child = fork();

	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		fiber_resume(fiber_new(fall, (char *)1 + FIBER_STACK));
		_exit(0);
	}

	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}
#endif

static int depth;

static void count(void *ctx)
{
	(void)ctx;
	depth++;
	fiber_yield();
	depth++;
}

TEST(many_fibers_wait_at_the_same_time)
{
	enum {
		MANY = 1000
	};
	struct fiber *all[MANY];

	depth = 0;
	for (size_t i = 0; i < MANY; i++) {
		all[i] = fiber_new(count, NULL);
		assert_true(fiber_resume(all[i]));
	}
	assert_int_equal(depth, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_false(fiber_resume(all[i]));
		fiber_free(all[i]);
	}
	assert_int_equal(depth, 2 * MANY);
}
