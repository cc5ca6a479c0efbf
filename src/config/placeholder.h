/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `${each}`, `${each.COLUMN}`, `${component.name}` and `${component.host}`
 * in a text; `$${` is a literal `${`.
 */
#ifndef CONFIG_PLACEHOLDER_H
#define CONFIG_PLACEHOLDER_H

#include "base/buf.h"
#include "config/loader.h"
#include "config/quote.h"

#include <stdbool.h>

enum {
	EXPANDED_LIMIT = 4096
};

/* A text that is read byte by byte, its placeholders replaced. */
struct expansion {
	struct loader *ld;
	const struct node *n; /* where it stands, for messages */
	const char *text;     /* as written */
	enum grammar grammar;
};

/*
 * The text of `n` by the loader's scope, in the fleet's arena; values are
 * quoted for the grammar of the place.
 */
bool placeholder_expand(struct loader *ld, const struct node *n, enum grammar g, const char **out);
/* Appends what begins at `*at`, a placeholder or a byte, and moves behind. */
bool placeholder_next(const struct expansion *x, const char **at, struct buf *out);
/* Whether there is anything to replace. */
bool placeholder_in(const char *text);
/*
 * For a message: what was made of `n`, unless placeholders were replaced for
 * it, since then it may hold a cell of a CSV file; then as it is written.
 */
const char *as_written(struct loader *ld, const struct node *n, const char *made);
/*
 * Whether a text that makes no sense now may make sense for a real component:
 * a sample cannot know what the columns of a CSV file hold.
 */
bool placeholder_excuses(const struct loader *ld, const struct node *n);

#endif
