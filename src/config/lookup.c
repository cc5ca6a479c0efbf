/* SPDX-License-Identifier: Apache-2.0 */
#include "config/lookup.h"

#include "base/alloc.h"
#include "base/random.h"

#include <string.h>
#include <strings.h>

struct lookup_slot {
	const char *key;
	const void *value;
	uint64_t hash;
};

enum {
	FIRST_ROOM = 16
};

void lookup_release(struct lookup *l)
{
	free(l->slots);
	*l = (struct lookup){ 0 };
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t lower(uint64_t chunk)
{
	unsigned char bytes[sizeof(chunk)];

	memcpy(bytes, &chunk, sizeof(chunk));
	for (size_t i = 0; i < sizeof(bytes); i++)
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] |= 0x20;
	memcpy(&chunk, bytes, sizeof(chunk));
	return chunk;
}

static uint64_t lookup_hash_of(const struct lookup *l, const char *key)
{
	size_t left = strlen(key);
	uint64_t hash = l->seed ^ left;

	while (left) {
		size_t take = left < sizeof(uint64_t) ? left : sizeof(uint64_t);
		uint64_t chunk = 0;

		memcpy(&chunk, key, take);
		if (l->fold)
			chunk = lower(chunk);
		hash = mix(hash ^ chunk ^ 0x9e3779b97f4a7c15u, l->seed | 0x8000000000000001u);
		key += take;
		left -= take;
	}
	return mix(hash, 0xd6e8feb86659fd93u);
}

static bool lookup_equals(const struct lookup *l, const char *a, const char *b)
{
	return l->fold ? !strcasecmp(a, b) : !strcmp(a, b);
}

/* The slot that holds `key`, or the free one where it belongs. */
static struct lookup_slot *slot_for(const struct lookup *l, const char *key, uint64_t hash)
{
	size_t i = hash & (l->room - 1);

	while (l->slots[i].key &&
	       (l->slots[i].hash != hash || !lookup_equals(l, l->slots[i].key, key)))
		i = (i + 1) & (l->room - 1);
	return &l->slots[i];
}

static void lookup_grow(struct lookup *l)
{
	struct lookup_slot *old = l->slots;
	size_t old_room = l->room;

	if (!old)
		random_bytes(&l->seed, sizeof(l->seed));
	l->room = old_room ? old_room * 2 : FIRST_ROOM;
	l->slots = xcalloc(l->room, sizeof(*l->slots));
	for (size_t i = 0; i < old_room; i++)
		if (old[i].key)
			*slot_for(l, old[i].key, old[i].hash) = old[i];
	free(old);
}

const void *lookup_find(const struct lookup *l, const char *key)
{
	if (!l->room)
		return NULL;
	return slot_for(l, key, lookup_hash_of(l, key))->value;
}

const void *lookup_add(struct lookup *l, const char *key, const void *value)
{
	if (l->count * 8 >= l->room * 7)
		lookup_grow(l);

	uint64_t hash = lookup_hash_of(l, key);
	struct lookup_slot *slot = slot_for(l, key, hash);

	if (slot->key)
		return slot->value;
	*slot = (struct lookup_slot){ key, value, hash };
	l->count++;
	return NULL;
}

void lookup_put(struct lookup *l, const char *key, const void *value)
{
	if (lookup_add(l, key, value))
		slot_for(l, key, lookup_hash_of(l, key))->value = value;
}
