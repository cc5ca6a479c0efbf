/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "base/alloc.h"

#include <assert.h>
#include <malloc.h>
#include <string.h>

void wipe(void *bytes, size_t len)
{
	if (bytes)
		explicit_bzero(bytes, len);
}

void wipe_free(void *memory)
{
	wipe(memory, malloc_usable_size(memory));
	free(memory);
}

void *wipe_realloc(void *memory, size_t size)
{
	size_t before = malloc_usable_size(memory);
	void *moved = malloc(size);

	if (!moved)
		return NULL;
	if (before)
		memcpy(moved, memory, before < size ? before : size);
	wipe_free(memory);
	return moved;
}

void secret_release(struct secret *s)
{
	wipe(s->bytes, s->len);
	free(s->bytes);
	*s = (struct secret){ 0 };
}

void secret_alloc(struct secret *s, size_t len)
{
	assert(!s->bytes);
	s->bytes = xcalloc(1, len + 1);
	s->len = len;
}

void secret_copy(struct secret *s, const void *bytes, size_t len)
{
	secret_alloc(s, len);
	if (len)
		memcpy(s->bytes, bytes, len);
}

unsigned char *secret_grow(struct secret *s, size_t more)
{
	struct secret longer = { 0 };
	size_t before = s->len;

	secret_alloc(&longer, before + more);
	if (before)
		memcpy(longer.bytes, s->bytes, before);
	secret_release(s);
	*s = longer;
	return s->bytes + before;
}

void secret_add(struct secret *s, const void *bytes, size_t len)
{
	unsigned char *at = secret_grow(s, len);

	if (len)
		memcpy(at, bytes, len);
}
