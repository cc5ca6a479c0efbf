/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seccomp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const int some[] = { SYS_exit_group, SYS_getpid, SYS_write };

/* What a child says of itself once it has only these. */
static int with_some_calls(bool (*fn)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    !seccomp_allow_only(some, sizeof(some) / sizeof(*some)))
			_exit(2);
		_exit(fn() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool listed_calls_go_on(void)
{
	return syscall(SYS_getpid) > 0;
}

static bool others_fail(void)
{
	errno = 0;
	return syscall(SYS_getppid) < 0 && errno == EPERM &&
	       open("/dev/null", O_RDONLY) < 0 && errno == EPERM;
}

static bool the_list_stays(void)
{
	static const int all[] = { SYS_getppid };

	(void)seccomp_allow_only(all, 1);
	return syscall(SYS_getppid) < 0;
}

static void only_what_is_listed_can_be_called(void **state)
{
	(void)state;
	assert_int_equal(with_some_calls(listed_calls_go_on), 0);
	assert_int_equal(with_some_calls(others_fail), 0);
	assert_int_equal(with_some_calls(the_list_stays), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_listed_can_be_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
