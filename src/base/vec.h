/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array in an arena.
 *
 *	VEC(const char *) names = { 0 };
 *	VEC_PUSH(&names, arena, "a");
 *	vec_each(name, &names)
 *		puts(*name);
 *
 * `items` can be passed on as a plain array of `count`; it moves when the
 * vector grows.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"

#include <stddef.h>

#define VEC(type)             \
	struct {              \
		type *items;  \
		size_t count; \
		size_t room;  \
	}

#define VEC_PUSH(v, arena, ...)                                                       \
	do {                                                                          \
		(v)->items = vec_reserve((arena), (v)->items, &(v)->room, (v)->count, \
					 sizeof(*(v)->items));                        \
		(v)->items[(v)->count++] = (__VA_ARGS__);                             \
	} while (0)

#define vec_each(item, v) \
	for (__typeof__((v)->items[0]) *item = (v)->items; item < (v)->items + (v)->count; item++)

/*
 * Index of the first item of a sorted array that is not before the key; `count`: none.
 * `compare` is as that of bsearch(3).
 */
size_t sorted_first(const void *key, const void *items, size_t count, size_t size,
		    int (*compare)(const void *key, const void *item));

/* Makes room for one more item; used by VEC_PUSH only. */
void *vec_reserve(struct arena *a, void *items, size_t *room, size_t count, size_t size);

#endif
