/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of requests: in addition to the usual placeholders they may contain
 * `${certificate}`, `${key}` and so on, which are replaced when the pair is
 * known.
 *
 * A builder collects one text; http_text_finish() returns it in the fleet's
 * arena.
 */
#ifndef CONFIG_HTTP_TEXT_H
#define CONFIG_HTTP_TEXT_H

#include "base/vec.h"
#include "config/fields.h"
#include "config/placeholder.h"
#include "model/http_spec.h"

#include <stdbool.h>

enum {
	HTTP_BODY_LIMIT = 64 * 1024
};

struct http_text_builder {
	struct loader *ld;
	enum grammar grammar; /* GRAMMAR_JSON: text is added inside a string */
	struct buf text;      /* text since the last piece */
	size_t total;         /* bytes of text so far */
	VEC(struct http_piece) pieces;
};

void http_text_drop(struct http_text_builder *b);
AUTO_STRUCT(http_text_builder, struct http_text_builder, http_text_drop)

/* Adds text literally, without placeholders or escapes. */
void http_text_raw(struct http_text_builder *b, const char *text);
/* Adds material that is a JSON value by itself; returns true. */
bool http_text_value(struct http_text_builder *b, enum material what);
/* Adds `text`, which comes from node `n`. */
bool http_text_add(struct http_text_builder *b, const struct node *n, const char *text);
bool http_text_finish(struct http_text_builder *b, const struct node *n, struct http_text *out);

/* Reports material that is not public. */
bool http_text_is_public(struct loader *ld, const struct node *n, const struct http_text *t);

/* Converts a YAML value to JSON. */
bool http_json_read(struct loader *ld, const struct node *n, struct http_text *out);

extern const struct field_type body_type; /* struct http_text */
extern const struct field_type json_type; /* struct http_text */

#endif
