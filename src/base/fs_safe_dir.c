/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum fs_dir_fault fs_dir_fault(struct fs_attr attr, uid_t us)
{
	if (attr.owner != 0 && attr.owner != us)
		return FS_DIR_OTHERS_OWN;
	if ((attr.mode & S_ISVTX) && attr.owner == 0)
		return FS_DIR_SAFE;
	if ((attr.mode & S_IWOTH) || ((attr.mode & S_IWGRP) && attr.group != 0))
		return FS_DIR_OTHERS_WRITE;
	return FS_DIR_SAFE;
}

bool fs_is_safe_dir(const char *path, struct fs_attr attr, uid_t us, struct err *e)
{
	switch (fs_dir_fault(attr, us)) {
	case FS_DIR_SAFE:
		return true;
	case FS_DIR_OTHERS_OWN:
		return err_set(
			e, ERR_IO,
			"directory '%s' belongs to user %u, who could put another file in place; give it to root",
			path, attr.owner);
	case FS_DIR_OTHERS_WRITE:
		return err_set(e, ERR_IO,
			       "others can write to directory '%s'; run 'chmod go-w' on it", path);
	}
	return false;
}

static bool fs_safe_dir_check_directory(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot look at directory '%s'", path);

	const struct fs_attr attr = { .mode = st.st_mode, .owner = st.st_uid, .group = st.st_gid };

	return fs_is_safe_dir(path, attr, geteuid(), e);
}

bool fs_open_safe_dir(const char *path, bool unsafe, int *dirfd, struct err *e)
{
	const struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				      .resolve = RESOLVE_NO_SYMLINKS };
	AUTO(arena) a = { 0 };
	const char *clean = fs_absolute(&a, path);
	AUTO(fd) fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '/'");
	for (const char *at = clean; *at;) {
		size_t skip = strspn(at, "/");
		size_t len = strcspn(at + skip, "/");
		const char *name = arena_strndup(&a, at + skip, len);
		const char *so_far = arena_strndup(&a, clean, (size_t)(at - clean) + skip + len);

		at += skip + len;
		if (len == 0)
			break;

		int next = (int)syscall(SYS_openat2, fd, name, &how, sizeof(how));

		if (next < 0 && errno == ELOOP)
			return err_set(e, ERR_IO,
				       "'%s' is a symbolic link; name the directory it points to",
				       so_far);
		if (next < 0)
			return err_sys(e, "cannot open directory '%s'", so_far);
		close(fd);
		fd = next;
		if (!unsafe && !fs_safe_dir_check_directory(fd, so_far, e))
			return false;
	}
	*dirfd = TAKE_FD(fd);
	return true;
}
