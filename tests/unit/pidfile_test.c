/* SPDX-License-Identifier: Apache-2.0 */
#include "install_fixture.h"
#include "test.h"

#include "install/pidfile.h"

#include <sched.h>
#include <signal.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>

enum {
	GAMES = 5 /* a user that is none of ours */
};

static pid_t server;
static const char *at; /* the pidfile */

static pid_t start_process(uid_t user)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (user && (setgid(60) || setuid(user)))
		_exit(1);
	alarm(120); /* whatever comes of the test */
	for (;;)
		pause();
}

static void write_number(const char *path, pid_t pid)
{
	write_text(path, arena_printf(&test_arena, "%d\n", (int)pid));
}

static int open_server(void **state)
{
	int rc = open_root(state);

	server = start_process(0);
	chmod(root, 0755);
	at = at_root("server.pid");
	write_number(at, server);
	return rc;
}

static int close_server(void **state)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return close_root(state);
}

static bool open_it(const char *proven, struct pidfile *p, struct err *e)
{
	*p = (struct pidfile){ .process = { .fd = -1 } };
	return pidfile_open(at, proven, &test_arena, p, e);
}

static void assert_refused(enum err_code code, const char *words)
{
	AUTO(pidfile) p;
	struct err e = { 0 };

	assert_false(open_it(NULL, &p, &e));
	if (e.code != code || !strstr(e.text, words))
		fail_msg("no '%s' in: %s", words, e.text);
}

/* NULL: the process is believed. */
static void assert_doubt(const char *proven, const char *words)
{
	AUTO(pidfile) p;
	struct err e = { 0 };

	must(open_it(proven, &p, &e), &e);
	if (!words && p.doubt)
		fail_msg("%s", p.doubt);
	if (words && (!p.doubt || !strstr(p.doubt, words)))
		fail_msg("no '%s' in: %s", words, p.doubt ? p.doubt : "-");
}

/* ---- the age ---- */

TEST(e3_a_process_that_is_younger_than_its_pidfile_is_doubtful)
{
	static const struct {
		const char *what;
		struct pidfile_times times; /* in ms; boot at 1000 d */
		int64_t gap;
	} rows[] = {
#define DAY INT64_C(86400000)
		{ "started with its file",
		  { 1001 * DAY + 10, false, DAY, 5 * DAY, 1005 * DAY },
		  0 },
		{ "two seconds are tolerated",
		  { 1001 * DAY, false, DAY + 2000, 5 * DAY, 1005 * DAY },
		  0 },
		{ "more are not", { 1001 * DAY, false, DAY + 2001, 5 * DAY, 1005 * DAY }, 2001 },
		{ "two days", { 1001 * DAY, true, 3 * DAY, 5 * DAY, 1005 * DAY }, 2 * DAY },
		{ "a file from before the boot, where files stay",
		  { 999 * DAY, false, 3000, 5 * DAY, 1005 * DAY },
		  DAY + 3000 },
		{ "the clock was set forward, where files do not stay",
		  { 20 * DAY, true, 20000, 5 * DAY, 1005 * DAY },
		  0 },
		{ "set by some seconds, soon after the boot",
		  { 1000 * DAY + 10000, true, 20000, 5 * DAY, 1005 * DAY },
		  0 },
		{ "the clock was set back", { 1001 * DAY, false, DAY, 5 * DAY, 900 * DAY }, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (pidfile_gap(&rows[i].times) != rows[i].gap)
			fail_msg("%s: %lld", rows[i].what, (long long)pidfile_gap(&rows[i].times));
}

TEST(e3_a_number_that_passed_on_is_doubtful)
{
	struct sysinfo machine = { 0 };
	struct timespec times[2];

	assert_int_equal(sysinfo(&machine), 0);
	if (machine.uptime < 600) {
		print_message("SKIPPED: the machine has just been started\n");
		skip();
	}
	assert_doubt(NULL, NULL);
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= 60;
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, at, times, 0), 0);
	assert_doubt(NULL, "started after that was written");
}

/* ---- the executable ---- */

TEST(e3_another_executable_than_before_is_doubtful)
{
	char own[512] = "";

	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	assert_doubt(own, NULL);
	assert_doubt("/usr/sbin/nginx", "is not '/usr/sbin/nginx', the expected executable");
	assert_doubt("/usr/sbin/nginx", own);
}

TEST(e3_an_upgraded_executable_is_the_same_one)
{
	const char *program = at_root("program");
	pid_t pid = 0;
	AUTO(pidfile) p;
	struct err e = { 0 };

	assert_int_equal(system(arena_printf(&test_arena, "cp /bin/sleep %s", program)), 0);
	assert_int_equal(chmod(program, 0700), 0);
	pid = fork();
	if (pid == 0) {
		execl(program, program, "300", NULL);
		_exit(1);
	}
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		struct timespec t = { .tv_nsec = 10000000 };
		char text[512] = "";

		if (readlink(arena_printf(&test_arena, "/proc/%d/exe", (int)pid), text,
			     sizeof(text) - 1) > 0 &&
		    !strcmp(text, program))
			break;
		nanosleep(&t, NULL);
	}
	unlink(program);
	write_number(at, pid);
	must(open_it(program, &p, &e), &e);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_null(p.doubt);
	assert_string_equal(p.process.executable, program);
}

/* ---- the namespace ---- */

TEST(e3_a_process_of_another_namespace_is_doubtful)
{
	AUTO(pidfile) p = { .process = { .fd = -1 } };
	struct err e = { 0 };
	pid_t between = 0;
	pid_t inside = 0;
	bool opened = false;
	int ends[2];

	needs_root();
	assert_int_equal(pipe(ends), 0);
	between = fork();
	if (between == 0) {
		pid_t pid = unshare(CLONE_NEWPID) ? -1 : start_process(0);

		if (write(ends[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &inside, sizeof(inside)), sizeof(inside));
	close(ends[0]);
	close(ends[1]);
	if (inside > 0) {
		write_number(at, inside);
		opened = open_it(NULL, &p, &e);
		kill(inside, SIGKILL); /* the first of its namespace */
	}
	waitpid(between, NULL, 0);
	if (inside <= 0) {
		print_message("SKIPPED: no namespace can be made here\n");
		skip();
	}
	must(opened, &e);
	assert_non_null(p.doubt);
	assert_non_null(strstr(p.doubt, "in another process namespace"));
}

/* ---- who could have written it ---- */

TEST(s21_a_pidfile_in_a_directory_of_strangers_is_refused)
{
	assert_int_equal(chmod(root, 0777), 0);
	assert_refused(ERR_IO, "on the way to pidfile");
	needs_root();
	assert_int_equal(chmod(root, 0755), 0);
	give_to_stranger(root);
	assert_refused(ERR_IO, "user 65534");
}

TEST(s21_a_directory_above_is_judged_as_well)
{
	make_dir("a", 0777);
	make_dir("a/b", 0755);
	at = at_root("a/b/server.pid");
	write_number(at, server);
	assert_refused(ERR_IO, "/a' (user");
}

TEST(s21_the_group_of_the_process_may_write_its_directory)
{
	const char *dir = make_dir("run", 02775);
	pid_t pid = 0;

	needs_root();
	pid = start_process(GAMES);
	at = at_root("run/server.pid");
	write_number(at, pid);
	assert_int_equal(chown(at, GAMES, 60), 0);
	assert_int_equal(chown(dir, GAMES, 60), 0);
	assert_int_equal(chmod(dir, 02775), 0);
	while (owner_of(arena_printf(&test_arena, "/proc/%d", (int)pid)) != GAMES)
		sched_yield();
	assert_doubt(NULL, NULL);
	/* another group may not */
	assert_int_equal(chown(dir, GAMES, 1), 0);
	assert_int_equal(chmod(dir, 02775), 0);
	assert_refused(ERR_IO, "can be written by others");
	/* nor does it own what another user started */
	assert_int_equal(chown(dir, 0, 60), 0);
	write_number(at, server);
	assert_refused(ERR_IO, "belongs to user 5, who does not own process");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(s21_a_link_on_the_way_is_roots_or_ours)
{
	make_dir("run", 0755);
	write_number(at_root("run/server.pid"), server);
	assert_int_equal(symlink("run", at_root("var")), 0);
	at = at_root("var/server.pid");
	assert_doubt(NULL, NULL);
	/* what it leads to is judged */
	assert_int_equal(chmod(at_root("run"), 0777), 0);
	assert_refused(ERR_IO, "/run' (user");
	assert_int_equal(chmod(at_root("run"), 0755), 0);
	assert_int_equal(symlink("loop", at_root("loop")), 0);
	at = at_root("loop/server.pid");
	assert_refused(ERR_IO, "too many symbolic links");
	needs_root();
	at = at_root("var/server.pid");
	give_to_stranger(at_root("var"));
	assert_refused(ERR_IO, "symbolic link of user 65534");
}

TEST_EACH(open_server, close_server)
