/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorities that are in use under the subject of one of ours, but with a
 * key that the state does not have: of another checkout, or of a state that
 * was lost.
 */
#include "base/fs.h"
#include "base/text.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "pki/key_id.h"

#include <stdlib.h>
#include <string.h>

/* The key of an issuer's authority, as certificates name it. */
struct issuer_key {
	const char *issuer;
	const char *key;
};

struct authority_watch {
	struct arena *arena;            /* the snapshot's */
	VEC(const char *) subjects;     /* of the fleet's managed issuers */
	VEC(const char *) keys;         /* of the authorities we have */
	VEC(struct issuer_key) issuers; /* and whose these are */
	VEC(const char *) fingerprints; /* of the leaves we have */
	VEC(struct foreign_authority) found;
};

#define SORT(vec)                                                                               \
	do {                                                                                    \
		if ((vec)->count)                                                               \
			qsort((vec)->items, (vec)->count, sizeof(*(vec)->items), text_compare); \
	} while (0)
#define HAS(vec, text) text_find(text, (vec)->items, (vec)->count, sizeof(*(vec)->items))

static void know_authority(struct authority_watch *w, struct engine *en, const struct snapshot *s,
			   const struct generation *g)
{
	struct cert_set set = { 0 };
	struct key_ids ids = { 0 };
	struct err ignored = { 0 };

	VEC_PUSH(&w->keys, w->arena, g->spki);
	if (observed_certificates(en, s, g, w->arena, &set) && set.count &&
	    key_ids_read(set.certs[0], w->arena, &ids, &ignored)) {
		VEC_PUSH(&w->keys, w->arena, ids.own);
		VEC_PUSH(&w->issuers, w->arena, ((struct issuer_key){ g->owner, ids.own }));
	}
}

bool authority_watch_has(const struct authority_watch *w, const char *issuer, const char *key)
{
	vec_each (known, &w->issuers) {
		if (!strcmp(known->issuer, issuer) && !strcmp(known->key, key))
			return true;
	}
	return false;
}

struct authority_watch *authority_watch_new(struct engine *en, struct snapshot *s)
{
	struct authority_watch *w = ARENA_NEW(&s->arena, struct authority_watch);

	w->arena = &s->arena;
	for (size_t i = 0; i < en->fleet->issuer_count; i++)
		VEC_PUSH(&w->subjects, w->arena, en->fleet->issuers[i].subject);
	for (size_t i = 0; i < s->generation_count; i++) {
		const struct generation *g = &s->generations[i];

		if (g->pending)
			continue;
		if (g->of == OF_ISSUER)
			know_authority(w, en, s, g);
		else if (g->source != SOURCE_FOUND)
			VEC_PUSH(&w->fingerprints, w->arena, g->fingerprint);
	}
	SORT(&w->subjects);
	SORT(&w->keys);
	SORT(&w->fingerprints);
	return w;
}

static void observe_authority_add(struct authority_watch *w, struct foreign_authority found)
{
	vec_each (known, &w->found) {
		if (!strcmp(known->key, found.key) && !strcmp(known->subject, found.subject) &&
		    known->component == found.component)
			return;
	}
	VEC_PUSH(&w->found, w->arena, found);
}

static const char *fingerprint_of(struct authority_watch *w, struct der der)
{
	char text[SHA256_TEXT];

	sha256_text(der.bytes, der.len, text);
	return arena_strdup(w->arena, text);
}

void authority_watch_leaf(struct authority_watch *w, const char *component, const char *what,
			  struct der leaf)
{
	const char *fingerprint = leaf.len ? fingerprint_of(w, leaf) : "";
	struct key_ids ids = { 0 };
	struct err ignored = { 0 };

	if (!leaf.len || !w->subjects.count || HAS(&w->fingerprints, fingerprint) ||
	    !key_ids_read(leaf, w->arena, &ids, &ignored) || !HAS(&w->subjects, ids.issuer))
		return;

	const char *key = ids.signer ? ids.signer : fingerprint;

	if (HAS(&w->keys, key))
		return;
	observe_authority_add(w, (struct foreign_authority){ .subject = ids.issuer,
							     .key = key,
							     .component = component,
							     .what = what,
							     .fingerprint = fingerprint });
}

void authority_watch_file(struct authority_watch *w, const char *path, const struct secret *pem)
{
	const struct der *certs = NULL;
	size_t count = 0;
	struct err ignored = { 0 };

	if (!pem_read_certs((const char *)pem->bytes, pem->len, w->arena, &certs, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++) {
		struct key_ids ids = { 0 };

		if (!key_ids_read(certs[i], w->arena, &ids, &ignored) ||
		    !HAS(&w->subjects, ids.subject) || HAS(&w->keys, ids.own))
			continue;
		observe_authority_add(w, (struct foreign_authority){
						 .subject = ids.subject,
						 .key = ids.own,
						 .path = path,
						 .what = "",
						 .fingerprint = fingerprint_of(w, certs[i]) });
	}
}

void authority_watch_end(struct authority_watch *w, struct snapshot *s)
{
	s->foreign = w->found.items;
	s->foreign_count = w->found.count;
}
