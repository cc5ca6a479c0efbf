/* SPDX-License-Identifier: Apache-2.0 */
/* The items of a group: a list with ranges, or the rows of a CSV file. */
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
	struct node at;           /* where it is written, for messages */
};

struct each {
	const struct item *items;
	size_t count;
	struct csv csv; /* no header: a list */
};

/* Counts the items before it makes them, and checks their names. */
bool each_read(struct loader *ld, const struct node *n, struct each *out);

/* ---- config/range.c ---- */

/*
 * "e[02-50].example.com": every `[digits-digits]` counts up, in the width of
 * its first number.  Other brackets are text.
 */

/* How many texts it stands for; reports a range that runs backwards. */
bool range_count(struct loader *ld, const struct node *n, uint64_t *count);
/* Warns of brackets that look as if somebody meant a range. */
void range_check(struct loader *ld, const struct node *n);
/* Text number `index`, the last range counting quickest, in the fleet. */
const char *range_item(struct loader *ld, const char *text, uint64_t index);

#endif
