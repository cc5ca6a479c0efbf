/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/order_verify.h"

#include "agent/agent_identity.h"
#include "pki/signature.h"

#include <string.h>

enum {
	CLOCK_TOLERANCE = 60, /* seconds */
};

static bool order_verify_reject(struct problem *p, enum problem_kind kind, const char *detail)
{
	*p = (struct problem){ kind, detail };
	return false;
}

/* Sequence numbers of two states are not comparable: the later expiry wins. */
static bool may_adopt(const struct order *o, const struct order_record *before, struct arena *a,
		      struct problem *p)
{
	if (!o->adopt)
		return order_verify_reject(
			p, PROBLEM_OTHER_LINEAGE,
			arena_printf(
				a,
				"the state with lineage %.8s delivered to it, this is %.8s; acknowledge 'adopt' when that one is gone",
				before->lineage, o->lineage));
	return o->expires > before->expires ||
	       order_verify_reject(p, PROBLEM_STALE_ORDER, "another state ordered something since");
}

/* An aborted order can only be aborted again. */
static bool order_verify_is_newest(const struct order *o, const struct order_record *before,
				   struct arena *a, struct problem *p)
{
	if (!before->lineage)
		return true;
	if (strcmp(before->lineage, o->lineage) != 0)
		return may_adopt(o, before, a, p);
	if (o->sequence > before->sequence)
		return true;
	if (o->sequence < before->sequence || strcmp(o->fingerprint, before->fingerprint) != 0)
		return order_verify_reject(
			p, PROBLEM_STALE_ORDER,
			arena_printf(
				a,
				"order %lld came already, this is %lld: an older copy of the state?",
				(long long)before->sequence, (long long)o->sequence));
	if (before->end == ORDER_END_ABORTED && o->action != ORDER_ABORT)
		return order_verify_reject(p, PROBLEM_STALE_ORDER, "the order was aborted before");
	return true;
}

bool order_verify(const struct order_verification *c, struct arena *a, struct verified_order *out,
		  struct problem *problem)
{
	const struct order_request *r = c->request;
	const char *text = arena_printf(a, ORDER_PURPOSE "%s", r->order);
	struct signer *signer = &out->signer;
	struct order *o = &out->order;
	struct err e = { 0 };
	int64_t left = 0;

	if (!order_read(r->order, r->order_len, a, o, &e))
		return order_verify_reject(problem, PROBLEM_BAD_REQUEST, arena_strdup(a, e.text));
	if (!signer_cache_find(c->signers, r, c->now, signer, &e) ||
	    !signature_check((struct der){ signer->spki, signer->spki_len },
			     (struct der){ (const unsigned char *)text, strlen(text) },
			     r->signature, &e))
		return order_verify_reject(problem, PROBLEM_NOT_ALLOWED, arena_strdup(a, e.text));
	if (strcmp(o->agent, c->spki) != 0)
		return order_verify_reject(problem, PROBLEM_OTHER_AGENT,
					   "the order names another agent's key");
	if (strcmp(o->component, c->component->name) != 0 || o->action != c->action)
		return order_verify_reject(problem, PROBLEM_BAD_REQUEST,
					   "the order is for another path");
	if (o->self && !agent_identity_is(c->config, c->component))
		return order_verify_reject(problem, PROBLEM_NOT_SELF,
					   "the order is for the agent's own pair alone");
	left = o->expires - c->now;
	if (left < 0 || left > ORDER_LIFE + CLOCK_TOLERANCE)
		return order_verify_reject(
			problem, PROBLEM_EXPIRED,
			arena_printf(
				a,
				"the order is valid until %lld seconds from now, and an order lives %d; check the clocks",
				(long long)left, ORDER_LIFE));
	if (!order_log_read(c->config, c->component->name, a, &out->before, &e))
		return order_verify_reject(problem, PROBLEM_CANNOT, arena_strdup(a, e.text));
	return order_verify_is_newest(o, &out->before, a, problem);
}
