/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the value of a placeholder is written where the placeholder stands.
 *
 * A value is one value there: it is quoted for the grammar of the place, so
 * that no cell of a CSV file becomes a second path segment, argument, name or
 * port.  What a grammar cannot quote is refused.
 */
#ifndef CONFIG_QUOTE_H
#define CONFIG_QUOTE_H

#include "base/buf.h"

#include <stdbool.h>

enum grammar {
	GRAMMAR_TEXT,      /* nothing in it has a meaning */
	GRAMMAR_PATH,      /* of a file system */
	GRAMMAR_PROGRAM,   /* the first word of a command */
	GRAMMAR_ARGUMENT,  /* another word of it */
	GRAMMAR_SUBJECT,   /* RFC 4514 */
	GRAMMAR_SAN,       /* one name of a certificate */
	GRAMMAR_ADDRESS,   /* a host or a URL of one, with or without a port */
	GRAMMAR_AUTHORITY, /* the same within a longer URL */
	GRAMMAR_URL,       /* path and query, RFC 3986 */
	GRAMMAR_HEADER,    /* RFC 9110, section 5.5 */
	GRAMMAR_JSON,      /* within a string, RFC 8259 */
	GRAMMAR_BODY,      /* of a request, in a language that is not known */
	GRAMMAR_POINTER,   /* RFC 6901 */
	GRAMMAR_KEY,       /* of an etcd, or the @id of an object */
	GRAMMAR_NAME,      /* of a component */
	GRAMMAR_ACCOUNT,   /* a user or a group */
	GRAMMAR_COUNT
};

/* One placeholder in a text. */
struct quote {
	const char *text; /* the whole of it, as written */
	const char *at;   /* the "${" in it */
	const char *end;  /* behind the "}" */
	const char *value;
};

/* What the place is called in a message: "a path". */
const char *grammar_words(enum grammar g);
/* Appends the value; NULL when it can stand there, else what is wrong. */
const char *quote_add(enum grammar g, const struct quote *q, struct buf *out);
/* The same of the text as a whole, once all placeholders are replaced. */
const char *quote_check(enum grammar g, const char *text, const char *expanded);
/* Appends text for the inside of a JSON string. */
void quote_json(struct buf *out, const char *text);

#endif
