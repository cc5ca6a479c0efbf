/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls.h"

#include "base/alloc.h"
#include "pki/foreign.h"
#include "pki/tls_prober.h"

#include <stdlib.h>
#include <string.h>

struct tls_probe tls_probe_of(const struct verify *port, const char *key,
			      const struct client_view *names)
{
	return (struct tls_probe){
		.host = port->host,
		.port = port->port,
		.server_name = names ? port_server_name(port, names) : port->server_name,
		.starttls = port->starttls,
		.key = key,
		.identity = port->identity,
		.proxy_protocol = port->proxy_protocol,
		.trust = port->trust,
	};
}

static void add_leaf(const struct tls_leaf *leaf, struct foreign *list, size_t *count)
{
	if (leaf->fingerprint)
		list[(*count)++] = (struct foreign){ FOREIGN_CERT, leaf->der.bytes, leaf->der.len };
}

static void date_leaf(struct tls_leaf *leaf)
{
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { 0 };
	struct err ignored = { 0 };

	if (leaf->fingerprint && foreign_cert(leaf->der, &a, &facts, &ignored))
		leaf->not_after = facts.not_after;
}

void tls_probes_date(struct tls_probe *probes, size_t count)
{
	struct foreign *list = xcalloc(2 * count + 1, sizeof(*list));
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		add_leaf(&probes[i].leaf, list, &found);
		add_leaf(&probes[i].other, list, &found);
	}
	foreign_learn(list, found);
	free(list);
	for (size_t i = 0; i < count; i++) {
		date_leaf(&probes[i].leaf);
		date_leaf(&probes[i].other);
	}
}

/* One of the tasks of tls_probe_all(). */
struct probing {
	struct tls_prober *prober;
	struct tls_probe *probe;
	struct arena *arena;
	struct err *e;
	bool ended; /* not stopped */
};

static void probe_main(void *ctx)
{
	struct probing *p = ctx;

	p->ended = tls_prober_ask(p->prober, p->probe, p->arena, p->e);
}

bool tls_probe_all(struct tls_probe *probes, size_t count, struct arena *a, struct err *e)
{
	AUTO(arena) own = { 0 };
	AUTO(loop) loop = loop_new(TLS_PROBES_AT_ONCE);
	AUTO(tls_prober) prober = NULL;
	struct probing *tasks = arena_array(&own, count, sizeof(*tasks));

	if (!tls_prober_new(loop, &prober, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		tasks[i] = (struct probing){ prober, &probes[i], a, e, false };
		loop_add(loop, NULL, probe_main, &tasks[i]);
	}
	loop_run(loop);
	for (size_t i = 0; i < count; i++)
		if (!tasks[i].ended)
			return false;
	tls_probes_date(probes, count);
	return true;
}

struct tls_leaf tls_probe_served(const struct tls_probe *p, const char *wanted)
{
	if (p->other.fingerprint && wanted && strcmp(p->leaf.fingerprint, wanted) == 0)
		return p->other;
	return p->leaf;
}

struct tls_served tls_served_by_all(const struct tls_probe *probes, size_t count,
				    const char *installed)
{
	struct tls_served all = { 0 };
	size_t refused = 0;

	for (size_t i = 0; i < count; i++)
		refused += probes[i].refused;
	for (size_t i = 0; i < count; i++) {
		const struct tls_probe *p = &probes[i];
		const char *served = all.leaf.fingerprint;

		if (!p->completed)
			return (struct tls_served){ .error = p->error,
						    .refused = refused == count,
						    .barred = p->barred,
						    .plain = p->plain };
		if (!installed &&
		    (p->other.fingerprint || (served && strcmp(served, p->leaf.fingerprint) != 0)))
			return (struct tls_served){ .error = "it serves several certificates" };
		if (!served || (installed && !strcmp(served, installed)))
			all.leaf = tls_probe_served(p, installed);
	}
	return all;
}
