/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pidfiles, and the check that the process a pidfile names is still the one it
 * was written for.
 *
 * The file must be regular.  The file and every directory on its path must be
 * writable only by root, us or the owner of that process (a directory also by
 * that owner's primary group: /run/postgresql).  Symbolic links on the path
 * must belong to root or us.  The checked file is the one that is read, and the
 * process is pinned by a descriptor from then on.
 *
 * PIDs are reused, so the process is doubtful when
 *
 *	- it started more than two seconds after the file was written,
 *	- it is in another PID namespace, where it has another PID, or
 *	- its executable differs from that of the last proven activation.
 *
 * The file's time is wall clock, the process's start time is counted from boot.
 * The wall time of the boot is computed from both clocks as they are now, so
 * setting the wall clock forward makes every process look younger than files
 * written before.  That happens at boot, when the time arrives from the network.
 * So on a file system that is empty after a boot the age does not count when
 * the file looks older than the boot, or when the process started soon after
 * the boot: no PID is reused that early.  A clock set back only hides the age.
 */
#ifndef INSTALL_PIDFILE_H
#define INSTALL_PIDFILE_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A running process, pinned by a pidfd, so that its PID cannot pass to another
 * process between inspection and signal.
 */

struct process {
	int fd; /* -1: none */
	pid_t pid;
	uid_t real;
	uid_t effective;
	int64_t started_ms;     /* on CLOCK_BOOTTIME */
	unsigned depth;         /* nesting of PID namespaces; 1: ours */
	const char *executable; /* escaped, in the arena; NULL: no permission
				   to read it */
};

void process_close(struct process *p);
AUTO_STRUCT(process, struct process, process_close)

/* ERR_REMOTE: no such process. */
MUST_CHECK bool process_open(pid_t pid, struct arena *a, struct process *out, struct err *e);
bool process_may_signal(const struct process *p);
MUST_CHECK bool process_signal(const struct process *p, int number, struct err *e);

/* ---- pidfile ---- */

struct pidfile {
	struct process process;
	const char *doubt; /* reason, in the arena; NULL: not doubtful */
};

void pidfile_close(struct pidfile *p);
AUTO_STRUCT(pidfile, struct pidfile, pidfile_close)

/*
 * `proven`: executable of the last proven activation; NULL: unknown.  ERR_IO:
 * other users could have written the file; ERR_MISSING: no file; ERR_REMOTE: the
 * file names no running process.
 */
MUST_CHECK bool pidfile_open(const char *path, const char *proven, struct arena *a,
			     struct pidfile *out, struct err *e);

/* Times in milliseconds. */
struct pidfile_times {
	int64_t written; /* wall clock */
	bool of_boot;    /* the file is on a file system that is empty after a boot */
	int64_t started; /* process start, since boot */
	int64_t uptime;  /* now, since boot */
	int64_t now;     /* now, wall clock */
};

/* How much younger the process is than its file, in milliseconds; 0: not younger. */
int64_t pidfile_gap(const struct pidfile_times *t);

#endif
