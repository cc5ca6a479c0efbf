/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/confine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether fn() holds in a process that was confined. */
static bool holds_confined(bool (*fn)(void))
{
	pid_t parent = getpid();
	pid_t pid = 0;
	int status = -1;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct err e = { 0 };

		if (!confine_become(NULL, &e) || !confine(parent, &e))
			_exit(2);
		_exit(fn() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 2)
		fail_msg("it cannot be confined (%d)", status);
	return WEXITSTATUS(status) == 0;
}

static int kept_fd;     /* a socket that is there already */
static int listener_fd; /* and one that listens */

static bool opens_no_file(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 &&
	       open("/dev/null", O_RDONLY) < 0 &&
	       open("/tmp/certfleet-confined", O_CREAT | O_WRONLY, 0600) < 0;
}

static bool removes_no_file(void)
{
	return unlink("/nonexistent/x") < 0 && errno == EPERM &&
	       mkdir("/tmp/certfleet-confined", 0700) < 0 && errno == EPERM;
}

static bool starts_nothing(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };

	return fork() < 0 && execv("/bin/true", argv) < 0;
}

static bool connects_nowhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(1),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return socket(AF_INET, SOCK_STREAM, 0) < 0 &&
	       socket(AF_UNIX, SOCK_STREAM, 0) < 0 &&
	       connect(kept_fd, (void *)&at, sizeof(at)) < 0 && errno == EPERM;
}

static bool touches_no_process(void)
{
	return kill(getppid(), 0) < 0 &&
	       ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0;
}

static bool is_nobody(void)
{
	return geteuid() != 0 && getuid() != 0 && getegid() != 0;
}

static bool gains_nothing(void)
{
	return setuid(0) < 0 && prctl(PR_SET_DUMPABLE, 1) < 0;
}

/* What it is for. */
static bool still_talks(void)
{
	fd_set reads;
	struct timeval now = { 0, 0 };
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int on = 1;
	void *memory = malloc(1 << 20);

	FD_ZERO(&reads);
	FD_SET(kept_fd, &reads);
	free(memory);
	return select(kept_fd + 1, &reads, NULL, NULL, &now) >= 0 &&
	       send(kept_fd, "x", 1, MSG_NOSIGNAL) == 1 &&
	       accept4(listener_fd, (void *)&from, &len, SOCK_NONBLOCK) >= 0 &&
	       !setsockopt(kept_fd, SOL_SOCKET, SO_KEEPALIVE, &on,
			   sizeof(on)) &&
	       !shutdown(kept_fd, SHUT_RDWR);
}

static void a_confined_process_can_do_little(void **state)
{
	(void)state;
	assert_true(holds_confined(opens_no_file));
	assert_true(holds_confined(removes_no_file));
	assert_true(holds_confined(starts_nothing));
	assert_true(holds_confined(connects_nowhere));
	assert_true(holds_confined(touches_no_process));
	assert_true(holds_confined(gains_nothing));
}

static void root_becomes_somebody_else(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(holds_confined(is_nobody));
}

static void listen_and_connect(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	listener_fd = socket(AF_INET, SOCK_STREAM, 0);
	kept_fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener_fd, (void *)&at, len), 0);
	assert_int_equal(listen(listener_fd, 4), 0);
	assert_int_equal(getsockname(listener_fd, (void *)&at, &len), 0);
	assert_int_equal(connect(kept_fd, (void *)&at, len), 0);
}

static void it_still_talks_over_what_it_has(void **state)
{
	(void)state;
	assert_true(holds_confined(still_talks));
}

static void it_ends_with_its_parent(void **state)
{
	int ends[2];
	pid_t parent = 0;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	parent = fork();
	if (parent == 0) {
		pid_t self = getpid();
		struct err e = { 0 };

		if (fork() == 0) {
			struct pollfd none;

			close(ends[0]);
			if (!confine_become(NULL, &e) || !confine(self, &e) ||
			    write(ends[1], "c", 1) != 1)
				_exit(1);
			poll(&none, 0, 20000);
			_exit(0);
		}
		close(ends[1]);
		pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	/* its end of the pipe closes when it is gone */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void a_parent_that_has_gone_is_noticed(void **state)
{
	pid_t pid = 0;
	int status = -1;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct err e = { 0 };

		_exit(!confine(getppid() + 1, &e) && e.code == ERR_MISSING ? 0
									   : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_user_is_found_by_name(void **state)
{
	struct err e = { 0 };
	uid_t uid = 77;

	(void)state;
	assert_false(confine_user("nobody-at-all-here", &uid, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "there is no user"));
	assert_true(confine_user(NULL, &uid, &e));
	if (geteuid() == 0) {
		assert_int_equal(uid, getpwnam(CONFINE_USER)->pw_uid);
		assert_true(confine_user("root", &uid, &e));
		assert_int_equal(uid, 0);
		return;
	}
	assert_int_equal(uid, geteuid());
	assert_false(confine_user("root", &uid, &e));
	assert_non_null(strstr(e.text, "only root"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confined_process_can_do_little),
		cmocka_unit_test(root_becomes_somebody_else),
		cmocka_unit_test(it_still_talks_over_what_it_has),
		cmocka_unit_test(it_ends_with_its_parent),
		cmocka_unit_test(a_parent_that_has_gone_is_noticed),
		cmocka_unit_test(a_user_is_found_by_name),
	};

	listen_and_connect();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
