/* SPDX-License-Identifier: Apache-2.0 */
#include "config/quote.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

static bool is_whole(const struct quote *q)
{
	return q->at == q->text && !*q->end;
}

/* True for letters, digits and the characters of `more`. */
static bool is_made_of(const char *value, const char *more)
{
	for (; *value; value++)
		if (!isascii((unsigned char)*value) ||
		    (!isalnum((unsigned char)*value) && !strchr(more, *value)))
			return false;
	return true;
}

static bool is_ip6(const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN] = "";
	unsigned char bytes[sizeof(struct in6_addr)];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	return inet_pton(AF_INET6, copy, bytes) == 1;
}

static const char *quote_text(const struct quote *q, struct buf *out)
{
	buf_puts(out, q->value);
	return NULL;
}

/* The '/' in the value of "${component.name}" is ours, and is encoded. */
static bool quote_is_full_name(const struct quote *q)
{
	static const char name[] = "${component.name}";

	return !strncmp(q->at, name, sizeof(name) - 1);
}

static const char *quote_path(const struct quote *q, struct buf *out)
{
	if (strchr(q->value, '/') && !quote_is_full_name(q))
		return "holds '/'";
	text_percent(out, q->value);
	return NULL;
}

static const char *quote_program(const struct quote *q, struct buf *out)
{
	if (!is_made_of(q->value, "._-"))
		return "holds more than A-Z a-z 0-9 . _ -";
	buf_puts(out, q->value);
	return NULL;
}

/* RFC 4514, section 2.4; '=' as well, for readers that search for it. */
static const char *quote_subject(const struct quote *q, struct buf *out)
{
	for (const char *at = q->value; *at; at++) {
		bool edge = at == q->value || !at[1];

		if (strchr(",+\"\\<>;=", *at) || (*at == ' ' && edge) ||
		    (*at == '#' && at == q->value))
			buf_putc(out, '\\');
		buf_putc(out, *at);
	}
	return NULL;
}

/* True when the text itself is a URI: it has a ':' outside of placeholders. */
static bool quote_is_uri(const char *text)
{
	for (; *text; text++) {
		if (!strncmp(text, "${", 2))
			text += strcspn(text, "}");
		if (*text == ':' || !*text)
			return *text == ':';
	}
	return false;
}

static const char *quote_san(const struct quote *q, struct buf *out)
{
	if (quote_is_uri(q->text)) {
		text_percent(out, q->value);
		return NULL;
	}
	if (is_whole(q) && strchr(q->value, ':') && !is_ip6(q->value, strlen(q->value)))
		return "is not a DNS name, IP address or e-mail address; in a URI the scheme must stand before the placeholder";
	if (!is_whole(q) && !is_made_of(q->value, "._+-"))
		return "holds more than A-Z a-z 0-9 . _ + -";
	buf_puts(out, q->value);
	return NULL;
}

/* Puts an IPv6 address in brackets, unless the text already has them. */
static const char *quote_authority(const struct quote *q, struct buf *out)
{
	size_t len = strlen(q->value);
	bool inside = q->at > q->text && q->at[-1] == '[';
	bool bracketed = len > 2 && *q->value == '[' && q->value[len - 1] == ']' &&
			 is_ip6(q->value + 1, len - 2);

	if (is_made_of(q->value, "._-") || (bracketed && !inside) ||
	    (inside && is_ip6(q->value, len))) {
		buf_puts(out, q->value);
		return NULL;
	}
	if (!is_ip6(q->value, len))
		return "is no host name or address";
	buf_printf(out, "[%s]", q->value);
	return NULL;
}

static const char *quote_address(const struct quote *q, struct buf *out)
{
	return is_whole(q) ? quote_text(q, out) : quote_authority(q, out);
}

static const char *quote_url(const struct quote *q, struct buf *out)
{
	text_percent(out, q->value);
	return NULL;
}

static const char *quote_header(const struct quote *q, struct buf *out)
{
	for (const char *at = q->value; *at; at++)
		if (*at < ' ' || *at > '~' || strchr(",;\"\\", *at))
			return "holds one of , ; \" \\ or a character that is not ASCII";
	buf_puts(out, q->value);
	return NULL;
}

static const char *add_json(const struct quote *q, struct buf *out)
{
	quote_json(out, q->value);
	return NULL;
}

/* Characters outside of ASCII are special in no language known to us. */
static const char *quote_body(const struct quote *q, struct buf *out)
{
	for (const char *at = q->value; *at; at++)
		if (isascii((unsigned char)*at) && !isalnum((unsigned char)*at) &&
		    !strchr("._:@/-", *at))
			return "holds a character that may mean something there; 'json' quotes it";
	buf_puts(out, q->value);
	return NULL;
}

static const char *quote_pointer(const struct quote *q, struct buf *out)
{
	for (const char *at = q->value; *at; at++)
		if (*at == '~' || *at == '/')
			buf_puts(out, *at == '~' ? "~0" : "~1");
		else
			buf_putc(out, *at);
	return NULL;
}

static const char *quote_key(const struct quote *q, struct buf *out)
{
	if (strchr(q->value, '/') && !quote_is_full_name(q))
		return "holds '/'";
	buf_puts(out, q->value);
	return NULL;
}

static const char *quote_name(const struct quote *q, struct buf *out)
{
	if (strchr(q->value, '/') && !quote_is_full_name(q) && !is_whole(q))
		return "holds '/'";
	buf_puts(out, q->value);
	return NULL;
}

static const char *quote_account(const struct quote *q, struct buf *out)
{
	if (!is_made_of(q->value, "._-$@+\\") || *q->value == '-')
		return "is no name of an account";
	buf_puts(out, q->value);
	return NULL;
}

/* ---- checks of the expanded text ---- */

static bool quote_is_dots(const char *segment, size_t len)
{
	return len <= 2 && !strncmp(segment, "..", len);
}

/* Values contain no '/', so the segments of both texts correspond. */
static const char *check_segments(const char *text, const char *expanded)
{
	for (;;) {
		size_t written = strcspn(text, "/");
		size_t len = strcspn(expanded, "/");

		if (memmem(text, written, "${", 2) && quote_is_dots(expanded, len))
			return len ? "makes a part '.' or '..'" : "leaves a part empty";
		if (!text[written] || !expanded[len])
			return NULL;
		text += written + 1;
		expanded += len + 1;
	}
}

static const char *check_argument(const char *text, const char *expanded)
{
	return *expanded == '-' && *text != '-' ? "begins with '-', so that it would be an option"
						: NULL;
}

static const char *check_program(const char *text, const char *expanded)
{
	const char *fault = check_argument(text, expanded);

	return fault ? fault : check_segments(text, expanded);
}

static const struct {
	const char *words;
	const char *(*add)(const struct quote *q, struct buf *out);
	const char *(*check)(const char *text, const char *expanded);
} grammars[] = {
	[GRAMMAR_TEXT] = { "a text", quote_text, NULL },
	[GRAMMAR_PATH] = { "a path", quote_path, check_segments },
	[GRAMMAR_PROGRAM] = { "the name of a program", quote_program, check_program },
	[GRAMMAR_ARGUMENT] = { "an argument", quote_text, check_argument },
	[GRAMMAR_SUBJECT] = { "a subject", quote_subject, NULL },
	[GRAMMAR_SAN] = { "a name of a certificate", quote_san, NULL },
	[GRAMMAR_ADDRESS] = { "an address", quote_address, NULL },
	[GRAMMAR_AUTHORITY] = { "the host of a URL", quote_authority, NULL },
	[GRAMMAR_URL] = { "a URL", quote_url, NULL },
	[GRAMMAR_HEADER] = { "a header", quote_header, NULL },
	[GRAMMAR_JSON] = { "JSON", add_json, NULL },
	[GRAMMAR_BODY] = { "a body", quote_body, NULL },
	[GRAMMAR_POINTER] = { "a JSON pointer", quote_pointer, NULL },
	[GRAMMAR_KEY] = { "a key", quote_key, check_segments },
	[GRAMMAR_NAME] = { "a name", quote_name, NULL },
	[GRAMMAR_ACCOUNT] = { "the name of an account", quote_account, NULL },
};
_Static_assert(sizeof(grammars) / sizeof(*grammars) == GRAMMAR_COUNT,
	       "every grammar needs its row");

const char *grammar_words(enum grammar g)
{
	return grammars[g].words;
}

const char *quote_add(enum grammar g, const struct quote *q, struct buf *out)
{
	return grammars[g].add(q, out);
}

const char *quote_check(enum grammar g, const char *text, const char *expanded)
{
	return grammars[g].check ? grammars[g].check(text, expanded) : NULL;
}

void quote_json(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
}
