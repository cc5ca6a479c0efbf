/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of approval as of the last completed run. */
#include "base/text.h"
#include "model/approval.h"
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <limits.h>

static const struct member approval_signer_members[] = {
	TEXT_MEMBER("name", struct approval_signer, name),
	FINGERPRINT_MEMBER("key", struct approval_signer, key),
	{ 0 },
};

static const struct member approval_rules_members[] = {
	NUMBER_MEMBER("required", struct approval_rules, required, 1, APPROVAL_SIGNERS_LIMIT),
	NUMBER_MEMBER("about", struct approval_rules, about, 0, (1 << APPROVE_COUNT) - 1),
	LIST_MEMBER("signers", struct approval_rules, signers, signer_count,
		    approval_signer_members, .most = APPROVAL_SIGNERS_LIMIT),
	{ 0 },
};

bool approval_rules_read(const struct stored_record *r, struct arena *a,
			 const struct approval_rules **out, struct err *e)
{
	struct approval_rules *rules = ARENA_NEW(a, struct approval_rules);

	if (!record_decode(r, approval_rules_members, a, rules, e))
		return false;
	*out = rules;
	return true;
}

bool approval_rules_check(const struct stored_record *r, struct arena *a, struct err *e)
{
	const struct approval_rules *ignored = NULL;

	return approval_rules_read(r, a, &ignored, e);
}

bool state_approval_rules(struct state *s, struct arena *a, const struct approval_rules **out,
			  struct err *e)
{
	AUTO(arena) own = { 0 };
	struct stored_record r = { 0 };

	*out = NULL;
	if (!s->backend->ops->get(s->backend, APPROVALS_KEY, &own, &r, e))
		return err_ignore(e, ERR_MISSING);
	return approval_rules_read(&r, a, out, e);
}

void change_approval_rules(struct change *c, const struct approval_rules *rules)
{
	change_put(c, APPROVALS_KEY,
		   rules ? record_encode(approval_rules_members, rules, &c->arena) : NULL);
}
