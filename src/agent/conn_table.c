/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conn_table.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const int64_t phase_ms[] = {
	[GUEST_HANDSHAKE] = HANDSHAKE_MS, [GUEST_HEADER] = HEADER_MS, [GUEST_BODY] = BODY_MS,
	[GUEST_DROP] = DROP_MS,           [GUEST_WORK] = 0, /* no end */
	[GUEST_REPLY] = REPLY_MS,         [GUEST_IDLE] = IDLE_MS,     [GUEST_CLOSING] = 0,
};

void door_phase(struct guest *g, enum guest_phase phase)
{
	if (g->phase == GUEST_CLOSING)
		return;
	g->phase = phase;
	g->since_ms = clock_mono_ms();
	g->end_ms = phase_ms[phase] ? g->since_ms + phase_ms[phase] : INT64_MAX;
}

void door_shut(struct guest *g)
{
	shutdown(g->fd, SHUT_RDWR);
	g->end_ms = INT64_MAX;
	g->phase = GUEST_CLOSING;
}

/* A request begins when the first byte of it is there. */
void door_heard(struct guest *g)
{
	g->spoke = true;
	if (g->phase == GUEST_IDLE)
		door_phase(g, GUEST_HEADER);
}

/* The part of an address that one neighbour has for itself. */
static size_t own_part(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a) ? sizeof(*a) : sizeof(*a) / 2;
}

static bool same_address(const struct guest *g, const struct sockaddr_storage *other)
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

/* Guests of one kind, and which of them would go first. */
struct crowd {
	size_t count;
	struct guest *first;
};

/* Who came just now had no time to say anything. */
static bool is_silent(const struct guest *g)
{
	return !g->spoke && clock_mono_ms() - g->since_ms >= SILENT_MS;
}

/* Of strangers, who is silent, and of those and the others the oldest. */
static void add_stranger(struct crowd *c, struct guest *g)
{
	c->count++;
	/* later in the list is earlier in time */
	if (!c->first || is_silent(g) || !is_silent(c->first))
		c->first = g;
}

/* Whom nobody waits for: less is earlier, 0 is never. */
static const int caller_rank[] = {
	[GUEST_HEADER] = 1,
	[GUEST_BODY] = 1,
	[GUEST_IDLE] = 2,
	[GUEST_CLOSING] = 0,
};

/* Of callers, who does not get on, or is idle, since the earliest time. */
static void add_caller(struct crowd *c, struct guest *g)
{
	int rank = caller_rank[g->phase];
	int first = c->first ? caller_rank[c->first->phase] : 0;

	c->count++;
	if (rank &&
	    (!c->first || rank < first || (rank == first && g->since_ms <= c->first->since_ms)))
		c->first = g;
}

static struct guest *enter(struct door *d, struct guest like)
{
	struct guest *g = xcalloc(1, sizeof(*g));

	*g = like;
	door_phase(g, GUEST_HANDSHAKE);
	g->next = d->guests;
	g->link = &d->guests;
	if (g->next)
		g->next->link = &g->next;
	d->guests = g;
	d->count++;
	return g;
}

struct guest *door_admit(struct door *d, int fd, const struct sockaddr_storage *address,
			 socklen_t len)
{
	struct crowd all = { 0 };
	struct crowd near = { 0 };

	for (struct guest *g = d->guests; g; g = g->next) {
		if (g->greeted || g->phase == GUEST_CLOSING)
			continue;
		add_stranger(&all, g);
		if (same_address(g, address))
			add_stranger(&near, g);
	}
	if (near.count >= DOOR_STRANGERS_EACH)
		door_shut(near.first);
	else if (all.count >= DOOR_STRANGERS)
		door_shut(all.first);
	return enter(d, (struct guest){ .fd = fd, .address = *address, .address_len = len });
}

/* One that has a request already is heard to the end of it. */
static void greet(struct door *d, struct guest *new)
{
	struct crowd all = { 0 };
	struct crowd near = { 0 };
	struct crowd *full = NULL;

	for (struct guest *g = d->guests; g; g = g->next) {
		if (!g->greeted || g->phase == GUEST_CLOSING)
			continue;
		add_caller(&all, g);
		if (same_address(g, &new->address))
			add_caller(&near, g);
	}
	if (near.count >= DOOR_CALLERS_EACH)
		full = &near;
	else if (all.count >= DOOR_CALLERS)
		full = &all;
	new->greeted = true;
	if (new->phase == GUEST_HANDSHAKE)
		door_phase(new, GUEST_HEADER);
	if (full && full->first)
		door_shut(full->first);
	else if (full && caller_rank[new->phase])
		door_shut(new);
}

void door_greet(struct door *d)
{
	for (struct guest *g = d->guests; g; g = g->next)
		if (g->tls.admitted && !g->greeted && g->phase != GUEST_CLOSING)
			greet(d, g);
}

struct guest *door_arriving(const struct door *d, int fd)
{
	for (struct guest *g = d->guests; g; g = g->next)
		if (g->fd == fd && !g->attached)
			return g;
	return NULL;
}

void door_leave(struct door *d, struct guest *g)
{
	*g->link = g->next;
	if (g->next)
		g->next->link = g->link;
	d->count--;
	free(g);
}

void door_sweep(struct door *d)
{
	int64_t now = clock_mono_ms();

	for (struct guest *g = d->guests; g; g = g->next)
		if (now >= g->end_ms)
			door_shut(g);
}

void door_release(struct door *d)
{
	while (d->guests)
		door_leave(d, d->guests);
}
