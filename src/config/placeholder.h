/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `${each}`, `${each.COLUMN}`, `${component.name}` and `${component.host}`
 * in a text; `$${` is a literal `${`.
 */
#ifndef CONFIG_PLACEHOLDER_H
#define CONFIG_PLACEHOLDER_H

#include "config/loader.h"

#include <stdbool.h>

enum {
	EXPANDED_LIMIT = 4096
};

/*
 * The text of `n` by the loader's scope, in the fleet's arena.  In a path,
 * names are percent-encoded, so that none can reach another directory.
 */
bool placeholder_expand(struct loader *ld, const struct node *n, bool is_path,
			const char **out);
/* Whether there is anything to replace. */
bool placeholder_in(const char *text);
/*
 * Whether a text that makes no sense now may make sense for a real component:
 * a sample cannot know what the columns of a CSV file hold.
 */
bool placeholder_excuses(const struct loader *ld, const struct node *n);

#endif
