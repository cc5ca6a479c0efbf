/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quoting: how the value of a placeholder is written into its text.
 *
 * A value stays one value: it is quoted for the grammar of the text, so that no
 * cell of a CSV file becomes a second path segment, argument, name or port.  A
 * value that a grammar cannot quote is refused.
 */
#ifndef CONFIG_QUOTE_H
#define CONFIG_QUOTE_H

#include "base/buf.h"

#include <stdbool.h>

enum grammar {
	GRAMMAR_TEXT,      /* no special characters */
	GRAMMAR_PATH,      /* a path in a file system */
	GRAMMAR_PROGRAM,   /* the first word of a command */
	GRAMMAR_ARGUMENT,  /* another word of a command */
	GRAMMAR_SUBJECT,   /* RFC 4514 */
	GRAMMAR_SAN,       /* one subject alternative name */
	GRAMMAR_ADDRESS,   /* a host, or a URL without path, with or without a port */
	GRAMMAR_AUTHORITY, /* the same within a longer URL */
	GRAMMAR_URL,       /* path and query, RFC 3986 */
	GRAMMAR_HEADER,    /* RFC 9110, section 5.5 */
	GRAMMAR_JSON,      /* inside a string, RFC 8259 */
	GRAMMAR_BODY,      /* of a request, in an unknown language */
	GRAMMAR_POINTER,   /* RFC 6901 */
	GRAMMAR_KEY,       /* a key in etcd, or the @id of a Caddy object */
	GRAMMAR_NAME,      /* of a component */
	GRAMMAR_ACCOUNT,   /* a user or a group */
	GRAMMAR_COUNT
};

/* One placeholder in a text. */
struct quote {
	const char *text; /* the whole text, as written */
	const char *at;   /* its "${" in the text */
	const char *end;  /* after its "}" */
	const char *value;
};

/* The name of the grammar in a message: "a path". */
const char *grammar_words(enum grammar g);
/* Appends the value and returns NULL, or returns what is wrong with it. */
const char *quote_add(enum grammar g, const struct quote *q, struct buf *out);
/* The same check for the whole text, once all placeholders are replaced. */
const char *quote_check(enum grammar g, const char *text, const char *expanded);
/* Appends text escaped for the inside of a JSON string. */
void quote_json(struct buf *out, const char *text);

#endif
