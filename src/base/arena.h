/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that dies together.
 *
 * A document (fleet, snapshot, plan) owns one arena; every string and array
 * of it lives there and is released with it, so the model has no free
 * functions.  `struct arena a = { 0 };` is an empty one.  Never for secrets:
 * nothing is wiped.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/auto.h"
#include "base/err.h"

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* of the newest block */
	size_t held; /* bytes of all blocks */
};

void arena_release(struct arena *a);
AUTO_STRUCT(arena, struct arena, arena_release)

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* An array of `count` zeroed items; aborts when the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
