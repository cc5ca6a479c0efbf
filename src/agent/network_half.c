/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_half.h"

#include "agent/http_server.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"
#include "pki/client_auth.h"
#include "pki/tls_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SWEEP_MS = 250,
	QUIET_MS = 5000, /* between rounds without connections */
	AUTH_MS = 1000,
	ACCEPTS = 32, /* in one round */
};

/*
 * The allowed clients: a copy of the grants that the installing half reads from
 * its files (agent/trust_grant.h), fetched again when their revision changes.
 */
struct client_list {
	struct arena arena;
	struct agent_config config;
	struct client_auth *auth; /* NULL: no client is allowed */
	uint64_t revision;        /* 0: never fetched */
};

struct network {
	const struct network_start *start;
	struct conn_table conns;
	struct ipc handshakes;
	struct ipc requests;
	struct client_list clients;
	uint64_t checked; /* revision of it that all connections were checked against */
	struct tls_server *tls;
	struct http_server *http;
	int64_t accept_ms; /* no accept before: the system had no room */
	int64_t sweep_ms;
	int64_t auth_ms; /* time of the next refresh of `clients` */
};

static void client_list_release(struct client_list *c)
{
	client_auth_free(c->auth);
	arena_release(&c->arena);
	*c = (struct client_list){ 0 };
}

static void network_release(struct network *n)
{
	http_free(n->http);
	conn_table_release(&n->conns);
	tls_server_free(n->tls);
	client_list_release(&n->clients);
	ipc_release(&n->requests);
	ipc_release(&n->handshakes);
}
AUTO_STRUCT(network, struct network, network_release)

/* ---- connections ---- */

static const int64_t phase_ms[] = {
	[CONN_HANDSHAKE] = HANDSHAKE_MS, [CONN_HEADER] = HEADER_MS, [CONN_BODY] = BODY_MS,
	[CONN_DROP] = DROP_MS,           [CONN_WORK] = 0, /* no limit */
	[CONN_REPLY] = REPLY_MS,         [CONN_IDLE] = IDLE_MS,     [CONN_CLOSING] = 0,
};

void conn_table_phase(struct conn *g, enum conn_phase phase)
{
	if (g->phase == CONN_CLOSING)
		return;
	g->phase = phase;
	g->since_ms = clock_mono_ms();
	g->end_ms = phase_ms[phase] ? g->since_ms + phase_ms[phase] : INT64_MAX;
}

void conn_table_shut(struct conn *g)
{
	shutdown(g->fd, SHUT_RDWR);
	g->end_ms = INT64_MAX;
	g->phase = CONN_CLOSING;
}

/* The first byte of a request starts its header phase. */
void conn_table_received(struct conn *g)
{
	g->spoke = true;
	if (g->phase == CONN_IDLE)
		conn_table_phase(g, CONN_HEADER);
}

/* Bytes of an address that identify one client: an IPv4 address, or an IPv6 /64 network. */
static size_t own_part(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a) ? sizeof(*a) : sizeof(*a) / 2;
}

static bool same_address(const struct conn *g, const struct sockaddr_storage *other)
{
	const struct sockaddr_in *a4 = (const void *)&g->address;
	const struct sockaddr_in *b4 = (const void *)other;
	const struct sockaddr_in6 *a6 = (const void *)&g->address;
	const struct sockaddr_in6 *b6 = (const void *)other;

	if (g->address.ss_family != other->ss_family)
		return false;
	if (other->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return !memcmp(&a6->sin6_addr, &b6->sin6_addr, own_part(&b6->sin6_addr));
}

/* The connections of one class, and the one to evict first. */
struct eviction_candidates {
	size_t count;
	struct conn *first;
};

/* A new connection gets SILENT_MS to send its first byte. */
static bool is_silent(const struct conn *g)
{
	return !g->spoke && clock_mono_ms() - g->since_ms >= SILENT_MS;
}

/* Eviction order of unauthenticated connections: silent ones, then the oldest. */
static void add_stranger(struct eviction_candidates *c, struct conn *g)
{
	c->count++;
	/* later in the list is older */
	if (!c->first || is_silent(g) || !is_silent(c->first))
		c->first = g;
}

/* Eviction order by phase: lowest first, 0 never. */
static const int authenticated_rank[] = {
	[CONN_HEADER] = 1,
	[CONN_BODY] = 1,
	[CONN_IDLE] = 2,
	[CONN_CLOSING] = 0,
};

/* Eviction order of authenticated connections: by phase, then the longest in it. */
static void add_authenticated(struct eviction_candidates *c, struct conn *g)
{
	int rank = authenticated_rank[g->phase];
	int first = c->first ? authenticated_rank[c->first->phase] : 0;

	c->count++;
	if (rank &&
	    (!c->first || rank < first || (rank == first && g->since_ms <= c->first->since_ms)))
		c->first = g;
}

static struct conn *conn_table_enter(struct conn_table *d, struct conn like)
{
	struct conn *g = xcalloc(1, sizeof(*g));

	*g = like;
	conn_table_phase(g, CONN_HANDSHAKE);
	g->next = d->conns;
	g->link = &d->conns;
	if (g->next)
		g->next->link = &g->next;
	d->conns = g;
	d->count++;
	return g;
}

struct conn *conn_table_admit(struct conn_table *d, int fd, const struct sockaddr_storage *address,
			      socklen_t len)
{
	struct eviction_candidates all = { 0 };
	struct eviction_candidates near = { 0 };

	for (struct conn *g = d->conns; g; g = g->next) {
		if (g->authenticated || g->phase == CONN_CLOSING)
			continue;
		add_stranger(&all, g);
		if (same_address(g, address))
			add_stranger(&near, g);
	}
	if (near.count >= CONN_UNAUTHENTICATED_EACH)
		conn_table_shut(near.first);
	else if (all.count >= CONN_UNAUTHENTICATED_LIMIT)
		conn_table_shut(all.first);
	return conn_table_enter(d,
				(struct conn){ .fd = fd, .address = *address, .address_len = len });
}

/*
 * Counts a connection as authenticated.  In a full table another one is
 * evicted, else the new one unless its request is being executed.
 */
static void conn_admit(struct conn_table *d, struct conn *new)
{
	struct eviction_candidates all = { 0 };
	struct eviction_candidates near = { 0 };
	struct eviction_candidates *full = NULL;

	for (struct conn *g = d->conns; g; g = g->next) {
		if (!g->authenticated || g->phase == CONN_CLOSING)
			continue;
		add_authenticated(&all, g);
		if (same_address(g, &new->address))
			add_authenticated(&near, g);
	}
	if (near.count >= CONN_AUTHENTICATED_EACH)
		full = &near;
	else if (all.count >= CONN_AUTHENTICATED_LIMIT)
		full = &all;
	new->authenticated = true;
	if (new->phase == CONN_HANDSHAKE)
		conn_table_phase(new, CONN_HEADER);
	if (full && full->first)
		conn_table_shut(full->first);
	else if (full && authenticated_rank[new->phase])
		conn_table_shut(new);
}

void conn_table_authenticated(struct conn_table *d)
{
	for (struct conn *g = d->conns; g; g = g->next)
		if (g->tls.admitted && !g->authenticated && g->phase != CONN_CLOSING)
			conn_admit(d, g);
}

struct conn *conn_table_arriving(const struct conn_table *d, int fd)
{
	for (struct conn *g = d->conns; g; g = g->next)
		if (g->fd == fd && !g->attached)
			return g;
	return NULL;
}

void conn_table_leave(struct conn_table *d, struct conn *g)
{
	*g->link = g->next;
	if (g->next)
		g->next->link = g->link;
	d->count--;
	free(g);
}

void conn_table_sweep(struct conn_table *d)
{
	int64_t now = clock_mono_ms();

	for (struct conn *g = d->conns; g; g = g->next)
		if (now >= g->end_ms)
			conn_table_shut(g);
}

void conn_table_release(struct conn_table *d)
{
	while (d->conns)
		conn_table_leave(d, d->conns);
}

/* ---- allowed clients ---- */

/* An invalid list allows no client. */
static void client_list_read(struct client_list *c, struct secret *body)
{
	struct fields f = fields_of(body);
	uint64_t revision = fields_number(&f);
	uint64_t count = fields_number(&f);
	struct allowed_client *list = NULL;
	const unsigned char *authority = NULL;
	struct err ignored = { 0 };
	size_t len = 0;

	client_list_release(c);
	c->revision = revision;
	if (f.failed || !count || count > ALLOW_LIMIT)
		return;
	list = arena_array(&c->arena, count, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		bool is_spki = fields_number(&f) != 0;
		size_t text_len = fields_number(&f);
		const unsigned char *bytes = fields_bytes(&f, text_len);
		const char *text = NULL;

		if (!bytes)
			return;
		text = arena_strndup(&c->arena, (const char *)bytes, text_len);
		list[i] = (struct allowed_client){ .spki = is_spki ? text : NULL,
						   .name = is_spki ? NULL : text };
	}
	authority = fields_rest(&f, &len);
	c->config.clients = list;
	c->config.client_count = count;
	(void)!client_auth_new(&c->config, (const char *)authority, len, &c->auth, &ignored);
}

/* False: no answer; the last copy stays valid. */
static bool refresh_clients(struct network *n)
{
	AUTO(message) question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = { 0 };
	AUTO(message) list_question = { .kind = MESSAGE_GRANTS };
	AUTO(message) list = { 0 };
	struct err ignored = { 0 };
	struct fields f;
	uint64_t revision = 0;

	if (!ipc_ask(&n->handshakes, &question, &answer, &ignored))
		return false;
	f = fields_of(&answer.body);
	(void)fields_number(&f);
	revision = fields_number(&f);
	if (f.failed)
		return false;
	if (revision == n->clients.revision)
		return true;
	if (!ipc_ask(&n->handshakes, &list_question, &list, &ignored))
		return false;
	client_list_read(&n->clients, &list.body);
	return true;
}

/* Refreshed in each handshake, so that a removed client is refused. */
static const struct client_auth *clients_now(void *ctx)
{
	struct network *n = ctx;

	return refresh_clients(n) ? n->clients.auth : NULL;
}

/*
 * Refreshes the allowed clients before a request is read, and regularly while
 * connections are open; then shuts down the connections of removed clients.  A
 * late answer leaves the list as it is.
 */
static void network_check_clients(struct network *n, const struct sockets *s)
{
	int64_t now = clock_mono_ms();
	bool is_due = false;

	for (struct conn *g = n->conns.conns; g; g = g->next) {
		bool received = FD_ISSET(g->fd, &s->reads);

		if (received)
			conn_table_received(g);
		is_due |= g->authenticated && (received || now >= n->auth_ms);
	}
	if (is_due) {
		n->auth_ms = now + AUTH_MS;
		(void)refresh_clients(n);
	}
	if (n->checked == n->clients.revision)
		return;
	n->checked = n->clients.revision;
	for (struct conn *g = n->conns.conns; g; g = g->next)
		if (g->authenticated && !tls_session_is_authorized(&g->tls, n->clients.auth))
			conn_table_shut(g);
}

/* ---- the loop ---- */

static void network_half_add(fd_set *set, int fd, struct sockets *s)
{
	FD_SET(fd, set);
	if (fd > s->highest)
		s->highest = fd;
}

/* False after a timeout or a signal. */
static bool wait_for_all(struct network *n, struct sockets *s)
{
	bool may_accept = clock_mono_ms() >= n->accept_ms;
	int wait_ms = n->conns.count || !may_accept ? SWEEP_MS : QUIET_MS;
	struct timeval wait;

	*s = (struct sockets){ .highest = -1 };
	http_watch(n->http, s, &wait_ms);
	network_half_add(&s->reads, n->requests.fd, s);
	if (n->requests.queue)
		network_half_add(&s->writes, n->requests.fd, s);
	if (may_accept)
		network_half_add(&s->reads, n->start->listener, s);
	wait = (struct timeval){ wait_ms / 1000, wait_ms % 1000 * 1000 };
	if (select(s->highest + 1, &s->reads, &s->writes, &s->errors, &wait) > 0)
		return true;
	*s = (struct sockets){ .highest = -1 };
	return false;
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

	network_check_clients(n, &s);
	if (came && !take_answers(n, e))
		return false;
	http_run(n->http, &s);
	conn_table_authenticated(&n->conns);
	if (n->handshakes.broken)
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
	      .handshakes = ipc_of(start->channels.handshakes),
	      .requests = ipc_of(start->channels.requests) };
	const struct tls_key_holder holder = key_proxy_holder(&n.handshakes);
	const struct tls_clients clients = { &n, clients_now };

	n.handshakes.from = FROM_INSTALLING;
	n.requests.from = FROM_INSTALLING;
	n.tls = tls_server_new(&holder, &clients);
	if (!http_new(n.tls, &n.requests, &n.conns, &n.http, e))
		return false;
	while (!stop_requested())
		if (!network_half_step(&n, e))
			return false;
	return true;
}
