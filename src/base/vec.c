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
