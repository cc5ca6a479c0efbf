/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/agents_ca.h"

#include "base/fs.h"
#include "crypto/crypto.h"
#include "engine/internal.h"
#include "pki/foreign.h"
#include "pki/pem.h"

#include <string.h>

/* Issuer whose CA has this key and that signs more than agents; NULL: none. */
static const struct issuer *signs_with(const struct engine *en,
				       const struct generation *generations, size_t count,
				       const char *spki)
{
	for (size_t i = 0; i < count; i++) {
		const struct generation *g = &generations[i];
		const struct issuer *issuer =
			g->of == OF_ISSUER ? fleet_issuer(en->fleet, g->owner) : NULL;

		if (issuer && issuer->use != USE_AGENTS && !g->pending && *spki &&
		    !strcmp(g->spki, spki))
			return issuer;
	}
	return NULL;
}

static bool agents_ca_read_certs(const struct secret *file, struct arena *a,
				 const struct der **certs, size_t *count)
{
	struct err ignored = { 0 };

	return pem_read_certs((const char *)file->bytes, file->len, a, certs, count, &ignored);
}

bool agents_ca_check(const struct engine *en, const struct secret *file,
		     const struct generation *generations, size_t count, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct der *certs = NULL;
	size_t cert_count = 0;

	if (!agents_ca_read_certs(file, &a, &certs, &cert_count))
		return true; /* reported where the file is used */
	for (size_t i = 0; i < cert_count; i++) {
		struct cert_facts facts = { 0 };
		struct err unread = { 0 };
		const struct issuer *issuer = NULL;

		if (foreign_cert(certs[i], &a, &facts, &unread))
			issuer = signs_with(en, generations, count, facts.spki);
		if (issuer)
			return err_set(
				e, ERR_INPUT,
				"'%s' ('access: agent: ca') holds the authority of issuer '%s', which signs other certificates as well: give agents an issuer of their own, with 'use: agents'",
				fs_beneath(en->fleet->directory, en->fleet->access.agent.ca),
				issuer->name);
	}
	return true;
}

static bool agents_ca_holds(const struct secret *file, const char *fingerprint)
{
	AUTO(arena) a = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	char digest[SHA256_TEXT];

	if (!agents_ca_read_certs(file, &a, &certs, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		sha256_text(certs[i].bytes, certs[i].len, digest);
		if (!strcmp(digest, fingerprint))
			return true;
	}
	return false;
}

bool agents_ca_fits(struct engine *en, const struct generation *authority, struct err *e)
{
	const char *path = en->fleet->access.agent.ca;
	AUTO(arena) a = { 0 };
	AUTO(secret) file = { 0 };
	const struct generation *all = NULL;
	size_t count = 0;
	struct err unread = { 0 };

	if (!state_generations(en->state, &a, &all, &count, e))
		return false;
	if (path && engine_read(en, path, INPUT_FILE_LIMIT, &file, &unread)) {
		if (!agents_ca_check(en, &file, all, count, e))
			return false;
		if (agents_ca_holds(&file, authority->fingerprint))
			return true;
	}
	engine_note(
		en,
		"warning: 'access: {agent: {ca: ...}}' does not hold the authority of issuer '%s': certfleet will not trust the agents it signs",
		authority->owner);
	return true;
}
