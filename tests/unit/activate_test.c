/* SPDX-License-Identifier: Apache-2.0 */
#include "place/activate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char pidfile[64];
static pid_t server;

/* Dies of any signal, so that its status tells which one came. */
static int start_server(void **state)
{
	(void)state;
	server = fork();
	if (server == 0)
		for (;;)
			pause();
	snprintf(pidfile, sizeof(pidfile), "/tmp/certfleet-pid-XXXXXX");
	close(mkstemp(pidfile));
	return server > 0 ? 0 : -1;
}

static int stop_server(void **state)
{
	(void)state;
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	unlink(pidfile);
	return 0;
}

static void write_pidfile(const char *text, mode_t mode)
{
	int fd = open(pidfile, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void name_server(const char *rest)
{
	char text[128];

	snprintf(text, sizeof(text), "%d%s", (int)server, rest);
	write_pidfile(text, 0644);
}

static bool send_to_server(int number, struct err *e)
{
	const struct activate how = { .kind = ACTIVATE_SIGNAL,
				      .signal = number,
				      .pidfile = pidfile };
	const struct activation_order order = { .how = &how,
						.component = "front",
						.fingerprint = "" };

	return place_activate(&order, e);
}

static void assert_not_signalled(void)
{
	assert_int_equal(waitpid(server, NULL, WNOHANG), 0);
}

static void the_named_process_gets_the_signal(void **state)
{
	struct err e = { 0 };
	int status = 0;

	(void)state;
	name_server("\n/var/lib/postgresql\n5432\n");
	assert_true(send_to_server(SIGHUP, &e));
	assert_int_equal(waitpid(server, &status, 0), server);
	server = 0;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGHUP);
}

static void other_signals_are_refused(void **state)
{
	static const int numbers[] = { SIGKILL, SIGSTOP, SIGINT, 0 };
	struct err e = { 0 };

	(void)state;
	name_server("\n");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		assert_false(send_to_server(numbers[i], &e));
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_not_signalled();
}

static void a_pidfile_others_can_write_is_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	name_server("\n");
	chmod(pidfile, 0666);
	assert_false(send_to_server(SIGHUP, &e));
	chmod(pidfile, 0664);
	assert_false(send_to_server(SIGHUP, &e));
	assert_not_signalled();
}

static void what_is_no_process_number_is_refused(void **state)
{
	static const char *const texts[] = {
		"",      "\n",    "-1\n",   "0\n", "1\n",
		"12x\n", " 77\n", "0x10\n", "abc", "99999999999999999999\n",
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		write_pidfile(texts[i], 0644);
		assert_false(send_to_server(SIGHUP, &e));
		assert_int_equal(e.code, ERR_REMOTE);
	}
}

static void we_never_signal_ourselves(void **state)
{
	char text[32];
	struct err e = { 0 };

	(void)state;
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	write_pidfile(text, 0644);
	assert_false(send_to_server(SIGTERM, &e));
}

static void a_process_that_has_ended_is_named(void **state)
{
	struct err e = { 0 };

	(void)state;
	name_server("\n");
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = 0;
	assert_false(send_to_server(SIGHUP, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "not running"));
}

static void a_missing_or_linked_pidfile_is_refused(void **state)
{
	char target[80];
	struct err e = { 0 };

	(void)state;
	name_server("\n");
	snprintf(target, sizeof(target), "%s.real", pidfile);
	assert_int_equal(rename(pidfile, target), 0);
	assert_false(send_to_server(SIGHUP, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_int_equal(symlink(target, pidfile), 0);
	assert_false(send_to_server(SIGHUP, &e));
	unlink(target);
	assert_not_signalled();
}

static void a_fifo_as_pidfile_does_not_block(void **state)
{
	struct err e = { 0 };

	(void)state;
	unlink(pidfile);
	assert_int_equal(mkfifo(pidfile, 0600), 0);
	assert_false(send_to_server(SIGHUP, &e));
	assert_non_null(strstr(e.text, "regular"));
}

static void a_user_can_only_name_a_process_of_their_own(void **state)
{
	struct err e = { 0 };

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: only root can give files away\n");
		skip();
	}
	name_server("\n");
	assert_int_equal(chown(pidfile, 65534, 65534), 0);
	assert_false(send_to_server(SIGHUP, &e));
	assert_non_null(strstr(e.text, "65534"));
	assert_not_signalled();
}

static bool run_command(const char *script, int64_t timeout, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct activate how = { .kind = ACTIVATE_COMMAND,
				      .argv = argv,
				      .timeout = timeout };
	const struct activation_order order = { .how = &how,
						.component = "edge/e1",
						.fingerprint = "abc",
						.directory = "/usr" };

	return place_activate(&order, e);
}

static void a_command_knows_what_it_is_run_for(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_true(run_command("test \"$CERTFLEET_COMPONENT\" = edge/e1 && "
				"test \"$CERTFLEET_FINGERPRINT\" = abc && "
				"test \"$(pwd)\" = /usr",
				10, &e));
}

static void a_failing_command_is_an_error(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_false(run_command("echo broken configuration; exit 1", 10, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "broken configuration"));
}

static void a_hanging_command_ends_at_its_timeout(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_false(run_command("sleep 60", 1, &e));
	assert_int_equal(e.code, ERR_REMOTE);
}

static void no_activation_does_nothing(void **state)
{
	const struct activate how = { .kind = ACTIVATE_NONE };
	const struct activation_order order = { .how = &how };
	struct err e = { 0 };

	(void)state;
	assert_true(place_activate(&order, &e));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_named_process_gets_the_signal),
		TEST(other_signals_are_refused),
		TEST(a_pidfile_others_can_write_is_refused),
		TEST(what_is_no_process_number_is_refused),
		TEST(we_never_signal_ourselves),
		TEST(a_process_that_has_ended_is_named),
		TEST(a_missing_or_linked_pidfile_is_refused),
		TEST(a_fifo_as_pidfile_does_not_block),
		TEST(a_user_can_only_name_a_process_of_their_own),
		TEST(a_command_knows_what_it_is_run_for),
		TEST(a_failing_command_is_an_error),
		TEST(a_hanging_command_ends_at_its_timeout),
		TEST(no_activation_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
