/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lookup: a hash table from names to objects, so that no check over a fleet
 * is quadratic.
 *
 * `AUTO(lookup) seen = { 0 };` is empty.  Keys are borrowed and must outlive
 * it.  With `fold` set before the first addition, ASCII letters match in either
 * case.  The hash is seeded, so that a crafted file cannot make it slow.
 * Values are never NULL.
 */
#ifndef CONFIG_LOOKUP_H
#define CONFIG_LOOKUP_H

#include "base/auto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_slot;

struct lookup {
	struct lookup_slot *slots;
	size_t room;
	size_t count;
	uint64_t seed;
	bool fold;
};

void lookup_release(struct lookup *l);
AUTO_STRUCT(lookup, struct lookup, lookup_release)

/* NULL when the key is missing. */
const void *lookup_find(const struct lookup *l, const char *key);
/* Adds a new key and returns NULL; for an existing key returns its value. */
const void *lookup_add(struct lookup *l, const char *key, const void *value);
/* Adds or replaces. */
void lookup_put(struct lookup *l, const char *key, const void *value);

#endif
