/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/internal.h"
#include "engine/observe.h"
#include "pki/foreign.h"
#include "pki/tls.h"

#include <string.h>

static bool has_chain(const struct generation *g, const struct tls_chain *c)
{
	return !g->chain || strcmp(g->chain, c->digest) == 0;
}

static bool has_every_chain(const struct generation *g, const struct tls_probe *p)
{
	for (size_t i = 0; i < p->chain_count; i++)
		if (!has_chain(g, &p->chains[i]))
			return false;
	return true;
}

/* Of a port whose chain must reach one of the certificates in its own file. */
static const char *trust_flaw(const struct tls_probe *p, int64_t now)
{
	AUTO(arena) a = { 0 };
	struct cert_set anchors = { 0 };
	struct err ignored = { 0 };

	if (!pem_file_certs(p->trust, &a, NULL, &anchors, &ignored))
		return "serves the right leaf, but the file of 'trust' cannot be read";
	for (size_t i = 0; i < p->chain_count; i++) {
		const struct tls_chain *c = &p->chains[i];
		bool reached = false;

		for (size_t k = 0; k < anchors.count && !reached; k++) {
			const struct cert_set to = { &p->leaf.der, 1, anchors.certs[k] };

			reached = foreign_is_complete(c->above, c->above_count, &to, now);
		}
		if (!reached)
			return "serves the right leaf but a chain that leads to nothing in the file of 'trust'";
	}
	return NULL;
}

const char *served_flaw(const struct tls_probe *p, const struct generation *g,
			const struct cert_set *set, int64_t now)
{
	if (p->trust)
		return trust_flaw(p, now);
	/* A pair found on a component never had to be complete. */
	if (g->source == SOURCE_FOUND)
		return NULL;
	for (size_t i = 0; i < p->chain_count; i++) {
		const struct tls_chain *c = &p->chains[i];

		if (has_chain(g, c) || foreign_is_complete(c->above, c->above_count, set, now))
			continue;
		return foreign_is_complete(c->above, c->above_count, set, 0)
			       ? "serves the right leaf but a chain that has expired"
			       : "serves the right leaf but an incomplete chain";
	}
	return NULL;
}

const char *observe_served_flaw(struct engine *en, const struct snapshot *s, int64_t now,
				const struct tls_probe *p)
{
	AUTO(arena) a = { 0 };
	const struct imported *imported = NULL;
	struct cert_set set = { 0 };
	struct err ignored = { 0 };
	const struct generation *g = snapshot_generation(s, p->leaf.fingerprint);
	const struct import_seen *import = NULL;

	if (p->trust)
		return trust_flaw(p, now);
	for (size_t i = 0; i < s->import_count && !import; i++) {
		const char *found = s->imports[i].found.fingerprint;

		if (found && !strcmp(found, p->leaf.fingerprint))
			import = &s->imports[i];
	}

	if ((g && has_every_chain(g, p)) || (import && has_every_chain(&import->found, p)))
		return NULL;
	if (g && observed_certificates(en, s, g, &a, &set))
		return served_flaw(p, g, &set, now);
	/* The import is not in the state yet. */
	if (import && observed_import(en, fleet_certificate(en->fleet, import->certificate),
				      &imported, &ignored))
		return served_flaw(p, &import->found, &imported->pair.set, now);
	return NULL;
}
