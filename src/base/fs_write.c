/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

static bool fs_write_new(int dirfd, const char *name, struct secret content, struct fs_attr attr)
{
	AUTO(fd) fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return false;
	/* owner before mode: a change of owner may clear mode bits */
	if ((attr.owner != (uid_t)-1 || attr.group != (gid_t)-1) &&
	    fchown(fd, attr.owner, attr.group) < 0)
		return false;
	return fchmod(fd, attr.mode) == 0 && fd_write_all(fd, content.bytes, content.len) &&
	       fsync(fd) == 0;
}

/* `flags` of renameat2(2). */
static bool fs_write_as(int dirfd, const char *name, struct secret content, struct fs_attr attr,
			unsigned flags, struct err *e)
{
	char temporary[NAME_MAX + 1];
	uint64_t number = 0;

	/* unguessable, and in the form of fs_clear_leftovers() */
	if (getrandom(&number, sizeof(number), 0) < 0)
		number = (uint64_t)getpid();
	snprintf(temporary, sizeof(temporary), ".%.200s.tmp-%08" PRIx64, name, number);
	if (!fs_write_new(dirfd, temporary, content, attr) ||
	    renameat2(dirfd, temporary, dirfd, name, flags) < 0) {
		err_sys(e, "cannot write '%s'", name);
		unlinkat(dirfd, temporary, 0);
		return false;
	}
	if (fsync(dirfd) < 0)
		return err_sys(e, "cannot make '%s' durable", name);
	return true;
}

bool fs_replace_at(int dirfd, const char *name, const void *bytes, size_t len, struct fs_attr attr,
		   struct err *e)
{
	return fs_write_as(dirfd, name, (struct secret){ (unsigned char *)bytes, len }, attr, 0, e);
}

static bool fs_write_path(const char *path, struct secret content, struct fs_attr attr,
			  unsigned flags, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *directory = fs_dirname(&a, path);
	const char *slash = strrchr(path, '/');
	AUTO(fd) dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return err_sys(e, "cannot write '%s'", path);
	if (!fs_write_as(dirfd, slash ? slash + 1 : path, content, attr, flags, e))
		return err_in(e, "in '%s'", directory);
	return true;
}

bool fs_replace(const char *path, const void *bytes, size_t len, struct fs_attr attr, struct err *e)
{
	return fs_write_path(path, (struct secret){ (unsigned char *)bytes, len }, attr, 0, e);
}

bool fs_create(const char *path, const void *bytes, size_t len, struct fs_attr attr, struct err *e)
{
	return fs_write_path(path, (struct secret){ (unsigned char *)bytes, len }, attr,
			     RENAME_NOREPLACE, e);
}

/* Whether fs_make_dirs() could make the directory, and an entry in it. */
static bool fs_may_write_in(const char *directory, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *there = directory;
	struct stat st;

	while (stat(there, &st) < 0 && errno == ENOENT && strcmp(there, fs_dirname(&a, there)) != 0)
		there = fs_dirname(&a, there);
	if (stat(there, &st) == 0 && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return err_sys(e, "cannot make directory '%s'", directory);
	}
	return faccessat(AT_FDCWD, there, W_OK | X_OK, AT_EACCESS) == 0 ||
	       err_sys(e, "cannot write in directory '%s'", there);
}

bool fs_is_mount(int dirfd, const char *name)
{
	struct statx found = { 0 };

	return !statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &found) &&
	       (found.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

bool fs_may_replace(const char *path, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "'%s' is not a file; remove it, or name another path",
			       path);
	if (fs_is_mount(AT_FDCWD, path))
		return err_set(
			e, ERR_IO,
			"'%s' is a mount point itself, which cannot be replaced; mount the directory that it is in",
			path);
	return fs_may_write_in(fs_dirname(&a, path), e);
}

void fs_clear_leftovers(const char *directory, const char *name)
{
	DIR *dir = opendir(directory);
	size_t len = strlen(name);

	for (const struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir))
		if (d->d_name[0] == '.' && !strncmp(d->d_name + 1, name, len) &&
		    strstr(d->d_name + 1 + len, ".tmp-"))
			unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
}

bool fs_sync_dir(const char *path, struct err *e)
{
	AUTO(fd) fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "cannot make '%s' durable", path);
	return true;
}

bool fs_make_dirs(const char *path, mode_t mode, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *parent = fs_dirname(&a, path);
	AUTO(fd) fd = -1;
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return true;
		errno = ENOTDIR;
		return err_sys(e, "cannot make directory '%s'", path);
	}
	if (strcmp(parent, path) != 0 && !fs_make_dirs(parent, mode, e))
		return false;
	if (mkdir(path, mode) < 0) {
		if (errno != EEXIST)
			return err_sys(e, "cannot make directory '%s'", path);
		return fs_sync_dir(parent, e);
	}
	/* our umask takes from others what is meant for them */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode) < 0)
		return err_sys(e, "cannot set the mode of directory '%s'", path);
	return fs_sync_dir(parent, e);
}

static bool fs_check_private(const char *path, const struct stat *st, struct err *e)
{
	if (st->st_uid != geteuid())
		return err_set(
			e, ERR_IO,
			"directory '%s' belongs to user %u; it holds secrets and must be our own",
			path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(
			e, ERR_IO,
			"others can write to directory '%s'; it holds secrets, so run 'chmod 700' on it first",
			path);
	return true;
}

bool fs_may_make_private_dir(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && !fs_check_private(path, &st, e))
		return false;
	return fs_may_write_in(path, e);
}

bool fs_make_private_dir(const char *path, struct err *e)
{
	AUTO(fd) fd = -1;
	struct stat st;

	if (!fs_make_dirs(path, 0700, e))
		return false;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot open directory '%s'", path);
	if (!fs_check_private(path, &st, e))
		return false;
	if (faccessat(fd, ".gitignore", F_OK, 0) == 0)
		return true;
	fs_clear_leftovers(path, ".gitignore");
	return fs_replace_at(fd, ".gitignore", "*\n", 2, FS_PRIVATE, e);
}
