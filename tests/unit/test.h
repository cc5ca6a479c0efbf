/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit test registers itself; the archive brings main():
 *
 *	TEST(a_token_comes_back_from_its_text)
 *	{
 *		assert_int_equal(...);
 *	}
 *
 * Tests run in the order of their file.  TEST_EACH() names what is done
 * before and after every test of the file, TEST_WITH() before and after one
 * test; both hand over `*state`.  TEST_GROUP() names what is done once.
 *
 * A test proves by what happened and in which order; a machine may be so busy
 * that anything takes long.  Where only a clock can tell what ends from what
 * does not, PATIENCE_MS is the bound: no machine is that busy, and what shall
 * not be waited for lasts longer.
 */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/types.h>

struct err;

enum {
	PATIENCE_MS = 60000,
};

#define TEST_WITH(name, setup, teardown)                               \
	static void name(void **state);                                \
	__attribute__((constructor)) static void register_##name(void) \
	{                                                              \
		test_register(#name, name, setup, teardown);           \
	}                                                              \
	static void name(void **state __attribute__((unused)))
#define TEST(name) TEST_WITH(name, NULL, NULL)

#define TEST_EACH(setup, teardown)                                   \
	__attribute__((constructor)) static void register_each(void) \
	{                                                            \
		test_each(setup, teardown);                          \
	}
#define TEST_GROUP(setup, teardown)                                   \
	__attribute__((constructor)) static void register_group(void) \
	{                                                             \
		test_group(setup, teardown);                          \
	}

/* For the macros. */
void test_register(const char *name, CMUnitTestFunction fn, CMFixtureFunction setup,
		   CMFixtureFunction teardown);
void test_each(CMFixtureFunction setup, CMFixtureFunction teardown);
void test_group(CMFixtureFunction setup, CMFixtureFunction teardown);

/* The status of a child that ends; one that does not fails the test. */
int test_wait(pid_t pid);

/* Fails the test with the words of the error, which a success must not set. */
void must(bool ok, const struct err *e);
void assert_says(const struct err *e, const char *words);
/* A loopback port that nothing listens on. */
uint16_t free_port(void);
/* Removes a directory and all that is in it, where there is one. */
void folder_remove(const char *path);

/* For a file with a main() of its own: the count of failed tests. */
int test_run(void);

#endif
