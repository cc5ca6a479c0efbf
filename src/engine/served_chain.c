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

/* Flaw of the chain that one address serves. */
static const char *chain_flaw(const struct tls_chain *c, const struct cert_set *set, int64_t now)
{
	if (foreign_is_complete(c->above, c->above_count, set, now))
		return NULL;
	return foreign_is_complete(c->above, c->above_count, set, 0)
		       ? "serves the right leaf but a chain that has expired"
		       : "serves the right leaf but an incomplete chain";
}

const char *served_flaw(const struct tls_probe *p, const struct generation *g,
			const struct cert_set *set, int64_t now)
{
	const char *flaw = NULL;

	/* A pair found on a component never had to be complete. */
	if (g->source == SOURCE_FOUND)
		return NULL;
	for (size_t i = 0; i < p->chain_count && !flaw; i++)
		if (!has_chain(g, &p->chains[i]))
			flaw = chain_flaw(&p->chains[i], set, now);
	return flaw;
}

static const struct import_seen *find_import(const struct snapshot *s, const char *fingerprint)
{
	for (size_t i = 0; i < s->import_count; i++) {
		const struct generation *found = &s->imports[i].found;

		if (found->fingerprint && strcmp(found->fingerprint, fingerprint) == 0)
			return &s->imports[i];
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
	const struct import_seen *import = find_import(s, p->leaf.fingerprint);

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
