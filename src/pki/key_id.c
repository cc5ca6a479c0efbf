/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/key_id.h"

#include "pki/foreign.h"
#include "pki/issue.h"

#include <string.h>

static const char *canonical(const char *name, struct arena *a)
{
	const char *text = NULL;
	const char *cn = NULL;
	struct err ignored = { 0 };

	return subject_canonical(name, a, &text, &cn, &ignored) ? text : name;
}

bool key_ids_read(struct der der, struct arena *a, struct key_ids *out, struct err *e)
{
	struct cert_facts facts = { 0 };

	if (!foreign_cert(der, a, &facts, e))
		return false;
	*out = (struct key_ids){
		.subject = canonical(facts.subject, a),
		.issuer = canonical(facts.issuer, a),
		.own = facts.own_id,
		.signer = facts.signer_id,
	};
	if (!out->own)
		out->own = facts.spki;
	if (!out->signer && !strcmp(out->subject, out->issuer))
		out->signer = out->own;
	return true;
}
