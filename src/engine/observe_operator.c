/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which issuers sign the pair that agents know certfleet by: whatever else
 * they sign for clients, agents may obey.
 */
#include "base/fs.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "pki/key_id.h"

#include <string.h>

bool component_writes(const struct component *c, const char *path, struct arena *a)
{
	const struct install *i = &c->deliver.files;
	const char *const single[] = { i->certificate, i->leaf, i->combined };

	if (c->deliver.kind != DRIVER_FILES)
		return false;
	if (i->directory) {
		const char *within = arena_printf(a, "%s/", fs_absolute(a, i->directory));

		return !strncmp(path, within, strlen(within));
	}
	for (size_t k = 0; k < sizeof(single) / sizeof(*single); k++)
		if (single[k] && !strcmp(fs_absolute(a, single[k]), path))
			return true;
	return false;
}

/* The fleet file says so, also while there is no such file yet. */
static bool is_written_for(const struct fleet *f, const char *path, const struct issuer *i,
			   struct arena *a)
{
	for (size_t k = 0; k < f->component_count; k++) {
		const struct component *c = &f->components[k];

		if (c->certificate->issuer == i && component_writes(c, path, a))
			return true;
	}
	return false;
}

/* What the operator's certificate says of its signer. */
static bool read_signer(struct engine *en, const char *path, struct arena *a, struct key_ids *out)
{
	AUTO(secret) file = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	struct err ignored = { 0 }; /* told where it is used */

	return engine_may_look(en, path) &&
	       engine_read(en, path, INPUT_FILE_LIMIT, &file, &ignored) &&
	       pem_read_certs((const char *)file.bytes, file.len, a, &certs, &count, &ignored) &&
	       count && key_ids_read(certs[0], a, out, &ignored);
}

/* By subject or by key: with a new authority it keeps one of them mostly. */
static bool is_signer(const struct authority_watch *w, const struct issuer *i,
		      const struct key_ids *leaf)
{
	return !strcmp(i->subject, leaf->issuer) ||
	       (leaf->signer && authority_watch_has(w, i->name, leaf->signer));
}

void observe_operator(struct engine *en, const struct authority_watch *w, struct snapshot *s)
{
	const struct fleet *f = en->fleet;
	AUTO(arena) a = { 0 };
	VEC(const char *) names = { 0 };
	struct key_ids leaf = { 0 };

	if (!f->access.agent.certificate)
		return;

	const char *path = fs_absolute(&a, f->access.agent.certificate);
	bool known = read_signer(en, path, &a, &leaf);

	for (size_t i = 0; i < f->issuer_count; i++)
		if (is_written_for(f, path, &f->issuers[i], &a) ||
		    (known && is_signer(w, &f->issuers[i], &leaf)))
			VEC_PUSH(&names, &s->arena, f->issuers[i].name);
	s->operator_issuers = names.items; /* the fleet's are sorted */
	s->operator_issuer_count = names.count;
}
