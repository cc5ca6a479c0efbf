/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of approval: what the fleet file asks, and what counts. */
#include "base/text.h"
#include "crypto/crypto.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "pki/foreign.h"
#include "pki/signature.h"

#include <string.h>

/* SHA-256 of the key in a PEM file: of a public key, or of the first certificate. */
static bool read_approval_key(struct engine *en, const struct approval_key *from, struct arena *a,
			      struct approval_signer *out, struct err *e)
{
	AUTO(arena) own = { 0 };
	AUTO(secret) file = { 0 };
	struct cert_facts facts = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	char key[SHA256_TEXT];

	if (!engine_read(en, from->key, INPUT_FILE_LIMIT, &file, e))
		return false;
	out->name = arena_strdup(a, from->name);
	if (public_key_digest((const char *)file.bytes, file.len, key)) {
		out->key = arena_strdup(a, key);
		return true;
	}
	if (!pem_read_certs((const char *)file.bytes, file.len, &own, &certs, &count, e))
		return false;
	if (!count)
		return err_set(e, ERR_INPUT,
			       "it holds neither a public key nor a certificate as PEM");
	if (!foreign_cert(certs[0], &own, &facts, e))
		return false;
	out->key = arena_strdup(a, facts.spki);
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
			return err_in(e, "key '%s' of signer '%s' in 'approvals'",
				      policy->signers[i].key, policy->signers[i].name);
		}
		for (size_t k = 0; k < i; k++)
			if (!strcmp(signers[k].key, signers[i].key))
				return err_set(
					e, ERR_INPUT,
					"signers '%s' and '%s' in 'approvals' have the same key; a key counts once",
					signers[k].name, signers[i].name);
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
