/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol_key.h"

#include "agent/confine.h"
#include "agent/ipc.h"
#include "base/clock.h"
#include "base/decoder.h"
#include "pki/enrol_tls.h"
#include "wire/enrol_message.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

enum {
	ENROL_CONNS = 16, /* a new one evicts the oldest */
	HELLO_MS = 10000, /* handshake and proof */
	SEND_MS = 10000,
	GRANT_MS = 60000, /* meanwhile the operator issues the certificate */
	POLL_MS = 250,
};

/* A connection without proof of the token. */
struct enrol_conn {
	struct enrol_tls *link; /* NULL: free slot */
	int64_t end_ms;
};

struct reception {
	struct enrol_tls_host *host;
	int listener;
	struct ipc channel;
	struct enrol_conn conns[ENROL_CONNS];
	bool done;
};

static void reception_drop(struct enrol_conn *v)
{
	enrol_tls_close(TAKE(v->link));
	v->end_ms = 0;
}

static void reception_release(struct reception *r)
{
	for (size_t i = 0; i < ENROL_CONNS; i++)
		reception_drop(&r->conns[i]);
	enrol_tls_host_free(r->host);
	ipc_release(&r->channel);
	fd_auto(&r->listener);
}
AUTO_STRUCT(reception, struct reception, reception_release)

/* ---- between a connection and the enrolling process ---- */

/* `answer` must be empty, and stays empty when the enrolling process refuses. */
static bool reception_request(struct reception *r, enum message_kind kind, struct secret *question,
			      struct secret *answer, struct err *e)
{
	AUTO(message) asked = { .kind = kind, .body = TAKE(*question) };
	AUTO(message) answered = { 0 };

	if (!ipc_ask(&r->channel, &asked, &answered, e))
		return false;
	*answer = TAKE(answered.body);
	return true;
}

static bool receive_grant(struct enrol_tls *l, const struct secret *request, struct secret *grant,
			  struct err *e)
{
	const struct enrol_tls_wait wait = { ENROL_GRANT_LIMIT, clock_mono_ms() + GRANT_MS };

	return enrol_tls_send(l, request, clock_mono_ms() + SEND_MS, e) &&
	       enrol_tls_receive(l, &wait, grant, e);
}

/* That the receipt arrives is good, but changes nothing here. */
static bool reception_carry(struct reception *r, struct enrol_conn *v, struct err *e)
{
	AUTO(enrol_tls) l = TAKE(v->link);
	AUTO(secret) hello = { 0 };
	AUTO(secret) visit = { 0 };
	AUTO(secret) request = { 0 };
	AUTO(secret) grant = { 0 };
	AUTO(secret) receipt = { 0 };
	AUTO(message) left = { .kind = MESSAGE_LEFT };
	struct err why = { 0 };

	v->end_ms = 0;
	enrol_tls_take(l, &hello);
	secret_add(&visit, enrol_tls_binding(l), ENROL_TLS_BINDING_BYTES);
	secret_add(&visit, hello.bytes, hello.len);
	if (!reception_request(r, MESSAGE_ENROL_HELLO, &visit, &request, e))
		return false;
	if (!request.len)
		return true;
	if (!receive_grant(l, &request, &grant, &why)) {
		secret_copy(&left.body, why.text, strlen(why.text));
		return ipc_post(&r->channel, &left, e);
	}
	if (!reception_request(r, MESSAGE_GRANT, &grant, &receipt, e))
		return false;
	if (!receipt.len)
		return true;
	r->done = true;
	(void)!enrol_tls_send(l, &receipt, clock_mono_ms() + SEND_MS, &why);
	return true;
}

/* ---- connections ---- */

static bool reception_receive(struct reception *r, struct enrol_conn *v, struct err *e)
{
	struct err ignored = { 0 };

	switch (enrol_tls_advance(v->link, ENROL_HELLO_LIMIT, &ignored)) {
	case ENROL_TLS_WAITS:
		return true;
	case ENROL_TLS_ENDED:
		reception_drop(v);
		return true;
	case ENROL_TLS_MESSAGE:
		break;
	}
	return reception_carry(r, v, e);
}

static void take_connection(struct reception *r)
{
	int fd = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct enrol_conn *v = &r->conns[0];

	if (fd < 0)
		return;
	/* a free slot, whose time is 0, or the oldest connection */
	for (size_t i = 1; i < ENROL_CONNS; i++)
		if (r->conns[i].end_ms < v->end_ms)
			v = &r->conns[i];
	reception_drop(v);
	v->link = enrol_tls_accept(r->host, fd);
	v->end_ms = clock_mono_ms() + HELLO_MS;
}

/* The other half says nothing unasked: it has ended. */
static bool reception_step(struct reception *r, struct err *e)
{
	struct pollfd fds[ENROL_CONNS + 2];

	for (size_t i = 0; i < ENROL_CONNS; i++) {
		const struct enrol_tls *l = r->conns[i].link;

		fds[i] =
			(struct pollfd){ l ? enrol_tls_fd(l) : -1, l ? enrol_tls_events(l) : 0, 0 };
	}
	fds[ENROL_CONNS] = (struct pollfd){ r->listener, POLLIN, 0 };
	fds[ENROL_CONNS + 1] = (struct pollfd){ r->channel.fd, POLLIN, 0 };
	if (poll(fds, ENROL_CONNS + 2, POLL_MS) <= 0)
		return true;
	if (fds[ENROL_CONNS + 1].revents)
		return err_set(e, ERR_MISSING, "the agent's other process exited");
	for (size_t i = 0; i < ENROL_CONNS && !r->done; i++)
		if (fds[i].revents && !reception_receive(r, &r->conns[i], e))
			return false;
	if (fds[ENROL_CONNS].revents && !r->done)
		take_connection(r);
	return true;
}

bool reception_run(const struct reception_start *start, struct err *e)
{
	AUTO(reception) r = { .listener = start->listener, .channel = NO_CHANNEL };
	int channel = start->channel;
	int *const kept[] = { &r.listener, &channel };

	/* its parent decides what a stop means */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	decoder_leave();
	if (!confine_descriptors(kept, 2, e) || !confine_become(start->user, e) ||
	    !enrol_tls_host_new(&r.host, e) || !confine(start->other, e))
		return false;
	r.channel = ipc_of(channel);
	r.channel.from = FROM_INSTALLING;
	while (!r.done) {
		if (!reception_step(&r, e))
			return false;
		for (size_t i = 0; i < ENROL_CONNS; i++)
			if (r.conns[i].link && clock_mono_ms() >= r.conns[i].end_ms)
				reception_drop(&r.conns[i]);
	}
	return true;
}
