/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conn_table.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
