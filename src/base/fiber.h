/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coroutine with a stack of its own: a function that can stop in the middle
 * and go on later where it stopped, in the same thread.
 *
 *	struct fiber *f = fiber_new(run, ctx);
 *	while (fiber_resume(f))
 *		...;            run() has called fiber_yield()
 *	fiber_free(f);          run() has returned
 *
 * The function always runs to its return, so that everything it holds is
 * released; whoever stops it says so through `ctx` and resumes it.  errno stays
 * with each side.  A fiber must not resume another one, block (its thread serves
 * all the others) or fork (the child would go on on the fiber's stack): what has
 * to is called with fiber_outside().  The stack has FIBER_STACK bytes above a guard
 * page, and goes back to the kernel, zeroed, with fiber_free().
 */
#ifndef BASE_FIBER_H
#define BASE_FIBER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	FIBER_STACK = 128 * 1024,
};

struct fiber;
typedef void fiber_fn(void *ctx);

/* `ctx` is borrowed until `run` has returned. */
struct fiber *fiber_new(fiber_fn *run, void *ctx);
/* Begins another function in a fiber whose function has returned. */
void fiber_reuse(struct fiber *f, fiber_fn *run, void *ctx);
/* Runs it until it yields (true) or returns (false). */
bool fiber_resume(struct fiber *f);
/* Back to fiber_resume(); returns when that is called again. */
void fiber_yield(void);
/* It must have returned, or never have been resumed. */
void fiber_free(struct fiber *f);
/*
 * Calls `fn` on the thread's own stack, at once unless the caller is a fiber, and
 * returns what it returned.
 */
typedef bool fiber_outside_fn(void *ctx, struct err *e);
MUST_CHECK bool fiber_outside(fiber_outside_fn *fn, void *ctx, struct err *e);
/* Whether the caller is a fiber. */
bool fiber_is_running(void);
/* Bytes of the stack that were ever written, for tests. */
size_t fiber_stack_used(const struct fiber *f);

#endif
