/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: a forked child of the installing half that executes one request,
 * and returns its answer through a pipe.  A worker has no other descriptor of
 * ours, a stop ends the program it runs, and it does not outlive its parent.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "agent/response.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct worker {
	pid_t pid; /* 0: no worker */
	int pipe;  /* readable when the answer is there, or the worker has exited */
};

/* Runs in the child; fills `out`. */
typedef void worker_fn(void *ctx, struct response *out);

MUST_CHECK bool worker_begin(worker_fn *fn, void *ctx, struct worker *out, struct err *e);
/* Waits for the worker to exit; false when it gave no answer. */
bool worker_end(struct worker *w, struct response *out);
/* Sends SIGTERM to all workers, waits a little, then kills the rest. */
void workers_stop(struct worker *const *list, size_t count);

#endif
