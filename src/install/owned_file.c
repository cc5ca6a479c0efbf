/* SPDX-License-Identifier: Apache-2.0 */
#include "install/owned_file.h"

#include "base/fd.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	OWNED_LIMIT = 1024 * 1024,
};

/* The directory, and the names in it. */
struct owned_place {
	int dirfd; /* -1: it is not there yet */
	struct arena arena;
	const char *directory;
	const char *name;
	const char *former;
};

static void owned_place_release(struct owned_place *p)
{
	if (p->dirfd >= 0)
		close(p->dirfd);
	arena_release(&p->arena);
}
AUTO_STRUCT(owned_place, struct owned_place, owned_place_release)

static bool open_place(const struct owned_file *f, struct owned_place *p, struct err *e)
{
	const char *slash = strrchr(f->path, '/');

	p->directory = fs_dirname(&p->arena, f->path);
	p->name = arena_strdup(&p->arena, slash ? slash + 1 : f->path);
	p->former = arena_printf(&p->arena, "%s.old", p->name);
	if (access(p->directory, F_OK) < 0 && errno == ENOENT)
		return true;
	return fs_open_safe_dir(p->directory, false, &p->dirfd, e);
}

static bool owned_is_known(const struct owned_file *f, const char *sha256)
{
	for (size_t i = 0; i < f->known_count; i++)
		if (!strcmp(f->known[i], sha256))
			return true;
	return false;
}

static bool owned_refuse(const struct owned_place *p, const char *name, struct err *e)
{
	return err_set(
		e, ERR_IO,
		"'%s/%s' is there, and certfleet did not write it; move it away, or name another path",
		p->directory, name);
}

static int open_there(const struct owned_place *p, const char *name, int flags)
{
	const struct open_how how = { .flags =
					      (unsigned)flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				      .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH };

	return (int)syscall(SYS_openat2, p->dirfd, name, &how, sizeof(how));
}

/* "": nothing is there.  ERR_INPUT: it is no file of certfleet's. */
static bool hash_there(const struct owned_place *p, const char *name, char sha256[SHA256_TEXT],
		       struct err *e)
{
	AUTO(secret) bytes = { 0 };
	AUTO(fd) fd = -1;
	struct stat st;
	struct err ignored = { 0 };

	*sha256 = '\0';
	if (p->dirfd < 0)
		return true;
	fd = open_there(p, name, O_RDONLY);
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 && errno != ELOOP)
		return err_sys(e, "cannot read '%s/%s'", p->directory, name);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > OWNED_LIMIT ||
	    !fs_read_opened(fd, name, OWNED_LIMIT, &bytes, &ignored)) {
		owned_refuse(p, name, e);
		e->code = ERR_INPUT;
		return false;
	}
	sha256_text(bytes.bytes, bytes.len, sha256);
	return true;
}

static bool look_at(const struct owned_file *f, const struct owned_place *p, const char *name,
		    char sha256[SHA256_TEXT], struct err *e)
{
	if (!hash_there(p, name, sha256, e))
		return false;
	return !*sha256 || owned_is_known(f, sha256) || owned_refuse(p, name, e);
}

static bool look_at_both(const struct owned_file *f, const struct owned_place *p,
			 struct owned_there *out, struct err *e)
{
	*out = (struct owned_there){ 0 };
	return look_at(f, p, p->name, out->sha256, e) &&
	       (!f->keeps_former || look_at(f, p, p->former, out->former, e));
}

bool owned_file_look(const struct owned_file *f, struct owned_there *out, struct err *e)
{
	AUTO(owned_place) p = { .dirfd = -1 };

	return open_place(f, &p, e) && look_at_both(f, &p, out, e) && fs_may_replace(f->path, e);
}

/* A second name for what is there, put in place of the former one. */
static bool owned_keep_former(const struct owned_place *p, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *temporary = arena_printf(&a, ".%s.tmp-kept", p->name);

	if (unlinkat(p->dirfd, temporary, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s/%s'", p->directory, temporary);
	if (linkat(p->dirfd, p->name, p->dirfd, temporary, 0) < 0 ||
	    renameat(p->dirfd, temporary, p->dirfd, p->former) < 0) {
		err_sys(e, "cannot keep the former file as '%s/%s'", p->directory, p->former);
		unlinkat(p->dirfd, temporary, 0);
		return false;
	}
	return fsync(p->dirfd) == 0 || err_sys(e, "cannot make '%s' durable", p->directory);
}

bool owned_file_replace(const struct owned_file *f, const struct secret *bytes, struct err *e)
{
	AUTO(owned_place) p = { .dirfd = -1 };
	struct owned_there there;

	if (!open_place(f, &p, e))
		return false;
	if (p.dirfd < 0 && (!fs_make_dirs(p.directory, 0700, e) || !open_place(f, &p, e)))
		return false;
	if (!look_at_both(f, &p, &there, e))
		return false;
	fs_clear_leftovers(p.directory, p.name);
	/* rename leaves both names of one file alone */
	if (f->keeps_former && *there.sha256 && strcmp(there.sha256, there.former) != 0 &&
	    !owned_keep_former(&p, e))
		return false;
	return fs_replace_at(p.dirfd, p.name, bytes->bytes, bytes->len, FS_PRIVATE, e) ||
	       err_in(e, "in '%s'", p.directory);
}

/* Another name of the file, which somebody made, keeps its content. */
static bool owned_overwrite(const struct owned_place *p, struct err *e)
{
	static const unsigned char zeroes[4096];
	AUTO(fd) fd = open_there(p, p->name, O_WRONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot wipe '%s/%s'", p->directory, p->name);
	if (st.st_nlink > 1)
		return true;
	for (off_t left = st.st_size; left > 0; left -= sizeof(zeroes)) {
		size_t count = left < (off_t)sizeof(zeroes) ? (size_t)left : sizeof(zeroes);

		if (!fd_write_all(fd, zeroes, count))
			return err_sys(e, "cannot wipe '%s/%s'", p->directory, p->name);
	}
	return fsync(fd) == 0 || err_sys(e, "cannot wipe '%s/%s'", p->directory, p->name);
}

bool owned_file_wipe(const struct owned_file *f, struct err *e)
{
	AUTO(owned_place) p = { .dirfd = -1 };
	char sha256[SHA256_TEXT];

	if (!open_place(f, &p, e) || !hash_there(&p, p.name, sha256, e))
		return err_ignore(e, ERR_INPUT);
	if (!*sha256 || !owned_is_known(f, sha256))
		return true;
	if (!owned_overwrite(&p, e))
		return false;
	if (unlinkat(p.dirfd, p.name, 0) < 0 || fsync(p.dirfd) < 0)
		return err_sys(e, "cannot remove '%s'", f->path);
	return true;
}
