/* SPDX-License-Identifier: Apache-2.0 */
#include "report/table.h"

#include "base/text.h"

static const char *const tone_codes[TONE_COUNT] = {
	[TONE_PLAIN] = "",         [TONE_GOOD] = "\033[32m", [TONE_WARN] = "\033[33m",
	[TONE_BAD] = "\033[1;31m", [TONE_FAINT] = "\033[2m", [TONE_TITLE] = "\033[1m",
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
	VEC_PUSH(&t->notes, t->arena,
		 (struct table_note){ t->cells.count, text_escaped(t->arena, text) });
}

/* Width in characters: UTF-8 continuation bytes are not counted. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static size_t columns_of(const struct table *t)
{
	size_t count = 0;

	while (t->titles[count])
		count++;
	return count;
}

static void table_widen(size_t *width, const char *text)
{
	size_t wanted = width_of(text);

	if (wanted > TABLE_WIDEST)
		wanted = TABLE_WIDEST;
	if (wanted > *width)
		*width = wanted;
}

/* The last column is not padded, so that no line ends in blanks. */
static void add_cell(struct buf *out, const struct cell *c, size_t width, bool color)
{
	size_t used = width_of(c->text);

	tone_add(out, c->text, c->tone, color);
	buf_puts(out, "  ");
	for (; used < width; used++)
		buf_putc(out, ' ');
}

static void table_add_row(const struct cell *cells, const size_t *widths, struct buf *out,
			  bool color)
{
	size_t column = 0;

	for (; widths[column + 1]; column++)
		add_cell(out, &cells[column], widths[column], color);
	tone_add(out, cells[column].text, cells[column].tone, color);
	buf_putc(out, '\n');
}

void table_render(const struct table *t, bool color, struct buf *out)
{
	size_t columns = columns_of(t);
	size_t widths[TABLE_COLUMNS + 1] = { 0 };
	struct cell titles[TABLE_COLUMNS] = { 0 };
	size_t note = 0;

	if (!t->cells.count)
		return;
	for (size_t i = 0; i < columns; i++) {
		titles[i] = (struct cell){ t->titles[i], TONE_TITLE };
		table_widen(&widths[i], t->titles[i]);
	}
	for (size_t i = 0; i < t->cells.count; i++)
		table_widen(&widths[i % columns], t->cells.items[i].text);
	table_add_row(titles, widths, out, color);
	for (size_t at = 0; at < t->cells.count; at += columns) {
		table_add_row(t->cells.items + at, widths, out, color);
		for (; note < t->notes.count && t->notes.items[note].after <= at + columns; note++)
			buf_printf(out, "  %s\n", t->notes.items[note].text);
	}
}
