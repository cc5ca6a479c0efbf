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
	struct node **link = &mapping->first;
	bool few = mapping->count <= FEW_PAIRS;

	while (*link) {
		struct node *key = *link;
		const struct node *earlier =
			few ? earlier_of_few(mapping, key) : lookup_add(&seen, key->text, key);

		if (!earlier) {
			link = &key->next->next;
			continue;
		}
		config_error(ld, key, "duplicate key '%s', first on line %u", shown(ld, key->text),
			     line_of(ld, earlier));
		*link = key->next->next;
		mapping->count--;
	}
}

/* The end of the list of pairs, and the keys in it. */
struct merge {
	struct loader *ld;
	struct node *mapping;
	struct node **tail;
	struct lookup seen;
};

static void append_pair(struct merge *m, const struct node *key)
{
	if (lookup_add(&m->seen, key->text, key))
		return;

	struct node *copy = ARENA_NEW(&m->ld->work, struct node);
	struct node *value = ARENA_NEW(&m->ld->work, struct node);

	*copy = *key;
	*value = *key->next;
	copy->next = value;
	value->next = NULL;
	*m->tail = copy;
	m->tail = &value->next;
	m->mapping->count++;
}

static bool merge_one(struct merge *m, const struct node *from)
{
	if (from->kind != NODE_MAPPING)
		return config_error(m->ld, from,
				    "'<<' takes a mapping or a list of mappings, not %s",
				    node_kind_words(from));
	node_pairs(key, from) append_pair(m, key);
	return true;
}

/* Removes the pair `<<` and returns its value. */
static const struct node *take_merge(struct node *mapping)
{
	struct node **link = &mapping->first;

	while (*link) {
		struct node *key = *link;

		if (key->flags & NODE_PLAIN && !strcmp(key->text, "<<")) {
			*link = key->next->next;
			mapping->count--;
			return pair_value(key);
		}
		link = &key->next->next;
	}
	return NULL;
}

static void apply_merge(struct loader *ld, struct node *mapping)
{
	const struct node *from = take_merge(mapping);
	struct merge m = { .ld = ld, .mapping = mapping, .tail = &mapping->first };

	if (!from)
		return;
	while (*m.tail) {
		lookup_add(&m.seen, (*m.tail)->text, *m.tail);
		m.tail = &(*m.tail)->next->next;
	}
	if (from->kind == NODE_LIST) {
		node_items(item, from) merge_one(&m, node_value(item));
	} else {
		merge_one(&m, from);
	}
	lookup_release(&m.seen);
}

void mapping_finish(struct loader *ld, struct node *mapping, bool has_merge)
{
	if (mapping->count > 1)
		drop_repeats(ld, mapping);
	if (has_merge)
		apply_merge(ld, mapping);
}
