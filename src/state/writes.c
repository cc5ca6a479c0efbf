/* SPDX-License-Identifier: Apache-2.0 */
#include "state/change.h"

#include <stdlib.h>
#include <string.h>

struct write_order {
	struct record_write write;
	size_t order;
};

static int by_key_then_order(const void *x, const void *y)
{
	const struct write_order *a = x;
	const struct write_order *b = y;
	int keys = strcmp(a->write.key, b->write.key);

	return keys ? keys : (a->order > b->order) - (a->order < b->order);
}

static int by_key(const void *x, const void *y)
{
	const struct record_write *a = x;
	const struct record_write *b = y;

	return strcmp(a->key, b->key);
}

void writes_add(struct writes *w, const char *key, const char *value)
{
	VEC_PUSH(&w->list, w->arena, (struct record_write){ key, value });
}

struct writes writes_last(const struct record_write *all, size_t count, struct arena *a)
{
	struct write_order *ordered = arena_array(a, count, sizeof(*ordered));
	struct writes w = { .arena = a };

	for (size_t i = 0; i < count; i++)
		ordered[i] = (struct write_order){ all[i], i };
	if (count)
		qsort(ordered, count, sizeof(*ordered), by_key_then_order);
	for (size_t i = 0; i < count; i++) {
		const struct record_write *at = &ordered[i].write;
		bool last = i + 1 == count || strcmp(at->key, ordered[i + 1].write.key) != 0;

		if (last)
			writes_add(&w, at->key, at->value);
	}
	w.sorted = w.list.count;
	return w;
}

struct record_write *writes_find(const struct writes *w, const char *key)
{
	const struct record_write wanted = { .key = key };

	if (w->sorted == 0)
		return NULL;
	return bsearch(&wanted, w->list.items, w->sorted, sizeof(wanted), by_key);
}
