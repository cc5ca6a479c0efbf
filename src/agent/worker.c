/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/worker.h"

#include "agent/ipc_message.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/decoder.h"
#include "base/fd.h"
#include "pki/foreign.h"
#include "json/value.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	ANSWER_FD = 3,
	DECODER_FD = 4,
	STOP_MS = 2000, /* for its child programs to end as well */
	POLL_MS = 10,
};

void response_release(struct response *a)
{
	secret_release(&a->body);
	secret_release(&a->facts);
}

void response_json(int status, json_t *document, struct response *out)
{
	AUTO(json) json = document;

	secret_release(&out->body);
	out->status = status;
	json_to_secret(json, &out->body);
}

void response_problem(enum problem_kind kind, const char *detail, struct response *out)
{
	const struct problem p = { kind, detail };

	response_json(problem_status(kind), problem_to_json(&p), out);
}

/* ---- workers ---- */

/* Header of a response in the pipe; the bytes of the body and the facts follow. */
struct head {
	int status;
	size_t body;
	size_t facts;
	struct signer signer;
};

/*
 * Closes the channels, the listener and the pipes of other workers, and keeps
 * the socket to the decoder.
 */
static bool worker_become(pid_t parent, int fd)
{
	/* clear of the numbers that are given out here */
	int answer = fcntl(fd, F_DUPFD_CLOEXEC, DECODER_FD + 1);
	bool has_decoder = decoder_keep_at(DECODER_FD);

	return dup2(answer, ANSWER_FD) == ANSWER_FD && !fcntl(ANSWER_FD, F_SETFD, FD_CLOEXEC) &&
	       !close_range(has_decoder ? DECODER_FD + 1 : DECODER_FD, ~0U, 0) &&
	       !prctl(PR_SET_PDEATHSIG, SIGTERM) && getppid() == parent;
}

bool worker_begin(worker_fn *fn, void *ctx, struct worker *out, struct err *e)
{
	pid_t parent = getpid();
	int ends[2];
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC))
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		struct response a = { 0 };

		if (!worker_become(parent, ends[1]))
			_exit(1);
		fn(ctx, &a);
		if (a.body.len > RESPONSE_LIMIT)
			response_problem(PROBLEM_CANNOT, "the answer is too long", &a);

		const struct head head = { a.status, a.body.len, a.facts.len, a.signer };

		_exit(!fd_write_all(ANSWER_FD, &head, sizeof(head)) ||
		      !fd_write_all(ANSWER_FD, a.body.bytes, a.body.len) ||
		      !fd_write_all(ANSWER_FD, a.facts.bytes, a.facts.len));
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_sys(e, "cannot start a process");
	}
	*out = (struct worker){ pid, ends[0] };
	return true;
}

static void worker_reap(struct worker *w)
{
	close(w->pipe);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	*w = (struct worker){ 0 };
}

bool worker_end(struct worker *w, struct response *out)
{
	AUTO(response) a = { 0 };
	struct head head = { 0 };
	bool good = fd_read_all(w->pipe, &head, sizeof(head)) == sizeof(head) &&
		    head.body <= RESPONSE_LIMIT && head.facts <= FOREIGN_EXPORT_LIMIT;

	if (good) {
		a.status = head.status;
		a.signer = head.signer;
		secret_alloc(&a.body, head.body);
		secret_alloc(&a.facts, head.facts);
		good = fd_read_all(w->pipe, a.body.bytes, head.body) == (ssize_t)head.body &&
		       fd_read_all(w->pipe, a.facts.bytes, head.facts) == (ssize_t)head.facts;
	}
	worker_reap(w);
	if (good)
		*out = TAKE(a);
	return good;
}

void workers_stop(struct worker *const *list, size_t count)
{
	int64_t end_ms = clock_mono_ms() + STOP_MS;
	bool running = true;

	for (size_t i = 0; i < count; i++)
		if (list[i]->pid)
			kill(list[i]->pid, SIGTERM);
	while (running) {
		bool is_late = clock_mono_ms() >= end_ms;

		running = false;
		for (size_t i = 0; i < count; i++) {
			struct worker *w = list[i];

			if (w->pid && is_late) {
				kill(w->pid, SIGKILL);
				worker_reap(w);
			} else if (w->pid && waitpid(w->pid, NULL, WNOHANG)) {
				close(w->pipe);
				*w = (struct worker){ 0 };
			}
			running |= w->pid != 0;
		}
		if (running)
			usleep(POLL_MS * 1000);
	}
}
