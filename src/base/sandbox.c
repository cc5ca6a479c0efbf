/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fiber.h"
#include "base/parallel.h"
#include "base/seccomp.h"
#include "base/stop.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ANSWER_FD = 3,
	POLL_MS = 100,
};

/* Header of the answer in the pipe; `len` bytes follow. */
struct sandbox_frame {
	uint32_t code; /* enum err_code; ERR_NONE: the bytes are the answer */
	uint64_t len;
};

bool sandbox_confine(struct err *e)
{
	return (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && seccomp_stay_inside()) ||
	       err_sys(e, "cannot confine this process");
}

/* Forbids to open, make or remove any path; true on kernels without Landlock. */
bool sandbox_forbid_files(void)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, /* ABI version 1 */
	};
	AUTO(fd)
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (rules < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP;
	return !syscall(SYS_landlock_restrict_self, rules, 0);
}

/*
 * Lowers a soft limit to `value` and the hard limit to one more, so that
 * SIGXCPU comes before SIGKILL and can be told apart.  A lower limit stays.
 */
static bool sandbox_limit(int what, rlim_t value)
{
	struct rlimit bound;

	if (getrlimit(what, &bound))
		return false;
	if (bound.rlim_max > value + 1)
		bound.rlim_max = value + 1;
	if (bound.rlim_cur > value)
		bound.rlim_cur = value;
	return !setrlimit(what, &bound);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* A sanitizer's shadow memory takes terabytes of address space, and its reports go to stderr. */
static bool limit_memory(void)
{
	return true;
}

static bool close_all(int answer_fd)
{
	return dup2(answer_fd, ANSWER_FD) == ANSWER_FD && !close_range(ANSWER_FD + 1, ~0U, 0) &&
	       !close(0) && !close(1);
}
#else
/* Memory inherited over the fork is not counted. */
static bool limit_memory(void)
{
	char text[64] = "";
	AUTO(fd) fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	unsigned long long pages = 0;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		pages = strtoull(text, NULL, 10);
	return sandbox_limit(RLIMIT_AS, (rlim_t)pages * (rlim_t)getpagesize() + SANDBOX_MEMORY);
}

static bool close_all(int answer_fd)
{
	close_range(0, ANSWER_FD - 1, 0);
	return dup2(answer_fd, ANSWER_FD) == ANSWER_FD && !close_range(ANSWER_FD + 1, ~0U, 0);
}
#endif

static bool lock_in(int answer_fd, unsigned seconds)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

	/* The parent handles a stop. */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		signal(numbers[i], SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return limit_memory() && sandbox_limit(RLIMIT_CPU, seconds) &&
	       sandbox_limit(RLIMIT_CORE, 0) && sandbox_limit(RLIMIT_FSIZE, 0) &&
	       close_all(answer_fd) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       sandbox_forbid_files() && seccomp_only_compute();
}

__attribute__((noreturn)) static void work(const struct sandbox_work *how, int answer_fd)
{
	struct buf answer = { .limit = SANDBOX_ANSWER_LIMIT };
	struct err e = { 0 };
	struct sandbox_frame frame = { 0 };

	if (!lock_in(answer_fd, how->seconds))
		_exit(2);
	if (how->fn(how->ctx, &answer, &e) && answer.failed)
		err_set(&e, ERR_INPUT, "it holds more than %d bytes", SANDBOX_ANSWER_LIMIT);
	frame.code = (uint32_t)e.code;
	frame.len = e.code ? strlen(e.text) : answer.len;
	if (!fd_write_all(ANSWER_FD, &frame, sizeof(frame)) ||
	    !fd_write_all(ANSWER_FD, e.code ? e.text : buf_text(&answer), frame.len))
		_exit(1);
	_exit(0);
}

/* The running child as the parent sees it. */
struct sandbox_child {
	pid_t pid;
	int answer; /* reading end of the pipe */
	unsigned seconds;
	bool lasts_a_stop;
	int64_t deadline;
};

static bool wait_readable(const struct sandbox_child *w, struct err *e)
{
	for (;;) {
		struct pollfd fd = { .fd = w->answer, .events = POLLIN };

		if (!w->lasts_a_stop && stop_requested())
			return err_set(e, ERR_STOPPED, "decoding was stopped as asked");
		if (clock_mono_ms() >= w->deadline)
			return err_set(e, ERR_INPUT, "it took more than %u s to decode",
				       SANDBOX_WALL_TIMES * w->seconds);
		if (poll(&fd, 1, POLL_MS) > 0)
			return true;
	}
}

/* Reads up to `len` bytes; fewer only when the child has exited. */
static bool read_up_to(const struct sandbox_child *w, void *bytes, size_t len, size_t *got,
		       struct err *e)
{
	char *to = bytes;

	*got = 0;
	while (*got < len) {
		if (!wait_readable(w, e))
			return false;

		ssize_t some = read(w->answer, to + *got, len - *got);

		if (some < 0 && errno == EINTR)
			continue;
		if (some < 0)
			return err_sys(e, "cannot read what was decoded");
		if (some == 0)
			break;
		*got += (size_t)some;
	}
	return true;
}

/* Kills the child if it still runs, so the wait is short. */
static int end_worker(struct sandbox_child *w)
{
	int status = 0;

	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	w->pid = 0;
	return status;
}

static void worker_release(struct sandbox_child *w)
{
	if (w->pid > 0)
		end_worker(w);
	fd_auto(&w->answer);
}

static bool explain_silence(struct sandbox_child *w, struct err *e)
{
	int status = end_worker(w);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return err_set(e, ERR_INPUT, "it took more than %u s of processor time to decode",
			       w->seconds);
	if (WIFSIGNALED(status))
		return err_set(
			e, ERR_INPUT,
			"decoding it ended with signal %d; it is broken, or needs more than %d MiB",
			WTERMSIG(status), SANDBOX_MEMORY / 1024 / 1024);
	return err_set(e, ERR_IO, "the decoding process cannot be confined");
}

static bool sandbox_read_answer(struct sandbox_child *w, struct secret *answer, struct err *e)
{
	struct sandbox_frame frame = { 0 };
	AUTO(secret) body = { 0 };
	AUTO(buf) shown = { 0 };
	size_t got = 0;

	if (!read_up_to(w, &frame, sizeof(frame), &got, e))
		return false;
	if (got < sizeof(frame))
		return explain_silence(w, e);
	if (frame.len > SANDBOX_ANSWER_LIMIT)
		return err_set(e, ERR_INPUT, "it holds more than %d bytes", SANDBOX_ANSWER_LIMIT);
	secret_alloc(&body, frame.len);
	if (!read_up_to(w, body.bytes, body.len, &got, e))
		return false;
	if (got < body.len)
		return explain_silence(w, e);
	if (frame.code == ERR_NONE) {
		*answer = TAKE(body);
		return true;
	}
	/* The decoded bytes may have taken over the child: no byte of its answer is trusted. */
	text_escape(&shown, (const char *)body.bytes, body.len);
	return err_set(e, frame.code < ERR_COUNT ? (enum err_code)frame.code : ERR_INPUT, "%s",
		       buf_text(&shown));
}

/* The writing end gets a number above the child's own descriptors. */
static bool open_answer(int *reader, int *writer, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(e, "cannot start decoding: no pipe");
	*reader = ends[0];
	*writer = fcntl(ends[1], F_DUPFD_CLOEXEC, ANSWER_FD + 1);
	close(ends[1]);
	return *writer >= 0 || err_sys(e, "cannot start decoding: no pipe");
}

static bool sandbox_child_start(const struct sandbox_work *how, struct sandbox_child *w,
				struct err *e)
{
	AUTO(fd) writer = -1;

	*w = (struct sandbox_child){ .answer = -1,
				     .seconds = how->seconds,
				     .lasts_a_stop = how->lasts_a_stop,
				     .deadline = clock_mono_ms() + (int64_t)SANDBOX_WALL_TIMES *
									   how->seconds * 1000 };
	if (!open_answer(&w->answer, &writer, e))
		return false;
	assert(!fiber_is_running() && !parallel_is_running());
	w->pid = fork();
	if (w->pid == 0)
		work(how, writer);
	return w->pid > 0 || err_sys(e, "cannot start decoding");
}

struct sandbox_children {
	struct sandbox_child list[SANDBOX_AT_ONCE];
	size_t count;
};

static void children_release(struct sandbox_children *c)
{
	for (size_t i = 0; i < c->count; i++)
		worker_release(&c->list[i]);
}
AUTO_STRUCT(sandbox_children, struct sandbox_children, children_release)

struct sandbox_call {
	const struct sandbox_work *works;
	size_t count;
	struct secret *answers;
};

static bool run_children(void *ctx, struct err *e)
{
	const struct sandbox_call *call = ctx;
	AUTO(sandbox_children) c = { 0 };

	assert(call->count <= SANDBOX_AT_ONCE);
	for (size_t i = 0; i < call->count; i++)
		if (!sandbox_child_start(&call->works[i], &c.list[c.count++], e))
			return false;
	for (size_t i = 0; i < call->count; i++) {
		if (sandbox_read_answer(&c.list[i], &call->answers[i], e))
			continue;
		while (i)
			secret_release(&call->answers[--i]);
		return false;
	}
	return true;
}

bool sandbox_work_all(const struct sandbox_work *works, size_t count, struct secret *answers,
		      struct err *e)
{
	struct sandbox_call call = { works, count, answers };

	return fiber_outside(run_children, &call, e);
}
