/* SPDX-License-Identifier: Apache-2.0 */
#include "install/entry.h"

#include "base/fd.h"
#include "base/text.h"
#include "pki/pair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define XATTR_ACL "system.posix_acl_access"

enum {
	XATTR_LIMIT = 4096, /* 500 entries of an ACL; a longer one cannot be kept */
};

AUTO_TYPE(dirstream, DIR *, closedir)

static int open_here(int dir, const char *name, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

enum entry_kind entry_kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return ENTRY_FILE;
	if (S_ISDIR(mode))
		return ENTRY_DIRECTORY;
	return S_ISLNK(mode) ? ENTRY_LINK : ENTRY_OTHER;
}

enum entry_kind entry_look(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ENTRY_NONE : ENTRY_OTHER;
	return entry_kind_of(st.st_mode);
}

static struct fs_attr entry_attr_of(const struct stat *st)
{
	return (struct fs_attr){
		.mode = st->st_mode, .owner = st->st_uid, .group = st->st_gid, .links = st->st_nlink
	};
}

bool entry_attr(int dir, const char *name, struct fs_attr *out)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	*out = entry_attr_of(&st);
	return true;
}

bool entry_own_attr(int dir, struct fs_attr *out, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st))
		return err_sys(e, "cannot look at a directory");
	*out = entry_attr_of(&st);
	return true;
}

const char *entry_link_text(int dir, const char *name, struct arena *a)
{
	char text[PATH_MAX];
	ssize_t len = readlinkat(dir, name, text, sizeof(text));

	if (len < 0 || len == sizeof(text))
		return NULL;
	return arena_strndup(a, text, (size_t)len);
}

/* The permissions of the owner, the mask and others are those of the mode. */
static void blank_acl(unsigned char *acl, size_t len)
{
	enum {
		HEAD = 4, /* a version, then entries: tag and permissions of two bytes, an id */
		ENTRY = 8,
		USER_OBJ = 0x01,
		MASK = 0x10,
		OTHER = 0x20,
	};

	for (size_t at = HEAD; at + ENTRY <= len; at += ENTRY)
		if (acl[at] == USER_OBJ || acl[at] == MASK || acl[at] == OTHER)
			acl[at + 2] = acl[at + 3] = 0;
}

/* NAME=HEX of an extended attribute; NULL: the file has none. */
static bool read_xattr(int fd, const char *name, struct arena *a, const char **out, struct err *e)
{
	unsigned char value[XATTR_LIMIT];
	char hex[2 * XATTR_LIMIT + 1];
	ssize_t len = fgetxattr(fd, name, value, sizeof(value));

	*out = NULL;
	if (len < 0 && (errno == ENODATA || errno == ENOTSUP))
		return true;
	if (len < 0)
		return err_sys(e, "cannot read its attribute '%s'", name);
	if (!strcmp(name, XATTR_ACL))
		blank_acl(value, (size_t)len);
	text_hex(value, (size_t)len, hex);
	*out = arena_printf(a, "%s=%s", name, hex);
	return true;
}

static bool read_label(int fd, struct arena *a, const char **out, struct err *e)
{
	static const char *const names[] = { "security.selinux", "security.SMACK64" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!read_xattr(fd, names[i], a, out, e) || *out)
			return !e->code;
	return true;
}

/* A value that is there already is not set again: that may need a right of its own. */
static bool write_xattr(int fd, const char *text, struct err *e)
{
	unsigned char value[XATTR_LIMIT];
	AUTO(arena) a = { 0 };
	const char *hex = text ? strchr(text, '=') + 1 : NULL;
	const char *name = text ? arena_strndup(&a, text, (size_t)(hex - text - 1)) : NULL;
	const char *there = NULL;

	if (!text)
		return true;
	if (!read_xattr(fd, name, &a, &there, e))
		return false;
	if (there && !strcmp(there, text))
		return true;
	return (text_unhex(hex, value, strlen(hex) / 2) &&
		!fsetxattr(fd, name, value, strlen(hex) / 2, 0)) ||
	       err_sys(e, "cannot keep the attribute '%s' of the file it replaces", name);
}

static bool read_open(int fd, struct arena *a, struct secret *out, struct fs_attr *attr,
		      struct err *e)
{
	AUTO(secret) bytes = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "cannot read it");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "it is not a regular file");
	if (st.st_size > INPUT_FILE_LIMIT)
		return err_set(e, ERR_INPUT, "it has more than %d bytes", INPUT_FILE_LIMIT);
	secret_alloc(&bytes, (size_t)st.st_size);

	ssize_t got = fd_read_all(fd, bytes.bytes, bytes.len);

	if (got < 0)
		return err_sys(e, "cannot read it");
	if ((size_t)got < bytes.len)
		return err_set(e, ERR_IO, "it changes while read");

	struct fs_attr found = entry_attr_of(&st);

	found.mode &= 07777;
	if (!read_xattr(fd, XATTR_ACL, a, &found.acl, e) || !read_label(fd, a, &found.label, e))
		return false;
	*attr = found;
	*out = TAKE(bytes);
	return true;
}

bool entry_read(int dir, const char *name, struct arena *a, struct secret *out,
		struct fs_attr *attr, struct err *e)
{
	AUTO(fd) fd = open_here(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	return read_open(fd, a, out, attr, e);
}

bool entry_read_linked(int dir, const char *name, struct arena *a, struct secret *out,
		       struct fs_attr *attr, struct err *e)
{
	AUTO(fd) fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return read_open(fd, a, out, attr, e);
}

/* Owner first: chown(2) may clear mode bits; the mode last: it limits the ACL. */
static bool entry_set_attr(int fd, const struct entry_file *file, struct err *e)
{
	const struct fs_attr *attr = &file->attr;

	if ((attr->owner != (uid_t)-1 || attr->group != (gid_t)-1) &&
	    fchown(fd, attr->owner, attr->group))
		return err_sys(e, "cannot set the owner of '%s'", file->name);
	return write_xattr(fd, attr->acl, e) && write_xattr(fd, attr->label, e) &&
	       (!fchmod(fd, attr->mode) || err_sys(e, "cannot set the mode of '%s'", file->name));
}

bool entry_write(int dir, const struct entry_file *file, struct err *e)
{
	AUTO(fd)
	fd = openat(dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "cannot create '%s'", file->name);
	if (!entry_set_attr(fd, file, e))
		return false;
	if (!fd_write_all(fd, file->bytes->bytes, file->bytes->len) || fsync(fd))
		return err_sys(e, "cannot write '%s'", file->name);
	return true;
}

bool entry_open_directory(int dir, const char *name, int *out, struct err *e)
{
	int fd = open_here(dir, name, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return err_sys(e, "cannot open directory '%s'", name);
	*out = fd;
	return true;
}

bool entry_make_directory(int dir, const char *name, int *out, struct err *e)
{
	AUTO(fd) fd = -1;

	if (mkdirat(dir, name, 0755) && errno != EEXIST)
		return err_sys(e, "cannot make directory '%s'", name);
	if (!entry_open_directory(dir, name, &fd, e))
		return false;
	*out = TAKE_FD(fd);
	return true;
}

bool entry_open_to_all(int dir, struct err *e)
{
	return !fchmod(dir, 0755) || err_sys(e, "cannot set the mode of a directory");
}

bool entry_sync(int dir, struct err *e)
{
	return !fsync(dir) || err_sys(e, "cannot make a directory durable");
}

void entry_temporary(const char *name, char out[NAME_MAX + 1])
{
	snprintf(out, NAME_MAX + 1, ".%.200s.tmp-certfleet", name);
}

void entry_clean(int dir, const char *name)
{
	char temporary[NAME_MAX + 1];

	entry_temporary(name, temporary);
	enum entry_kind kind = entry_look(dir, temporary);

	if (kind == ENTRY_LINK || kind == ENTRY_FILE)
		unlinkat(dir, temporary, 0);
}

/* From its temporary name to its own. */
static bool entry_publish(int dir, const char *temporary, const char *name, struct err *e)
{
	if (!renameat(dir, temporary, dir, name))
		return true;
	err_sys(e, "cannot replace '%s'", name);
	unlinkat(dir, temporary, 0);
	return false;
}

bool entry_link(int dir, const char *name, const char *text, struct err *e)
{
	char temporary[NAME_MAX + 1];

	entry_temporary(name, temporary);
	entry_clean(dir, name);
	if (symlinkat(text, dir, temporary))
		return err_sys(e, "cannot make the link '%s'", temporary);
	return entry_publish(dir, temporary, name, e);
}

bool entry_replace(int dir, const struct entry_file *file, struct err *e)
{
	char temporary[NAME_MAX + 1];
	struct entry_file aside = *file;
	struct err ignored = { 0 };

	entry_temporary(file->name, temporary);
	entry_clean(dir, file->name);
	aside.name = temporary;
	if (entry_write(dir, &aside, e))
		return entry_publish(dir, temporary, file->name, e);
	(void)!entry_remove(dir, temporary, &ignored);
	return false;
}

bool entry_each(int dir, entry_fn *each, void *ctx, struct err *e)
{
	/* A new open file description, with its own read position. */
	int fd = open_here(dir, ".", O_RDONLY | O_DIRECTORY);
	AUTO(dirstream) stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream) {
		err_sys(e, "cannot list a directory");
		fd_auto(&fd);
		return false;
	}
	for (;;) {
		errno = 0;

		const struct dirent *entry = readdir(stream);

		if (!entry)
			return !errno || err_sys(e, "cannot list a directory");
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!each(ctx, entry->d_name, e))
			return false;
	}
}

struct carrying {
	int from;
	int to;
	bool deeper;
	unsigned depth;
};

/* The text that leads to the same place from a directory that is one level deeper. */
static const char *deeper_text(const struct carrying *c, const char *text, struct arena *a)
{
	const char *at = text;
	unsigned steps = 0;

	for (; !strncmp(at, "../", 3); at += 3)
		steps++;
	return c->deeper && steps > c->depth ? arena_printf(a, "../%s", text) : text;
}

static bool carry_directory(const struct carrying *c, const char *name, struct err *e);

static bool carry_one(void *ctx, const char *name, struct err *e)
{
	const struct carrying *c = ctx;
	AUTO(arena) a = { 0 };
	const char *text = NULL;

	switch (entry_look(c->from, name)) {
	case ENTRY_FILE:
		return !linkat(c->from, name, c->to, name, 0) ||
		       err_sys(e, "cannot give '%s' a second name", name);
	case ENTRY_LINK:
		text = entry_link_text(c->from, name, &a);
		return (text && !symlinkat(deeper_text(c, text, &a), c->to, name)) ||
		       err_sys(e, "cannot make the link '%s'", name);
	case ENTRY_DIRECTORY:
		return carry_directory(c, name, e);
	case ENTRY_NONE:
	case ENTRY_OTHER:
		break;
	}
	return err_set(e, ERR_IO, "'%s' is neither a file, a directory nor a link", name);
}

static bool carry_directory(const struct carrying *c, const char *name, struct err *e)
{
	AUTO(fd) from = -1;
	AUTO(fd) to = -1;
	struct fs_attr attr = { 0 };

	if (c->depth >= ENTRY_DEPTH)
		return err_set(e, ERR_IO, "directories are nested too deeply to carry them over");
	if (!entry_open_directory(c->from, name, &from, e) || !entry_own_attr(from, &attr, e) ||
	    !entry_make_directory(c->to, name, &to, e))
		return false;
	if (fchown(to, attr.owner, attr.group) || fchmod(to, attr.mode & 07777))
		return err_sys(e, "cannot set owner and mode of '%s'", name);

	struct carrying inner = { from, to, c->deeper, c->depth + 1 };

	return entry_each(from, carry_one, &inner, e) && entry_sync(to, e);
}

bool entry_carry(int from, int to, const char *name, bool deeper, struct err *e)
{
	struct carrying top = { from, to, deeper, 0 };

	return entry_remove(to, name, e) && carry_one(&top, name, e);
}

struct removal {
	int dir;
	unsigned depth;
};

static bool remove_one(void *ctx, const char *name, struct err *e)
{
	const struct removal *outer = ctx;
	struct removal inner = { .dir = -1, .depth = outer->depth + 1 };
	bool is_directory = entry_look(outer->dir, name) == ENTRY_DIRECTORY;

	if (is_directory) {
		if (inner.depth > ENTRY_DEPTH)
			return err_set(e, ERR_IO,
				       "directories are nested too deeply to remove them");

		AUTO(fd) fd = -1;

		if (!entry_open_directory(outer->dir, name, &fd, e))
			return false;
		inner.dir = fd;
		if (!entry_each(fd, remove_one, &inner, e))
			return false;
	}
	if (unlinkat(outer->dir, name, is_directory ? AT_REMOVEDIR : 0) && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", name);
	return true;
}

bool entry_remove(int dir, const char *name, struct err *e)
{
	struct removal top = { .dir = dir };

	return remove_one(&top, name, e);
}
