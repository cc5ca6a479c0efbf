/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DIAG_TEXT = 1024
};

void diags_release(struct diags *d)
{
	arena_release(&d->arena);
	*d = (struct diags){ 0 };
}

uint32_t diag_source(struct diags *d, const char *name, const char *text, size_t len)
{
	VEC_PUSH(&d->sources, &d->arena,
		 (struct diag_source){
			 .name = text_escaped(&d->arena, name), .text = text, .len = len });
	return (uint32_t)(d->sources.count - 1);
}

static void diag_add(struct diags *d, struct diag diag, const char *fmt, va_list args)
{
	char text[DIAG_TEXT];

	if (!diag.warning)
		d->errors++;
	if (d->list.count == DIAG_LIMIT) {
		d->dropped++;
		return;
	}
	vsnprintf(text, sizeof(text), fmt, args);
	diag.text = arena_strdup(&d->arena, text);
	VEC_PUSH(&d->list, &d->arena, diag);
}

void diag_error(struct diags *d, struct where at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_add(d, (struct diag){ .where = at }, fmt, args);
	va_end(args);
}

void diag_warn(struct diags *d, struct where at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_add(d, (struct diag){ .where = at, .warning = true }, fmt, args);
	va_end(args);
}

static int diag_compare(const void *left, const void *right)
{
	const struct diag *a = left;
	const struct diag *b = right;

	if (a->where.source != b->where.source)
		return a->where.source < b->where.source ? -1 : 1;
	if (a->where.line != b->where.line)
		return a->where.line < b->where.line ? -1 : 1;
	if (a->where.column != b->where.column)
		return a->where.column < b->where.column ? -1 : 1;
	return strcmp(a->text, b->text);
}

/* Line `number` of a source; NULL when there is no such line. */
static const char *find_line(const struct diag_source *s, uint32_t number, size_t *len)
{
	const char *at = s->text;
	const char *end = at ? at + s->len : NULL;

	for (uint32_t line = 1; at && at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			stop = end;
		if (line == number) {
			*len = (size_t)(stop - at);
			return at;
		}
		at = stop + 1;
	}
	return NULL;
}

/*
 * Shows the line with a caret below it.  A long line is cut to a window around
 * the column; a tab is shown as one blank to keep the caret aligned.
 */
static void render_line(const struct diag_source *s, struct where at, struct buf *out)
{
	enum {
		BEFORE = 60,
		WINDOW = 100
	};
	size_t len = 0;
	const char *line = find_line(s, at.line, &len);
	AUTO(buf) shown = { 0 };
	size_t caret = 0; /* columns before it */

	if (!line || at.column == 0 || at.column > len + 1)
		return;

	size_t start = at.column - 1 > BEFORE ? at.column - 1 - BEFORE : 0;
	size_t stop = len - start > WINDOW ? start + WINDOW : len;

	while (start > 0 && (line[start] & 0xc0) == 0x80)
		start--;
	for (size_t i = start; i <= stop; i++) {
		if (i == at.column - 1)
			caret = text_width(buf_text(&shown));
		if (i == stop)
			break;

		size_t n = 1;

		while (i + n < stop && (line[i + n] & 0xc0) == 0x80)
			n++;
		if (line[i] == '\t' || line[i] == '\r')
			buf_putc(&shown, ' ');
		else
			text_escape(&shown, line + i, n);
		i += n - 1;
	}
	buf_printf(out, "    %s\n", buf_text(&shown));
	buf_printf(out, "    %*s^\n", (int)caret, "");
}

void diag_render(struct diags *d, struct buf *out)
{
	const struct diag *previous = NULL;

	if (d->list.count)
		qsort(d->list.items, d->list.count, sizeof(*d->list.items), diag_compare);
	vec_each (diag, &d->list) {
		const struct diag_source *s = &d->sources.items[diag->where.source];
		bool again = previous && !diag_compare(previous, diag);

		previous = diag;
		if (again)
			continue;
		buf_puts(out, s->name);
		if (diag->where.line)
			buf_printf(out, ":%u:%u", diag->where.line, diag->where.column);
		buf_printf(out, ": %s%s\n", diag->warning ? "warning: " : "", diag->text);
		render_line(s, diag->where, out);
	}
	if (d->dropped)
		buf_printf(out, "and %zu more\n", d->dropped);
}
