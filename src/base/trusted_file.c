/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trusted_file.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINKS = 40, /* limit for one path, as in the kernel */
};

void trusted_file_close(struct trusted_file *f)
{
	if (f->fd > 0)
		close(f->fd);
	*f = (struct trusted_file){ 0 };
}

/* ---- directories on the way ---- */

/* A walk along a path: the current directory and the rest of the path. */
struct path_walk {
	struct arena arena;
	const char *path; /* as the caller gave it */
	int dirfd;
	bool sticky;      /* the current directory is sticky and others can write to it */
	const char *here; /* path of the current directory */
	const char *left;
	unsigned links;
};

static void path_walk_release(struct path_walk *w)
{
	fd_auto(&w->dirfd);
	arena_release(&w->arena);
}
AUTO_STRUCT(path_walk, struct path_walk, path_walk_release)

static const char *escaped_path(struct path_walk *w, const char *path)
{
	return text_escaped(&w->arena, path);
}

static bool check_passed_directory(struct path_walk *w, const struct stat *st, struct err *e)
{
	const struct fs_attr attr = { .mode = st->st_mode,
				      .owner = st->st_uid,
				      .group = st->st_gid };
	const char *shown = escaped_path(w, w->here);

	switch (fs_dir_fault(attr, geteuid())) {
	case FS_DIR_SAFE:
		return true;
	case FS_DIR_OTHERS_OWN:
		return err_set(
			e, ERR_INPUT,
			"directory '%s' on the way to it belongs to user %u, who could put another file there; run 'chown %u %s'",
			shown, st->st_uid, geteuid(), shown);
	case FS_DIR_OTHERS_WRITE:
		return err_set(
			e, ERR_INPUT,
			"others can write to directory '%s' on the way to it (mode %04o); run 'chmod go-w %s'",
			shown, st->st_mode & 07777, shown);
	}
	return false;
}

/* Makes `fd` the current directory of the walk, which takes ownership. */
static bool trusted_enter(struct path_walk *w, int fd, const char *here, struct err *e)
{
	struct stat st;

	if (w->dirfd >= 0)
		close(w->dirfd);
	w->dirfd = fd;
	w->here = here;
	if (fstat(fd, &st))
		return err_sys(e, "cannot look at directory '%s'", escaped_path(w, here));
	w->sticky = (st.st_mode & S_ISVTX) && (st.st_mode & (S_IWGRP | S_IWOTH));
	/* the owner of the root directory owns the machine */
	return !strcmp(here, "/") || check_passed_directory(w, &st, e);
}

static bool enter_root(struct path_walk *w, struct err *e)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '/'");
	return trusted_enter(w, fd, "/", e);
}

static const char *path_below(struct path_walk *w, const char *name)
{
	if (!strcmp(name, ".."))
		return fs_dirname(&w->arena, w->here);
	return arena_printf(&w->arena, "%s/%s", strcmp(w->here, "/") ? w->here : "", name);
}

static bool enter_directory(struct path_walk *w, const char *name, struct err *e)
{
	const char *here = path_below(w, name);
	int fd = openat(w->dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open directory '%s'", escaped_path(w, here));
	return trusted_enter(w, fd, here, e);
}

/* ---- symbolic links ---- */

/* Any user may put a link into a sticky directory. */
static bool check_entry(struct path_walk *w, const char *path, uid_t owner, struct err *e)
{
	if (!w->sticky || owner == 0 || owner == geteuid())
		return true;
	return err_set(
		e, ERR_INPUT,
		"'%s' belongs to user %u, in a directory where everybody may write; remove it",
		escaped_path(w, path), owner);
}

static bool follow_link(struct path_walk *w, const char *name, const struct stat *st, struct err *e)
{
	char target[PATH_MAX];
	const char *path = path_below(w, name);
	ssize_t len = 0;

	if (!check_entry(w, path, st->st_uid, e))
		return false;
	len = readlinkat(w->dirfd, name, target, sizeof(target) - 1);
	if (len < 0)
		return err_sys(e, "cannot read the link '%s'", escaped_path(w, path));
	target[len] = '\0';
	if (++w->links > LINKS)
		return err_set(e, ERR_INPUT, "too many links lead on from '%s'",
			       escaped_path(w, path));
	w->left = arena_printf(&w->arena, "%s/%s", target, w->left);
	return *target != '/' || enter_root(w, e);
}

/* Removes the next name from the rest of the path; *last: nothing follows. */
static const char *next_name(struct path_walk *w, bool *last)
{
	const char *at = w->left + strspn(w->left, "/");
	size_t len = strcspn(at, "/");
	const char *rest = at + len;

	w->left = rest + strspn(rest, "/");
	*last = !*w->left && len;
	return arena_strndup(&w->arena, at, len);
}

/* ---- the file itself ---- */

/* Only the text of errno: the caller prepends the file name. */
static bool set_plain(struct err *e)
{
	return err_set(e, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s", strerror(errno));
}

static bool check_last_entry(struct path_walk *w, const struct stat *st, enum trusted_kind kind,
			     struct err *e)
{
	const char *shown = escaped_path(w, w->path);
	unsigned mode = st->st_mode & 07777;

	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_INPUT, "it is not a regular file");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(
			e, ERR_INPUT,
			"it belongs to user %u, who can change its content; check it, then run 'chown %u %s'",
			st->st_uid, geteuid(), shown);
	if (mode & (S_IWGRP | S_IWOTH))
		return err_set(
			e, ERR_INPUT,
			"others can write it (owner %u, mode %04o); check it, then run 'chmod go-w %s'",
			st->st_uid, mode, shown);
	if (kind == TRUSTED_KEY && (mode & S_IROTH))
		return err_set(
			e, ERR_INPUT,
			"others can read this key (owner %u, mode %04o); run 'chmod o-rwx %s'",
			st->st_uid, mode, shown);
	return true;
}

static bool open_file(struct path_walk *w, const char *name, enum trusted_kind kind,
		      struct trusted_file *out, struct err *e)
{
	const int64_t second = 1000000000;
	AUTO(trusted_file) f = { 0 };
	struct stat st;

	f.fd = openat(w->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (f.fd < 0)
		return set_plain(e);
	if (fstat(f.fd, &st))
		return err_sys(e, "cannot stat it");
	if (!check_last_entry(w, &st, kind, e))
		return false;
	f.mode = st.st_mode;
	f.stamp = (struct file_stamp){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
		.modified_ns = st.st_mtim.tv_sec * second + st.st_mtim.tv_nsec,
		.changed_ns = st.st_ctim.tv_sec * second + st.st_ctim.tv_nsec,
	};
	*out = TAKE(f);
	return true;
}

/* Takes one step along the path; *done when the file is opened. */
static bool walk_on(struct path_walk *w, enum trusted_kind kind, struct trusted_file *out,
		    bool *done, struct err *e)
{
	bool last = false;
	const char *name = next_name(w, &last);
	struct stat st;

	if (!*name)
		return err_set(e, ERR_INPUT, "it is not a regular file");
	if (!strcmp(name, ".") && !last)
		return true;
	if (last && faccessat(w->dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return set_plain(e);
	if (fstatat(w->dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, "cannot look at '%s'", escaped_path(w, path_below(w, name)));
	if (S_ISLNK(st.st_mode))
		return follow_link(w, name, &st, e);
	if (!last)
		return enter_directory(w, name, e);
	*done = true;
	return open_file(w, name, kind, out, e);
}

static bool walk_to(struct path_walk *w, enum trusted_kind kind, struct trusted_file *out,
		    struct err *e)
{
	AUTO(str) current = *w->path == '/' ? NULL : getcwd(NULL, 0);
	bool done = false;

	if (*w->path != '/' && !current)
		return err_sys(e, "cannot tell the current directory");
	w->left = arena_printf(&w->arena, "%s/%s", current ? current : "", w->path);
	if (!enter_root(w, e))
		return false;
	while (!done)
		if (!walk_on(w, kind, out, &done, e))
			return false;
	return true;
}

bool trusted_file_open(const char *path, enum trusted_kind kind, struct trusted_file *out,
		       struct err *e)
{
	AUTO(path_walk) w = { .path = path, .dirfd = -1 };

	return walk_to(&w, kind, out, e) ||
	       err_in(e, "cannot %s '%s'", e->code == ERR_INPUT ? "trust" : "read",
		      escaped_path(&w, path));
}

bool file_stamp_is_same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}

bool trusted_file_read(const char *path, enum trusted_kind kind, size_t limit, struct secret *out,
		       struct err *e)
{
	AUTO(trusted_file) f = { 0 };

	return trusted_file_open(path, kind, &f, e) && fs_read_opened(f.fd, path, limit, out, e);
}

bool trusted_file_text(const char *path, size_t limit, struct buf *out, struct err *e)
{
	AUTO(secret) data = { 0 };

	if (!trusted_file_read(path, TRUSTED_PUBLIC, limit, &data, e))
		return false;
	buf_add(out, data.bytes, data.len);
	return true;
}
