/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Reads one code point (RFC 3629); returns its length, 0 when the bytes are
 * invalid.
 */
static size_t utf8_next(const char *bytes, size_t len, uint32_t *point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *b = (const unsigned char *)bytes;
	size_t n = b[0] < 0x80   ? 1
		   : b[0] < 0xc2 ? 0
		   : b[0] < 0xe0 ? 2
		   : b[0] < 0xf0 ? 3
		   : b[0] < 0xf5 ? 4
				 : 0;

	if (n == 0 || n > len)
		return 0;
	*point = n == 1 ? b[0] : b[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (b[i] & 0x3fu);
	}
	if (*point < smallest[n] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return n;
}

/* Control characters, line separators and all bidirectional marks. */
static bool is_dangerous(uint32_t p)
{
	return p < 0x20 || (p >= 0x7f && p < 0xa0) || p == 0xad || p == 0x61c ||
	       (p >= 0x200b && p <= 0x200f) || (p >= 0x2028 && p <= 0x202e) ||
	       (p >= 0x2060 && p <= 0x206f) || p == 0xfeff || (p >= 0xfff0 && p <= 0xfffb) ||
	       (p >= 0xe0000 && p <= 0xe007f);
}

/* Escapes the characters that begin within the first `shown` bytes; no character is cut. */
static void escape(struct buf *out, const char *bytes, size_t len, size_t shown)
{
	for (size_t i = 0; i < shown;) {
		uint32_t point = 0;
		size_t n = utf8_next(bytes + i, len - i, &point);

		if (n && !is_dangerous(point)) {
			buf_add(out, bytes + i, n);
			i += n;
			continue;
		}
		for (size_t end = i + (n ? n : 1); i < end; i++)
			buf_printf(out, "\\x%02x", (unsigned char)bytes[i]);
	}
}

void text_escape(struct buf *out, const char *bytes, size_t len)
{
	size_t shown = len > TEXT_SHOWN_LIMIT ? TEXT_SHOWN_LIMIT : len;

	escape(out, bytes, len, shown);
	if (shown < len)
		buf_puts(out, "...");
}

void text_escape_whole(struct buf *out, const char *bytes, size_t len)
{
	escape(out, bytes, len, len);
}

void text_escape_lines(struct buf *out, const char *text, const char *between)
{
	for (;;) {
		size_t len = strcspn(text, "\n");

		text_escape_whole(out, text, len);
		if (!text[len])
			return;
		buf_puts(out, between);
		text += len + 1;
	}
}

void text_quote(struct buf *out, const char *bytes, size_t len)
{
	const char *end = bytes + len;
	const char *line = len > TEXT_QUOTED ? end - TEXT_QUOTED : bytes;
	size_t count = 0;
	AUTO(buf) lines = { 0 };

	/* begins with a whole line, unless there is none */
	if (line > bytes && line[-1] != '\n') {
		const char *cut = memchr(line, '\n', (size_t)(end - line));

		line = cut && cut + 1 < end ? cut + 1 : line;
	}
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		size_t shown = (size_t)(stop - line);

		while (shown && strchr("\r\t ", line[shown - 1]))
			shown--;
		if (shown && count++)
			buf_putc(&lines, '\n');
		text_escape(&lines, line, shown);
		line = stop + 1;
	}
	if (count)
		buf_printf(out, ":%c%s", count > 1 ? '\n' : ' ', buf_text(&lines));
}

const char *text_escaped(struct arena *a, const char *text)
{
	AUTO(buf) out = { 0 };

	text_escape(&out, text, strlen(text));
	return arena_strdup(a, buf_text(&out));
}

/* Characters of another width than one column: Unicode, by blocks. */
static const struct {
	uint32_t first;
	uint32_t last;
	size_t width;
} widths[] = {
	{ 0x0300, 0x036f, 0 },   { 0x0483, 0x0489, 0 },   { 0x1100, 0x115f, 2 },
	{ 0x1ab0, 0x1aff, 0 },   { 0x1dc0, 0x1dff, 0 },   { 0x20d0, 0x20ff, 0 },
	{ 0x2e80, 0x303e, 2 },   { 0x3041, 0xa4cf, 2 },   { 0xa960, 0xa97f, 2 },
	{ 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },
	{ 0xfe20, 0xfe2f, 0 },   { 0xfe30, 0xfe6f, 2 },   { 0xff01, 0xff60, 2 },
	{ 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 },
	{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 }, { 0xe0100, 0xe01ef, 0 },
};

static size_t point_width(uint32_t point)
{
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++)
		if (point >= widths[i].first && point <= widths[i].last)
			return widths[i].width;
	return 1;
}

size_t text_width(const char *text)
{
	size_t left = strlen(text);
	size_t width = 0;

	while (left) {
		uint32_t point = 0;
		size_t n = utf8_next(text, left, &point);

		width += n < 2 ? 1 : point_width(point);
		text += n ? n : 1;
		left -= n ? n : 1;
	}
	return width;
}

/* Quotes and backslashes mean something in $'...'. */
static void shell_escape(struct buf *out, const char *text)
{
	AUTO(buf) shown = { 0 };

	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_printf(&shown, "\\x%02x", (unsigned char)*text);
		else
			buf_putc(&shown, *text);
	}
	buf_puts(out, "$'");
	text_escape_whole(out, buf_text(&shown), shown.len);
	buf_putc(out, '\'');
}

void text_shell_word(struct buf *out, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
	AUTO(buf) shown = { 0 };

	text_escape_whole(&shown, text, strlen(text));
	if (*text && !text[strspn(text, plain)]) {
		buf_puts(out, text);
	} else if (strcmp(buf_text(&shown), text) != 0) {
		shell_escape(out, text);
	} else {
		buf_putc(out, '\'');
		for (; *text; text++) {
			if (*text == '\'')
				buf_puts(out, "'\\''");
			else
				buf_putc(out, *text);
		}
		buf_putc(out, '\'');
	}
}

/* Appends what the quotes at `text` hold; the end of them, NULL: they are not closed. */
static const char *shell_quoted(const char *text, struct buf *word)
{
	char quote = *text++;

	for (; *text && *text != quote; text++) {
		if (quote == '"' && *text == '\\' && text[1] && strchr("\\\"$`", text[1]))
			text++;
		buf_putc(word, *text);
	}
	return *text ? text + 1 : NULL;
}

/* Appends the word at `text`, which begins with none of `blanks`; NULL as above. */
static const char *shell_unquoted(const char *text, const char *blanks, struct buf *word)
{
	while (text && *text && !strchr(blanks, *text)) {
		if (*text == '\'' || *text == '"') {
			text = shell_quoted(text, word);
		} else if (*text == '\\' && !text[1]) {
			return NULL;
		} else {
			text += *text == '\\';
			buf_putc(word, *text++);
		}
	}
	return text;
}

bool text_shell_split(const char *text, struct arena *a, const char *const **words, size_t *count)
{
	static const char blanks[] = " \t\n";
	VEC(const char *) list = { 0 };

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		AUTO(buf) word = { 0 };

		text = shell_unquoted(text, blanks, &word);
		if (!text)
			return false;
		VEC_PUSH(&list, a, arena_strdup(a, buf_text(&word)));
	}
	VEC_PUSH(&list, a, NULL);
	*words = list.items;
	*count = list.count - 1;
	return true;
}

void text_shell_words(struct buf *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		buf_puts(out, i ? " " : "");
		text_shell_word(out, words[i]);
	}
}

const void *bytes_find(const void *bytes, size_t len, const char *text)
{
	return len ? memmem(bytes, len, text, strlen(text)) : NULL;
}

bool text_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool words_equal(const char *const *a, const char *const *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *b && !strcmp(*a, *b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

bool text_is_utf8(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t point = 0;
		size_t n = utf8_next(bytes + i, len - i, &point);

		if (n == 0 || point == 0)
			return false;
		i += n;
	}
	return true;
}

void text_percent(struct buf *out, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	for (; *text; text++) {
		if (strchr(plain, *text))
			buf_putc(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

void text_hex(const void *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool text_unhex(const char *hex, void *bytes, size_t len)
{
	unsigned char *out = bytes;

	if (strlen(hex) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(hex[2 * i]);
		int low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool text_is_fingerprint(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return text[len] == '\0' && (len == 0 || len == FINGERPRINT_TEXT - 1);
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Encodes up to three of the `len` bytes at `b` as four characters. */
static void encode_group(const unsigned char *b, size_t len, char text[4])
{
	size_t n = len < 3 ? len : 3;
	uint32_t group = (uint32_t)b[0] << 16;

	if (n > 1)
		group |= (uint32_t)b[1] << 8;
	if (n > 2)
		group |= b[2];
	for (size_t k = 0; k < 4; k++)
		text[k] = k > n ? '=' : base64_digits[group >> (18 - 6 * k) & 63];
	wipe(&group, sizeof(group));
}

void text_base64(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;
	char text[4];

	for (size_t i = 0; i < len; i += 3) {
		encode_group(b + i, len - i, text);
		buf_add(out, text, sizeof(text));
	}
	wipe(text, sizeof(text));
}

void text_base64_secret(struct secret *out, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;
	unsigned char *at = secret_grow(out, (len + 2) / 3 * 4);

	for (size_t i = 0; i < len; i += 3, at += 4)
		encode_group(b + i, len - i, (char *)at);
}

size_t text_unbase64_room(size_t len)
{
	return len / 4 * 3 + 3;
}

/* Number of characters in a group before the padding; -1: padding before the end. */
static int group_digits(const char *text, bool last)
{
	if (text[3] != '=')
		return 4;
	if (!last)
		return -1;
	return text[2] == '=' ? 2 : 3;
}

bool text_unbase64(const char *text, size_t len, void *bytes, size_t *got)
{
	unsigned char *out = bytes;

	*got = 0;
	if (len % 4)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		int digits = group_digits(text + i, i + 4 == len);
		uint32_t group = 0;

		for (int k = 0; k < digits; k++) {
			const char *digit = text[i + (size_t)k]
						    ? strchr(base64_digits, text[i + (size_t)k])
						    : NULL;

			if (!digit)
				return false;
			group |= (uint32_t)(digit - base64_digits) << (18 - 6 * k);
		}
		if (digits < 2 || (digits < 4 && group << (8 * digits)))
			return false;
		for (int k = 0; k < digits - 1; k++)
			out[(*got)++] = (unsigned char)(group >> (16 - 8 * k));
	}
	return true;
}

enum {
	WORD_LIMIT = 64
};

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Damerau-Levenshtein distance with adjacent swaps; both words within WORD_LIMIT. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a);
	size_t lb = strlen(b);
	size_t d[WORD_LIMIT + 1][WORD_LIMIT + 1];

	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			d[i][j] = smallest(d[i - 1][j] + 1, d[i][j - 1] + 1,
					   d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[la][lb];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	size_t len = strlen(word);
	size_t best = len / 3 + 1; /* a third of the letters may be wrong */
	const char *nearest = NULL;

	if (len < 2 || len > WORD_LIMIT)
		return NULL;
	for (; *candidates; candidates++) {
		if (strlen(*candidates) > WORD_LIMIT)
			continue;
		if (!strcasecmp(word, *candidates))
			return *candidates;

		size_t d = distance(word, *candidates);

		if (d < best || (d == best && !nearest)) {
			best = d;
			nearest = *candidates;
		}
	}
	return nearest;
}

int text_compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

int text_compare_two(const void *left, const void *right)
{
	const char *const *l = left;
	const char *const *r = right;
	int order = strcmp(l[0], r[0]);

	return order ? order : strcmp(l[1] ? l[1] : "", r[1] ? r[1] : "");
}

size_t text_set(const char **texts, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(texts, count, sizeof(*texts), text_compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(texts[kept - 1], texts[i]) != 0)
			texts[kept++] = texts[i];
	return kept;
}

void *text_find(const char *text, const void *items, size_t count, size_t size)
{
	return count ? bsearch(&text, items, count, size, text_compare) : NULL;
}
