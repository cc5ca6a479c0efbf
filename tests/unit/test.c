/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/clock.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

void must(bool ok, const struct err *e)
{
	if (!ok)
		fail_msg("%s", e->text);
	if (e->code != ERR_NONE)
		fail_msg("it succeeded, and yet: %s", e->text);
}

void assert_says(const struct err *e, const char *words)
{
	if (!strstr(e->text, words))
		fail_msg("'%s' does not say '%s'", e->text, words);
}

uint16_t free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void folder_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int test_run(void)
{
	return _cmocka_run_group_tests("tests", tests, count, before_all, after_all);
}
