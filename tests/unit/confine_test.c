/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/confine.h"
#include "test.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	return open("/etc/passwd", O_RDONLY) < 0 && open("/dev/null", O_RDONLY) < 0 &&
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

	return socket(AF_INET, SOCK_STREAM, 0) < 0 && socket(AF_UNIX, SOCK_STREAM, 0) < 0 &&
	       connect(kept_fd, (void *)&at, sizeof(at)) < 0 && errno == EPERM;
}

static bool touches_no_process(void)
{
	return kill(getppid(), 0) < 0 && ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0;
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
	       !setsockopt(kept_fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) &&
	       !shutdown(kept_fd, SHUT_RDWR);
}

TEST(a_confined_process_can_do_little)
{
	assert_true(holds_confined(opens_no_file));
	assert_true(holds_confined(removes_no_file));
	assert_true(holds_confined(starts_nothing));
	assert_true(holds_confined(connects_nowhere));
	assert_true(holds_confined(touches_no_process));
	assert_true(holds_confined(gains_nothing));
}

TEST(root_becomes_somebody_else)
{
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

TEST(it_still_talks_over_what_it_has)
{
	assert_true(holds_confined(still_talks));
}

TEST(it_ends_with_its_parent)
{
	int ends[2];
	pid_t parent = 0;
	char byte = 0;

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

TEST(a_parent_that_has_gone_is_noticed)
{
	pid_t pid = 0;
	int status = -1;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct err e = { 0 };

		_exit(!confine(getppid() + 1, &e) && e.code == ERR_MISSING ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(a_user_is_found_by_name)
{
	struct err e = { 0 };
	uid_t uid = 77;

	assert_false(confine_user("nobody-at-all-here", &uid, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "there is no user"));
	assert_true(confine_user(NULL, &uid, &e));
	if (geteuid() == 0) {
		const struct passwd *p = getpwnam(CONFINE_USER);

		if (!p)
			p = getpwnam(CONFINE_SHARED);
		assert_int_equal(uid, p->pw_uid);
		assert_false(confine_user("root", &uid, &e));
		assert_non_null(strstr(e.text, "cannot be root"));
		return;
	}
	assert_int_equal(uid, geteuid());
	assert_false(confine_user("root", &uid, &e));
	assert_non_null(strstr(e.text, "only root"));
}

TEST(s10_nobody_is_no_user_of_its_own)
{
	struct err e = { 0 };

	if (geteuid() != 0)
		skip();
	assert_true(confine_is_shared(CONFINE_SHARED));
	assert_false(confine_is_own_user(CONFINE_SHARED, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "useradd --system certfleet-agent"));
	assert_true(confine_is_own_user("daemon", &e));
	assert_false(confine_is_shared("daemon"));
}

/* ---- descriptors and files ---- */

TEST(s19_no_inherited_descriptor_is_kept)
{
	pid_t pid = 0;
	int status = -1;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int inherited = open("/etc/passwd", O_RDONLY);
		int far = dup2(inherited, 900);
		int first = dup(listener_fd);
		int second = dup(kept_fd);
		int *const kept[] = { &second, &first };
		struct err e = { 0 };

		if (inherited < 0 || far < 0 || !confine_descriptors(kept, 2, &e) || second != 3 ||
		    first != 4 || fcntl(second, F_GETFD) != FD_CLOEXEC ||
		    fcntl(first, F_GETFD) != FD_CLOEXEC)
			_exit(1);
		for (int fd = 5; fd < 1024; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				_exit(1);
		_exit(listen(first, 4) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool looks_at_flags_only(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	return fcntl(kept_fd, F_GETFL) >= 0 && fcntl(kept_fd, F_GETFD) >= 0 &&
	       !fcntl(kept_fd, F_SETFD, FD_CLOEXEC) && !fcntl(kept_fd, F_SETFL, O_NONBLOCK) &&
	       fcntl(kept_fd, F_DUPFD_CLOEXEC, 0) >= 0 && fcntl(kept_fd, F_SETOWN, getppid()) < 0 &&
	       errno == EPERM && fcntl(kept_fd, F_SETSIG, SIGKILL) < 0 && errno == EPERM &&
	       fcntl(kept_fd, F_SETLK, &lock) < 0 && errno == EPERM &&
	       fcntl(kept_fd, F_NOTIFY, 1) < 0 && errno == EPERM &&
	       fcntl(kept_fd, F_DUPFD, 0) < 0 && errno == EPERM;
}

TEST(s19_fcntl_only_looks_at_flags)
{
	assert_true(holds_confined(looks_at_flags_only));
}

static int scratch_fd;

static bool writes_no_file(void)
{
	static const char much[256 * 1024];

	return write(scratch_fd, much, sizeof(much)) < (ssize_t)sizeof(much) &&
	       write(scratch_fd, much, sizeof(much)) < 0 && errno == EFBIG;
}

TEST(s19_a_file_that_is_open_does_not_grow)
{
	scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
	assert_true(scratch_fd >= 0);
	assert_true(holds_confined(writes_no_file));
	close(scratch_fd);
}

static int listen_once(void **state)
{
	(void)state;
	listen_and_connect();
	return 0;
}

TEST_GROUP(listen_once, NULL)
