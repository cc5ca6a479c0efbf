/* SPDX-License-Identifier: Apache-2.0 */
#include "model/approval.h"

#include <string.h>

const char *const approval_class_names[APPROVE_COUNT + 1] = {
	[APPROVE_ISSUERS] = "issuers",
	[APPROVE_CONTACTS] = "contacts",
	[APPROVE_REMOVALS] = "removals",
	[APPROVE_REQUESTS] = "requests",
};

bool approval_rules_equal(const struct approval_rules *a, const struct approval_rules *b)
{
	if (!a || !b)
		return a == b;
	if (a->required != b->required || a->about != b->about ||
	    a->signer_count != b->signer_count)
		return false;
	for (size_t i = 0; i < a->signer_count; i++)
		if (strcmp(a->signers[i].name, b->signers[i].name) != 0 ||
		    strcmp(a->signers[i].key, b->signers[i].key) != 0)
			return false;
	return true;
}

const struct approval_signer *approval_signer(const struct approval_rules *r, const char *key)
{
	for (size_t i = 0; r && i < r->signer_count; i++)
		if (!strcmp(r->signers[i].key, key))
			return &r->signers[i];
	return NULL;
}
