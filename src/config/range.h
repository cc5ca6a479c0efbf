/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "e[02-50].example.com": every `[digits-digits]` counts up, in the width of
 * its first number.  Other brackets are text.
 */
#ifndef CONFIG_RANGE_H
#define CONFIG_RANGE_H

#include "config/loader.h"

#include <stdbool.h>
#include <stdint.h>

/* How many texts it stands for; reports a range that runs backwards. */
bool range_count(struct loader *ld, const struct node *n, uint64_t *count);
/* Warns of brackets that look as if somebody meant a range. */
void range_check(struct loader *ld, const struct node *n);
/* Text number `index`, the last range counting quickest, in the fleet. */
const char *range_item(struct loader *ld, const char *text, uint64_t index);

#endif
