/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running process, held by a descriptor, so that its number cannot pass to
 * another while it is looked at and signalled.
 */
#ifndef INSTALL_PROCESS_H
#define INSTALL_PROCESS_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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

#endif
