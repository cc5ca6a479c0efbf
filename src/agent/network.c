/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network.h"

#include "agent/channel.h"
#include "agent/door.h"
#include "agent/http.h"
#include "agent/remote_key.h"
#include "base/clock.h"
#include "base/stop.h"
#include "pki/callers.h"
#include "pki/tls_server.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SWEEP_MS = 250,
	QUIET_MS = 5000, /* between looks when nobody is there */
	ACCEPTS = 32,    /* at a time */
};

struct network {
	const struct network_start *start;
	struct door door;
	struct remote_key key;
	struct channel requests;
	struct callers *callers;
	struct tls_server *tls;
	struct http_server *http;
	int64_t accept_ms; /* not before; the system had no room */
	int64_t sweep_ms;
};

static void network_release(struct network *n)
{
	http_free(n->http);
	door_release(&n->door);
	tls_server_free(n->tls);
	callers_free(n->callers);
	channel_release(&n->requests);
	channel_release(&n->key.channel);
}
AUTO_STRUCT(network, struct network, network_release)

static bool open_all(struct network *n, struct err *e)
{
	const struct network_start *s = n->start;
	const struct tls_key_holder holder = remote_key_holder(&n->key);

	if (!callers_new(s->config, s->authority->data, s->authority->len,
			 &n->callers, e))
		return err_in(e, "'%s'", s->config->client_ca);
	n->tls = tls_server_new(&holder, n->callers);
	return http_new(n->tls, &n->requests, &n->door, &n->http, e);
}

/* ---- waiting ---- */

static void add(fd_set *set, int fd, struct sockets *s)
{
	FD_SET(fd, set);
	if (fd > s->highest)
		s->highest = fd;
}

static void sockets_clear(struct sockets *s)
{
	FD_ZERO(&s->reads);
	FD_ZERO(&s->writes);
	FD_ZERO(&s->errors);
	s->highest = -1;
}

/* False: nothing came, or a signal. */
static bool wait_for_all(struct network *n, struct sockets *s)
{
	bool may_accept = clock_mono_ms() >= n->accept_ms;
	int wait_ms = n->door.count || !may_accept ? SWEEP_MS : QUIET_MS;
	struct timeval wait;

	sockets_clear(s);
	http_watch(n->http, s, &wait_ms);
	add(&s->reads, n->requests.fd, s);
	if (n->requests.queue)
		add(&s->writes, n->requests.fd, s);
	if (may_accept)
		add(&s->reads, n->start->listener, s);
	wait = (struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 };
	if (select(s->highest + 1, &s->reads, &s->writes, &s->errors, &wait) >
	    0)
		return true;
	sockets_clear(s);
	return false;
}

/* ---- what happens ---- */

static void hear(struct network *n, const struct sockets *s)
{
	for (struct guest *g = n->door.guests; g; g = g->next)
		if (FD_ISSET(g->fd, &s->reads))
			door_heard(g);
}

static void take_connections(struct network *n)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof(address);
		int fd = accept4(n->start->listener, (void *)&address, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
			       errno == ENOBUFS || errno == ENOMEM))
			n->accept_ms = clock_mono_ms() + SWEEP_MS;
		if (fd < 0)
			return;
		http_take(n->http, door_admit(&n->door, fd, &address, len));
	}
}

static bool take_answers(struct network *n, struct err *e)
{
	bool whole = true;

	if (!channel_flush(&n->requests, e))
		return false;
	for (int i = 0; whole && i < HTTP_REQUESTS; i++) {
		AUTO(message) m = { 0 };

		if (!channel_take(&n->requests, &m, &whole, e))
			return false;
		if (whole)
			http_take_answer(n->http, &m);
	}
	return true;
}

/*
 * Answers first, for what waits for them goes on in http_run(), and is not
 * watched before.  New connections last: until then no descriptor has another
 * meaning.
 */
static bool turn(struct network *n, struct err *e)
{
	struct sockets s;
	bool came = wait_for_all(n, &s);

	hear(n, &s);
	if (came && !take_answers(n, e))
		return false;
	http_run(n->http, &s);
	door_greet(&n->door);
	if (n->key.broken)
		return err_set(e, ERR_MISSING, "the other half has ended");
	if (came && FD_ISSET(n->start->listener, &s.reads))
		take_connections(n);
	if (clock_mono_ms() < n->sweep_ms)
		return true;
	door_sweep(&n->door);
	n->sweep_ms = clock_mono_ms() + SWEEP_MS;
	return true;
}

bool network_run(const struct network_start *start, struct err *e)
{
	AUTO(network)
	n = { .start = start,
	      .key = { .channel = channel_of(start->channels.handshakes) },
	      .requests = channel_of(start->channels.requests) };

	if (!open_all(&n, e))
		return false;
	while (!stop_requested())
		if (!turn(&n, e))
			return false;
	return true;
}
