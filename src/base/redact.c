/* SPDX-License-Identifier: Apache-2.0 */
#include "base/redact.h"

#include "base/buf.h"
#include "base/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
	SHORTEST_SECRET = 3,
	KEY_LIKE = 32 /* length of a base64 or hex word that could be a key */
};

/* Length of the leading word of base64 or hex characters. */
static size_t word_len(const char *text, size_t len)
{
	size_t run = 0;

	while (run < len && isascii((unsigned char)text[run]) && text[run] &&
	       (isalnum((unsigned char)text[run]) || strchr("+/=_-", text[run])))
		run++;
	return run;
}

/* Long, and not a path or name: upper case, lower case and digits mixed, or all hex. */
static bool is_key_like(const char *word, size_t len)
{
	size_t upper = 0;
	size_t lower = 0;
	size_t digits = 0;
	size_t hex = 0;

	for (size_t i = 0; i < len; i++) {
		upper += isupper((unsigned char)word[i]) != 0;
		lower += islower((unsigned char)word[i]) != 0;
		digits += isdigit((unsigned char)word[i]) != 0;
		hex += isxdigit((unsigned char)word[i]) != 0;
	}
	return len >= KEY_LIKE && ((upper && lower && digits) || hex == len);
}

/* Length of the text before the first PEM block or key-like word. */
static size_t harmless_len(const char *text, size_t len)
{
	const char *pem = bytes_find(text, len, "-----BEGIN");
	size_t most = pem ? (size_t)(pem - text) : len;

	for (size_t i = 0; i < most;) {
		size_t word = word_len(text + i, most - i);

		if (is_key_like(text + i, word))
			return i;
		i += word + 1;
	}
	return most;
}

const char *redact_keys(const char *text, size_t len, struct arena *a)
{
	AUTO(buf) out = { 0 };
	size_t harmless = 0;

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	harmless = harmless_len(text, len);
	text_escape(&out, text, harmless);
	if (harmless < len && harmless < TEXT_SHOWN_LIMIT)
		buf_puts(&out, "...");
	return arena_strdup(a, buf_text(&out));
}

const char *redact_last_line(const char *text, size_t len, struct arena *a)
{
	size_t begin = 0;

	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	for (begin = len; begin && text[begin - 1] != '\n';)
		begin--;
	return redact_keys(text + begin, len - begin, a);
}

static bool holds(const char *text, size_t len, const void *bytes, size_t count)
{
	return count >= SHORTEST_SECRET && memmem(text, len, bytes, count);
}

bool redact_repeats(const char *text, size_t len, const struct secret *s)
{
	const unsigned char *blank = s->len ? memchr(s->bytes, ' ', s->len) : NULL;

	return holds(text, len, s->bytes, s->len) ||
	       (blank && holds(text, len, blank + 1, s->len - (size_t)(blank + 1 - s->bytes)));
}
