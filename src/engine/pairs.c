/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pairs.h"

#include "base/alloc.h"
#include "crypto/crypto.h"
#include "drivers/driver.h"
#include "engine/internal.h"
#include "pki/pair.h"

#include <string.h>

void pairs_init(struct pairs *p, size_t most)
{
	*p = (struct pairs){ xcalloc(most, sizeof(*p->list)), 0 };
}

void pairs_release(struct pairs *p)
{
	for (size_t i = 0; i < p->count; i++)
		secret_release(&p->list[i].key);
	free(p->list);
	*p = (struct pairs){ 0 };
}

const struct loaded *pairs_load(struct pairs *p, struct run *r, const char *fingerprint)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->list[i].fingerprint, fingerprint))
			return &p->list[i];

	struct loaded *l = &p->list[p->count++];

	l->fingerprint = fingerprint;
	if (run_certificates(r, fingerprint, &l->generation, &l->set, &l->error))
		(void)!stored_key(r->en->state, &l->generation, &l->key, &l->error);
	return l;
}

void pairs_hand_over(struct pairs *p, struct run *r, struct job *j)
{
	const struct loaded *l = NULL;

	if (!driver_takes_pair(j->component) || !j->fingerprint || !*j->fingerprint)
		return;
	l = pairs_load(p, r, j->fingerprint);
	if (l->error.code)
		return;
	j->set = &l->set;
	j->key = &l->key;
}

bool stored_key(struct state *s, const struct generation *g, struct secret *out, struct err *e)
{
	return state_key(s, g->spki, out, e) && key_straighten(out, e);
}

bool stored_certificates(struct state *s, const struct generation *g, struct arena *a,
			 struct cert_set *out, struct err *e)
{
	struct cert_set set = { 0 };
	char leaf[SHA256_TEXT] = "";

	if (!state_certificates(s, g, a, &set, e))
		return false;
	if (set.count)
		sha256_text(set.certs[0].bytes, set.certs[0].len, leaf);
	if (!g->pending && (strcmp(leaf, g->fingerprint) != 0 ||
			    strcmp(chain_digest(set.certs, set.count, a), g->chain) != 0))
		return err_set(e, ERR_IO,
			       "the certificate of '%s' is damaged in the state; " STATE_REMEDY,
			       g->owner);
	*out = set;
	return true;
}
