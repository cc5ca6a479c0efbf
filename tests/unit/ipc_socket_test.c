/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "agent/ipc.h"
#include "base/clock.h"
#include "base/stop.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64];
static char path[100];

static int open_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/certfleet-meet-XXXXXX");
	umask(022);
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/halves", root);
	return 0;
}

static int close_root(void **state)
{
	(void)state;
	chmod(root, 0700);
	unlink(path);
	return rmdir(root);
}

static int must_listen(void)
{
	struct err e = { 0 };
	int fd = -1;

	must(ipc_socket_listen(path, geteuid(), &fd, &e), &e);
	return fd;
}

static void refuses_to_listen(const char *where, const char *why)
{
	struct err e = { 0 };
	int fd = -1;

	assert_false(ipc_socket_listen(where, geteuid(), &fd, &e));
	if (!strstr(e.text, why))
		fail_msg("%s", e.text);
	assert_int_equal(fd, -1);
}

/* A child that does this; it ends with the test. */
static pid_t in_child(void (*fn)(void))
{
	pid_t pid = 0;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn();
	_exit(0);
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int connect_raw(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void hello_on(int fd, uint32_t which)
{
	const struct ipc_header h = { MESSAGE_HELLO, which, 0 };

	if (send(fd, &h, sizeof(h), MSG_NOSIGNAL) != sizeof(h))
		_exit(1);
}

/* A network half: says one thing on each of its channels. */
static void be_network_half(void)
{
	struct channels c;
	struct err e = { 0 };

	if (!ipc_socket_connect(path, &c, &e) || write(c.requests, "r", 1) != 1 ||
	    write(c.handshakes, "h", 1) != 1)
		_exit(1);
	pause();
}

static char byte_of(int fd)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	char byte = 0;

	while (read(fd, &byte, 1) != 1 && clock_mono_ms() < end_ms)
		clock_sleep_ms(5);
	return byte;
}

static void meets(int listener)
{
	struct channels c;
	struct err e = { 0 };

	must(ipc_socket_accept(listener, geteuid(), &c, &e), &e);
	assert_int_equal(byte_of(c.requests), 'r');
	assert_int_equal(byte_of(c.handshakes), 'h');
	close(c.requests);
	close(c.handshakes);
}

TEST(two_halves_meet)
{
	int listener = must_listen();
	pid_t pid = in_child(be_network_half);

	meets(listener);
	end_child(pid);
	/* and the next one */
	pid = in_child(be_network_half);
	meets(listener);
	end_child(pid);
	close(listener);
}

TEST(the_network_half_waits_for_the_other)
{
	pid_t pid = in_child(be_network_half);
	int listener = -1;

	clock_sleep_ms(400);
	listener = must_listen();
	meets(listener);
	end_child(pid);
	close(listener);
}

TEST(the_socket_is_for_one_user)
{
	int listener = must_listen();
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	close(listener);
}

TEST(what_a_killed_one_left_is_replaced)
{
	int first = must_listen();
	int second = -1;

	refuses_to_listen(path, "another agent uses");
	close(first);
	second = must_listen();
	close(second);
}

TEST(other_things_are_not_replaced)
{
	FILE *f = fopen(path, "w");

	fclose(f);
	refuses_to_listen(path, "is not a socket");
	assert_int_equal(access(path, F_OK), 0);
}

TEST(its_directory_must_be_ours)
{
	char longest[200];

	chmod(root, 0777);
	refuses_to_listen(path, "");
	chmod(root, 0700);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	refuses_to_listen(longest, "too long");
	refuses_to_listen("/nonexistent-directory/halves", "");
}

/* ---- who else connects ---- */

static void be_mute_then_network_half(void)
{
	int mute = connect_raw();

	(void)mute;
	clock_sleep_ms(100);
	be_network_half();
}

static void be_noisy_then_network_half(void)
{
	int fd = connect_raw();

	if (write(fd, "GET / HTTP/1.1\r\n\r\n", 18) != 18)
		_exit(1);
	close(fd);
	fd = connect_raw();
	hello_on(fd, 2);
	close(fd);
	fd = connect_raw();
	close(fd);
	be_network_half();
}

/* Both say the same; then a good one comes. */
static void be_twice_the_same_then_network_half(void)
{
	int fds[2] = { connect_raw(), connect_raw() };

	hello_on(fds[0], 1);
	hello_on(fds[1], 1);
	clock_sleep_ms(100);
	close(fds[0]);
	close(fds[1]);
	be_network_half();
}

TEST(others_do_not_keep_it_from_meeting)
{
	void (*const others[])(void) = { be_mute_then_network_half, be_noisy_then_network_half,
					 be_twice_the_same_then_network_half };
	int listener = must_listen();

	for (size_t i = 0; i < 3; i++) {
		pid_t pid = in_child(others[i]);

		meets(listener);
		end_child(pid);
	}
	close(listener);
}

static void say_hello_once(void)
{
	hello_on(connect_raw(), 0);
	pause();
}

/* One connection each of two processes is no half. */
TEST(two_processes_are_no_half)
{
	int listener = must_listen();
	pid_t one = in_child(say_hello_once);
	pid_t two = 0;
	pid_t good = 0;

	clock_sleep_ms(100);
	two = in_child(say_hello_once);
	clock_sleep_ms(100);
	good = in_child(be_network_half);
	meets(listener);
	end_child(one);
	end_child(two);
	end_child(good);
	close(listener);
}

static void be_another_user(void)
{
	int fd = -1;

	chmod(path, 0666);
	chmod(root, 0755);
	if (setuid(65534))
		_exit(1);
	fd = connect_raw();
	if (fd >= 0)
		hello_on(fd, 0);
	fd = connect_raw();
	if (fd >= 0)
		hello_on(fd, 1);
	pause();
}

TEST(another_user_is_refused)
{
	int listener = -1;
	pid_t other = 0;
	pid_t good = 0;

	if (geteuid() != 0)
		skip();
	listener = must_listen();
	other = in_child(be_another_user);
	clock_sleep_ms(200);
	good = in_child(be_network_half);
	meets(listener);
	end_child(other);
	end_child(good);
	close(listener);
}

static void await_nobody(void)
{
	struct channels c;
	struct err e = { 0 };
	int listener = -1;

	stop_install();
	listener = must_listen();
	if (ipc_socket_accept(listener, geteuid(), &c, &e) || e.code != ERR_STOPPED)
		_exit(1);
}

TEST(a_stop_ends_the_wait)
{
	pid_t pid = in_child(await_nobody);

	for (int i = 0; access(path, F_OK) && i < PATIENCE_MS / 5; i++)
		clock_sleep_ms(5);
	clock_sleep_ms(200);
	kill(pid, SIGTERM);
	assert_int_equal(test_wait(pid), 0);
}

TEST_EACH(open_root, close_root)
