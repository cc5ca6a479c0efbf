/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"

#include <assert.h>
#include <stdint.h>

enum {
	LONGEST_POLL_MS = 100, /* delay until a stop is noticed */
};

struct loop_task {
	struct loop_task *next; /* in a queue */
	fiber_fn *run;
	void *ctx;
	struct fiber *fiber; /* NULL: not begun */
	struct pollfd fd;
	int64_t end_ms;
	bool counted; /* has one of the loop's places */
	enum loop_persistence persistence;
	bool ready; /* the wait ended before its deadline, and without a stop */
};

struct loop {
	struct semaphore places;
	struct loop_queue ready;
	struct loop_task *current;
	struct loop_task *spare; /* ended, with fibers for others, while the loop runs */
	size_t tasks;
	/* what waits for a descriptor or for time, and its descriptors */
	struct loop_task **waiting;
	struct pollfd *fds;
	size_t count, room;
	loop_poll_fn *poll;
	void *ctx;
};

static _Thread_local struct loop *running;

static void poll_only(void *ctx, struct pollfd *fds, size_t count, int timeout_ms)
{
	(void)ctx;
	(void)poll(fds, count, timeout_ms); /* interrupted: no event, which is right */
}

struct loop *loop_new(size_t limit)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->places.free = limit;
	l->poll = poll_only;
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	assert(!l->tasks);
	free(l->waiting);
	free(l->fds);
	free(l);
}

void loop_set_poll(struct loop *l, loop_poll_fn *fn, void *ctx)
{
	l->poll = fn;
	l->ctx = ctx;
}

/* ---- queues ---- */

static void queue_push(struct loop_queue *q, struct loop_task *t)
{
	t->next = NULL;
	if (q->last)
		q->last->next = t;
	else
		q->first = t;
	q->last = t;
}

static struct loop_task *queue_pop(struct loop_queue *q)
{
	struct loop_task *t = q->first;

	if (!t)
		return NULL;
	q->first = t->next;
	if (!q->first)
		q->last = NULL;
	return t;
}

/* Lets a task that has got `s`, or NULL, go on, as soon as the loop has a place for it. */
static void loop_resume(struct loop *l, const struct semaphore *s, struct loop_task *t)
{
	if (s == &l->places)
		t->counted = true;
	if (t->counted) {
		queue_push(&l->ready, t);
	} else if (l->places.free) {
		l->places.free--;
		t->counted = true;
		queue_push(&l->ready, t);
	} else {
		queue_push(&l->places.waiting, t);
	}
}

void semaphore_give(struct semaphore *s)
{
	struct loop_task *t = queue_pop(&s->waiting);

	if (t)
		loop_resume(running, s, t);
	else
		s->free++;
}

void semaphore_lift(struct semaphore *s)
{
	while (s->waiting.first)
		semaphore_give(s);
	s->free = SIZE_MAX / 2;
}

/* The current task runs no more until it is resumed, and leaves its place to another. */
static void leave_place(struct loop_task *t)
{
	t->counted = false;
	semaphore_give(&running->places);
}

void semaphore_take(struct semaphore *s)
{
	struct loop_task *t = running->current;

	if (s->free) {
		s->free--;
		return;
	}
	queue_push(&s->waiting, t);
	leave_place(t);
	fiber_yield();
}

void loop_add(struct loop *l, struct semaphore *first, fiber_fn *run, void *ctx)
{
	struct loop_task *t = xcalloc(1, sizeof(*t));

	t->run = run;
	t->ctx = ctx;
	t->persistence = l == running ? l->current->persistence : LOOP_STOPS;
	l->tasks++;
	if (first && !first->free) {
		queue_push(&first->waiting, t);
		return;
	}
	if (first)
		first->free--;
	loop_resume(l, first, t);
}

/* ---- waits ---- */

static void loop_park(struct loop *l, int fd, short events, int64_t end_ms)
{
	struct loop_task *t = l->current;

	if (l->count == l->room) {
		l->room = 2 * l->room + 64;
		l->waiting = xrealloc(l->waiting, l->room * sizeof(struct loop_task *));
		l->fds = xrealloc(l->fds, l->room * sizeof(*l->fds));
	}
	t->fd = (struct pollfd){ .fd = fd, .events = events };
	t->end_ms = end_ms;
	t->ready = false;
	l->waiting[l->count++] = t;
	fiber_yield();
}

static bool loop_task_is_stopped(const struct loop_task *t)
{
	switch (t->persistence) {
	case LOOP_STOPS:
		return stop_requested();
	case LOOP_FINISHES:
		return stop_insisted();
	case LOOP_PERSISTS:
		return false;
	}
	return false;
}

bool loop_is_stopped(void)
{
	return loop_task_is_stopped(running->current);
}

void loop_persist(enum loop_persistence persistence)
{
	running->current->persistence = persistence;
}

bool loop_wait(int fd, short events, int64_t end_ms)
{
	if (loop_is_stopped() || clock_mono_ms() >= end_ms)
		return false;
	loop_park(running, fd, events, end_ms);
	return running->current->ready;
}

void loop_sleep(int64_t until_ms)
{
	if (loop_is_stopped() || clock_mono_ms() >= until_ms)
		return;
	leave_place(running->current);
	loop_park(running, -1, 0, until_ms);
}

struct loop_task *loop_current(void)
{
	return running->current;
}

void loop_wake(struct loop_task *t)
{
	t->ready = true;
}

/* ---- the loop ---- */

static void loop_poll(struct loop *l)
{
	int64_t now = clock_mono_ms();
	int64_t end = now + LONGEST_POLL_MS;
	size_t fds = 0;
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct loop_task *t = l->waiting[i];

		if (t->fd.fd >= 0)
			l->fds[fds++] = t->fd;
		if (t->end_ms < end)
			end = t->end_ms;
		if (loop_task_is_stopped(t))
			end = now;
	}
	l->poll(l->ctx, l->fds, fds, end > now ? (int)(end - now) : 0);
	now = clock_mono_ms();
	fds = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct loop_task *t = l->waiting[i];

		if (t->fd.fd >= 0 && l->fds[fds++].revents)
			t->ready = true;
		if (t->ready || now >= t->end_ms || loop_task_is_stopped(t))
			loop_resume(l, NULL, t);
		else
			l->waiting[kept++] = t;
	}
	l->count = kept;
}

static void go_on(struct loop *l, struct loop_task *t)
{
	struct loop_task *spare = l->spare;

	if (!t->fiber && spare) {
		l->spare = spare->next;
		t->fiber = spare->fiber;
		free(spare);
		fiber_reuse(t->fiber, t->run, t->ctx);
	} else if (!t->fiber) {
		t->fiber = fiber_new(t->run, t->ctx);
	}
	l->current = t;
	if (fiber_resume(t->fiber))
		return;
	leave_place(t);
	l->tasks--;
	t->next = l->spare;
	l->spare = t;
}

void loop_run(struct loop *l)
{
	assert(!running);
	running = l;
	while (l->tasks) {
		struct loop_task *t = queue_pop(&l->ready);

		if (t)
			go_on(l, t);
		else
			loop_poll(l);
	}
	running = NULL;
	while (l->spare) {
		struct loop_task *t = l->spare;

		l->spare = t->next;
		fiber_free(t->fiber);
		free(t);
	}
}
