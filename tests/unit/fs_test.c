/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "folder_fixture.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *name, const char *text)
{
	struct err e = { 0 };

	assert_true(fs_replace(in(name), text, strlen(text), FS_PRIVATE, &e));
}

TEST(a_file_is_replaced_whole_and_leaves_nothing_behind)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	char command[128];

	put("a", "one");
	put("a", "two and more");
	assert_true(fs_read(in("a"), 100, &text, &e));
	assert_string_equal(buf_text(&text), "two and more");
	snprintf(command, sizeof(command), "test $(ls -A %s | wc -l) = 1", folder);
	assert_int_equal(system(command), 0);
}

TEST(a_mode_holds_whatever_the_umask)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	struct err e = { 0 };
	struct stat st;

	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		mode_t before = umask(masks[i]);
		bool good = fs_replace(in("k"), "x", 1, FS_PRIVATE, &e) &&
			    fs_replace(in("p"), "x", 1, FS_PUBLIC, &e);

		umask(before);
		assert_true(good);
		assert_int_equal(stat(in("k"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(stat(in("p"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0644);
	}
}

TEST(a_link_is_replaced_and_not_written_through)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	put("target", "kept");
	assert_int_equal(symlink(in("target"), in("link")), 0);
	put("link", "new");
	assert_true(fs_read(in("target"), 100, &text, &e));
	assert_string_equal(buf_text(&text), "kept");
}

TEST(what_cannot_be_written_leaves_what_was_there)
{
	struct err e = { 0 };

	assert_false(fs_replace(in("no/such/x"), "x", 1, FS_PRIVATE, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_int_equal(mkdir(in("d"), 0700), 0);
	assert_false(fs_replace(in("d"), "x", 1, FS_PRIVATE, &e));
	assert_int_equal(e.code, ERR_IO);
}

TEST(only_regular_files_within_the_limit_are_read)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	put("a", "12345");
	assert_true(fs_read(in("a"), 5, &text, &e));
	assert_false(fs_read(in("a"), 4, &text, &e));
	assert_non_null(strstr(e.text, "limit"));
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_false(fs_read(in("fifo"), 100, &text, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_false(fs_read(folder, 100, &text, &e));
	assert_false(fs_read("/dev/zero", 100, &text, &e));
	assert_false(fs_read(in("none"), 100, &text, &e));
	assert_int_equal(e.code, ERR_MISSING);
}

TEST(nothing_outside_is_read_beneath_a_directory)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	AUTO(fd) dir = -1;

	assert_int_equal(mkdir(in("d"), 0700), 0);
	put("d/a", "inside");
	put("secret", "outside");
	assert_int_equal(symlink("../secret", in("d/link")), 0);
	dir = open(in("d"), O_RDONLY | O_DIRECTORY);
	assert_true(fs_read_beneath(dir, "a", 100, &text, &e));
	assert_false(fs_read_beneath(dir, "../secret", 100, &text, &e));
	assert_non_null(strstr(e.text, "outside"));
	assert_false(fs_read_beneath(dir, "link", 100, &text, &e));
	assert_false(fs_read_beneath(dir, "/etc/passwd", 100, &text, &e));
	assert_string_equal(buf_text(&text), "inside");
}

TEST(a_private_directory_is_closed_and_git_ignores_it)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	struct stat st;
	mode_t before = umask(0);
	bool good = fs_make_private_dir(in("a/b"), &e);

	umask(before);
	assert_true(good);
	assert_int_equal(stat(in("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(fs_read(in("a/b/.gitignore"), 10, &text, &e));
	assert_string_equal(buf_text(&text), "*\n");
	assert_true(fs_make_private_dir(in("a/b"), &e));
	assert_int_equal(chmod(in("a/b"), 0770), 0);
	assert_false(fs_make_private_dir(in("a/b"), &e));
	assert_non_null(strstr(e.text, "chmod 700"));
}

TEST(leftovers_of_a_name_are_cleared_and_nothing_else)
{
	put(".shop-1.zip.tmp-00000000", "");
	put(".shop-1.zip", "");
	put("shop-1.zip.tmp-1", "");
	put(".other.tmp-00000000", "");
	fs_clear_leftovers(folder, "shop-");
	assert_int_equal(access(in(".shop-1.zip.tmp-00000000"), F_OK), -1);
	assert_int_equal(access(in(".shop-1.zip"), F_OK), 0);
	assert_int_equal(access(in("shop-1.zip.tmp-1"), F_OK), 0);
	assert_int_equal(access(in(".other.tmp-00000000"), F_OK), 0);
}

TEST(a_directory_others_can_change_is_not_safe)
{
	struct err e = { 0 };
	int fd = -1;

	assert_int_equal(mkdir(in("d"), 0755), 0);
	assert_true(fs_open_safe_dir(in("d"), false, &fd, &e));
	close(fd);
	assert_int_equal(chmod(in("d"), 0777), 0);
	assert_false(fs_open_safe_dir(in("d"), false, &fd, &e));
	assert_non_null(strstr(e.text, "chmod go-w"));
	assert_null(strstr(e.text, "unsafe_directory"));
	assert_true(fs_open_safe_dir(in("d"), true, &fd, &e));
	close(fd);
	assert_int_equal(symlink(in("d"), in("link")), 0);
	assert_false(fs_open_safe_dir(in("link"), true, &fd, &e));
	assert_non_null(strstr(e.text, "symbolic link"));
	assert_false(fs_open_safe_dir(in("none"), false, &fd, &e));
	assert_int_equal(e.code, ERR_MISSING);
}

TEST(paths_are_cleaned_by_their_text)
{
	AUTO(arena) a = { 0 };
	char here[256];

	assert_string_equal(fs_absolute(&a, "/a//b/./c/../d/"), "/a/b/d");
	assert_string_equal(fs_absolute(&a, "/../.."), "/");
	assert_string_equal(fs_absolute(&a, "/"), "/");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(fs_absolute(&a, "."), here);
	assert_string_equal(fs_dirname(&a, "/a/b"), "/a");
	assert_string_equal(fs_dirname(&a, "/a"), "/");
	assert_string_equal(fs_dirname(&a, "a"), ".");
	assert_string_equal(fs_relative_to(&a, "x/y.yaml", "z"), "x/z");
	assert_string_equal(fs_relative_to(&a, "y.yaml", "z"), "z");
	assert_string_equal(fs_relative_to(&a, "x/y.yaml", "/z"), "/z");
}

/* A child takes the lock, says so through the pipe, and is killed. */
static pid_t hold_lock(int ready)
{
	pid_t pid = fork();
	struct err e = { 0 };
	int fd = -1;

	if (pid)
		return pid;
	if (!fs_lock(in("lock"), "pid 17, for a test", 0, &fd, &e))
		_exit(1);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

TEST(a_lock_names_its_holder_and_ends_with_it)
{
	int ready[2];
	int fd = -1;
	int status = 0;
	char byte;
	struct err e = { 0 };

	assert_int_equal(pipe(ready), 0);

	pid_t pid = hold_lock(ready[1]);

	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_false(fs_lock(in("lock"), "me", 0, &fd, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_non_null(strstr(e.text, "pid 17, for a test"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(fs_lock(in("lock"), "me", 0, &fd, &e));
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

TEST_EACH(folder_setup, folder_teardown)
