/* SPDX-License-Identifier: Apache-2.0 */
#include "config/http_text.h"

#include "base/text.h"
#include "config/values.h"

#include <string.h>

void http_text_drop(struct http_text_builder *b)
{
	buf_release(&b->text);
}

void http_text_raw(struct http_text_builder *b, const char *text)
{
	buf_puts(&b->text, text);
}

static void end_text(struct http_text_builder *b)
{
	struct arena *a = &b->ld->fleet.arena;

	if (!b->text.len)
		return;
	VEC_PUSH(&b->pieces, a,
		 (struct http_piece){ .text = arena_strndup(a, b->text.data, b->text.len) });
	b->total += b->text.len;
	buf_release(&b->text);
}

bool http_text_value(struct http_text_builder *b, enum material what)
{
	end_text(b);
	VEC_PUSH(&b->pieces, &b->ld->fleet.arena,
		 (struct http_piece){ .what = what, .is_value = true });
	return true;
}

/* Finds the material of the "${NAME}" at `at`. */
static bool find_material(const char *at, enum material *out)
{
	for (int m = MATERIAL_FINGERPRINT; m < MATERIAL_COUNT; m++) {
		size_t len = strlen(material_names[m]);

		if (strncmp(at + 2, material_names[m], len) != 0 || at[2 + len] != '}')
			continue;
		*out = (enum material)m;
		return true;
	}
	return false;
}

/* The material that a misspelt name was probably meant to be, or NULL. */
static const char *meant(struct http_text_builder *b, const char *at)
{
	const char *name = arena_strndup(&b->ld->work, at + 2, strcspn(at + 2, "}"));

	if (!strncmp(name, "each", 4) || !strncmp(name, "component", 9))
		return NULL;
	return text_nearest(name, material_names + MATERIAL_FINGERPRINT);
}

/* A literal byte of a JSON string is escaped like the value of a placeholder. */
static bool add_next(const struct expansion *x, struct http_text_builder *b, const char **at)
{
	bool literal = strncmp(*at, "${", 2) != 0;
	AUTO(buf) piece = { 0 };

	if (!placeholder_next(x, at, &piece))
		return false;
	if (literal && b->grammar == GRAMMAR_JSON)
		quote_json(&b->text, buf_text(&piece));
	else
		buf_puts(&b->text, buf_text(&piece));
	return true;
}

bool http_text_add(struct http_text_builder *b, const struct node *n, const char *text)
{
	const struct expansion x = { b->ld, n, text, b->grammar };
	enum material what = MATERIAL_TEXT;

	for (const char *at = text; *at;) {
		bool begins = !strncmp(at, "${", 2);
		const char *word = begins ? meant(b, at) : NULL;

		if (begins && find_material(at, &what)) {
			end_text(b);
			VEC_PUSH(&b->pieces, &b->ld->fleet.arena,
				 (struct http_piece){ .what = what });
			at += strlen(material_names[what]) + 3;
		} else if (word) {
			return config_error(b->ld, n,
					    "unknown placeholder in '%s', did you mean '${%s}'?",
					    shown(b->ld, at), word);
		} else if (begins && !b->ld->scope) {
			return config_error(
				b->ld, n,
				"unknown placeholder '${%.*s}'; a notification has ${fleet}, ${run}, ${outcome}, ${text} and ${summary}",
				(int)strcspn(shown(b->ld, at + 2), "}"), shown(b->ld, at + 2));
		} else if (!add_next(&x, b, &at)) {
			return false;
		}
	}
	return true;
}

bool http_text_finish(struct http_text_builder *b, const struct node *n, struct http_text *out)
{
	end_text(b);
	if (b->total > HTTP_BODY_LIMIT)
		return config_error(b->ld, n, "longer than %d bytes", HTTP_BODY_LIMIT);
	*out = (struct http_text){ b->pieces.items, b->pieces.count };
	return true;
}

bool http_text_is_public(struct loader *ld, const struct node *n, const struct http_text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!material_is_public(t->pieces[i].what))
			return config_error(
				ld, n,
				"'${%s}' can stand in a body only; URLs and headers are logged on their way",
				material_names[t->pieces[i].what]);
	return true;
}

/* ---- bodies ---- */

static bool read_body(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	AUTO(http_text_builder) b = { .ld = ld, .grammar = f->type->grammar };

	if (n->kind != NODE_TEXT)
		return wrong_kind(ld, f, n, "text");
	if (!n->count)
		return config_error(ld, n, "'%s' is empty", f->key);
	return http_text_add(&b, n, n->text) && http_text_finish(&b, n, slot);
}

static bool read_json(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	(void)f;
	return http_json_read(ld, n, slot);
}

const struct field_type body_type = { read_body, SHAPE_TEXT, NULL, GRAMMAR_BODY };
const struct field_type json_type = { read_json, SHAPE_ANY, NULL, .words = "any value" };
