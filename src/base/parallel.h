/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parallel work that costs processor time: as many threads as there are
 * processors, at most PARALLEL_LIMIT.  The engine itself stays single-threaded;
 * `fn` may touch only the data of its index.
 */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include <stddef.h>

enum {
	PARALLEL_LIMIT = 16
};

typedef void parallel_fn(void *ctx, size_t index);

/* Calls fn for 0 .. count - 1, each once; returns when all are done. */
void parallel_run(parallel_fn *fn, void *ctx, size_t count);

#endif
