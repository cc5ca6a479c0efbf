/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
	COMPUTE_LIMIT = 16,
	DISK_LIMIT = 64,
	/* glibc keeps the stacks of ended threads up to 40 MiB in all */
	THREAD_STACK = 512 * 1024,
};

struct work {
	parallel_fn *fn;
	void *ctx;
	size_t count;
	atomic_size_t next;
};

static _Thread_local bool within;

bool parallel_is_running(void)
{
	return within;
}

size_t parallel_processors(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors > 1 ? (size_t)processors : 1;
}

static void *parallel_next(void *ctx)
{
	struct work *w = ctx;

	within = true;
	for (size_t i = atomic_fetch_add(&w->next, 1); i < w->count;
	     i = atomic_fetch_add(&w->next, 1))
		w->fn(w->ctx, i);
	within = false;
	return NULL;
}

void parallel_run(parallel_fn *fn, void *ctx, size_t count, enum parallel_kind kind)
{
	struct work w = { .fn = fn, .ctx = ctx, .count = count };
	pthread_t threads[DISK_LIMIT];
	size_t wanted = parallel_processors();
	size_t helpers = 0;
	pthread_attr_t attr;
	sigset_t all;
	sigset_t before;

	if (wanted > COMPUTE_LIMIT)
		wanted = COMPUTE_LIMIT;
	if (kind == PARALLEL_DISK)
		wanted = DISK_LIMIT;
	if (wanted > count)
		wanted = count;

	/*
	 * The threads block signals, so that signals reach the main thread.  A
	 * thread that cannot start is not needed.
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	while (helpers + 1 < wanted &&
	       pthread_create(&threads[helpers], &attr, parallel_next, &w) == 0)
		helpers++;
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	parallel_next(&w);
	for (size_t i = 0; i < helpers; i++)
		pthread_join(threads[i], NULL);
}
