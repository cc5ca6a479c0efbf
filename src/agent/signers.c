/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signers.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/sandbox.h"
#include "pki/callers.h"

#include <string.h>

enum {
	REMEMBERED = 8,
};

struct signers {
	const struct agent_config *config;
	const struct buf *authority;
	struct signer list[REMEMBERED];
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

static void digest_of(const struct order_request *r, uint8_t out[SHA256_BYTES])
{
	struct bytes pieces[2 * SIGNER_LIMIT];
	size_t n = 0;

	for (size_t i = 0; i < r->signer_count; i++) {
		pieces[n++] = (struct bytes){ &r->signer[i].len,
					      sizeof(r->signer[i].len) };
		pieces[n++] =
			(struct bytes){ r->signer[i].bytes, r->signer[i].len };
	}
	sha256_pieces(pieces, n, out);
}

static const struct signer *remembered(const struct signers *s,
				       const uint8_t shown[SHA256_BYTES],
				       int64_t now)
{
	for (size_t i = 0; i < REMEMBERED; i++) {
		const struct signer *known = &s->list[i];

		if (known->spki_len && now < known->until &&
		    now >= known->until - SIGNER_TRUST_S &&
		    !memcmp(known->shown, shown, SHA256_BYTES))
			return known;
	}
	return NULL;
}

void signers_remember(struct signers *s, const struct signer *found)
{
	if (found->spki_len && !remembered(s, found->shown, found->until - 1))
		s->list[s->next++ % REMEMBERED] = *found;
}

void signers_forget(struct signers *s)
{
	memset(s->list, 0, sizeof(s->list));
	s->next = 0;
}

/* ---- looking ---- */

struct look {
	const struct signers *signers;
	const struct order_request *request;
};

static bool look_at(void *ctx, struct buf *answer, struct err *e)
{
	const struct look *l = ctx;
	const struct order_request *r = l->request;
	AUTO(arena) a = { 0 };
	AUTO(callers) callers = NULL;
	struct caller caller = { 0 };

	if (!callers_new(l->signers->config, l->signers->authority->data,
			 l->signers->authority->len, &callers, e) ||
	    !callers_check(callers, r->signer, r->signer_count, &a, &caller, e))
		return false;
	buf_add(answer, &caller.until, sizeof(caller.until));
	buf_add(answer, caller.spki.bytes, caller.spki.len);
	return true;
}

/*
 * The sandbox read what a stranger wrote: where the list says keys and no
 * names, it is asked again here.
 */
static bool may_be_listed(const struct agent_config *c,
			  const struct signer *found)
{
	char digest[SHA256_TEXT];

	sha256_text(found->spki, found->spki_len, digest);
	for (size_t i = 0; i < c->caller_count; i++)
		if (!c->callers[i].spki || !strcmp(c->callers[i].spki, digest))
			return true;
	return false;
}

/* A certificate that ends sooner is not trusted for longer. */
static bool read_answer(const struct secret *answer, struct signer *out,
			struct err *e)
{
	const size_t head = sizeof(out->until);
	int64_t end = 0;

	if (answer->len <= head || answer->len - head > SIGNER_SPKI_LIMIT)
		return err_set(e, ERR_INPUT, "its key is too large");
	memcpy(&end, answer->bytes, head);
	if (end < out->until)
		out->until = end;
	out->spki_len = answer->len - head;
	memcpy(out->spki, answer->bytes + head, out->spki_len);
	return true;
}

bool signers_find(const struct signers *s, const struct order_request *r,
		  int64_t now, struct signer *out, struct err *e)
{
	struct look look = { s, r };
	AUTO(secret) answer = { 0 };
	struct signer found = { .until = now + SIGNER_TRUST_S };
	const struct signer *known = NULL;

	if (!s->config->caller_count)
		return err_set(e, ERR_INPUT,
			       "nobody may give orders now; the agent's log "
			       "says why");
	digest_of(r, found.shown);
	known = remembered(s, found.shown, now);
	if (known) {
		*out = *known;
		return true;
	}
	if (!sandbox_run(look_at, &look, &answer, e) ||
	    !read_answer(&answer, &found, e))
		return false;
	if (!may_be_listed(s->config, &found))
		return err_set(e, ERR_INPUT, "the signer is not in 'allow'");
	*out = found;
	return true;
}
