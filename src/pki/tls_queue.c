/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_queue.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct tls_port {
	union tls_address address;
	size_t places;
	size_t taken;
	struct tls_turn *first; /* waiting handshakes */
	struct tls_turn *last;
	bool in_row;
	struct tls_port *next; /* in the queue's list of ready ports */
};

static int probe_queue_compare(const void *a, const void *b)
{
	const struct tls_port *x = a;
	const struct tls_port *y = b;
	int families = x->address.any.sa_family - y->address.any.sa_family;

	return families ? families : memcmp(&x->address, &y->address, tls_address_len(&x->address));
}

static void probe_queue_drop(void *port)
{
	(void)port; /* allocated in the arena */
}

void tls_queue_release(struct tls_queue *q)
{
	tdestroy(q->ports, probe_queue_drop);
	arena_release(&q->arena);
}

static struct tls_port *find_port(struct tls_queue *q, const union tls_address *address)
{
	const struct tls_port wanted = { .address = *address };
	struct tls_port **found = tfind(&wanted, &q->ports, probe_queue_compare);

	if (found)
		return *found;

	struct tls_port *p = ARENA_NEW(&q->arena, struct tls_port);

	p->address = *address;
	p->places = TLS_AT_ONCE_OF_ONE;
	if (!tsearch(p, &q->ports, probe_queue_compare))
		abort(); /* as base/alloc.h does */
	return p;
}

static void join_row(struct tls_queue *q, struct tls_port *p)
{
	if (p->in_row || !p->first || p->taken >= p->places)
		return;
	p->in_row = true;
	p->next = NULL;
	if (q->last)
		q->last->next = p;
	else
		q->first = p;
	q->last = p;
}

static struct tls_port *leave_row(struct tls_queue *q)
{
	struct tls_port *p = q->first;

	if (!p)
		return NULL;
	q->first = p->next;
	if (!q->first)
		q->last = NULL;
	p->in_row = false;
	return p;
}

void tls_queue_add(struct tls_queue *q, struct tls_turn *t, const union tls_address *address)
{
	struct tls_port *p = find_port(q, address);

	*t = (struct tls_turn){ .port = p };
	if (p->last)
		p->last->next = t;
	else
		p->first = t;
	p->last = t;
	join_row(q, p);
}

const union tls_address *tls_turn_address(const struct tls_turn *t)
{
	return &t->port->address;
}

static struct tls_turn *take_first(struct tls_port *p)
{
	struct tls_turn *t = p->first;

	if (!t)
		return NULL;
	p->first = t->next;
	if (!p->first)
		p->last = NULL;
	return t;
}

struct tls_turn *tls_queue_take(struct tls_queue *q)
{
	struct tls_port *p = leave_row(q);

	/* tls_turn_drop() may have emptied a port in the list. */
	while (p && !p->first)
		p = leave_row(q);
	if (!p)
		return NULL;

	struct tls_turn *t = take_first(p);

	p->taken++;
	join_row(q, p);
	return t;
}

void tls_queue_end(struct tls_queue *q, struct tls_turn *t)
{
	t->port->taken--;
	join_row(q, t->port);
}

struct tls_turn *tls_turn_drop(const struct tls_turn *t)
{
	return take_first(t->port);
}

void tls_queue_lift(struct tls_queue *q, const struct tls_turn *t)
{
	t->port->places = SIZE_MAX;
	join_row(q, t->port);
}
