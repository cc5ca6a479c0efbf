/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum {
	TESTS = 200
};

static struct CMUnitTest tests[TESTS];
static size_t count;
static CMFixtureFunction before_all;
static CMFixtureFunction after_all;

void test_register(const char *name, CMUnitTestFunction fn, CMFixtureFunction setup,
		   CMFixtureFunction teardown)
{
	if (count == TESTS)
		abort();
	tests[count++] = (struct CMUnitTest){
		.name = name, .test_func = fn, .setup_func = setup, .teardown_func = teardown
	};
}

void test_each(CMFixtureFunction setup, CMFixtureFunction teardown)
{
	for (size_t i = 0; i < count; i++) {
		tests[i].setup_func = setup;
		tests[i].teardown_func = teardown;
	}
}

void test_group(CMFixtureFunction setup, CMFixtureFunction teardown)
{
	before_all = setup;
	after_all = teardown;
}

int test_wait(pid_t pid)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > end_ms) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			fail_msg("process %d did not end", (int)pid);
		}
		clock_sleep_ms(5);
	}
	return status;
}

int test_run(void)
{
	return _cmocka_run_group_tests("tests", tests, count, before_all, after_all);
}
