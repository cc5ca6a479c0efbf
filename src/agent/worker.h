/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: a forked child of the installing half that executes one request,
 * and returns its answer through a pipe.  A worker has no other descriptor of
 * ours, a stop ends the program it runs, and it does not outlive its parent.  Its
 * time is half_request_seconds() (agent/half_request.c).
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "agent/signer_cache.h"
#include "base/err.h"
#include "base/secret.h"
#include "wire/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The response to a request: an HTTP status and a JSON document. */
struct response {
	int status;
	struct secret body;   /* at most RESPONSE_LIMIT bytes */
	struct signer signer; /* verified on the way, for the cache */
	struct secret facts;  /* decoded on the way (foreign_export()) */
};

void response_release(struct response *a);
AUTO_STRUCT(response, struct response, response_release)

/* Both replace the previous body; `detail` is escaped, line by line. */
void response_json(int status, json_t *document /* ownership passes */, struct response *out);
void response_problem(enum problem_kind kind, const char *detail, struct response *out);

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
