/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that can be trusted with keys. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

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
