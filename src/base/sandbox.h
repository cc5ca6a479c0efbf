/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One piece of work on strangers' bytes (ASN.1, archives) in a forked child:
 * 256 MiB of address space beyond ours, 5 s of processor time, only system
 * calls that computing needs, no file, no network (Landlock and seccomp where
 * the kernel has them), the answer over a pipe.  A crash or an exhausted limit
 * is an ordinary error in the parent.  The child has all its parent's memory:
 * strangers' bytes are decoded below a process that never held a secret
 * (base/decoder.h).
 *
 * Everything `fn` reads must be in memory: it finds all descriptors closed.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	SANDBOX_MEMORY = 256 * 1024 * 1024,
	SANDBOX_SECONDS = 5,
	SANDBOX_WALL_TIMES = 6, /* the processor time, on a busy machine */
	SANDBOX_ANSWER_LIMIT = 48 * 1024 * 1024,
};

/* Runs in the child.  Its answer, or its error, is what the parent gets. */
typedef bool sandbox_fn(void *ctx, struct buf *answer, struct err *e);

/*
 * For a process that goes on: no file can be opened any more (Landlock, where
 * the kernel has it).  False with errno.
 */
bool sandbox_forbid_files(void);

struct sandbox_work {
	sandbox_fn *fn;
	void *ctx;
	unsigned seconds;  /* of processor time */
	bool lasts_a_stop; /* what a stop leaves undone is put back by it */
};
/* `answer` must be empty; it is wiped memory because keys pass through it. */
MUST_CHECK bool sandbox_work(const struct sandbox_work *work, struct secret *answer, struct err *e);

/*
 * From now on, and for good, this process opens no socket and starts no
 * program and no process or thread: for work of ours that follows what
 * nobody has reviewed.  Where the kernel has no filter nothing is forbidden.
 * To be called while there is one thread.
 */
MUST_CHECK bool sandbox_confine(struct err *e);

#endif
