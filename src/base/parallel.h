/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work in threads, which are joined before it returns.  `fn` may touch only the
 * data of its index; no thread may fork.  The engine itself stays
 * single-threaded.
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

enum parallel_kind {
	PARALLEL_COMPUTE, /* costs processor time: a thread per processor, at most 16 */
	PARALLEL_DISK,    /* waits for the disk: a thread per item, at most 64 */
};

typedef void parallel_fn(void *ctx, size_t index);

/*
 * Calls fn for 0 .. count - 1, each once; returns when all are done.  For a count
 * of one there is no thread.
 */
void parallel_run(parallel_fn *fn, void *ctx, size_t count, enum parallel_kind kind);
/* Processors that are there, at least one. */
size_t parallel_processors(void);
/* Whether the caller is such an fn: it must not fork, since other threads may run. */
bool parallel_is_running(void);

#endif
