/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that is released together.
 *
 * A document (fleet, snapshot, plan) owns one arena; all its strings and arrays
 * live there and are released with it, so the model has no free functions.
 * `struct arena a = { 0 };` is an empty arena.  Never for secrets: the memory
 * is not wiped.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/auto.h"
#include "base/err.h"

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes used of the newest block */
	size_t held; /* size of all blocks, bytes */
};

void arena_release(struct arena *a);
AUTO_STRUCT(arena, struct arena, arena_release)

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* An array of `count` zeroed items; aborts on overflow of the product. */
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *s);
/* Exactly `n` bytes, which may hold zeros. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
