/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

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

int test_run(void)
{
	return _cmocka_run_group_tests("tests", tests, count, before_all, after_all);
}
