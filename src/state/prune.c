/* SPDX-License-Identifier: Apache-2.0 */
/* Unused private keys: several generations may share one key. */
#include "base/text.h"
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <stdlib.h>

struct needed {
	struct arena *arena;
	VEC(const char *) spkis;
};

static bool need(struct needed *n, const struct stored_record *r, struct err *e)
{
	struct generation g = { 0 };

	if (!generation_read(r, n->arena, &g, e))
		return false;
	VEC_PUSH(&n->spkis, n->arena, g.spki);
	return true;
}

static bool need_stored(struct needed *n, struct backend *b, const struct writes *w, struct err *e)
{
	struct stored_record *records = NULL;
	size_t count = 0;

	if (!b->ops->list(b, GENERATION_PREFIX, n->arena, &records, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!writes_find(w, records[i].key) && !need(n, &records[i], e))
			return false;
	return true;
}

static bool need_written(struct needed *n, const struct writes *w, struct err *e)
{
	for (size_t i = 0; i < w->sorted; i++) {
		const struct stored_record r = { .key = w->list.items[i].key,
						 .value = w->list.items[i].value };

		if (r.value && record_is(&r, GENERATION_PREFIX) && !need(n, &r, e))
			return false;
	}
	return true;
}

bool forget_keys(const struct change *c, struct writes *w, struct err *e)
{
	struct needed n = { .arena = w->arena };

	if (c->forgotten.count == 0)
		return true;
	if (!need_stored(&n, c->state->backend, w, e) || !need_written(&n, w, e))
		return false;
	if (n.spkis.count)
		qsort(n.spkis.items, n.spkis.count, sizeof(*n.spkis.items), text_compare);
	for (size_t i = 0; i < c->forgotten.count; i++) {
		const char *spki = c->forgotten.items[i];
		const char *key = record_key(w->arena, KEY_PREFIX, spki);
		bool needed = text_find(spki, n.spkis.items, n.spkis.count, sizeof(spki));

		if (!needed && !writes_find(w, key))
			writes_add(w, key, NULL);
	}
	return true;
}
