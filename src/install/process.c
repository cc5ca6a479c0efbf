/* SPDX-License-Identifier: Apache-2.0 */
#include "install/pidfile.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* Suffix of /proc/PID/exe when an upgrade has replaced the executable. */
#define DELETED " (deleted)"

enum {
	START_FIELD = 22, /* starttime in /proc/PID/stat, counted from 1 */
	NAME_FIELD = 2,
	EXECUTABLE_ROOM = 1024, /* orders and state records hold little more */
};

void process_close(struct process *p)
{
	fd_auto(&p->fd);
	*p = (struct process){ .fd = -1 };
}

/* Files in /proc report size 0, so read without fstat(). */
static bool read_proc(pid_t pid, const char *name, char *text, size_t room)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);

	AUTO(fd) fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, room - 1);

	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

/* Scans from the last ')': the process name, field 2, may contain blanks and ')'. */
static bool read_start(struct process *p)
{
	char text[1024];
	int64_t ticks = 0;
	const char *at = NULL;

	if (!read_proc(p->pid, "stat", text, sizeof(text)))
		return false;
	at = strrchr(text, ')');
	for (int field = NAME_FIELD; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %" SCNd64, &ticks) != 1)
		return false;
	p->started_ms = ticks * 1000 / sysconf(_SC_CLK_TCK);
	return true;
}

/* Real and effective user; not the owner of /proc/PID, which may be root instead. */
static bool read_status(struct process *p)
{
	char text[4096];
	const char *line = NULL;

	if (!read_proc(p->pid, "status", text, sizeof(text)))
		return false;
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line, "\nUid: %u %u", &p->real, &p->effective) != 2)
		return false;
	/* NSpid: its PID in each nested namespace, starting with ours. */
	line = strstr(text, "\nNSpid:");
	p->depth = 1;
	for (line = line ? strchr(line, '\t') : NULL; line;) {
		size_t digits = strspn(line + 1, "0123456789");

		if (line[1 + digits] != '\t')
			break;
		line += 1 + digits;
		p->depth++;
	}
	return true;
}

static const char *read_executable(pid_t pid, struct arena *a)
{
	char path[64];
	char text[PATH_MAX];
	const size_t end = sizeof(DELETED) - 1;
	const char *shown = NULL;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);

	ssize_t got = readlink(path, text, sizeof(text));
	size_t len = (size_t)got;

	if (got <= 0 || got == sizeof(text))
		return NULL;
	if (len > end && !memcmp(text + len - end, DELETED, end))
		len -= end;
	shown = text_escaped(a, arena_strndup(a, text, len));
	return strlen(shown) < EXECUTABLE_ROOM ? shown : NULL;
}

static bool gone(pid_t pid, struct err *e)
{
	return err_set(e, ERR_REMOTE, "process %d is not running; start it first", (int)pid);
}

bool process_open(pid_t pid, struct arena *a, struct process *out, struct err *e)
{
	AUTO(process) p = { .fd = pidfd_open(pid, 0), .pid = pid };

	if (p.fd < 0 && errno == ESRCH)
		return gone(pid, e);
	if (p.fd < 0)
		return err_sys(e, "cannot reach process %d", (int)pid);
	if (!read_start(&p) || !read_status(&p))
		return gone(pid, e);
	p.executable = read_executable(pid, a);
	/* If the process has exited, /proc may have shown another one with its PID. */
	if (pidfd_send_signal(p.fd, 0, NULL, 0) && errno == ESRCH)
		return gone(pid, e);
	*out = p;
	p.fd = -1;
	return true;
}

bool process_may_signal(const struct process *p)
{
	return !pidfd_send_signal(p->fd, 0, NULL, 0) || errno != EPERM;
}

bool process_signal(const struct process *p, int number, struct err *e)
{
	if (!pidfd_send_signal(p->fd, number, NULL, 0))
		return true;
	err_sys(e, "cannot signal process %d", (int)p->pid);
	e->code = ERR_REMOTE;
	return false;
}
