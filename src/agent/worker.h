/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forked child of the installing half that deals with one question, and
 * hands its answer back through a pipe.  It has no other descriptor of ours,
 * and a stop ends what it runs; it does not outlive the process that started
 * it.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "agent/response.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct worker {
	pid_t pid; /* 0: there is none */
	int pipe;  /* readable when the answer is there, or never will be */
};

/* In the child; fills `out`. */
typedef void worker_fn(void *ctx, struct response *out);

MUST_CHECK bool worker_begin(worker_fn *fn, void *ctx, struct worker *out, struct err *e);
/* Waits for its end; false when it ended without an answer. */
bool worker_end(struct worker *w, struct response *out);
/* Asks all that run to end, waits a little, then ends them. */
void workers_stop(struct worker *const *list, size_t count);

#endif
