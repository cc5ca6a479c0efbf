/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct head {
	int status;
	size_t len;
};

void answer_release(struct answer *a)
{
	secret_release(&a->body);
}

static bool write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void work(worker_fn *fn, void *ctx, int fd)
{
	AUTO(answer) a = { 0 };
	struct head head;

	fn(ctx, &a);
	head = (struct head){ a.status, a.body.len };
	(void)!(write_all(fd, &head, sizeof(head)) &&
		write_all(fd, a.body.bytes, a.body.len));
}

bool worker_begin(worker_fn *fn, void *ctx, struct worker *out, struct err *e)
{
	int ends[2];
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		work(fn, ctx, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_sys(e, "cannot start a process");
	}
	*out = (struct worker){ pid, ends[0] };
	return true;
}

static void reap(struct worker *w)
{
	close(w->pipe);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*w = (struct worker){ 0 };
}

bool worker_end(struct worker *w, struct answer *out)
{
	AUTO(answer) a = { 0 };
	struct head head = { 0 };
	bool good = read_all(w->pipe, &head, sizeof(head)) &&
		    head.len <= ANSWER_LIMIT;

	if (good) {
		a.status = head.status;
		secret_alloc(&a.body, head.len);
		good = read_all(w->pipe, a.body.bytes, head.len);
	}
	reap(w);
	if (good)
		*out = TAKE(a);
	return good;
}

void worker_kill(struct worker *w)
{
	kill(w->pid, SIGKILL);
	reap(w);
}
