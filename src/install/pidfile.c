/* SPDX-License-Identifier: Apache-2.0 */
#include "install/pidfile.h"

#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "install/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum {
	PIDFILE_ROOM = 256,
	PASSWD_ROOM = 16 * 1024,
	PID_LIMIT = 4194304, /* the kernel's PID_MAX_LIMIT */
	LINK_LIMIT = 8,
	GAP_MS = 2000,
	CLOCK_SET_MS = 5 * 60 * 1000, /* after boot: no PID reused yet, clock not set yet */
};

void pidfile_close(struct pidfile *p)
{
	process_close(&p->process);
	p->doubt = NULL;
}

/* ---- path resolution ---- */

/* A directory on the path. */
struct passed {
	const char *path;
	struct fs_attr attr;
};

struct way {
	struct arena *arena;
	VEC(struct passed) directories;
	unsigned links;
	int dir; /* directory reached so far */
};

static void way_close(struct way *w)
{
	fd_auto(&w->dir);
}
AUTO_STRUCT(way, struct way, way_close)

static bool pass(struct way *w, int fd, const char *path, struct err *e)
{
	struct passed p = { .path = path };

	fd_auto(&w->dir);
	w->dir = fd;
	if (!entry_own_attr(fd, &p.attr, e))
		return false;
	VEC_PUSH(&w->directories, w->arena, p);
	return true;
}

static bool pidfile_walk(struct way *w, const char *path, struct err *e);

/* Restarts the walk with the link replaced by its target. */
static bool pidfile_follow(struct way *w, const char *link, const char *rest, struct err *e)
{
	const char *name = strrchr(link, '/') + 1;
	const char *text = entry_link_text(w->dir, name, w->arena);
	struct fs_attr attr;

	if (!text || !entry_attr(w->dir, name, &attr))
		return err_sys(e, "cannot open directory '%s'", link);
	if (attr.owner != 0 && attr.owner != geteuid())
		return err_set(
			e, ERR_IO,
			"'%s' is a symbolic link of user %u; name the directory it points to", link,
			attr.owner);
	if (++w->links > LINK_LIMIT)
		return err_set(e, ERR_IO, "'%s' has too many symbolic links", link);
	return pidfile_walk(w,
			    arena_printf(w->arena, "%s/%s/%s",
					 *text == '/' ? "" : fs_dirname(w->arena, link), text,
					 rest),
			    e);
}

/* Opens each directory from the root down and records it for check_writers(). */
static bool pidfile_walk(struct way *w, const char *path, struct err *e)
{
	const char *clean = fs_absolute(w->arena, path);
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || !pass(w, fd, "/", e))
		return err_sys(e, "cannot open '/'");
	for (const char *at = clean; *at && at[1];) {
		size_t len = strcspn(at + 1, "/");
		const char *name = arena_strndup(w->arena, at + 1, len);
		const char *so_far = arena_strndup(w->arena, clean, (size_t)(at - clean) + 1 + len);

		at += 1 + len;
		fd = openat(w->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP) &&
		    entry_look(w->dir, name) == ENTRY_LINK)
			return pidfile_follow(w, so_far, at, e);
		if (fd < 0)
			return err_sys(e, "cannot open directory '%s'", so_far);
		if (!pass(w, fd, so_far, e))
			return false;
	}
	return true;
}

/* ---- file content ---- */

struct content {
	pid_t pid;
	uid_t owner;
	int64_t written_ms;
	bool of_boot;
};

/* Reads the first line only: PostgreSQL's pidfile has more lines. */
static bool parse_pid(const char *text, pid_t *pid)
{
	char *end = NULL;

	if (*text < '0' || *text > '9')
		return false;

	long long number = strtoll(text, &end, 10);

	while (*end == ' ' || *end == '\t' || *end == '\r')
		end++;
	if ((*end && *end != '\n') || number > PID_LIMIT)
		return false;
	*pid = (pid_t)number;
	return true;
}

static int64_t in_ms(int64_t seconds, long nanoseconds)
{
	return seconds * 1000 + nanoseconds / 1000000;
}

/*
 * By system call: a test's preloaded clock library (libfaketime) shifts stat(2)
 * and clock_gettime(2) differently.
 */
static int64_t kernel_clock(clockid_t which)
{
	struct timespec t = { 0 };

	syscall(SYS_clock_gettime, which, &t);
	return in_ms(t.tv_sec, t.tv_nsec);
}

static bool pidfile_inspect(int fd, const char *path, struct content *c, struct err *e)
{
	struct statx st = { 0 };
	struct statfs system = { 0 };

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st) ||
	    fstatfs(fd, &system))
		return err_sys(e, "cannot read pidfile '%s'", path);
	if (!S_ISREG(st.stx_mode))
		return err_set(e, ERR_REMOTE, "pidfile '%s' is not a regular file", path);
	if (st.stx_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, ERR_IO,
			       "pidfile '%s' can be written by others; run 'chmod go-w' on it",
			       path);
	c->owner = st.stx_uid;
	c->written_ms = in_ms(st.stx_mtime.tv_sec, st.stx_mtime.tv_nsec);
	c->of_boot = system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
	return true;
}

static bool pidfile_read_file(const struct way *w, const char *path, struct content *out,
			      struct err *e)
{
	char text[PIDFILE_ROOM] = "";
	const char *slash = strrchr(path, '/');
	AUTO(fd)
	fd = openat(w->dir, slash ? slash + 1 : path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_IO, "pidfile '%s' is a symbolic link", path);
	if (fd < 0)
		return err_sys(e, "cannot read pidfile '%s'", path);
	if (!pidfile_inspect(fd, path, out, e))
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return err_sys(e, "cannot read pidfile '%s'", path);
	if (!parse_pid(text, &out->pid))
		return err_set(e, ERR_REMOTE, "pidfile '%s' does not begin with a process number",
			       path);
	if (out->pid <= 1 || out->pid == getpid())
		return err_set(e, ERR_REMOTE,
			       "pidfile '%s' names process %d, which is never signalled", path,
			       (int)out->pid);
	return true;
}

/* ---- permissions: users able to write the file ---- */

static bool is_trusted(uid_t user, const struct process *p)
{
	return user == 0 || user == geteuid() || (user == p->real && user == p->effective);
}

/* (gid_t)-1: unknown. */
static gid_t primary_group(uid_t user)
{
	char room[PASSWD_ROOM];
	struct passwd entry;
	struct passwd *found = NULL;

	if (getpwuid_r(user, &entry, room, sizeof(room), &found) || !found)
		return (gid_t)-1;
	return found->pw_gid;
}

static bool is_safe(struct fs_attr dir, const struct process *p)
{
	if (!is_trusted(dir.owner, p))
		return false;
	dir.owner = 0;
	if ((dir.mode & S_IWGRP) && dir.group == primary_group(p->real))
		dir.mode &= ~(mode_t)S_IWGRP;
	return fs_dir_fault(dir, 0) == FS_DIR_SAFE;
}

static bool check_writers(const struct way *w, const char *path, uid_t owner,
			  const struct process *p, struct err *e)
{
	if (!is_trusted(owner, p))
		return err_set(e, ERR_IO,
			       "pidfile '%s' belongs to user %u, who does not own process %d", path,
			       owner, (int)p->pid);
	vec_each (d, &w->directories)
		if (!is_safe(d->attr, p))
			return err_set(
				e, ERR_IO,
				"directory '%s' (user %u, mode %o), on the way to pidfile '%s', can be written by others; give it to root, or run 'chmod go-w' on it",
				d->path, d->attr.owner, d->attr.mode & 07777U, path);
	return true;
}

/* ---- doubt: another process under a reused PID ---- */

int64_t pidfile_gap(const struct pidfile_times *t)
{
	int64_t boot = t->now - t->uptime;
	int64_t gap = boot + t->started - t->written;

	if (t->of_boot && (t->written < boot || t->started < CLOCK_SET_MS))
		return 0;
	return gap > GAP_MS ? gap : 0;
}

static const char *find_doubt(const char *path, const struct content *c, const char *proven,
			      const struct process *p, struct arena *a)
{
	const struct pidfile_times times = {
		.written = c->written_ms,
		.of_boot = c->of_boot,
		.started = p->started_ms,
		.uptime = kernel_clock(CLOCK_BOOTTIME),
		.now = kernel_clock(CLOCK_REALTIME),
	};
	const char *who = arena_printf(a, "process %d (%s), which pidfile '%s' names,", (int)p->pid,
				       p->executable ? p->executable : "executable unknown", path);

	if (p->depth > 1)
		return arena_printf(a, "%s is in another process namespace", who);
	if (pidfile_gap(&times))
		return arena_printf(a, "%s started after that was written", who);
	if (proven && p->executable && strcmp(proven, p->executable) != 0)
		return arena_printf(a, "%s is not '%s', the expected executable", who,
				    text_escaped(a, proven));
	return NULL;
}

bool pidfile_open(const char *path, const char *proven, struct arena *a, struct pidfile *out,
		  struct err *e)
{
	AUTO(way) w = { .arena = a, .dir = -1 };
	AUTO(process) p = { .fd = -1 };
	struct content c = { 0 };

	if (!pidfile_walk(&w, fs_dirname(a, path), e) || !pidfile_read_file(&w, path, &c, e))
		return false;
	if (!process_open(c.pid, a, &p, e))
		return err_in(e, "pidfile '%s'", path);
	if (!check_writers(&w, path, c.owner, &p, e))
		return false;
	*out = (struct pidfile){ .doubt = find_doubt(path, &c, proven, &p, a), .process = p };
	p.fd = -1;
	return true;
}
