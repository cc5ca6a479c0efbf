/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `${each}`, `${each.COLUMN}`, `${component.name}` and `${component.host}`
 * in a text; `$${` is a literal `${`.
 */
#ifndef CONFIG_PLACEHOLDER_H
#define CONFIG_PLACEHOLDER_H

#include "base/buf.h"
#include "config/loader.h"

#include <stdbool.h>

enum {
	EXPANDED_LIMIT = 4096
};

/* How what replaces a placeholder is written. */
enum placeholder_style {
	PLACEHOLDER_TEXT, /* as it is */
	PLACEHOLDER_PATH, /* names are percent-encoded */
	PLACEHOLDER_URL,  /* all is percent-encoded */
};

/*
 * The text of `n` by the loader's scope, in the fleet's arena.  In a path,
 * names are percent-encoded, so that none can reach another directory.
 */
bool placeholder_expand(struct loader *ld, const struct node *n,
			enum placeholder_style style, const char **out);
/* Appends what begins at `*at`, a placeholder or a byte, and moves behind. */
bool placeholder_next(struct loader *ld, const struct node *n,
		      enum placeholder_style style, const char **at,
		      struct buf *out);
/* Whether there is anything to replace. */
bool placeholder_in(const char *text);
/*
 * Whether a text that makes no sense now may make sense for a real component:
 * a sample cannot know what the columns of a CSV file hold.
 */
bool placeholder_excuses(const struct loader *ld, const struct node *n);

#endif
