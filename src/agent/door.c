/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/door.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const int64_t phase_ms[] = {
	[GUEST_HANDSHAKE] = HANDSHAKE_MS,
	[GUEST_HEADER] = HEADER_MS,
	[GUEST_BODY] = BODY_MS,
	[GUEST_WORK] = 0, /* no end */
	[GUEST_REPLY] = REPLY_MS,
	[GUEST_IDLE] = IDLE_MS,
	[GUEST_CLOSING] = 0,
};

void door_phase(struct guest *g, enum guest_phase phase)
{
	if (g->phase == GUEST_CLOSING)
		return;
	g->phase = phase;
	g->end_ms =
		phase_ms[phase] ? clock_mono_ms() + phase_ms[phase] : INT64_MAX;
}

static void shut(struct guest *g)
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

static bool is_stranger(const struct guest *g)
{
	return !g->tls.admitted && g->phase != GUEST_CLOSING;
}

static bool same_address(const struct guest *g,
			 const struct sockaddr_storage *other)
{
	const struct sockaddr_in *a4 = (const void *)&g->address;
	const struct sockaddr_in *b4 = (const void *)other;
	const struct sockaddr_in6 *a6 = (const void *)&g->address;
	const struct sockaddr_in6 *b6 = (const void *)other;

	if (g->address.ss_family != other->ss_family)
		return false;
	if (other->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return !memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr));
}

/* Of these, who got least far and came first. */
struct choice {
	size_t count;
	struct guest *least;
};

static void consider(struct choice *c, struct guest *g)
{
	c->count++;
	/* later in the list is earlier in time */
	if (!c->least || g->spoke <= c->least->spoke)
		c->least = g;
}

struct guest *door_admit(struct door *d, int fd,
			 const struct sockaddr_storage *address, socklen_t len)
{
	struct choice strangers = { 0 };
	struct choice neighbours = { 0 };
	size_t callers = 0;
	size_t callers_there = 0;
	struct guest *new = NULL;

	for (struct guest *g = d->guests; g; g = g->next) {
		bool same = same_address(g, address);

		if (is_stranger(g)) {
			consider(&strangers, g);
			if (same)
				consider(&neighbours, g);
		} else if (g->phase != GUEST_CLOSING) {
			callers++;
			callers_there += same;
		}
	}
	if (callers >= DOOR_CALLERS || callers_there >= DOOR_CALLERS_EACH)
		return NULL;
	if (neighbours.count >= DOOR_STRANGERS_EACH)
		shut(neighbours.least);
	else if (strangers.count >= DOOR_STRANGERS)
		shut(strangers.least);

	new = xcalloc(1, sizeof(*new));
	new->fd = fd;
	new->address = *address;
	new->address_len = len;
	door_phase(new, GUEST_HANDSHAKE);
	new->next = d->guests;
	new->link = &d->guests;
	if (new->next)
		new->next->link = &new->next;
	d->guests = new;
	d->count++;
	return new;
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

	for (struct guest *g = d->guests; g; g = g->next) {
		if (g->phase == GUEST_HANDSHAKE && g->tls.admitted)
			door_phase(g, GUEST_HEADER);
		if (now >= g->end_ms)
			shut(g);
	}
}

void door_release(struct door *d)
{
	while (d->guests)
		door_leave(d, d->guests);
}
