/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/text.h"

#include <assert.h>

static const char *const tone_codes[TONE_COUNT] = {
	[TONE_PLAIN] = "",         [TONE_GOOD] = "\033[32m",  [TONE_WARN] = "\033[33m",
	[TONE_ASK] = "\033[1;33m", [TONE_BAD] = "\033[1;31m", [TONE_FAINT] = "\033[2m",
	[TONE_TITLE] = "\033[1m",
};

void tone_add(struct buf *out, const char *text, enum tone tone, bool color)
{
	if (!color || tone == TONE_PLAIN) {
		buf_puts(out, text);
		return;
	}
	buf_puts(out, tone_codes[tone]);
	buf_puts(out, text);
	buf_puts(out, "\033[0m");
}

void table_add(struct table *t, const char *text, enum tone tone)
{
	const char *shown = text && *text ? text_escaped(t->arena, text) : "-";

	VEC_PUSH(&t->cells, t->arena, (struct cell){ shown, tone });
}

void table_note(struct table *t, const char *text)
{
	AUTO(buf) lines = { 0 };

	text_escape_lines(&lines, text, "\n    | ");
	VEC_PUSH(&t->notes, t->arena,
		 (struct table_note){ t->cells.count, arena_strdup(t->arena, buf_text(&lines)) });
}

void column_widen(size_t *width, const char *text)
{
	size_t wanted = text_width(text);

	if (wanted > TABLE_WIDEST)
		wanted = TABLE_WIDEST;
	if (wanted > *width)
		*width = wanted;
}

void column_add(struct buf *out, const struct cell *c, size_t width, bool color)
{
	tone_add(out, c->text, c->tone, color);
	for (size_t used = text_width(c->text); used < width; used++)
		buf_putc(out, ' ');
}

/* The last column is never padded: no line ends in blanks. */
static void table_add_row(const struct cell *cells, const size_t *widths, struct buf *out,
			  bool color)
{
	size_t column = 0;

	for (; widths[column + 1]; column++) {
		column_add(out, &cells[column], widths[column], color);
		buf_puts(out, "  ");
	}
	tone_add(out, cells[column].text, cells[column].tone, color);
	buf_putc(out, '\n');
}

void table_render(const struct table *t, bool color, struct buf *out)
{
	size_t columns = 0;
	size_t widths[TABLE_COLUMNS + 1] = { 0 };
	struct cell titles[TABLE_COLUMNS] = { 0 };
	size_t note = 0;

	if (!t->cells.count)
		return;
	for (; t->titles[columns]; columns++) {
		assert(columns < TABLE_COLUMNS);
		titles[columns] = (struct cell){ t->titles[columns], TONE_TITLE };
		column_widen(&widths[columns], t->titles[columns]);
	}
	assert(t->cells.count % columns == 0);
	for (size_t i = 0; i < t->cells.count; i++)
		column_widen(&widths[i % columns], t->cells.items[i].text);
	table_add_row(titles, widths, out, color);
	for (size_t at = 0; at < t->cells.count; at += columns) {
		table_add_row(t->cells.items + at, widths, out, color);
		for (; note < t->notes.count && t->notes.items[note].after <= at + columns; note++)
			buf_printf(out, "  %s\n", t->notes.items[note].text);
	}
}
