/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inside.h"
#include "engine/observe.h"
#include "pki/presented.h"
#include "pki/tls.h"

#include <string.h>

static bool has_chain(const struct generation *g, const struct tls_probe *p)
{
	return !g->chain || strcmp(g->chain, p->chain) == 0;
}

const char *served_flaw(const struct tls_probe *p, const struct generation *g,
			const struct cert_set *set)
{
	/* What was found on a component never had to be complete. */
	if (g->source == SOURCE_FOUND || has_chain(g, p) ||
	    presented_is_complete(p->above, p->above_count, set))
		return NULL;
	return "serves the right leaf but an incomplete chain";
}

static const struct import_seen *find_import(const struct snapshot *s,
					     const char *fingerprint)
{
	for (size_t i = 0; i < s->import_count; i++) {
		const struct generation *found = &s->imports[i].found;

		if (found->fingerprint &&
		    strcmp(found->fingerprint, fingerprint) == 0)
			return &s->imports[i];
	}
	return NULL;
}

const char *observe_served_flaw(struct engine *en, const struct snapshot *s,
				int64_t now, const struct tls_probe *p)
{
	AUTO(arena) a = { 0 };
	AUTO(imported) imported = { 0 };
	struct cert_set set = { 0 };
	struct err ignored = { 0 };
	const struct generation *g = snapshot_generation(s, p->fingerprint);
	const struct import_seen *import = find_import(s, p->fingerprint);

	if ((g && has_chain(g, p)) || (import && has_chain(&import->found, p)))
		return NULL;
	if (g && state_certificates(en->state, g, &a, &set, &ignored))
		return served_flaw(p, g, &set);
	/* Not in the state yet: its file is read once more. */
	if (import &&
	    observe_import(en,
			   fleet_certificate(en->fleet, import->certificate),
			   now, &imported, &ignored))
		return served_flaw(p, &import->found, &imported.pair.set);
	return NULL;
}
