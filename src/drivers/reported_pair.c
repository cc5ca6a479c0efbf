/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/reported_pair.h"

#include "pki/foreign.h"

#include <string.h>

void reported_pair_release(struct reported_pair *h)
{
	pair_files_release(&h->pieces);
	*h = (struct reported_pair){ 0 };
}

void reported_pair_set(struct reported_pair *h, enum file_kind part, const char *name,
		       const struct secret *text)
{
	struct pair_file *p = &h->pieces.parts[part];

	p->there = true;
	secret_copy(&p->bytes, text->bytes, text->len);
	reported_pair_missing(h, part, name);
}

void reported_pair_missing(struct reported_pair *h, enum file_kind part, const char *name)
{
	h->names[part] = name;
	h->parts |= 1U << part;
}

void reported_pair_check(struct reported_pair *h, struct arena *a)
{
	const struct pair_status j = { &h->pieces, h->parts, h->names };

	installed_pair_reach(&j, a, &h->verdict);
}

bool reported_pair_give(const struct reported_pair *h, struct job *j, struct err *e)
{
	const struct installed_pair *v = &h->verdict;
	const struct secret *pem = &h->pieces.parts[FILE_KIND_KEY].bytes;
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
	*j->parsed_key = TAKE(key);
	return true;
}

bool reported_pair_is(const struct reported_pair *h, const char *fingerprint)
{
	const struct installed_pair *now = &h->verdict;

	return now->fingerprint && !now->damage && !strcmp(now->fingerprint, fingerprint);
}

static const char *reported_pair_shown(const char *fingerprint)
{
	if (!fingerprint)
		return "something unreadable";
	return *fingerprint ? fingerprint : "nothing";
}

bool reported_pair_is_expected(const struct reported_pair *h, const struct job *j, struct err *e)
{
	const char *now = h->verdict.fingerprint;

	if (!j->replaces || (now && !strcmp(now, j->replaces)))
		return true;
	return err_set(e, ERR_STALE, "it holds %.12s, not %.12s as expected",
		       reported_pair_shown(now), reported_pair_shown(j->replaces));
}
