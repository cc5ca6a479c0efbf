/* SPDX-License-Identifier: Apache-2.0 */
#include "config/syntax.h"

#include "base/text.h"

#include <string.h>

struct wording {
	const char *problem; /* beginning of libyaml's message */
	const char *text;
};

static const struct wording flow_wordings[] = {
	{ "did not find expected",
	  "expected ',' or the closing bracket; quote it when a value holds any of , : [ ] { } # or begins with ':'" },
	{ NULL, NULL },
};

static const struct wording wordings[] = {
	{ "did not find expected alphabetic",
	  "'*' and '&' begin an alias or an anchor; quote it when it is text" },
	{ "found character that cannot start",
	  "a value cannot begin with this character; quote it" },
	{ "mapping values are not allowed",
	  "':' with a blank after it begins a value, and none is expected here; quote it when it is text, or check the indentation" },
	{ "found a tab character", "a tab cannot indent; use blanks" },
	{ "found unexpected end of stream", "the quote is never closed" },
	{ "found unexpected document indicator", "the quote is never closed" },
	{ "could not find expected ':'", "expected 'key: value'; a blank belongs after the ':'" },
	{ "did not find expected key",
	  "expected a key; check the indentation, and quote a value that begins with '[', '{' or a quote and goes on after it" },
	{ "did not find expected '-'", "expected '-' for the next item; check the indentation" },
	{ "did not find expected <document start>",
	  "expected the end of the file; check the indentation" },
	{ "did not find expected node content", "expected a value; quote it when it is text" },
	{ "found undefined tag handle", "tags are not supported; quote it" },
	{ NULL, NULL },
};

static const char *wording_of(const struct wording *w, const char *problem)
{
	for (; w->problem; w++)
		if (!strncmp(problem, w->problem, strlen(w->problem)))
			return w->text;
	return NULL;
}

static bool config_error_at(struct loader *ld, uint16_t source, uint32_t at, const char *text)
{
	const struct node here = { .source = source, .at = at };

	return config_error(ld, &here, "%s", text);
}

void syntax_report(struct loader *ld, uint16_t source, const struct syntax_error *error)
{
	const char *text = NULL;
	const struct source *s = &ld->sources.items[source];
	uint32_t at = error->at > s->len ? (uint32_t)s->len : error->at;
	const struct node here = { .source = source, .at = at };

	if (at < s->len && s->text[at] == '\t')
		text = "a tab cannot indent; use blanks";
	else if (!strncmp(error->problem, "did not find expected alphabetic", 32) && at > 0)
		at--; /* to the '*' */
	else if (error->in_flow)
		text = wording_of(flow_wordings, error->problem);
	if (!text)
		text = wording_of(wordings, error->problem);
	if (!text)
		config_error(ld, &here, "not valid YAML: %s", error->problem);
	else if (error->quote_line)
		config_error(ld, &here, "%s; the quote of line %zu ends here only", text,
			     error->quote_line);
	else if (error->bracket_line)
		config_error(ld, &here, "%s; the bracket of line %zu is still open", text,
			     error->bracket_line);
	else
		config_error_at(ld, source, at, text);
}

/* True for a line break that only YAML 1.1 has: NEL, LS or PS. */
static bool is_old_break(const unsigned char *b, size_t left)
{
	if (left >= 2 && b[0] == 0xc2 && b[1] == 0x85)
		return true;
	return left >= 3 && b[0] == 0xe2 && b[1] == 0x80 && (b[2] == 0xa8 || b[2] == 0xa9);
}

static bool is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

/* Offset of the first invalid UTF-8 sequence. */
static size_t invalid_at(const char *text, size_t len)
{
	size_t low = 0;

	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)text[i] & 0xc0) == 0x80)
			continue;
		if (i - low >= 4096 && !text_is_utf8(text + low, i - low))
			break;
		if (i - low >= 4096)
			low = i;
	}
	for (size_t n = low + 1; n <= len; n++) {
		bool boundary = n == len || ((unsigned char)text[n] & 0xc0) != 0x80;

		if (!boundary)
			continue;
		if (!text_is_utf8(text + low, n - low))
			return low;
		low = n;
	}
	return len;
}

/* The fault of a byte or sequence that is not printable ASCII; NULL: none. */
static const char *fault_at(const unsigned char *b, size_t left)
{
	if (*b == '\r')
		return left > 1 && b[1] == '\n' ? NULL : "a carriage return that ends no line";
	if (*b < 0x20 || *b == 0x7f)
		return "a control character; in double quotes it can be written as \\xNN";
	if (is_old_break(b, left))
		return "a line break that only YAML 1.1 knows; remove it";
	return NULL;
}

bool syntax_check_bytes(struct loader *ld, uint16_t source, bool *ascii)
{
	const struct source *s = &ld->sources.items[source];
	const unsigned char *bytes = (const unsigned char *)s->text;

	*ascii = true;
	for (size_t i = 0; i < s->len; i++) {
		if (is_plain(bytes[i]))
			continue;
		if (bytes[i] >= 0x80)
			*ascii = false;

		const char *fault = fault_at(bytes + i, s->len - i);

		if (fault)
			return config_error_at(ld, source, (uint32_t)i, fault);
	}
	if (*ascii || text_is_utf8(s->text, s->len))
		return true;
	return config_error_at(ld, source, (uint32_t)invalid_at(s->text, s->len),
			       "not valid UTF-8");
}
