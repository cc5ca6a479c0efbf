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

/* The unsent rest of a message. */
static struct iovec *rest_of(struct queued_message *l, size_t sent, struct iovec *parts)
{
	size_t head = sizeof(l->header);

	parts[0] = (struct iovec){ &l->header, head };
	parts[1] = (struct iovec){ l->body.bytes, l->body.len };
	if (sent < head) {
		parts[0].iov_base = (char *)&l->header + sent;
		parts[0].iov_len -= sent;
		return parts;
	}
	parts[1].iov_base = l->body.bytes + (sent - head);
	parts[1].iov_len -= sent - head;
	return parts + 1;
}

/* False with errno. */
static bool send_some(struct ipc *c)
{
	struct queued_message *l = c->queue;
	struct iovec parts[2];
	struct msghdr m = { .msg_iov = rest_of(l, c->sent, parts) };
	ssize_t n = 0;

	m.msg_iovlen = (size_t)(parts + 2 - m.msg_iov);
	n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	if (n < 0)
		return false;
	c->sent += (size_t)n;
	if (c->sent < sizeof(l->header) + l->body.len)
		return true;
	c->queue = l->next;
	c->waiting--;
	c->queued -= l->body.len;
	c->sent = 0;
	letter_free(l);
	return true;
}

bool ipc_flush(struct ipc *c, struct err *e)
{
	while (c->queue) {
		if (send_some(c) || errno == EINTR)
			continue;
		if (errno == EAGAIN)
			return true;
		if (errno == EPIPE || errno == ECONNRESET)
			return err_set(e, ERR_MISSING, "the agent's other process exited");
		return err_sys(e, "cannot send to the agent's other process");
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

static bool ipc_check_header(const struct ipc *c, struct err *e)
{
	int64_t limit = message_limit(c->header.kind, c->from);

	if (limit < 0)
		return err_set(
			e, ERR_REMOTE,
			"refused a message of kind %u: the agent's other process may not send it",
			c->header.kind);
	return (int64_t)c->header.len <= limit ||
	       err_set(e, ERR_REMOTE,
		       "refused more than %lld bytes in a message of kind %u of the agent's other process",
		       (long long)limit, c->header.kind);
}

static bool ipc_take_header(struct ipc *c, struct err *e)
{
	if (c->header_got == sizeof(c->header))
		return true;
	if (!receive_some(c->fd, &c->header, sizeof(c->header), &c->header_got, e))
		return false;
	if (c->header_got < sizeof(c->header))
		return true;
	if (!ipc_check_header(c, e))
		return false;
	secret_alloc(&c->body, c->header.len);
	return true;
}

bool ipc_take(struct ipc *c, struct message *out, bool *whole, struct err *e)
{
	*whole = false;
	if (!ipc_take_header(c, e))
		return false;
	if (c->header_got < sizeof(c->header))
		return true;
	if (!receive_some(c->fd, c->body.bytes, c->body.len, &c->body_got, e))
		return false;
	if (c->body_got < c->body.len)
		return true;
	out->kind = c->header.kind;
	out->number = c->header.number;
	out->body = TAKE(c->body);
	c->header_got = 0;
	c->body_got = 0;
	*whole = true;
	return true;
}

/* ---- waiting ---- */

static bool ipc_wait_a_moment(const struct ipc *c, int64_t end_ms, struct err *e)
{
	struct pollfd fd = { .fd = c->fd, .events = (short)(POLLIN | (c->queue ? POLLOUT : 0)) };

	if (stop_requested())
		return err_set(e, ERR_STOPPED, "a stop was asked for");
	if (clock_mono_ms() >= end_ms)
		return err_set(e, ERR_BUSY, "the agent's other process did not answer in time");
	(void)poll(&fd, 1, POLL_MS);
	return true;
}

bool ipc_wait(struct ipc *c, int64_t end_ms, struct message *out, struct err *e)
{
	for (;;) {
		bool whole = false;

		if (!ipc_flush(c, e) || !ipc_take(c, out, &whole, e))
			return false;
		if (whole)
			return true;
		if (!ipc_wait_a_moment(c, end_ms, e))
			return false;
	}
}
