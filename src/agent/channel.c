/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/channel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	NUMBER_BYTES = 8,
};

struct header {
	uint32_t kind;
	uint32_t number;
	uint32_t len;
};

void message_release(struct message *m)
{
	secret_release(&m->body);
}

static bool set_waits(int fd, struct err *e)
{
	const struct timeval wait = { .tv_sec = CHANNEL_WAIT_S };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)))
		return err_sys(e, "cannot set up a channel");
	return true;
}

bool channel_pair(int ends[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return err_sys(e, "cannot make a channel");
	return set_waits(ends[0], e) && set_waits(ends[1], e);
}

/* ---- whole messages ---- */

static bool send_all(int fd, const void *bytes, size_t len, struct err *e)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot talk to the other half");
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool receive_all(int fd, void *bytes, size_t len, struct err *e)
{
	char *at = bytes;

	while (len) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot listen to the other half");
		if (!n)
			return err_set(e, ERR_MISSING,
				       "the other half has ended");
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool channel_send(int fd, const struct message *m, struct err *e)
{
	const struct header h = { m->kind, m->number, (uint32_t)m->body.len };

	return send_all(fd, &h, sizeof(h), e) &&
	       send_all(fd, m->body.bytes, m->body.len, e);
}

bool channel_receive(int fd, struct message *out, struct err *e)
{
	AUTO(message) m = { 0 };
	struct header h = { 0 };

	if (!receive_all(fd, &h, sizeof(h), e))
		return false;
	if (h.len > MESSAGE_LIMIT)
		return err_set(e, ERR_REMOTE,
			       "the other half sends more than %d bytes",
			       MESSAGE_LIMIT);
	m.kind = h.kind;
	m.number = h.number;
	secret_alloc(&m.body, h.len);
	if (!receive_all(fd, m.body.bytes, h.len, e))
		return false;
	*out = TAKE(m);
	return true;
}

/* ---- fields ---- */

struct fields fields_begin(struct secret *body, size_t len)
{
	secret_alloc(body, len);
	return (struct fields){ .body = body };
}

struct fields fields_of(struct secret *body)
{
	return (struct fields){ .body = body };
}

void fields_put(struct fields *f, const void *bytes, size_t len)
{
	assert(len <= f->body->len - f->at);
	if (len)
		memcpy(f->body->bytes + f->at, bytes, len);
	f->at += len;
}

void fields_put_number(struct fields *f, uint64_t number)
{
	fields_put(f, &number, NUMBER_BYTES);
}

const unsigned char *fields_bytes(struct fields *f, size_t len)
{
	const unsigned char *at = f->body->bytes + f->at;

	if (f->failed || len > f->body->len - f->at) {
		f->failed = true;
		return NULL;
	}
	f->at += len;
	return at;
}

uint64_t fields_number(struct fields *f)
{
	const unsigned char *bytes = fields_bytes(f, NUMBER_BYTES);
	uint64_t number = 0;

	if (bytes)
		memcpy(&number, bytes, NUMBER_BYTES);
	return number;
}

const unsigned char *fields_rest(struct fields *f, size_t *len)
{
	*len = f->failed ? 0 : f->body->len - f->at;
	return fields_bytes(f, *len);
}
