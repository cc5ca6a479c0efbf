/* SPDX-License-Identifier: Apache-2.0 */
#include "config/csv.h"

#include "base/buf.h"
#include "base/text.h"

#include <string.h>

struct parser {
	struct loader *ld;
	uint16_t source;
	const char *text;
	size_t len;
	size_t at;
	size_t columns; /* 0 before the header */
};

static bool fault(const struct parser *p, size_t at, const char *text)
{
	const struct node here = { .source = p->source, .at = (uint32_t)at };

	return config_error(p->ld, &here, "%s", text);
}

static bool at_break(const struct parser *p)
{
	if (p->at >= p->len || p->text[p->at] == '\n')
		return true;
	return p->text[p->at] == '\r' && p->at + 1 < p->len && p->text[p->at + 1] == '\n';
}

static void skip_break(struct parser *p)
{
	if (p->at < p->len && p->text[p->at] == '\r')
		p->at++;
	if (p->at < p->len)
		p->at++;
}

static bool read_quoted(struct parser *p, struct buf *cell)
{
	size_t start = p->at++;

	while (p->at < p->len) {
		char c = p->text[p->at++];

		if (c != '"') {
			buf_putc(cell, c);
			continue;
		}
		if (p->at < p->len && p->text[p->at] == '"') {
			buf_putc(cell, '"');
			p->at++;
			continue;
		}
		if (at_break(p) || p->text[p->at] == ',')
			return true;
		return fault(p, p->at, "text after the closing quote");
	}
	return fault(p, start, "the quote is never closed");
}

static bool read_bare(struct parser *p, struct buf *cell)
{
	while (!at_break(p) && p->text[p->at] != ',') {
		if (p->text[p->at] == '"')
			return fault(p, p->at, "a quote in a cell that does not begin with one");
		buf_putc(cell, p->text[p->at++]);
	}
	return true;
}

static bool read_cell(struct parser *p, const char **out)
{
	AUTO(buf) cell = { .limit = CSV_CELL_BYTES };
	size_t start = p->at;
	bool quoted = p->at < p->len && p->text[p->at] == '"';

	if (!(quoted ? read_quoted(p, &cell) : read_bare(p, &cell)))
		return false;
	if (cell.failed)
		return fault(p, start, "a cell of more than 4096 bytes");
	for (size_t i = 0; i < cell.len; i++)
		if ((unsigned char)cell.data[i] < 0x20 || cell.data[i] == 0x7f)
			return fault(p, start, "a control character in a cell");
	*out = arena_strndup(&p->ld->work, buf_text(&cell), cell.len);
	return true;
}

/* Reads one record; the header determines the number of cells in each. */
static bool csv_read_row(struct parser *p, struct csv_row *row)
{
	VEC(const char *) cells = { 0 };
	size_t start = p->at;

	for (;;) {
		const char *cell = NULL;

		if (!read_cell(p, &cell))
			return false;
		if (cells.count == CSV_COLUMNS)
			return fault(p, start, "more than 100 columns");
		VEC_PUSH(&cells, &p->ld->work, cell);
		if (p->at >= p->len || p->text[p->at] != ',')
			break;
		p->at++;
	}
	skip_break(p);
	if (p->columns && cells.count != p->columns)
		return fault(p, start, "this row does not have as many cells as the header row");
	p->columns = cells.count;
	*row = (struct csv_row){ cells.items, (uint32_t)start };
	return true;
}

static bool is_identifier(const char *text)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return strchr(first, *text) &&
	       !text[strspn(text,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")];
}

/* Checks the content: a PEM file is refused, whatever the fleet file calls it. */
static bool check_form(const struct parser *p)
{
	static const char pem[] = "-----BEGIN";
	const char *end = p->text + p->len;
	const char *found = bytes_find(p->text, p->len, pem);

	while (found && found > p->text && found[-1] != '\n')
		found = bytes_find(found + 1, (size_t)(end - found - 1), pem);
	return !found || fault(p, (size_t)(found - p->text), "this is PEM, not CSV");
}

static bool csv_check_header(const struct parser *p, const struct csv_row *header)
{
	for (size_t i = 0; i < p->columns; i++) {
		if (!*header->cells[i])
			return fault(p, header->at,
				     "a column without a name; the first row names the columns");
		if (!is_identifier(header->cells[i]))
			return fault(
				p, header->at,
				"the first row of a CSV file names the columns, each with A-Z a-z 0-9 _ - and no digit first");
		for (size_t k = 0; k < i; k++)
			if (!strcmp(header->cells[i], header->cells[k]))
				return fault(p, header->at, "two columns of one name");
	}
	return true;
}

/* Upper limit of the rows that follow; line breaks in quotes count as well. */
static size_t count_lines(const struct parser *p)
{
	size_t lines = p->at < p->len && p->text[p->len - 1] != '\n';

	for (size_t i = p->at; i < p->len; i++)
		lines += p->text[i] == '\n';
	return lines;
}

bool csv_parse(struct loader *ld, uint16_t source, struct csv *out)
{
	const struct source *s = &ld->sources.items[source];
	struct parser p = { .ld = ld, .source = source, .text = s->text, .len = s->len };
	struct csv_row header = { 0 };

	if (!p.len)
		return fault(&p, 0, "empty; the first row names the columns");
	if (!text_is_utf8(p.text, p.len))
		return fault(&p, 0, "not valid UTF-8");
	if (!check_form(&p) || !csv_read_row(&p, &header) || !csv_check_header(&p, &header))
		return false;

	size_t room = count_lines(&p);

	if (room > GROUP_LIMIT)
		return fault(&p, 0, "more than 100000 rows");
	if (room > ld->room)
		return fault(&p, 0, "more than 100000 components in the fleet");

	struct csv_row *rows = arena_array(&ld->work, room, sizeof(*rows));
	size_t count = 0;

	while (p.at < p.len) {
		const struct node here = { .source = source, .at = (uint32_t)p.at };

		if (!loader_has_room(ld, &here) || !csv_read_row(&p, &rows[count++]))
			return false;
	}
	*out = (struct csv){ source, header.cells, p.columns, rows, count };
	return true;
}
