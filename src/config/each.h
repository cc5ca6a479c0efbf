/* SPDX-License-Identifier: Apache-2.0 */
/* The items of a group, and what they may be: a list with ranges, or the rows of a CSV file. */
#ifndef CONFIG_EACH_H
#define CONFIG_EACH_H

#include "config/csv.h"
#include "config/loader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct item {
	const char *name;
	const char *const *cells; /* NULL: not from a CSV file */
	struct node at;           /* position, for messages */
};

struct each {
	const struct item *items;
	size_t count;
	struct csv csv; /* without header: a list */
};

/* Counts the items before making them, and checks their names. */
bool each_read(struct loader *ld, const struct node *n, struct each *out);

/* ---- ranges in items ---- */

/*
 * A range: in "e[02-50].example.com" every `[digits-digits]` counts up, padded
 * to the width of its first number.  Other brackets are text.
 */

/* Number of texts that `n` expands to; reports a range that runs backwards. */
bool range_count(struct loader *ld, const struct node *n, uint64_t *count);
/* Warns of brackets that look like a mistyped range. */
void range_check(struct loader *ld, const struct node *n);
/* Text number `index`, in the fleet's arena; the last range counts fastest. */
const char *range_item(struct loader *ld, const char *text, uint64_t index);

#endif
