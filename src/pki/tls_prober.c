/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_prober.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "pki/tls_handshake.h"
#include "pki/tls_lookup.h"

#include <search.h>
#include <string.h>

enum {
	LOOKUP_POLL_MS = 5, /* a lookup has no descriptor to poll */
};

/* One address and port. */
struct tls_port {
	union tls_address address;
	struct semaphore turn; /* one handshake after the other waits for the loop */
	struct semaphore places;
	unsigned expired; /* how often connecting has timed out */
	const char *error;
};

struct tls_prober {
	struct loop *loop;
	struct tls_client *client;
	struct semaphore lookups;
	struct arena arena;
	void *ports; /* tree, see tsearch(3) */
};

/* The handshake with one address of a probe. */
struct attempt {
	struct tls_prober *prober;
	const struct tls_probe *probe;
	struct tls_port *port;
	struct arena *arena;
	struct semaphore *ended; /* given at the end */
	struct tls_outcome outcome;
};

bool tls_prober_new(struct loop *l, struct tls_prober **out, struct err *e)
{
	AUTO(tls_prober) p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->lookups.free = TLS_PROBES_AT_ONCE;
	if (!tls_client_new(&p->client, e))
		return false;
	*out = TAKE(p);
	return true;
}

static void prober_keep_node(void *port)
{
	(void)port; /* allocated in the arena */
}

void tls_prober_free(struct tls_prober *p)
{
	if (!p)
		return;
	tdestroy(p->ports, prober_keep_node);
	arena_release(&p->arena);
	tls_client_free(p->client);
	free(p);
}

int64_t tls_probe_timeout(const struct tls_probe *p)
{
	return p->timeout_ms > 0 ? p->timeout_ms : TLS_HANDSHAKE_MS;
}

static int compare_ports(const void *a, const void *b)
{
	const struct tls_port *x = a;
	const struct tls_port *y = b;
	int families = x->address.any.sa_family - y->address.any.sa_family;

	return families ? families : memcmp(&x->address, &y->address, tls_address_len(&x->address));
}

static struct tls_port *find_port(struct tls_prober *p, const union tls_address *address)
{
	const struct tls_port wanted = { .address = *address };
	struct tls_port **found = tfind(&wanted, &p->ports, compare_ports);

	if (found)
		return *found;

	struct tls_port *port = ARENA_NEW(&p->arena, struct tls_port);

	port->address = *address;
	port->turn.free = 1;
	port->places.free = TLS_AT_ONCE_OF_ONE;
	if (!tsearch(port, &p->ports, compare_ports))
		abort(); /* as base/alloc.h does */
	return port;
}

/*
 * One handshake.  When connecting times out, the handshakes that wait for the port
 * fail as well.  A server that accepts but is slow gets no limit any more: what
 * waits for it would time out one after the other.
 */
static void attempt_main(void *ctx)
{
	struct attempt *a = ctx;
	struct tls_port *port = a->port;
	unsigned expired = port->expired;

	semaphore_take(&port->turn);
	semaphore_take(&port->places);
	semaphore_give(&port->turn);
	if (port->expired != expired)
		a->outcome.error = arena_strdup(a->arena, port->error);
	else
		tls_handshake(a->prober->client, a->probe, &port->address, a->arena, &a->outcome);
	if (a->outcome.expired && a->outcome.connected) {
		semaphore_lift(&port->places);
	} else if (a->outcome.expired) {
		port->expired++;
		port->error = arena_strdup(&a->prober->arena, a->outcome.error);
	}
	semaphore_give(&port->places);
	semaphore_give(a->ended);
}

/* The addresses of the probe's host; 0: an error, or a stop. */
static size_t look_up(struct tls_prober *p, struct tls_probe *probe, struct arena *a,
		      union tls_address found[LOOKUP_ADDRESSES])
{
	AUTO(name_lookup) lookup = NULL;
	const char *reason = "no answer in time";
	int64_t end_ms = 0;
	size_t count = 0;

	semaphore_take(&p->lookups);
	lookup = lookup_start(probe->host, probe->port);
	end_ms = clock_mono_ms() + tls_probe_timeout(probe);
	while (!lookup_is_done(lookup) && clock_mono_ms() < end_ms && !loop_is_stopped())
		loop_sleep(clock_mono_ms() + LOOKUP_POLL_MS);
	semaphore_give(&p->lookups);
	if (lookup_is_done(lookup))
		count = lookup_result(lookup, found, &reason);
	if (!count)
		probe->error = arena_printf(a, "cannot find the address of '%s': %s",
					    text_escaped(a, probe->host), reason);
	return count;
}

bool tls_prober_ask(struct tls_prober *p, struct tls_probe *probe, struct arena *a, struct err *e)
{
	union tls_address found[LOOKUP_ADDRESSES];
	size_t count = look_up(p, probe, a, found);
	struct attempt *attempts = arena_array(a, count, sizeof(*attempts));
	struct semaphore ended = { 0 };
	struct tls_verdict v = { .arena = a };
	bool stopped = loop_is_stopped();

	for (size_t i = 0; i < count; i++) {
		attempts[i] = (struct attempt){ .prober = p,
						.probe = probe,
						.port = find_port(p, &found[i]),
						.arena = a,
						.ended = &ended };
		if (i)
			loop_add(p->loop, NULL, attempt_main, &attempts[i]);
	}
	if (count)
		attempt_main(&attempts[0]);
	for (size_t i = 0; i < count; i++) {
		semaphore_take(&ended);
		stopped |= attempts[i].outcome.stopped;
	}
	for (size_t i = 0; i < count; i++)
		tls_verdict_add(&v, probe, &found[i], &attempts[i].outcome);
	tls_verdict_end(&v, probe);
	return !stopped || err_set(e, ERR_STOPPED, "probing was stopped as asked");
}
