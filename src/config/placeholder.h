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

/* A text while its placeholders are replaced. */
struct expansion {
	struct loader *ld;
	const struct node *n; /* its node, for messages */
	const char *text;     /* as written */
	enum grammar grammar;
};

/*
 * Expands the text of `n` in the loader's scope, into the fleet's arena; values
 * are quoted for the grammar.
 */
bool placeholder_expand(struct loader *ld, const struct node *n, enum grammar g, const char **out);
/* Appends the placeholder (its value) or byte at `*at`, and moves behind it. */
bool placeholder_next(const struct expansion *x, const char **at, struct buf *out);
/* True when the text contains a placeholder. */
bool placeholder_in(const char *text);
/*
 * Text for a message: `made`, the value made of `n`; but the text of `n` as
 * written when it has placeholders, since `made` may then contain a cell of a
 * CSV file.
 */
const char *as_written(struct loader *ld, const struct node *n, const char *made);
/*
 * True when an invalid text may be valid for a real component: a sample does
 * not know the values of CSV columns.
 */
bool placeholder_excuses(const struct loader *ld, const struct node *n);

#endif
