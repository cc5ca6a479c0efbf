/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/pair_directory.h"

#include "base/fd.h"
#include "base/fs.h"
#include "install/entry.h"
#include "install/pair_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "pair"

/* Not fsynced: what is gone soon need not reach the disk. */
static bool write_file(int dir, const char *name, const struct secret *bytes, struct err *e)
{
	AUTO(fd) fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return (fd >= 0 && fd_write_all(fd, bytes->bytes, bytes->len)) ||
	       err_sys(e, "cannot write '%s'", name);
}

bool pair_directory_make(const char *parent, const struct cert_set *set, const struct secret *key,
			 struct arena *a, const char **path, struct err *e)
{
	const char *made = arena_printf(a, "%s/" DIRECTORY, fs_absolute(a, parent));
	AUTO(pair_files) files = { 0 };
	AUTO(fd) dir = -1;
	struct err ignored = { 0 };

	if (!pair_directory_remove(parent, e))
		return false;
	if (mkdir(made, 0700))
		return err_sys(e, "cannot make directory '%s'", made);
	dir = open(made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "cannot open directory '%s'", made);
	pair_files_of_pair(&files, PARTS_OF_DIRECTORY, set, key);
	for (size_t i = 0; i < FILE_KIND_COUNT; i++) {
		if (!files.parts[i].there ||
		    write_file(dir, file_kind_names[i], &files.parts[i].bytes, e))
			continue;
		(void)!pair_directory_remove(parent, &ignored);
		return false;
	}
	*path = made;
	return true;
}

/* Zeroes reach the disk, if ever the content did, before the file is gone. */
static bool overwrite(void *ctx, const char *name, struct err *e)
{
	static const char zeroes[4096];
	const int *dir = ctx;
	struct stat st;
	AUTO(fd) fd = -1;

	if (fstatat(*dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
	    st.st_nlink != 1)
		return true;
	fd = openat(*dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot overwrite '%s'", name);
	for (off_t left = st.st_size; left > 0; left -= (off_t)sizeof(zeroes))
		if (!fd_write_all(fd, zeroes, left < 4096 ? (size_t)left : sizeof(zeroes)))
			return err_sys(e, "cannot overwrite '%s'", name);
	return !fdatasync(fd) || err_sys(e, "cannot overwrite '%s'", name);
}

static bool remove_below(int parent, struct err *e)
{
	AUTO(fd) dir = openat(parent, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT || err_sys(e, "cannot open it");
	return entry_each(dir, overwrite, &dir, e) && entry_remove(parent, DIRECTORY, e);
}

bool pair_directory_remove(const char *parent, struct err *e)
{
	AUTO(fd) dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 && errno == ENOENT)
		return true;
	if (dir < 0)
		return err_sys(e, "cannot open directory '%s'", parent);
	return remove_below(dir, e) ||
	       err_in(e, "cannot remove '%s/" DIRECTORY "', which may hold a key", parent);
}
