/* SPDX-License-Identifier: Apache-2.0 */
/* The checked longjmp() takes a jump to another stack for an error. */
#undef _FORTIFY_SOURCE
#include "base/fiber.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

/* The side that a switch goes to or comes from. */
struct fiber_side {
	jmp_buf at;
	int saved_errno;
	void *fake_stack; /* of ASan, as the next two */
	const void *bottom;
	size_t size;
	void *thread; /* of TSan */
};

struct outside_call {
	fiber_outside_fn *fn;
	void *ctx;
	struct err *e;
	bool good;
};

struct fiber {
	struct fiber_side own;
	struct fiber_side resumer;
	fiber_fn *run;
	void *ctx;
	unsigned char *stack;         /* without the guard page below */
	struct outside_call *outside; /* to be made before it goes on; NULL */
	bool entered;                 /* its stack is in use */
	bool begun;
	bool ended;
};

static _Thread_local struct fiber *current;

/* The guard below a stack: one page, which has 64 KiB on some machines. */
static size_t guard_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- what a sanitizer has to know of a switch ---- */

static void before_switch(struct fiber_side *from, struct fiber_side *to)
{
	(void)from;
	(void)to;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);
#endif
#ifdef __SANITIZE_THREAD__
	from->thread = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->thread, 0);
#endif
}

static void after_switch(struct fiber_side *to, struct fiber_side *from)
{
	(void)from;
	(void)to;
#ifdef __SANITIZE_ADDRESS__
	__sanitizer_finish_switch_fiber(to->fake_stack, &from->bottom, &from->size);
#endif
}

/* ---- switches ---- */

/* By setjmp(), since swapcontext() asks the kernel for the signal mask each time. */
static void leave_to(struct fiber_side *from, struct fiber_side *to)
{
	from->saved_errno = errno;
	before_switch(from, to);
	if (!_setjmp(from->at))
		_longjmp(to->at, 1);
	after_switch(from, to);
	errno = from->saved_errno;
}

/* makecontext() hands over ints: a pointer takes two. */
static void fiber_main(unsigned high, unsigned low)
{
	struct fiber *f = (struct fiber *)(((uintptr_t)high << 16 << 16) | low);

	after_switch(&f->own, &f->resumer);
	for (;;) {
		f->run(f->ctx);
		f->ended = true;
		leave_to(&f->own, &f->resumer);
	}
}

/* For the first time, onto its own stack. */
static void enter(struct fiber *f)
{
	uintptr_t self = (uintptr_t)f;
	ucontext_t context;

	if (getcontext(&context))
		abort();
	context.uc_stack.ss_sp = f->stack;
	context.uc_stack.ss_size = FIBER_STACK;
	context.uc_link = NULL;
	makecontext(&context, (void (*)(void))fiber_main, 2, (unsigned)(self >> 16 >> 16),
		    (unsigned)self);
	f->resumer.saved_errno = errno;
	f->entered = true;
	before_switch(&f->resumer, &f->own);
	if (!_setjmp(f->resumer.at))
		setcontext(&context);
	after_switch(&f->resumer, &f->own);
	errno = f->resumer.saved_errno;
}

struct fiber *fiber_new(fiber_fn *run, void *ctx)
{
	struct fiber *f = xcalloc(1, sizeof(*f));
	size_t guard = guard_size();
	unsigned char *memory = mmap(NULL, guard + FIBER_STACK, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE))
		abort(); /* no memory: as malloc */
	f->stack = memory + guard;
	f->own.bottom = f->stack;
	f->own.size = FIBER_STACK;
#ifdef __SANITIZE_THREAD__
	f->own.thread = __tsan_create_fiber(0);
#endif
	f->ended = true;
	fiber_reuse(f, run, ctx);
	return f;
}

void fiber_reuse(struct fiber *f, fiber_fn *run, void *ctx)
{
	assert(f->ended);
	f->run = run;
	f->ctx = ctx;
	f->begun = false;
	f->ended = false;
}

bool fiber_resume(struct fiber *f)
{
	assert(!current && !f->ended);
	f->begun = true;
	for (;;) {
		struct outside_call *call = NULL;

		current = f;
		if (f->entered)
			leave_to(&f->resumer, &f->own);
		else
			enter(f);
		current = NULL;
		call = f->outside;
		if (!call)
			return !f->ended;
		f->outside = NULL;
		call->good = call->fn(call->ctx, call->e);
	}
}

bool fiber_outside(fiber_outside_fn *fn, void *ctx, struct err *e)
{
	struct outside_call call = { fn, ctx, e, false };
	struct fiber *f = current;

	if (!f)
		return fn(ctx, e);
	f->outside = &call;
	leave_to(&f->own, &f->resumer);
	return call.good;
}

void fiber_yield(void)
{
	struct fiber *f = current;

	assert(f);
	leave_to(&f->own, &f->resumer);
}

void fiber_free(struct fiber *f)
{
	if (!f)
		return;
	assert(f->ended || !f->begun);
#ifdef __SANITIZE_THREAD__
	__tsan_destroy_fiber(f->own.thread);
#endif
	munmap(f->stack - guard_size(), guard_size() + FIBER_STACK);
	free(f);
}

bool fiber_is_running(void)
{
	return current != NULL;
}

size_t fiber_stack_used(const struct fiber *f)
{
	size_t clean = 0;

	while (clean < FIBER_STACK && !f->stack[clean])
		clean++;
	return FIBER_STACK - clean;
}
