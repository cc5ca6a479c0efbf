/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that can be trusted, and the lock. */
#include "base/fs.h"

#include "base/clock.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
	LOCK_POLL_MS = 100,
	HOLDER_LIMIT = 512
};

static int open_directory(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

static bool check_directory(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot look at directory '%s'", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(e, ERR_IO,
			       "directory '%s' belongs to user %u, who could "
			       "put another file in place; give it to root, or "
			       "say 'unsafe_directory: true'",
			       path, st.st_uid);
	if ((st.st_mode & S_ISVTX) && st.st_uid == 0)
		return true;
	if ((st.st_mode & S_IWOTH) ||
	    ((st.st_mode & S_IWGRP) && st.st_gid != 0))
		return err_set(e, ERR_IO,
			       "others can write to directory '%s'; run 'chmod "
			       "go-w' on it, or say 'unsafe_directory: true'",
			       path);
	return true;
}

bool fs_open_safe_dir(const char *path, bool unsafe, int *dirfd, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *clean = fs_absolute(&a, path);
	AUTO(fd) fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '/'");
	for (const char *at = clean; *at;) {
		size_t skip = strspn(at, "/");
		size_t len = strcspn(at + skip, "/");
		const char *name = arena_strndup(&a, at + skip, len);
		const char *so_far = arena_strndup(
			&a, clean, (size_t)(at - clean) + skip + len);

		at += skip + len;
		if (len == 0)
			break;

		int next = open_directory(fd, name);

		if (next < 0 && errno == ELOOP)
			return err_set(e, ERR_IO,
				       "'%s' is a symbolic link; name the "
				       "directory it points to",
				       so_far);
		if (next < 0)
			return err_sys(e, "cannot open directory '%s'", so_far);
		close(fd);
		fd = next;
		if (!unsafe && !check_directory(fd, so_far, e))
			return false;
	}
	*dirfd = TAKE_FD(fd);
	return true;
}

/* Sleeps between attempts until the lock is ours or the time is over. */
static bool take_lock(int fd, int64_t wait_ms)
{
	int64_t end = clock_mono_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (clock_mono_ms() >= end || stop_requested()) {
			errno = EWOULDBLOCK;
			return false;
		}
		clock_sleep_ms(LOCK_POLL_MS);
	}
	return true;
}

static bool say_who_holds(int fd, struct err *e)
{
	char holder[HOLDER_LIMIT + 1] = { 0 };
	ssize_t n = pread(fd, holder, HOLDER_LIMIT, 0);

	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return err_set(e, ERR_BUSY, "the state is locked by %s",
		       *holder ? holder : "another certfleet");
}

bool fs_lock(const char *path, const char *holder, int64_t wait_ms, int *lockfd,
	     struct err *e)
{
	size_t len = strlen(holder);
	AUTO(fd) fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "cannot open the lock '%s'", path);
	if (!take_lock(fd, wait_ms)) {
		if (errno == EWOULDBLOCK)
			return say_who_holds(fd, e);
		return err_sys(e, "cannot take the lock '%s'", path);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, holder, len, 0) != (ssize_t)len)
		return err_sys(e, "cannot write the lock '%s'", path);
	*lockfd = TAKE_FD(fd);
	return true;
}
