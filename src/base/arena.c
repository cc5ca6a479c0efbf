/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	FIRST_BLOCK = 1024,
	LARGEST_BLOCK = 256 * 1024,
	ALIGNMENT = 16
};

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ALIGNMENT) char bytes[];
};

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
	a->held = 0;
}

static void arena_grow(struct arena *a, size_t size)
{
	size_t room = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;

	/* Blocks double in size, because small arenas are many and large ones few. */
	if (room > LARGEST_BLOCK)
		room = LARGEST_BLOCK;
	if (room < size)
		room = size;
	struct arena_block *block = xcalloc(1, sizeof(*block) + room);

	block->size = room;
	block->next = a->blocks;
	a->blocks = block;
	a->used = 0;
	a->held += room;
}

static void *arena_take_block(struct arena *a, size_t size, size_t alignment)
{
	size_t start = (a->used + alignment - 1) & ~(alignment - 1);

	if (!a->blocks || size > a->blocks->size || start > a->blocks->size - size) {
		arena_grow(a, size);
		start = 0;
	}
	a->used = start + size;
	return a->blocks->bytes + start;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return arena_take_block(a, size, ALIGNMENT);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		abort();
	return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_take_block(a, n + 1, 1);

	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0)
		abort();

	char *text = arena_take_block(a, (size_t)length + 1, 1);

	va_start(args, fmt);
	vsnprintf(text, (size_t)length + 1, fmt, args);
	va_end(args);
	return text;
}
