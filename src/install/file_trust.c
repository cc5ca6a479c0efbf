/* SPDX-License-Identifier: Apache-2.0 */
#include "install/attr.h"

#include <sys/stat.h>

static bool file_trust_is_ours(const struct trust *t, uid_t owner)
{
	return owner == 0 || owner == t->us;
}

bool file_trust_lends(const struct trust *t, struct fs_attr file)
{
	return file_trust_is_ours(t, file.owner) ||
	       (t->owner != (uid_t)-1 && file.owner == t->owner);
}

static bool file_trust_check_owner(const struct trust *t, const char *path, uid_t owner,
				   struct err *e)
{
	if (file_trust_is_ours(t, owner) || t->owner != (uid_t)-1)
		return true;
	if (t->us != 0)
		return err_set(
			e, ERR_IO,
			"'%s' belongs to user %u, and only root can give files to that user; remove it",
			path, owner);
	return err_set(
		e, ERR_IO,
		"'%s' belongs to user %u, who would own the new file; say 'owner: \"%u\"', or remove it",
		path, owner, owner);
}

bool file_trust_file(const struct trust *t, const char *path, struct fs_attr file, struct err *e)
{
	if (!file_trust_check_owner(t, path, file.owner, e))
		return false;
	return file.links < 2 ||
	       err_set(e, ERR_IO,
		       "'%s' has a second name (a hard link), so its owner and mode may be meant for another file; remove it, or put a copy in its place",
		       path);
}

/* A directory like /tmp: every user may create files, only their owner may remove them. */
static bool is_open_to_all(struct fs_attr home)
{
	return (home.mode & S_IWOTH) != 0;
}

bool file_trust_entry(const struct trust *t, const char *path, struct fs_attr entry,
		      struct fs_attr home, struct err *e)
{
	if (is_open_to_all(home) && !file_trust_is_ours(t, entry.owner))
		return err_set(
			e, ERR_IO,
			"'%s' belongs to user %u and stands in a directory that everybody can write to; remove it",
			path, entry.owner);
	/* Directories are checked by file_trust_directory(). */
	if (S_ISDIR(entry.mode))
		return true;
	if (S_ISLNK(entry.mode))
		return file_trust_check_owner(t, path, entry.owner, e);
	return file_trust_file(t, path, entry, e);
}

bool file_trust_directory(const struct trust *t, const char *path, struct fs_attr dir,
			  struct err *e)
{
	/* A sticky bit protects names, not against files that another user put there. */
	dir.mode &= ~(mode_t)S_ISVTX;
	return t->unsafe || fs_is_safe_dir(path, dir, t->us, e) || err_or(e, UNSAFE_DIRECTORY);
}

bool file_trust_store(const struct trust *t, const char *path, struct fs_attr dir, struct err *e)
{
	if (!S_ISDIR(dir.mode))
		return err_set(e, ERR_IO, "'%s' is not a directory; remove it", path);
	if (!file_trust_is_ours(t, dir.owner))
		return err_set(
			e, ERR_IO,
			"'%s' belongs to user %u, who could change what is installed; remove it",
			path, dir.owner);
	return !(dir.mode & (S_IWGRP | S_IWOTH)) ||
	       err_set(e, ERR_IO, "'%s' can be written by others; remove it", path);
}
