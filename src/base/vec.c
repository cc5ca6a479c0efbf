/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <string.h>

void *vec_reserve(struct arena *a, void *items, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return items;

	size_t wanted = *room ? *room * 2 : 8;
	void *moved = arena_array(a, wanted, size);

	if (count)
		memcpy(moved, items, count * size);
	*room = wanted;
	return moved;
}

size_t sorted_first(const void *key, const void *items, size_t count, size_t size,
		    int (*compare)(const void *key, const void *item))
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(key, (const char *)items + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
