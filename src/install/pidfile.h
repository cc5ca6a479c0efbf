/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pidfile, and whether the process that it names is the one that it meant.
 *
 * The file is regular, and it and every directory on the way can be changed by
 * root, us or the owner of that process alone (a directory also by the primary
 * group of that owner: /run/postgresql).  Links on the way are root's or ours.
 * What was checked is what is read, and the process is held from then on.
 *
 * Numbers are used again, so the process is doubtful when it is
 *
 *	- younger than the file by more than two seconds,
 *	- in another process namespace, where it has another number, or
 *	- not of the executable that the last proven activation told.
 *
 * The file's time is of the wall clock, the process' start is counted from the
 * boot; the boot's wall time is the difference of both clocks now, so setting
 * the wall clock forward makes every process look younger than files from
 * before.  That happens at a boot, when the time comes from the network.
 * So on a file system that a boot empties the age is no sign when the file
 * looks older than the boot, or when the process started soon after it: no
 * number comes round that early.  A clock that is set back hides the age only.
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
 * A running process, held by a descriptor, so that its number cannot pass to
 * another while it is looked at and signalled.
 */

struct process {
	int fd; /* -1: none */
	pid_t pid;
	uid_t real;
	uid_t effective;
	int64_t started_ms;     /* on CLOCK_BOOTTIME */
	unsigned depth;         /* process namespaces it is in; 1: ours alone */
	const char *executable; /* escaped, in the arena; NULL: not ours to
				   know */
};

void process_close(struct process *p);
AUTO_STRUCT(process, struct process, process_close)

/* ERR_REMOTE when there is none of this number. */
MUST_CHECK bool process_open(pid_t pid, struct arena *a, struct process *out, struct err *e);
MUST_CHECK bool process_signal(const struct process *p, int number, struct err *e);

/* ---- install/pidfile.c ---- */

struct pidfile {
	struct process process;
	const char *doubt; /* in the arena; NULL: it is the process meant */
};

void pidfile_close(struct pidfile *p);
AUTO_STRUCT(pidfile, struct pidfile, pidfile_close)

/*
 * `proven`: what is known of its executable; NULL: nothing.  ERR_IO when
 * others could have written what the file says, ERR_MISSING when there is
 * none, ERR_REMOTE when it names no running process.
 */
MUST_CHECK bool pidfile_open(const char *path, const char *proven, struct arena *a,
			     struct pidfile *out, struct err *e);

/* Times in milliseconds. */
struct pidfile_times {
	int64_t written; /* wall clock */
	bool of_boot;    /* the file system is empty after a boot */
	int64_t started; /* since the boot */
	int64_t uptime;  /* since the boot, now */
	int64_t now;     /* wall clock */
};

/* How much younger the process is than its file; 0: it is not. */
int64_t pidfile_gap(const struct pidfile_times *t);

#endif
