/* SPDX-License-Identifier: Apache-2.0 */
#include "place/activate.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/child.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIDFILE_ROOM = 256,
	STATUS_ROOM = 4096,
	PID_LIMIT = 4194304, /* of the kernel */
};

static bool is_allowed(int number)
{
	return number == SIGHUP || number == SIGUSR1 || number == SIGUSR2 ||
	       number == SIGTERM;
}

/* The first line: PostgreSQL's pidfile goes on with more. */
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

static bool read_pidfile(const char *path, pid_t *pid, struct stat *st,
			 struct err *e)
{
	char text[PIDFILE_ROOM] = "";
	AUTO(fd)
	fd = open(path,
		  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_REMOTE, "pidfile '%s' is a symbolic link",
			       path);
	if (fd < 0 || fstat(fd, st))
		return err_sys(e, "cannot read pidfile '%s'", path);
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_REMOTE,
			       "pidfile '%s' is not a regular file", path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, ERR_REMOTE,
			       "pidfile '%s' can be written by others; run "
			       "'chmod go-w' on it",
			       path);
	if (read(fd, text, sizeof(text) - 1) < 0)
		return err_sys(e, "cannot read pidfile '%s'", path);
	if (!parse_pid(text, pid))
		return err_set(e, ERR_REMOTE,
			       "pidfile '%s' does not begin with a process "
			       "number",
			       path);
	if (*pid <= 1 || *pid == getpid())
		return err_set(e, ERR_REMOTE,
			       "pidfile '%s' names process %d, which is never "
			       "signalled",
			       path, (int)*pid);
	return true;
}

/* Real and effective user of a process; /proc/PID itself may say root. */
static bool read_owner(pid_t pid, uid_t *real, uid_t *effective)
{
	char path[64];
	char text[STATUS_ROOM] = "";

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);

	AUTO(fd) fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;

	const char *line = strstr(text, "\nUid:");

	return line && sscanf(line, "\nUid: %u %u", real, effective) == 2;
}

static bool check_owner(const struct stat *st, pid_t pid, const char *path,
			struct err *e)
{
	uid_t real = 0;
	uid_t effective = 0;

	if (st->st_uid == 0 || st->st_uid == geteuid())
		return true;
	if (read_owner(pid, &real, &effective) && real == st->st_uid &&
	    effective == st->st_uid)
		return true;
	return err_set(e, ERR_REMOTE,
		       "pidfile '%s' belongs to user %u, who does not own "
		       "process %d",
		       path, st->st_uid, (int)pid);
}

static bool send_signal(const struct activate *how, struct err *e)
{
	struct stat st;
	pid_t pid = 0;

	if (!is_allowed(how->signal))
		return err_set(e, ERR_INPUT,
			       "signal %d is none of HUP, USR1, USR2, TERM",
			       how->signal);
	if (!read_pidfile(how->pidfile, &pid, &st, e))
		return false;

	AUTO(fd) process = pidfd_open(pid, 0);

	if (process < 0 && errno == ESRCH)
		return err_set(e, ERR_REMOTE,
			       "process %d, named by '%s', is not running; "
			       "start it first",
			       (int)pid, how->pidfile);
	if (process < 0)
		return err_sys(e, "cannot reach process %d", (int)pid);
	if (!check_owner(&st, pid, how->pidfile, e))
		return false;
	if (!pidfd_send_signal(process, how->signal, NULL, 0))
		return true;
	err_sys(e, "cannot signal process %d, named by '%s'", (int)pid,
		how->pidfile);
	e->code = ERR_REMOTE;
	return false;
}

static bool run_command(const struct activation_order *o, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *const env[] = {
		arena_printf(&a, "CERTFLEET_COMPONENT=%s", o->component),
		arena_printf(&a, "CERTFLEET_FINGERPRINT=%s", o->fingerprint),
		NULL,
	};
	const struct child c = { .argv = o->how->argv,
				 .extra_env = env,
				 .directory = o->directory,
				 .timeout_ms = o->how->timeout * 1000 };

	return child_run(&c, NULL, e);
}

bool place_activate(const struct activation_order *o, struct err *e)
{
	switch (o->how->kind) {
	case ACTIVATE_NONE:
		return true;
	case ACTIVATE_SIGNAL:
		return send_signal(o->how, e);
	case ACTIVATE_COMMAND:
		return run_command(o, e);
	case ACTIVATE_HTTP:
		break; /* not from here */
	}
	return err_set(e, ERR_INPUT, "there is no such activation");
}
