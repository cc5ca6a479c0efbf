/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/orders.h"

#include "base/alloc.h"
#include "base/sandbox.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/callers.h"
#include "pki/signature.h"

#include <string.h>

enum {
	SIGNERS = 8,
	TRUST_S = 60,         /* how long a look at a certificate holds */
	CLOCK_TOLERANCE = 60, /* seconds */
	SPKI_LIMIT = 2048,
};

struct signer {
	uint8_t chain[SHA256_BYTES]; /* over what was shown */
	int64_t until;
	unsigned char spki[SPKI_LIMIT];
	size_t spki_len;
};

struct signers {
	const struct agent_config *config;
	const struct buf *authority;
	struct signer list[SIGNERS];
	size_t next;
};

struct signers *signers_new(const struct agent_config *c,
			    const struct buf *authority)
{
	struct signers *s = xcalloc(1, sizeof(*s));

	s->config = c;
	s->authority = authority;
	return s;
}

void signers_free(struct signers *s)
{
	free(s);
}

/* ---- who signed ---- */

struct look {
	const struct signers *signers;
	const struct order_request *request;
};

/* In the sandbox: certificates are strangers' until this has ended. */
static bool look_at(void *ctx, struct buf *answer, struct err *e)
{
	const struct look *l = ctx;
	const struct order_request *r = l->request;
	AUTO(arena) a = { 0 };
	AUTO(callers) callers = NULL;
	struct der spki = { 0 };

	if (!callers_new(l->signers->config, l->signers->authority->data,
			 l->signers->authority->len, &callers, e) ||
	    !callers_check(callers, r->signer, r->signer_count, &a, &spki, e))
		return false;
	buf_add(answer, spki.bytes, spki.len);
	return true;
}

static void digest_of(const struct order_request *r, uint8_t out[SHA256_BYTES])
{
	struct bytes pieces[SIGNER_LIMIT];

	for (size_t i = 0; i < r->signer_count; i++)
		pieces[i] =
			(struct bytes){ r->signer[i].bytes, r->signer[i].len };
	sha256_pieces(pieces, r->signer_count, out);
}

static const struct signer *known_signer(const struct signers *s,
					 const uint8_t chain[SHA256_BYTES],
					 int64_t now)
{
	for (size_t i = 0; i < SIGNERS; i++) {
		const struct signer *known = &s->list[i];

		if (known->spki_len && now < known->until &&
		    now >= known->until - TRUST_S &&
		    !memcmp(known->chain, chain, SHA256_BYTES))
			return known;
	}
	return NULL;
}

static const struct signer *find_signer(const struct order_check *c,
					struct err *e)
{
	struct signers *s = c->signers;
	struct look look = { s, c->request };
	AUTO(secret) spki = { 0 };
	uint8_t chain[SHA256_BYTES];
	const struct signer *known = NULL;

	digest_of(c->request, chain);
	known = known_signer(s, chain, c->now);
	if (known)
		return known;
	if (!sandbox_run(look_at, &look, &spki, e))
		return NULL;
	if (!spki.len || spki.len > SPKI_LIMIT) {
		err_set(e, ERR_INPUT, "its key is too large");
		return NULL;
	}

	struct signer *new = &s->list[s->next++ % SIGNERS];

	memcpy(new->chain, chain, sizeof(chain));
	memcpy(new->spki, spki.bytes, spki.len);
	new->spki_len = spki.len;
	new->until = c->now + TRUST_S;
	return new;
}

static bool is_signed(const struct order_check *c, struct arena *a,
		      struct err *e)
{
	const struct order_request *r = c->request;
	const struct signer *signer = find_signer(c, e);
	const char *text = NULL;

	if (!signer)
		return false;
	text = arena_printf(a, ORDER_PURPOSE "%s", r->order);
	return signature_check(
		(struct der){ signer->spki, signer->spki_len },
		(struct der){ (const unsigned char *)text, strlen(text) },
		r->signature, e);
}

/* ---- what it says ---- */

static bool refuse(struct problem *p, enum problem_kind kind,
		   const char *detail)
{
	*p = (struct problem){ kind, detail };
	return false;
}

static bool is_for_this(const struct order_check *c, const struct order *o,
			struct problem *p)
{
	if (strcmp(o->agent, c->spki) != 0)
		return refuse(p, PROBLEM_OTHER_AGENT,
			      "the order names another agent's key");
	if (strcmp(o->component, c->component->name) != 0 ||
	    o->action != c->action)
		return refuse(p, PROBLEM_BAD_REQUEST,
			      "the order is for another path");
	return true;
}

static bool is_valid_now(const struct order_check *c, const struct order *o,
			 struct arena *a, struct problem *p)
{
	int64_t left = o->expires - c->now;

	if (left >= 0 && left <= ORDER_LIFE + CLOCK_TOLERANCE)
		return true;
	return refuse(p, PROBLEM_EXPIRED,
		      arena_printf(a,
				   "it is valid until %lld seconds from now, "
				   "and an order lives %d; look at the clocks",
				   (long long)left, ORDER_LIFE));
}

static bool is_newest(const struct order *o, const struct ordered *before,
		      struct arena *a, struct problem *p)
{
	if (!before->lineage)
		return true;
	if (strcmp(before->lineage, o->lineage) != 0)
		return o->adopt ||
		       refuse(p, PROBLEM_OTHER_LINEAGE,
			      arena_printf(a,
					   "the state with lineage %.8s "
					   "delivered to it, this is %.8s; "
					   "acknowledge 'adopt' when that one "
					   "is gone",
					   before->lineage, o->lineage));
	if (o->sequence > before->sequence ||
	    (o->sequence == before->sequence &&
	     !strcmp(o->fingerprint, before->fingerprint)))
		return true;
	return refuse(p, PROBLEM_STALE_ORDER,
		      arena_printf(a,
				   "order %lld came already, this is %lld: an "
				   "older copy of the state?",
				   (long long)before->sequence,
				   (long long)o->sequence));
}

bool order_check(const struct order_check *c, struct arena *a,
		 struct order *out, struct ordered *before,
		 struct problem *problem)
{
	const struct order_request *r = c->request;
	struct err e = { 0 };

	if (!order_read(r->order, r->order_len, a, out, &e))
		return refuse(problem, PROBLEM_BAD_REQUEST,
			      arena_strdup(a, e.text));
	if (!is_signed(c, a, &e))
		return refuse(problem, PROBLEM_NOT_ALLOWED,
			      arena_strdup(a, e.text));
	if (!is_for_this(c, out, problem) || !is_valid_now(c, out, a, problem))
		return false;
	if (!ordered_read(c->config, c->component->name, a, before, &e))
		return refuse(problem, PROBLEM_CANNOT, arena_strdup(a, e.text));
	return is_newest(out, before, a, problem);
}
