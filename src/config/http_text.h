/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of requests: beside the placeholders of every text they may hold
 * `${certificate}`, `${key}` and so on, which are filled in when the pair is
 * known.
 *
 * A builder gathers one; http_text_finish() gives it, in the fleet's arena.
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
	enum grammar grammar; /* JSON: what is added stands in a string */
	struct buf text;      /* since the last piece */
	size_t total;         /* bytes of text so far */
	VEC(struct http_piece) pieces;
};

void http_text_drop(struct http_text_builder *b);
AUTO_STRUCT(http_text_builder, struct http_text_builder, http_text_drop)

/* As it stands, without a look for placeholders or escapes. */
void http_text_raw(struct http_text_builder *b, const char *text);
/* `text`, which is written at `n`. */
bool http_text_add(struct http_text_builder *b, const struct node *n, const char *text);
bool http_text_finish(struct http_text_builder *b, const struct node *n, struct http_text *out);

/* Only `${fingerprint}` is for everybody's eyes; else complains. */
bool http_text_is_public(struct loader *ld, const struct node *n, const struct http_text *t);

/* A value as it stands in YAML, as JSON. */
bool http_json_read(struct loader *ld, const struct node *n, struct http_text *out);

extern const struct field_type body_type; /* struct http_text */
extern const struct field_type json_type; /* struct http_text */

#endif
