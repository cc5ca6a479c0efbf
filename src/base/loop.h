/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: straight-line functions on fibers of one thread, each of which waits for
 * a descriptor or for time while the others run.
 *
 *	struct loop *l = loop_new(64);
 *	loop_add(l, NULL, run, ctx);    once per task
 *	loop_run(l);                    until every task has returned
 *	loop_free(l);
 *
 * At most `limit` tasks run at a time, which includes waiting for a descriptor; the
 * rest, in order, takes no stack yet.  A task that sleeps or waits for a semaphore
 * is not counted, and counts again, in order, before it goes on.
 *
 * A stop ends the waits of every task that does not persist (enum loop_persistence):
 * the task is to return soon.  Semaphores are the exception: those who hold them return soon as
 *well.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/auto.h"
#include "base/fiber.h"

#include <poll.h>
#include <stdint.h>

struct loop;
struct loop_task;

struct loop_queue {
	struct loop_task *first;
	struct loop_task *last;
};

/* Begins as { .free = n }. */
struct semaphore {
	size_t free;
	struct loop_queue waiting;
};

/* Waits like poll(2), and may call loop_wake() meanwhile. */
typedef void loop_poll_fn(void *ctx, struct pollfd *fds, size_t count, int timeout_ms);

struct loop *loop_new(size_t limit);
void loop_free(struct loop *l);
AUTO_TYPE(loop, struct loop *, loop_free)
/* Replaces poll(2). */
void loop_set_poll(struct loop *l, loop_poll_fn *fn, void *ctx);
/*
 * Adds a task, at any time; `ctx` must live until `run` has returned.  `first`, unless
 * NULL, is taken for the task before it begins; the task gives it back.
 */
void loop_add(struct loop *l, struct semaphore *first, fiber_fn *run, void *ctx);
void loop_run(struct loop *l);

/* ---- called by a task ---- */

/* Waits for poll(2)'s `events` on `fd` (-1: for loop_wake() alone); false: the deadline or a stop.
 */
MUST_CHECK bool loop_wait(int fd, short events, int64_t end_ms);
/* A stop ends it early. */
void loop_sleep(int64_t until_ms);
/* Whether a stop ends the waits of the current task. */
bool loop_is_stopped(void);

/* What ends the waits of a task beside their deadlines. */
enum loop_persistence {
	LOOP_STOPS,    /* a stop */
	LOOP_FINISHES, /* a second stop: stop_insisted() */
	LOOP_PERSISTS, /* no stop */
};
/* For the current task, and the tasks that it adds from now on. */
void loop_persist(enum loop_persistence persistence);
void semaphore_take(struct semaphore *s);
void semaphore_give(struct semaphore *s);
/* Lifts the limit: every wait ends, and nothing waits any more. */
void semaphore_lift(struct semaphore *s);

/* The current task, for loop_wake(). */
struct loop_task *loop_current(void);
/* Ends a task's loop_wait() as if its descriptor were ready. */
void loop_wake(struct loop_task *t);

#endif
