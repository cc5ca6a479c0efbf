/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_half.h"

#include "agent/client_cache.h"
#include "agent/conn_table.h"
#include "agent/http_server.h"
#include "agent/ipc.h"
#include "agent/key_proxy.h"
#include "base/clock.h"
#include "base/stop.h"
#include "pki/client_auth.h"
#include "pki/tls_server.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SWEEP_MS = 250,
	QUIET_MS = 5000, /* between rounds without connections */
	AUTH_MS = 1000,
	ACCEPTS = 32, /* in one round */
};

struct network {
	const struct network_start *start;
	struct conn_table conns;
	struct key_proxy key;
	struct ipc requests;
	struct client_cache auth;
	uint64_t judged; /* revision of it that all connections were checked against */
	struct tls_server *tls;
	struct http_server *http;
	int64_t accept_ms; /* no accept before: the system had no room */
	int64_t sweep_ms;
	int64_t auth_ms; /* time of the next refresh of `auth` */
};

static void network_release(struct network *n)
{
	http_free(n->http);
	conn_table_release(&n->conns);
	tls_server_free(n->tls);
	client_cache_release(&n->auth);
	ipc_release(&n->requests);
	ipc_release(&n->key.channel);
}
AUTO_STRUCT(network, struct network, network_release)

/* Refreshed in each handshake, so that a removed client is refused. */
static const struct client_auth *clients_now(void *ctx)
{
	struct network *n = ctx;

	return client_cache_refresh(&n->auth) ? n->auth.clients : NULL;
}

static bool network_half_open_all(struct network *n, struct err *e)
{
	const struct tls_key_holder holder = key_proxy_holder(&n->key);
	const struct tls_clients clients = { n, clients_now };

	n->auth.key = &n->key;
	n->tls = tls_server_new(&holder, &clients);
	return http_new(n->tls, &n->requests, &n->conns, &n->http, e);
}

/* ---- waiting ---- */

static void network_half_add(fd_set *set, int fd, struct sockets *s)
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

/* False after a timeout or a signal. */
static bool wait_for_all(struct network *n, struct sockets *s)
{
	bool may_accept = clock_mono_ms() >= n->accept_ms;
	int wait_ms = n->conns.count || !may_accept ? SWEEP_MS : QUIET_MS;
	struct timeval wait;

	sockets_clear(s);
	http_watch(n->http, s, &wait_ms);
	network_half_add(&s->reads, n->requests.fd, s);
	if (n->requests.queue)
		network_half_add(&s->writes, n->requests.fd, s);
	if (may_accept)
		network_half_add(&s->reads, n->start->listener, s);
	wait = (struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 };
	if (select(s->highest + 1, &s->reads, &s->writes, &s->errors, &wait) > 0)
		return true;
	sockets_clear(s);
	return false;
}

/* ---- events ---- */

/* True: data arrived on an authenticated connection. */
static bool network_half_receive(struct network *n, const struct sockets *s)
{
	bool heard = false;

	for (struct conn *g = n->conns.conns; g; g = g->next) {
		if (!FD_ISSET(g->fd, &s->reads))
			continue;
		conn_table_received(g);
		heard |= g->authenticated;
	}
	return heard;
}

/* Shuts down the connections of removed clients. */
static void end_removed(struct network *n)
{
	if (n->judged == n->auth.revision)
		return;
	n->judged = n->auth.revision;
	for (struct conn *g = n->conns.conns; g; g = g->next)
		if (g->authenticated && !tls_session_is_authorized(&g->tls, n->auth.clients))
			conn_table_shut(g);
}

static bool has_authenticated(const struct network *n)
{
	for (const struct conn *g = n->conns.conns; g; g = g->next)
		if (g->authenticated)
			return true;
	return false;
}

/*
 * Refreshes the allowed clients before a request is read, and regularly while
 * connections are open.  A late answer leaves the list as it is.
 */
static void refresh_auth(struct network *n, bool heard)
{
	int64_t now = clock_mono_ms();

	if (heard || (now >= n->auth_ms && has_authenticated(n))) {
		n->auth_ms = now + AUTH_MS;
		(void)client_cache_refresh(&n->auth);
	}
	end_removed(n);
}

static void take_connections(struct network *n)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof(address);
		int fd = accept4(n->start->listener, (void *)&address, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 &&
		    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			n->accept_ms = clock_mono_ms() + SWEEP_MS;
		if (fd < 0)
			return;
		http_take(n->http, conn_table_admit(&n->conns, fd, &address, len));
	}
}

static bool take_answers(struct network *n, struct err *e)
{
	bool whole = true;

	if (!ipc_flush(&n->requests, e))
		return false;
	for (int i = 0; whole && i < HTTP_REQUESTS; i++) {
		AUTO(message) m = { 0 };

		if (!ipc_take(&n->requests, &m, &whole, e))
			return false;
		if (whole)
			http_take_answer(n->http, &m);
	}
	return true;
}

/*
 * Answers first, because the requests they complete go on in http_run() and are
 * not watched before.  New connections last: until then no descriptor number
 * changes its meaning.
 */
static bool network_half_step(struct network *n, struct err *e)
{
	struct sockets s;
	bool came = wait_for_all(n, &s);

	refresh_auth(n, network_half_receive(n, &s));
	if (came && !take_answers(n, e))
		return false;
	http_run(n->http, &s);
	conn_table_authenticated(&n->conns);
	if (n->key.broken)
		return err_set(e, ERR_MISSING, "the agent's other process exited");
	if (came && FD_ISSET(n->start->listener, &s.reads))
		take_connections(n);
	if (clock_mono_ms() < n->sweep_ms)
		return true;
	conn_table_sweep(&n->conns);
	n->sweep_ms = clock_mono_ms() + SWEEP_MS;
	return true;
}

bool network_run(const struct network_start *start, struct err *e)
{
	AUTO(network)
	n = { .start = start,
	      .key = { .channel = ipc_of(start->channels.handshakes) },
	      .requests = ipc_of(start->channels.requests) };

	n.key.channel.from = FROM_INSTALLING;
	n.requests.from = FROM_INSTALLING;
	if (!network_half_open_all(&n, e))
		return false;
	while (!stop_requested())
		if (!network_half_step(&n, e))
			return false;
	return true;
}
