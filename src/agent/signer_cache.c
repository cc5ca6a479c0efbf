/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signer_cache.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/decoder.h"
#include "pki/client_auth.h"

#include <stdlib.h>
#include <string.h>

enum {
	REMEMBERED = 8,
};

struct signer_cache {
	const struct agent_config *config;
	const struct buf *authority;
	struct signer list[REMEMBERED];
	size_t next;
};

struct signer_cache *signer_cache_new(const struct agent_config *c, const struct buf *authority)
{
	struct signer_cache *s = xcalloc(1, sizeof(*s));

	s->config = c;
	s->authority = authority;
	return s;
}

void signer_cache_free(struct signer_cache *s)
{
	free(s);
}

static const struct signer *remembered(const struct signer_cache *s,
				       const uint8_t shown[SHA256_BYTES], int64_t now)
{
	for (size_t i = 0; i < REMEMBERED; i++) {
		const struct signer *known = &s->list[i];

		if (known->spki_len && now < known->until && now >= known->until - SIGNER_TRUST_S &&
		    !memcmp(known->shown, shown, SHA256_BYTES))
			return known;
	}
	return NULL;
}

void signer_cache_remember(struct signer_cache *s, const struct signer *found)
{
	if (found->spki_len && !remembered(s, found->shown, found->until - 1))
		s->list[s->next++ % REMEMBERED] = *found;
}

void signer_cache_forget(struct signer_cache *s)
{
	memset(s->list, 0, sizeof(s->list));
	s->next = 0;
}

/* ---- lookup ---- */

enum {
	HEAD_SPANS = 2,   /* of a request to the decoder: CA, number of clients */
	CLIENT_SPANS = 2, /* key and name; one of them is empty */
};

/* The text of a span that includes its NUL, else NULL. */
static const char *signer_cache_text_of(const struct span *s)
{
	const char *text = s->bytes;

	return s->len && !text[s->len - 1] ? text : NULL;
}

static bool signer_cache_ask_decoder(const struct signer_cache *s, const struct order_request *r,
				     struct secret *answer, struct err *e)
{
	const struct agent_config *c = s->config;
	size_t most = HEAD_SPANS + CLIENT_SPANS * c->client_count + SIGNER_LIMIT;
	struct span *in = xcalloc(most, sizeof(*in));
	struct decode d = { .fn = signers_decode, .in = in };

	in[d.count++] = (struct span){ s->authority->data, s->authority->len };
	in[d.count++] = (struct span){ &c->client_count, sizeof(c->client_count) };
	for (size_t i = 0; i < c->client_count; i++) {
		const char *const texts[CLIENT_SPANS] = { c->clients[i].spki, c->clients[i].name };

		for (size_t k = 0; k < CLIENT_SPANS; k++)
			in[d.count++] = texts[k] ? (struct span){ texts[k], strlen(texts[k]) + 1 }
						 : (struct span){ 0 };
	}
	for (size_t i = 0; i < r->signer_count && d.count < most; i++)
		in[d.count++] = (struct span){ r->signer[i].bytes, r->signer[i].len };

	bool good = decoder_run(&d, answer, e);

	free(in);
	return good;
}

/* ---- in the decoder ---- */

static bool read_allowed_clients(const struct span *in, size_t count, struct arena *a,
				 struct agent_config *out)
{
	struct allowed_client *list = NULL;
	size_t clients = 0;

	if (count < HEAD_SPANS || in[1].len != sizeof(clients))
		return false;
	memcpy(&clients, in[1].bytes, sizeof(clients));
	if (clients > (count - HEAD_SPANS) / CLIENT_SPANS)
		return false;
	list = arena_array(a, clients + 1, sizeof(*list));
	for (size_t i = 0; i < clients; i++) {
		const struct span *s = in + HEAD_SPANS + CLIENT_SPANS * i;

		list[i] = (struct allowed_client){ signer_cache_text_of(s),
						   signer_cache_text_of(s + 1) };
		if (!list[i].spki && !list[i].name)
			return false;
	}
	out->clients = list;
	out->client_count = clients;
	return true;
}

/* Answers with the time until which the signer is trusted, and its public key. */
bool signers_decode(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(client_auth) clients = NULL;
	struct agent_config config = { 0 };
	struct der shown[SIGNER_LIMIT];
	struct client caller = { 0 };
	size_t signers = 0;

	if (!read_allowed_clients(in, count, &a, &config))
		return err_set(e, ERR_INPUT, "the request names no certificate");
	for (size_t i = HEAD_SPANS + CLIENT_SPANS * config.client_count;
	     i < count && signers < SIGNER_LIMIT; i++)
		shown[signers++] = (struct der){ in[i].bytes, in[i].len };
	if (!client_auth_new(&config, in[0].bytes, in[0].len, &clients, e) ||
	    !client_auth_check(clients, shown, signers, &a, &caller, e))
		return false;
	buf_add(answer, &caller.until, sizeof(caller.until));
	buf_add(answer, caller.spki.bytes, caller.spki.len);
	return true;
}

/* ---- the answer of the decoder ---- */

bool signer_cache_find(const struct signer_cache *s, const struct order_request *r, int64_t now,
		       struct signer *out, struct err *e)
{
	const struct agent_config *c = s->config;
	AUTO(secret) answer = { 0 };
	struct signer found = { .until = now + SIGNER_TRUST_S };
	struct bytes pieces[2 * SIGNER_LIMIT];
	const struct signer *known = NULL;
	const size_t head = sizeof(found.until);
	char digest[SHA256_TEXT];
	int64_t end = 0;

	for (size_t i = 0; i < r->signer_count; i++) {
		pieces[2 * i] = (struct bytes){ &r->signer[i].len, sizeof(r->signer[i].len) };
		pieces[2 * i + 1] = (struct bytes){ r->signer[i].bytes, r->signer[i].len };
	}
	sha256_pieces(pieces, 2 * r->signer_count, found.shown);
	known = remembered(s, found.shown, now);
	if (known) {
		*out = *known;
		return true;
	}
	if (!c->client_count)
		return err_set(e, ERR_INPUT,
			       "all orders are refused now; the agent's log says why");
	if (!signer_cache_ask_decoder(s, r, &answer, e))
		return false;
	if (answer.len <= head || answer.len - head > SIGNER_SPKI_LIMIT)
		return err_set(e, ERR_INPUT, "its key is too large");
	/* a certificate that expires sooner shortens the trust */
	memcpy(&end, answer.bytes, head);
	if (end < found.until)
		found.until = end;
	found.spki_len = answer.len - head;
	memcpy(found.spki, answer.bytes + head, found.spki_len);
	/*
	 * The decoder has read untrusted bytes: when the list has only keys and
	 * no names, the key is checked again here.
	 */
	sha256_text(found.spki, found.spki_len, digest);
	for (size_t i = 0; i < c->client_count; i++)
		if (!c->clients[i].spki || !strcmp(c->clients[i].spki, digest)) {
			*out = found;
			return true;
		}
	return err_set(e, ERR_INPUT, "the signer is not in 'allow'");
}
