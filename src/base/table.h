/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for people: columns as wide as their widest cell, notes in full below
 * their row.  Cells are escaped when they are added, so any text may be shown.
 *
 *	struct table t = { .arena = a, .titles = titles };
 *	table_add(&t, "front", TONE_PLAIN); ... one call for every column
 *	table_render(&t, color, out);
 *
 * Columns of something that is no table are aligned by column_widen() and
 * column_add(), with texts that are escaped already.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TABLE_COLUMNS = 8,
	TABLE_WIDEST = 48, /* a longer cell overflows its column */
};

enum tone {
	TONE_PLAIN,
	TONE_GOOD,
	TONE_WARN,
	TONE_ASK,
	TONE_BAD,
	TONE_FAINT,
	TONE_TITLE,
	TONE_COUNT
};

struct cell {
	const char *text;
	enum tone tone;
};

struct table_note {
	size_t after; /* number of cells before the note */
	const char *text;
};

struct table {
	struct arena *arena;
	const char *const *titles; /* ends with NULL */
	VEC(struct cell) cells;
	VEC(struct table_note) notes;
};

/* Adds a cell; NULL and "" are shown as "-". */
void table_add(struct table *t, const char *text, enum tone tone);
/* Adds a line below the last complete row, and below it those that follow it in `text`. */
void table_note(struct table *t, const char *text);
/* Prints nothing for a table without rows. */
void table_render(const struct table *t, bool color, struct buf *out);

/* Adds trusted text in a tone. */
void tone_add(struct buf *out, const char *text, enum tone tone, bool color);
/* The same, filled up with blanks to the width of its column. */
void column_add(struct buf *out, const struct cell *c, size_t width, bool color);
/* Makes a column at least as wide as a text, but no wider than TABLE_WIDEST. */
void column_widen(size_t *width, const char *text);

#endif
