/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sandbox: one piece of work on untrusted bytes (ASN.1, archives) in a forked
 * child.  The child has 256 MiB of address space beyond ours, 5 s of processor
 * time by default, only the system calls that computing needs, no file and no
 * network (Landlock and seccomp where the kernel has them), and answers over a
 * pipe.  A crash or an exhausted limit is an ordinary error in the parent.  The
 * child inherits its parent's memory, so untrusted bytes are decoded by
 * children of a process that never held a secret (base/decoder.h).
 *
 * All input of `fn` must be in memory: in the child all descriptors are closed.
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
	SANDBOX_WALL_TIMES = 6, /* wall clock per processor time, on a busy machine */
	SANDBOX_ANSWER_LIMIT = 48 * 1024 * 1024,
	SANDBOX_AT_ONCE = 4, /* children side by side */
};

/* Runs in the child; the parent gets its answer or its error. */
typedef bool sandbox_fn(void *ctx, struct buf *answer, struct err *e);

/*
 * From now on this process can open no file (Landlock, where the kernel has
 * it).  False with errno.
 */
bool sandbox_forbid_files(void);

struct sandbox_work {
	sandbox_fn *fn;
	void *ctx;
	unsigned seconds;  /* of processor time */
	bool lasts_a_stop; /* not cut off by a stop: a rollback needs the result */
};
/*
 * Does at most SANDBOX_AT_ONCE works in children side by side.  The answers must be empty;
 * their memory is wiped because it may hold keys.  The error is that of the first work
 * that failed; then there are no answers.
 */
MUST_CHECK bool sandbox_work_all(const struct sandbox_work *works, size_t count,
				 struct secret *answers, struct err *e);

MUST_CHECK static inline bool sandbox_work(const struct sandbox_work *work, struct secret *answer,
					   struct err *e)
{
	return sandbox_work_all(work, 1, answer, e);
}

/*
 * From now on, and irrevocably, this process opens no socket and starts no
 * program, process or thread: for planning from an unreviewed fleet file.
 * Where the kernel has no seccomp filters nothing is forbidden.  To be called
 * while there is one thread.
 */
MUST_CHECK bool sandbox_confine(struct err *e);

#endif
