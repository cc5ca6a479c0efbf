/* SPDX-License-Identifier: Apache-2.0 */
#include "config/syntax.h"

#include <string.h>

enum {
	FEW_PAIRS = 12 /* up to this size comparing all pairs is faster */
};

static const struct node *earlier_of_few(const struct node *mapping, const struct node *key)
{
	node_pairs(k, mapping)
	{
		if (k == key)
			break;
		if (!strcmp(k->text, key->text))
			return k;
	}
	return NULL;
}

static void drop_repeats(struct loader *ld, struct node *mapping)
{
	AUTO(lookup) seen = { 0 };
	struct node *kept = mapping->first;
	bool few = mapping->count <= FEW_PAIRS;

	node_pairs(key, mapping)
	{
		const struct node *earlier = NULL;

		kept[0] = key[0];
		kept[1] = key[1];
		earlier = few ? earlier_of_few(mapping, kept) : lookup_add(&seen, kept->text, kept);
		if (earlier)
			config_error(ld, kept, "duplicate key '%s', first on line %u",
				     shown(ld, kept->text), line_of(ld, earlier));
		else
			kept += 2;
	}
	mapping->count = (uint32_t)(kept - mapping->first) / 2;
}

struct merge {
	struct loader *ld;
	VEC(struct node) pairs;
	struct lookup seen; /* keys in `pairs` */
};

static void merge_pair(struct merge *m, const struct node *key)
{
	if (lookup_add(&m->seen, key->text, key))
		return;
	VEC_PUSH(&m->pairs, &m->ld->work, key[0]);
	VEC_PUSH(&m->pairs, &m->ld->work, key[1]);
}

static bool merge_one(struct merge *m, const struct node *from)
{
	if (from->kind != NODE_MAPPING)
		return config_error(m->ld, from,
				    "'<<' takes a mapping or a list of mappings, not %s",
				    node_kind_words(from));
	node_pairs(key, from) merge_pair(m, key);
	return true;
}

static void apply_merge(struct loader *ld, struct node *mapping)
{
	struct merge m = { .ld = ld };
	const struct node *from = NULL;

	node_pairs(key, mapping)
	{
		if (key->flags & NODE_PLAIN && !strcmp(key->text, "<<"))
			from = pair_value(key);
		else
			merge_pair(&m, key);
	}
	if (from && from->kind == NODE_LIST) {
		node_items(item, from) merge_one(&m, node_value(item));
	} else if (from) {
		merge_one(&m, from);
	}
	lookup_release(&m.seen);
	mapping->first = m.pairs.items;
	mapping->count = (uint32_t)m.pairs.count / 2;
}

void mapping_finish(struct loader *ld, struct node *mapping, bool has_merge)
{
	if (mapping->count > 1)
		drop_repeats(ld, mapping);
	if (has_merge)
		apply_merge(ld, mapping);
}
