/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of approval: what the fleet file asks, and what counts. */
#include "base/text.h"
#include "crypto/crypto.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "engine/plan_signature.h"
#include "pki/foreign.h"
#include "pki/signature.h"

#include <stdio.h>
#include <string.h>

static bool is_of_our_kind(const char *key)
{
	return !strcmp(key, "ed25519") || !strncmp(key, "ecdsa-", strlen("ecdsa-"));
}

/* SHA-256 of the key in a PEM file: of a public key, or of the first certificate. */
static bool approval_key_digest(const struct secret *file, char out[SHA256_TEXT], struct err *e)
{
	AUTO(arena) own = { 0 };
	struct cert_facts facts = { 0 };
	const struct der *certs = NULL;
	struct der spki = { 0 };
	size_t count = 0;
	bool signs = false;

	if (public_key_read((const char *)file->bytes, file->len, &own, &spki)) {
		signs = public_key_signs_plans(spki);
		sha256_text(spki.bytes, spki.len, out);
	} else {
		if (!pem_read_certs((const char *)file->bytes, file->len, &own, &certs, &count, e))
			return false;
		if (!count)
			return err_set(e, ERR_INPUT,
				       "it holds neither a public key nor a certificate as PEM");
		if (!foreign_cert(certs[0], &own, &facts, e))
			return false;
		signs = is_of_our_kind(facts.key);
		snprintf(out, SHA256_TEXT, "%s", facts.spki);
	}
	return signs || err_set(e, ERR_INPUT, PLAN_KEY_KINDS);
}

static bool read_approval_key(struct engine *en, const struct approval_key *from, struct arena *a,
			      struct approval_signer *out, struct err *e)
{
	AUTO(secret) file = { 0 };
	char key[SHA256_TEXT];

	if (!engine_read(en, from->key, INPUT_FILE_LIMIT, &file, e) ||
	    !approval_key_digest(&file, key, e))
		return err_in(e, "%s: key '%s' of signer '%s' in 'approvals'", from->at, from->key,
			      from->name);
	out->name = arena_strdup(a, from->name);
	out->key = arena_strdup(a, key);
	return true;
}

bool engine_check_approvals(struct engine *en, struct err *e)
{
	const struct approval_policy *policy = &en->fleet->approvals;

	for (size_t i = 0; i < policy->signer_count; i++) {
		AUTO(arena) a = { 0 };
		struct approval_signer ignored = { 0 };

		if (read_approval_key(en, &policy->signers[i], &a, &ignored, e))
			continue;
		if (!err_ignore(e, ERR_MISSING)) {
			e->code = ERR_INPUT;
			return false;
		}
	}
	return true;
}

bool engine_approvals_asked(struct engine *en, struct arena *a, const struct approval_rules **out,
			    struct err *e)
{
	const struct approval_policy *policy = &en->fleet->approvals;
	struct approval_rules *rules = ARENA_NEW(a, struct approval_rules);
	struct approval_signer *signers = arena_array(a, policy->signer_count, sizeof(*signers));

	*out = NULL;
	if (!policy->required)
		return true;
	for (size_t i = 0; i < policy->signer_count; i++) {
		if (!read_approval_key(en, &policy->signers[i], a, &signers[i], e)) {
			e->code = ERR_INPUT;
			return false;
		}
		for (size_t k = 0; k < i; k++)
			if (!strcmp(signers[k].key, signers[i].key))
				return err_set(
					e, ERR_INPUT,
					"%s: signers '%s' and '%s' in 'approvals' have the same key; a key counts once",
					policy->signers[i].at, signers[k].name, signers[i].name);
	}
	rules->required = policy->required;
	rules->about = policy->about;
	rules->signers = signers;
	rules->signer_count = policy->signer_count;
	*out = rules;
	return true;
}

bool observe_approvals(struct engine *en, struct snapshot *s, struct err *e)
{
	if (!engine_approvals_asked(en, &s->arena, &s->approvals_asked, e))
		return false;
	if (s->state_exists)
		return state_approval_rules(en->state, &s->arena, &s->approvals, e);
	/* of a state that is lost, what the fleet file says counts */
	if (s->orphan_bundle || s->missing_lineage || en->fleet->state.required)
		s->approvals = s->approvals_asked;
	return true;
}
