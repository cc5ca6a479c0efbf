/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include "base/alloc.h"
#include "base/fd.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int open_how(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static int open_beneath(int dirfd, const char *path, int flags)
{
	return open_how(dirfd, path, flags, RESOLVE_BENEATH);
}

/* Reads to the end, at most `limit` bytes. */
static bool fs_read_all(int fd, size_t limit, struct secret *out, struct err *e)
{
	struct stat st;
	AUTO(secret) data = { 0 };

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot stat it");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "it is not a regular file");
	if (st.st_size > (off_t)limit)
		return err_set(e, ERR_INPUT, "it has %lld bytes, the limit is %zu",
			       (long long)st.st_size, limit);

	secret_alloc(&data, (size_t)st.st_size);

	ssize_t got = fd_read_all(fd, data.bytes, data.len);

	if (got < 0)
		return err_sys(e, "cannot read all of it");
	data.len = (size_t)got;
	data.bytes[got] = '\0';
	*out = TAKE(data);
	return true;
}

bool fs_read_opened(int fd, const char *path, size_t limit, struct secret *out, struct err *e)
{
	AUTO(buf) shown = { 0 };

	text_escape(&shown, path, strlen(path));
	if (fd < 0) {
		if (errno == EXDEV)
			return err_set(
				e, ERR_INPUT,
				"cannot read '%s': it lies outside the directory of the fleet file",
				buf_text(&shown));
		if (errno == ELOOP)
			return err_set(
				e, ERR_INPUT,
				"cannot read '%s': it has no path of its own (a link of /proc), or its links form a loop",
				buf_text(&shown));
		return err_sys(e, "cannot read '%s'", buf_text(&shown));
	}
	if (!fs_read_all(fd, limit, out, e))
		return err_in(e, "cannot read '%s'", buf_text(&shown));
	return true;
}

bool fs_read_secret(const char *path, size_t limit, struct secret *out, struct err *e)
{
	AUTO(fd)
	fd = open_how(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	return fs_read_opened(fd, path, limit, out, e);
}

/* What is no secret: an empty buffer takes the bytes over. */
static void add_read(struct buf *out, struct secret *read)
{
	if (out->data || out->limit) {
		buf_add(out, read->bytes, read->len);
		return;
	}
	out->data = (char *)read->bytes;
	out->len = read->len;
	out->room = read->len + 1;
	*read = (struct secret){ 0 };
}

bool fs_read(const char *path, size_t limit, struct buf *out, struct err *e)
{
	AUTO(secret) data = { 0 };

	if (!fs_read_secret(path, limit, &data, e))
		return false;
	add_read(out, &data);
	return true;
}

bool fs_read_secret_beneath(int dirfd, const char *path, size_t limit, struct secret *out,
			    struct err *e)
{
	AUTO(fd)
	fd = open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	return fs_read_opened(fd, path, limit, out, e);
}

bool fs_read_beneath(int dirfd, const char *path, size_t limit, struct buf *out, struct err *e)
{
	AUTO(secret) data = { 0 };

	if (!fs_read_secret_beneath(dirfd, path, limit, &data, e))
		return false;
	add_read(out, &data);
	return true;
}

bool fs_mode_beneath(int dirfd, const char *path, mode_t *mode)
{
	AUTO(fd) fd = open_beneath(dirfd, path, O_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	*mode = st.st_mode;
	return true;
}

bool fs_leads_out(int dirfd, const char *path)
{
	AUTO(fd) fd = open_beneath(dirfd, path, O_PATH);

	return fd < 0 && errno == EXDEV;
}

const char *fs_dirname(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	if (slash == path)
		return "/";
	return arena_strndup(a, path, (size_t)(slash - path));
}

const char *fs_relative_to(struct arena *a, const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');

	if (*name == '/' || !slash)
		return arena_strdup(a, name);
	return arena_printf(a, "%.*s%s", (int)(slash - from + 1), from, name);
}

/* Appends one component of a path to the clean absolute path `out`. */
static void fs_add_component(struct buf *out, const char *part, size_t len)
{
	if (len == 0 || (len == 1 && part[0] == '.'))
		return;
	if (len == 2 && part[0] == '.' && part[1] == '.') {
		while (out->len && out->data[out->len - 1] != '/')
			out->len--;
		if (out->len)
			out->len--;
		if (out->data)
			out->data[out->len] = '\0';
		return;
	}
	buf_putc(out, '/');
	buf_add(out, part, len);
}

static void add_components(struct buf *out, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		fs_add_component(out, path, len);
		path += len + (path[len] == '/');
	}
}

const char *fs_absolute(struct arena *a, const char *path)
{
	AUTO(buf) out = { 0 };

	if (*path != '/') {
		AUTO(str) here = getcwd(NULL, 0);

		add_components(&out, here ? here : "/");
	}
	add_components(&out, path);
	return arena_strdup(a, out.len ? buf_text(&out) : "/");
}

const char *fs_beneath(const char *directory, const char *path)
{
	size_t len = strcmp(directory, "/") ? strlen(directory) : 0;

	if (strncmp(path, directory, len))
		return path;
	if (!path[len])
		return ".";
	return path[len] == '/' ? path + len + 1 : path;
}
