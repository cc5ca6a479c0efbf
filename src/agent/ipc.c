/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	POLL_MS = 100, /* longest delay until a stop is noticed */
};

/* A message in the send queue. */
struct queued_message {
	struct queued_message *next;
	struct ipc_header header;
	struct secret body;
};

static void letter_free(struct queued_message *l)
{
	secret_release(&l->body);
	free(l);
}

void ipc_release(struct ipc *c)
{
	while (c->queue) {
		struct queued_message *l = c->queue;

		c->queue = l->next;
		letter_free(l);
	}
	secret_release(&c->body);
	fd_auto(&c->fd);
	*c = NO_CHANNEL;
}

struct ipc ipc_of(int fd)
{
	return (struct ipc){ .fd = fd };
}

bool ipc_pair(int ends[2], struct err *e)
{
	const int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

	return !socketpair(AF_UNIX, kind, 0, ends) || err_sys(e, "cannot make a channel");
}

/* ---- sending ---- */

bool ipc_flush(struct ipc *c, struct err *e)
{
	while (c->queue) {
		struct queued_message *l = c->queue;
		const size_t head = sizeof(l->header);
		size_t head_sent = c->sent < head ? c->sent : head;
		struct iovec rest[] = {
			{ (char *)&l->header + head_sent, head - head_sent },
			{ l->body.bytes + (c->sent - head_sent),
			  l->body.len - (c->sent - head_sent) },
		};
		const struct msghdr m = { .msg_iov = rest, .msg_iovlen = 2 };
		ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return err_set(e, ERR_MISSING, "the agent's other process exited");
		if (n < 0)
			return err_sys(e, "cannot send to the agent's other process");
		c->sent += (size_t)n;
		if (c->sent < head + l->body.len)
			continue;
		c->queue = l->next;
		c->waiting--;
		c->queued -= l->body.len;
		c->sent = 0;
		letter_free(l);
	}
	return true;
}

bool ipc_post(struct ipc *c, struct message *m, struct err *e)
{
	struct queued_message *l = xcalloc(1, sizeof(*l));
	struct queued_message **last = &c->queue;

	l->header = (struct ipc_header){ m->kind, m->number, (uint32_t)m->body.len };
	l->body = TAKE(m->body);
	while (*last)
		last = &(*last)->next;
	*last = l;
	c->waiting++;
	c->queued += l->body.len;
	return ipc_flush(c, e);
}

/* ---- receiving ---- */

/* *got grows to `len`, or as far as possible without blocking. */
static bool receive_some(int fd, void *bytes, size_t len, size_t *got, struct err *e)
{
	while (*got < len) {
		ssize_t n = recv(fd, (char *)bytes + *got, len - *got, 0);

		if (n > 0) {
			*got += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && errno != ECONNRESET)
			return err_sys(e, "cannot receive from the agent's other process");
		return err_set(e, ERR_MISSING, "the agent's other process exited");
	}
	return true;
}

bool ipc_take(struct ipc *c, struct message *out, bool *whole, struct err *e)
{
	const struct ipc_header *h = &c->header;

	*whole = false;
	if (c->header_got < sizeof(*h)) {
		if (!receive_some(c->fd, &c->header, sizeof(*h), &c->header_got, e))
			return false;
		if (c->header_got < sizeof(*h))
			return true;

		int64_t limit = message_limit(h->kind, c->from);

		if (limit < 0)
			return err_set(
				e, ERR_REMOTE,
				"refused a message of kind %u: the agent's other process may not send it",
				h->kind);
		if ((int64_t)h->len > limit)
			return err_set(
				e, ERR_REMOTE,
				"refused more than %lld bytes in a message of kind %u of the agent's other process",
				(long long)limit, h->kind);
		secret_alloc(&c->body, h->len);
	}
	if (!receive_some(c->fd, c->body.bytes, c->body.len, &c->body_got, e))
		return false;
	if (c->body_got < c->body.len)
		return true;
	out->kind = h->kind;
	out->number = h->number;
	out->body = TAKE(c->body);
	c->header_got = 0;
	c->body_got = 0;
	*whole = true;
	return true;
}

/* ---- waiting ---- */

bool ipc_wait(struct ipc *c, int64_t end_ms, struct message *out, struct err *e)
{
	for (;;) {
		struct pollfd fd = { .fd = c->fd, .events = POLLIN };
		bool whole = false;

		if (!ipc_flush(c, e) || !ipc_take(c, out, &whole, e))
			return false;
		if (whole)
			return true;
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "a stop was asked for");
		if (clock_mono_ms() >= end_ms)
			return err_set(e, ERR_BUSY,
				       "the agent's other process did not answer in time");
		if (c->queue)
			fd.events |= POLLOUT;
		(void)poll(&fd, 1, POLL_MS);
	}
}

/* The next answer, which may be that of an abandoned request. */
static bool ipc_wait_answer(struct ipc *c, int64_t end_ms, struct message *answer, struct err *e)
{
	if (!ipc_wait(c, end_ms, answer, e)) {
		c->broken = e->code != ERR_BUSY;
		return false;
	}
	c->broken = answer->number != ++c->answered;
	return !c->broken ||
	       err_set(e, ERR_REMOTE, "the agent's other process answered another request");
}

bool ipc_ask(struct ipc *c, struct message *question, struct message *answer, struct err *e)
{
	const uint32_t kind = question->kind;

	if (c->broken)
		return err_set(e, ERR_MISSING, "the agent's other process exited");
	while (c->answered != c->asked) {
		AUTO(message) late = { 0 };

		if (!ipc_wait_answer(c, 0, &late, e))
			return false;
	}
	question->number = ++c->asked;
	if (!ipc_post(c, question, e)) {
		c->broken = true;
		return false;
	}
	if (!ipc_wait_answer(c, clock_mono_ms() + message_wait_ms(kind), answer, e))
		return false;
	c->broken = answer->kind != kind;
	return !c->broken ||
	       err_set(e, ERR_REMOTE, "the agent's other process answered another request");
}
