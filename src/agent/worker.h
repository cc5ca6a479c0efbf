/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forked child of the installing half that does one thing which may take
 * long, and hands its answer back through a pipe.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	ANSWER_LIMIT = 1024 * 1024,
};

/* What the other half is told: an HTTP status and a JSON document. */
struct answer {
	int status;
	struct secret body;
};
void answer_release(struct answer *a);
AUTO_STRUCT(answer, struct answer, answer_release)

struct worker {
	pid_t pid; /* 0: there is none */
	int pipe;  /* readable when the answer is there, or never will be */
};

/* In the child; fills `out`. */
typedef void worker_fn(void *ctx, struct answer *out);

MUST_CHECK bool worker_begin(worker_fn *fn, void *ctx, struct worker *out,
			     struct err *e);
/* Waits for its end; false when it ended without an answer. */
bool worker_end(struct worker *w, struct answer *out);
/* Ends it at once. */
void worker_kill(struct worker *w);

#endif
