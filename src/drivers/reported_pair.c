/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/reported_pair.h"

#include "pki/foreign.h"

#include <string.h>

void held_release(struct held *h)
{
	pieces_release(&h->pieces);
	*h = (struct held){ 0 };
}

void held_put(struct held *h, enum part part, const char *name, const struct secret *text)
{
	struct piece *p = &h->pieces.parts[part];

	p->there = true;
	secret_copy(&p->bytes, text->bytes, text->len);
	held_miss(h, part, name);
}

void held_miss(struct held *h, enum part part, const char *name)
{
	h->names[part] = name;
	h->parts |= 1U << part;
}

void held_judge(struct held *h, struct arena *a)
{
	const struct judged j = { &h->pieces, h->parts, h->names };

	verdict_reach(&j, a, &h->verdict);
}

void held_tell(const struct held *h, struct probe_answer *out)
{
	out->installed = h->verdict.fingerprint;
	out->chain = h->verdict.chain;
	out->leaf = verdict_leaf(&h->verdict);
	out->damage = h->verdict.damage;
	out->error = h->verdict.error;
}

bool held_give(const struct held *h, struct job *j, struct err *e)
{
	const struct verdict *v = &h->verdict;
	const struct secret *pem = &h->pieces.parts[PART_KEY].bytes;
	AUTO(secret) key = { 0 };
	char spki[65] = "";

	if (!v->fingerprint)
		return err_set(e, ERR_REMOTE, "%s", v->error);
	if (!*v->fingerprint || !pem->len)
		return err_set(e, ERR_MISSING, "no pair is installed");
	if (!foreign_key(pem->bytes, pem->len, &key, spki, e)) {
		e->code = ERR_REMOTE;
		return false;
	}
	if (strcmp(spki, v->spki) != 0)
		return err_set(e, ERR_REMOTE, "the key does not match the certificate");
	*j->found = (struct cert_set){ .certs = v->certs, .count = v->count };
	*j->found_key = TAKE(key);
	return true;
}

static const char *shown(const char *fingerprint)
{
	if (!fingerprint)
		return "something unreadable";
	return *fingerprint ? fingerprint : "nothing";
}

bool held_is_expected(const struct held *h, const struct job *j, struct err *e)
{
	const char *now = h->verdict.fingerprint;

	if (!j->replaces || (now && !strcmp(now, j->replaces)))
		return true;
	return err_set(e, ERR_STALE, "it holds %.12s, not %.12s as expected", shown(now),
		       shown(j->replaces));
}
