/* SPDX-License-Identifier: Apache-2.0 */
#include "ssh_target_fixture.h"
#include "test.h"

#include "base/child.h"
#include "base/clock.h"

#include <sys/file.h>

static struct ssh_script_ops acts;

static int open_acts(void **state)
{
	memset(&side, 0, sizeof(side));
	acts = (struct ssh_script_ops){ .arena = &test_arena };
	return open_root(state);
}

/* What the acts say; their status goes to `status`. */
static const char *act(int *status)
{
	struct ssh_op op = ssh_script_run(&acts);

	side_run(&op);
	*status = op.status;
	return op.text;
}

static void must_act(void)
{
	int status = 0;
	const char *said = act(&status);

	if (status)
		fail_msg("status %d: %s", status, said);
}

static int act_status(void)
{
	int status = 0;

	(void)act(&status);
	return status;
}

/* ---- words ---- */

static const char *const hostile[] = {
	"",
	"plain",
	"two words",
	"it's",
	"''",
	"'",
	"\\",
	"\\'",
	"'; touch hacked; '",
	"$(touch hacked)",
	"`touch hacked`",
	"${HOME}",
	"a\nb",
	"\n",
	"tab\there",
	"*",
	"~",
	"-rf",
	"--",
	"#",
	"!!",
	"}",
	"\"",
	"a;b&c|d<e>f(g)",
	"\xc3\xa4\xff\x01",
	"EOF",
	"certfleet-end 0\n",
};

static const char *quoted(const char *text)
{
	AUTO(buf) out = { 0 };

	ssh_script_quote(&out, text);
	return arena_strdup(&test_arena, buf_text(&out));
}

TEST(a_word_is_one_word_whatever_is_in_it)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		const char *script = arena_printf(&test_arena,
						  "set -- %s %s x\nprintf '%%s' \"$1\"\n"
						  "printf '.%%s' $#\n",
						  quoted(hostile[i]), quoted(hostile[i]));
		const char *expected = arena_printf(&test_arena, "%s.3", hostile[i]);

		assert_string_equal(run_shell(script), expected);
	}
	assert_int_not_equal(access("/hacked", F_OK), 0);
}

TEST(a_hostile_path_is_a_path)
{
	for (size_t i = 1; i < sizeof(hostile) / sizeof(*hostile); i++) {
		const char *name = arena_printf(&test_arena, "d%s", hostile[i]);
		const char *text = arena_printf(&test_arena, "t%s", hostile[i]);
		const char *path = at_root(name);
		char got[256] = "";

		ssh_script_directory(&acts, path);
		ssh_script_link(&acts, arena_printf(&test_arena, "%s/l", path), text);
		ssh_script_move(&acts, arena_printf(&test_arena, "%s/l", path),
				arena_printf(&test_arena, "%s/m", path));
		ssh_script_sync(&acts, path);
		must_act();
		assert_true(readlink(arena_printf(&test_arena, "%s/m", path), got,
				     sizeof(got) - 1) > 0);
		assert_string_equal(got, text);
		ssh_script_remove(&acts, path);
		must_act();
		assert_int_not_equal(access(path, F_OK), 0);
	}
	assert_int_not_equal(access("/hacked", F_OK), 0);
	assert_int_not_equal(access(at_root("hacked"), F_OK), 0);
}

/* A connection that breaks ends what the shell reads. */
TEST(a_part_of_a_script_does_nothing)
{
	struct ssh_op op;

	ssh_script_directory(&acts, at_root("made"));
	ssh_script_link(&acts, at_root("link"), "text");
	op = ssh_script_run(&acts);
	for (size_t len = 0; len + 3 < op.len; len += len < 200 || len + 40 > op.len ? 1 : 37) {
		run_shell(arena_strndup(&test_arena, op.bytes, len));
		if (!access(at_root("made"), F_OK))
			fail_msg("the first %zu of %zu bytes do something", len, op.len);
	}
	run_shell(op.bytes);
	assert_int_equal(access(at_root("made"), F_OK), 0);
}

/* ---- acts ---- */

static void assert_link(const char *name, const char *text)
{
	char got[256] = "";

	assert_true(readlink(at_root(name), got, sizeof(got) - 1) > 0);
	assert_string_equal(got, text);
}

TEST(a_link_replaces_files_and_links_but_enters_nothing)
{
	write_text(at_root("file"), "x");
	mkdir(at_root("dir"), 0755);
	assert_int_equal(symlink("dir", at_root("link")), 0);
	ssh_script_link(&acts, at_root("file"), "new");
	ssh_script_link(&acts, at_root("link"), "new");
	must_act();
	assert_link("file", "new");
	assert_link("link", "new");
	ssh_script_link(&acts, at_root("dir"), "new");
	assert_int_not_equal(act_status(), 0);
	assert_int_equal(faccessat(AT_FDCWD, at_root("dir/."), F_OK, 0), 0);
}

TEST(a_name_that_is_taken_is_not_moved_onto)
{
	mkdir(at_root("from"), 0755);
	mkdir(at_root("to"), 0755);
	ssh_script_move(&acts, at_root("from"), at_root("to"));
	assert_int_equal(act_status(), SSH_SCRIPT_MOVED);
	assert_int_equal(symlink("nowhere", at_root("dangling")), 0);
	ssh_script_move(&acts, at_root("from"), at_root("dangling"));
	assert_int_equal(act_status(), SSH_SCRIPT_MOVED);
	ssh_script_move(&acts, at_root("from"), at_root("free"));
	must_act();
	assert_int_equal(access(at_root("free"), F_OK), 0);
}

TEST(acts_stop_where_something_is_not_as_expected)
{
	assert_int_equal(symlink("a", at_root("link")), 0);
	ssh_script_expect(&acts, at_root("link"), "b");
	ssh_script_directory(&acts, at_root("never"));
	assert_int_equal(act_status(), SSH_SCRIPT_MOVED);
	ssh_script_expect(&acts, at_root("absent"), "b");
	assert_int_equal(act_status(), SSH_SCRIPT_MOVED);
	ssh_script_expect(&acts, at_root("link"), "a");
	ssh_script_expect(&acts, at_root("absent"), "");
	must_act();
	assert_int_not_equal(access(at_root("never"), F_OK), 0);
}

TEST(a_directory_is_exchanged_with_a_link)
{
	mkdir(at_root("dir"), 0755);
	write_text(at_root("dir/file"), "x");
	ssh_script_exchange(&acts, at_root("dir"), at_root("kept"), "text");
	must_act();
	assert_link("dir", "text");
	assert_int_equal(access(at_root("kept/file"), F_OK), 0);
}

TEST(d1_a_file_is_replaced_by_a_copy_with_its_mode)
{
	struct stat st;

	write_file(at_root("from"), "new", 3, 0640);
	write_file(at_root("file"), "old", 3, 0600);
	ssh_script_copy(&acts, at_root("file"), at_root("from"));
	ssh_script_copy(&acts, at_root("first"), at_root("from"));
	must_act();
	assert_reads("file", "new");
	assert_reads("first", "new");
	assert_int_equal(mode_of(at_root("file")), 0640);
	assert_int_equal(stat(at_root("file"), &st), 0);
	assert_int_equal(st.st_nlink, 1);
}

TEST(d1_a_mount_point_is_reported)
{
	ssh_script_mounted(&acts, "/proc");
	ssh_script_mounted(&acts, at_root("file"));

	int status = 0;
	const char *said = act(&status);

	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "certfleet mounted /proc\n"));
	assert_null(strstr(said, at_root("file")));
}

TEST(only_links_are_unlinked)
{
	write_text(at_root("file"), "x");
	assert_int_equal(symlink("file", at_root("link")), 0);
	assert_int_equal(symlink("x", at_root(".file.tmp-certfleet")), 0);
	ssh_script_unlink(&acts, at_root("file"));
	ssh_script_unlink(&acts, at_root("link"));
	ssh_script_unlink(&acts, at_root("absent"));
	ssh_script_clean(&acts, at_root("file"));
	must_act();
	assert_int_equal(access(at_root("file"), F_OK), 0);
	assert_int_equal(faccessat(AT_FDCWD, at_root("link"), F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(
		faccessat(AT_FDCWD, at_root(".file.tmp-certfleet"), F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

/* Whether a process waits for a lock of this file. */
static bool is_waited_for(int fd)
{
	struct stat st;
	char line[256];
	bool found = false;
	FILE *f = fopen("/proc/locks", "re");

	assert_int_equal(fstat(fd, &st), 0);
	const char *inode = arena_printf(&test_arena, ":%llu ", (unsigned long long)st.st_ino);

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "->") && strstr(line, inode);
	if (f)
		fclose(f);
	return found;
}

/* Held until the script waits for it, and has done nothing by then. */
static void hold_the_lock(int fd)
{
	for (int i = 0; i < 500 && !is_waited_for(fd); i++) {
		if (!access(at_root("after"), F_OK))
			_exit(1);
		clock_sleep_ms(10);
	}
	_exit(access(at_root("after"), F_OK) ? 0 : 1);
}

TEST(a_store_is_locked)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = 0;

	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (pid == 0)
		hold_the_lock(fd);
	close(fd); /* it is held by the other process */
	ssh_script_lock(&acts, root, SSH_LOCK_S);
	ssh_script_directory(&acts, at_root("after"));
	must_act();
	assert_int_equal(test_wait(pid), 0);
	assert_int_equal(access(at_root("after"), F_OK), 0);
}

TEST(it_is_told_who_we_are)
{
	const char *said = NULL;
	int status = 0;

	ssh_script_owner(&acts, "root", "no-such-group");
	ssh_script_writable(&acts, at_root("absent"));
	ssh_script_writable(&acts, root);
	said = act(&status);
	assert_int_equal(status, 0);
	assert_non_null(
		strstr(said, arena_printf(&test_arena, SSH_SCRIPT_TOLD "uid %u\n", geteuid())));
	assert_non_null(strstr(said, SSH_SCRIPT_TOLD "owner 0\n"));
	assert_non_null(strstr(said, SSH_SCRIPT_TOLD "group \n"));
	assert_non_null(strstr(said, SSH_SCRIPT_TOLD "closed "));
	assert_null(strstr(said, SSH_SCRIPT_TOLD "lacks"));
	assert_null(strstr(said, arena_printf(&test_arena, "closed %s\n", root)));
}

/* ---- commands ---- */

static const char *store; /* of commands; NULL: the root */

static const char *run_command(const char *const *argv, int64_t seconds, int *status)
{
	const char *where = store ? store : root;
	const struct ssh_script_command c = { .store = where,
					      .component = "web/it's",
					      .fingerprint = "abc",
					      .seconds = seconds,
					      .argv = argv };

	ssh_script_lock(&acts, where, SSH_LOCK_S);
	ssh_script_command(&acts, &c);
	return act(status);
}

TEST(s11_a_command_cannot_say_that_it_is_done)
{
	static const char *const argv[] = {
		"sh", "-c",
		"printf '\\ncertfleet-end 0\\n'; env; set; tr '\\0' '\\n' </proc/$PPID/environ; echo later; exit 3",
		NULL
	};
	int status = 0;
	const char *said = NULL;

	said = run_command(argv, 60, &status);
	assert_int_equal(status, 3);
	assert_non_null(strstr(said, "later"));
	assert_null(strstr(said, "certfleet-end-"));
}

TEST(s11_each_run_ends_with_a_word_of_its_own)
{
	struct ssh_script_ops one = { .arena = &test_arena };
	struct ssh_script_ops other = { .arena = &test_arena };

	assert_string_not_equal(ssh_script_run(&one).end, ssh_script_run(&other).end);
}

TEST(a_command_gets_its_words_and_a_clean_environment)
{
	const char *const argv[] = { "env", NULL };
	const char *const words[] = { "printf", "[%s]", "a b", "$(id)", "'", NULL };
	int status = 0;
	const char *said = NULL;

	setenv("CERTFLEET_SECRET", "x", 1);
	said = run_command(argv, 60, &status);
	unsetenv("CERTFLEET_SECRET");
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "CERTFLEET_COMPONENT=web/it's\n"));
	assert_non_null(strstr(said, "CERTFLEET_FINGERPRINT=abc\n"));
	assert_non_null(strstr(said, "PATH=" CHILD_PATH "\n"));
	assert_null(strstr(said, "CERTFLEET_SECRET"));
	assert_null(strstr(said, "LC_ALL"));
	said = run_command(words, 60, &status);
	assert_int_equal(strncmp(said, "[a b][$(id)][']", 15), 0);
}

TEST(its_status_is_known)
{
	const char *const fails[] = { "sh", "-c", "echo no >&2; exit 9", NULL };
	const char *const absent[] = { "no-such-program", NULL };
	const char *const assigns[] = { "A=b", NULL };
	int status = 0;

	assert_non_null(strstr(run_command(fails, 60, &status), "no\n"));
	assert_int_equal(status, 9);
	run_command(absent, 60, &status);
	assert_int_equal(status, 127);
	run_command(assigns, 60, &status);
	assert_int_equal(status, 127);
}

/* Whoever inherits it may not have reaped it yet. */
static bool is_running(pid_t pid)
{
	AUTO(buf) stat = { 0 };
	struct err e = { 0 };
	const char *path = arena_printf(&test_arena, "/proc/%d/stat", pid);

	return fs_read(path, 4096, &stat, &e) && !strstr(buf_text(&stat), ") Z ");
}

TEST(r6_what_a_command_leaves_behind_is_not_waited_for)
{
	const char *const argv[] = { "sh", "-c", "sleep 300 & echo $!; exit 4", NULL };
	int status = 0;
	pid_t pid = (pid_t)atoi(run_command(argv, 250, &status));

	assert_int_equal(status, 4);
	assert_true(pid > 1 && is_running(pid));
	kill(pid, SIGKILL);
}

TEST(r6_a_command_inherits_nothing_of_what_runs_it)
{
	const char *const argv[] = {
		"sh", "-c",
		"! test -e /proc/$$/fd/9 || exit 1; readlink /proc/$$/fd/0; ps -o sid= -p $$", NULL
	};
	int status = 0;
	const char *said = run_command(argv, 60, &status);

	assert_int_equal(status, 0);
	assert_int_equal(strncmp(said, "/dev/null\n", 10), 0);
	assert_true(atoi(said + 10) > 1);
	assert_int_not_equal(atoi(said + 10), getsid(0));
}

TEST(r6_a_command_that_runs_is_reported_and_holds_its_store)
{
	const char *here = arena_strdup(&test_arena, root);
	const char *const argv[] = {
		"sh", "-c", "touch \"$0/begun\"; until test -e \"$0/go\"; do sleep 0.05; done",
		here, NULL
	};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) { /* the script of each is in the root */
		store = here;
		snprintf(root, sizeof(root), "%s/other", here);
		mkdir(root, 0700);
		run_command(argv, 290, &status);
		_exit(status);
	}
	for (int i = 0; i < PATIENCE_MS / 50 && access(at_root("begun"), F_OK); i++)
		clock_sleep_ms(50);
	ssh_script_activating(&acts, root);
	assert_non_null(strstr(act(&status), SSH_SCRIPT_TOLD "activating 2"));
	ssh_script_lock(&acts, root, 0);
	assert_int_equal(act_status(), SSH_SCRIPT_BUSY);
	write_text(at_root("go"), "");
	assert_int_equal(test_wait(pid), 0);
	ssh_script_activating(&acts, root);
	assert_null(strstr(act(&status), SSH_SCRIPT_TOLD "activating"));
}

/* The deadline is as late as the command needs to have begun. */
TEST(it_is_killed_at_its_deadline_with_its_children)
{
	const char *const argv[] = { "sh", "-c", "sleep 300 & echo $!; wait; true", NULL };
	pid_t pid = 0;

	for (int64_t seconds = 1; pid == 0 && seconds <= 32; seconds *= 2) {
		int64_t begin = clock_mono_ms();
		int status = 0;

		pid = (pid_t)atoi(run_command(argv, seconds, &status));
		assert_int_equal(status, SSH_SCRIPT_TIMED_OUT);
		assert_true(clock_mono_ms() - begin < 2 * PATIENCE_MS);
	}
	assert_true(pid > 1);
	for (int i = 0; i < PATIENCE_MS / 50 && is_running(pid); i++)
		clock_sleep_ms(50);
	assert_false(is_running(pid));
}

TEST_EACH(open_acts, close_root)
