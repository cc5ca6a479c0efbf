/* SPDX-License-Identifier: Apache-2.0 */
#include "install/activate.h"
#include "test.h"

#include "install/pidfile.h"

#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char pidfile[64];
static char records[80]; /* of supervisors */
static pid_t server;
static struct arena arena;
static const char *proven;     /* of the next order */
static const char *accepted;   /* of the next order */
static const char *executable; /* that was told */

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
	snprintf(records, sizeof(records), "%s.records", pidfile);
	return server > 0 ? 0 : -1;
}

/* In a process namespace of its own; 0: none. */
static pid_t far_server;

static void remove_records(void)
{
	const char *command = arena_printf(&arena, "rm -rf %s", records);

	assert_int_equal(system(command), 0);
}

static int stop_server(void **state)
{
	(void)state;
	if (far_server > 0)
		kill(far_server, SIGKILL);
	far_server = 0;
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	unlink(pidfile);
	remove_records();
	arena_release(&arena);
	proven = accepted = executable = NULL;
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
						.fingerprint = "",
						.proven = proven,
						.accepted = accepted };

	return install_activate(&order, &arena, &executable, e);
}

static void assert_not_signalled(void)
{
	assert_int_equal(waitpid(server, NULL, WNOHANG), 0);
}

TEST(the_named_process_gets_the_signal)
{
	struct err e = { 0 };
	int status = 0;

	name_server("\n/var/lib/postgresql\n5432\n");
	assert_true(send_to_server(SIGHUP, &e));
	assert_int_equal(waitpid(server, &status, 0), server);
	server = 0;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGHUP);
}

TEST(other_signals_are_refused)
{
	static const int numbers[] = { SIGKILL, SIGSTOP, SIGINT, 0 };
	struct err e = { 0 };

	name_server("\n");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		assert_false(send_to_server(numbers[i], &e));
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_not_signalled();
}

TEST(a_pidfile_others_can_write_is_refused)
{
	struct err e = { 0 };

	name_server("\n");
	chmod(pidfile, 0666);
	assert_false(send_to_server(SIGHUP, &e));
	chmod(pidfile, 0664);
	assert_false(send_to_server(SIGHUP, &e));
	assert_not_signalled();
}

TEST(what_is_no_process_number_is_refused)
{
	static const char *const texts[] = {
		"",      "\n",    "-1\n",   "0\n", "1\n",
		"12x\n", " 77\n", "0x10\n", "abc", "99999999999999999999\n",
	};
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		write_pidfile(texts[i], 0644);
		assert_false(send_to_server(SIGHUP, &e));
		assert_int_equal(e.code, ERR_REMOTE);
	}
}

TEST(we_never_signal_ourselves)
{
	char text[32];
	struct err e = { 0 };

	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	write_pidfile(text, 0644);
	assert_false(send_to_server(SIGTERM, &e));
}

TEST(a_process_that_has_ended_is_named)
{
	struct err e = { 0 };

	name_server("\n");
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = 0;
	assert_false(send_to_server(SIGHUP, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "not running"));
}

TEST(a_missing_or_linked_pidfile_is_refused)
{
	char target[80];
	struct err e = { 0 };

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

TEST(a_fifo_as_pidfile_does_not_block)
{
	struct err e = { 0 };

	unlink(pidfile);
	assert_int_equal(mkfifo(pidfile, 0600), 0);
	assert_false(send_to_server(SIGHUP, &e));
	assert_non_null(strstr(e.text, "regular"));
}

TEST(a_user_can_only_name_a_process_of_their_own)
{
	struct err e = { 0 };

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

/* ---- whether it is the process that was meant ---- */

enum {
	LONG_AGO = 60
};

static void age_pidfile(time_t seconds)
{
	const struct timespec then = { .tv_sec = time(NULL) - seconds };
	const struct timespec times[] = { then, then };

	assert_int_equal(utimensat(AT_FDCWD, pidfile, times, 0), 0);
}

static const char *our_executable(void)
{
	char text[PATH_MAX] = "";

	assert_true(readlink("/proc/self/exe", text, sizeof(text) - 1) > 0);
	return arena_strdup(&arena, text);
}

static void assert_doubtful(const char *why)
{
	struct err e = { 0 };

	assert_false(send_to_server(SIGHUP, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, why));
	assert_null(executable);
	assert_not_signalled();
}

TEST(e3_a_process_younger_than_its_pidfile_gets_no_signal)
{
	struct err e = { 0 };

	name_server("\n");
	age_pidfile(LONG_AGO);
	assert_doubtful("started after");
	accepted = "/usr/sbin/nginx";
	assert_doubtful("started after");
	accepted = our_executable();
	assert_true(send_to_server(SIGHUP, &e));
	assert_string_equal(executable, accepted);
}

TEST(e3_another_executable_gets_no_signal)
{
	struct err e = { 0 };

	name_server("\n");
	proven = "/usr/sbin/nginx";
	assert_doubtful("is not '/usr/sbin/nginx'");
	proven = our_executable();
	assert_true(send_to_server(SIGHUP, &e));
	assert_string_equal(executable, proven);
}

/* Below us, in a process namespace of its own; 0: none can be made. */
static pid_t start_far_server(void)
{
	int ends[2];
	pid_t far = 0;

	assert_int_equal(pipe(ends), 0);

	pid_t starter = fork();

	if (starter == 0) {
		far = unshare(CLONE_NEWPID) ? 0 : fork();
		if (far == 0 && getpid() == 1)
			for (;;)
				pause();
		_exit(write(ends[1], &far, sizeof(far)) != sizeof(far));
	}
	close(ends[1]);
	if (read(ends[0], &far, sizeof(far)) != sizeof(far))
		far = 0;
	close(ends[0]);
	waitpid(starter, NULL, 0);
	return far > 0 ? far : 0;
}

TEST(e3_a_process_of_another_namespace_gets_no_signal)
{
	char text[32];

	far_server = start_far_server();
	if (!far_server) {
		print_message("SKIPPED: no process namespace can be made\n");
		skip();
	}
	snprintf(text, sizeof(text), "%d\n", (int)far_server);
	write_pidfile(text, 0644);
	assert_doubtful("another process namespace");
}

TEST(e3_a_clock_that_was_set_at_the_boot_makes_no_doubt)
{
	/* Started 100 s after a boot at 1,000,000 s; up for 4,000 s. */
	const struct pidfile_times base = {
		.written = 1000100000, .started = 100000, .uptime = 4000000, .now = 1004000000
	};
	struct pidfile_times t = base;

	assert_int_equal(pidfile_gap(&t), 0);
	t.written = base.written - 2000;
	assert_int_equal(pidfile_gap(&t), 0);
	t.written = base.written - 2001;
	assert_int_equal(pidfile_gap(&t), 2001);
	t.of_boot = true;
	assert_int_equal(pidfile_gap(&t), 0);
	t.started = 2000000;
	assert_true(pidfile_gap(&t) > 0);
	t.written = 999999000;
	assert_int_equal(pidfile_gap(&t), 0);
}

/* ---- who could have written the file ---- */

/* The pidfile in a folder of its own; `beneath` that, or in it. */
static void move_pidfile(const char *beneath, mode_t mode, gid_t group)
{
	char folder[sizeof(pidfile)];
	char path[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s.d", pidfile);
	assert_int_equal(mkdir(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s%s", folder, beneath);
	assert_true(!*beneath || !mkdir(path, 0755));
	strncat(path, "/pid", sizeof(path) - strlen(path) - 1);
	assert_int_equal(rename(pidfile, path), 0);
	assert_int_equal(chown(folder, (uid_t)-1, group), 0);
	assert_int_equal(chmod(folder, mode), 0);
	assert_true(snprintf(pidfile, sizeof(pidfile), "%s", path) < (int)sizeof(pidfile));
}

static void remove_folders(void)
{
	unlink(pidfile);
	for (char *end = strrchr(pidfile, '/'); end - pidfile > 4; end = strrchr(pidfile, '/')) {
		*end = '\0';
		rmdir(pidfile);
	}
}

static void refused_for_its_folder(const char *beneath, mode_t mode, gid_t group)
{
	struct err e = { 0 };

	name_server("\n");
	move_pidfile(beneath, mode, group);

	bool sent = send_to_server(SIGHUP, &e);

	remove_folders();
	assert_false(sent);
	assert_int_equal(e.code, ERR_IO);
	assert_non_null(strstr(e.text, "directory '"));
	assert_not_signalled();
}

TEST(s21_a_pidfile_where_others_can_write_is_refused)
{
	refused_for_its_folder("", 0777, (gid_t)-1);
}

TEST(s21_so_is_one_far_beneath_such_a_directory)
{
	refused_for_its_folder("/deep", 0777, (gid_t)-1);
}

TEST(s21_so_is_one_where_a_foreign_group_can_write)
{
	if (geteuid() != 0) {
		print_message("SKIPPED: only root can give files away\n");
		skip();
	}
	refused_for_its_folder("", 02775, 65534);
}

TEST(s21_the_group_of_the_process_owner_may_write_there)
{
	struct err e = { 0 };

	name_server("\n");
	move_pidfile("", 02775, getegid());

	bool sent = send_to_server(SIGHUP, &e);

	remove_folders();
	assert_string_equal(e.text, "");
	assert_true(sent);
}

#define ABC "abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd"

static bool run_command(const char *script, int64_t timeout, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct activate how = { .kind = ACTIVATE_COMMAND, .argv = argv, .timeout = timeout };
	const struct activation_order order = { .how = &how,
						.process = "edge/e1",
						.component = "edge/e1",
						.fingerprint = ABC,
						.directory = "/usr",
						.records = records };

	return install_activate(&order, &arena, &executable, e);
}

TEST(a_command_knows_what_it_is_run_for)
{
	struct err e = { 0 };

	assert_true(run_command(
		"test \"$CERTFLEET_COMPONENT\" = edge/e1 && test \"$CERTFLEET_FINGERPRINT\" = " ABC
		" && test \"$(pwd)\" = /usr",
		10, &e));
}

TEST(a_failing_command_is_an_error)
{
	struct err e = { 0 };

	assert_false(run_command("echo broken configuration; exit 1", 10, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "broken configuration"));
}

TEST(a_hanging_command_ends_at_its_timeout)
{
	struct err e = { 0 };

	assert_false(run_command("sleep 60", 1, &e));
	assert_int_equal(e.code, ERR_REMOTE);
}

TEST(no_activation_does_nothing)
{
	const struct activate how = { .kind = ACTIVATE_NONE };
	const struct activation_order order = { .how = &how };
	struct err e = { 0 };

	assert_true(install_activate(&order, &arena, &executable, &e));
	assert_null(executable);
}

TEST_EACH(start_server, stop_server)
