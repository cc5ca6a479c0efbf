/* SPDX-License-Identifier: Apache-2.0 */
#include "config/http_text.h"

#include <string.h>

static bool add_value(struct http_text_builder *b, const struct node *n);

static bool add_string(struct http_text_builder *b, const struct node *n)
{
	bool good = false;

	http_text_raw(b, "\"");
	b->grammar = GRAMMAR_JSON;
	good = http_text_add(b, n, n->text);
	b->grammar = GRAMMAR_TEXT;
	http_text_raw(b, "\"");
	return good;
}

static bool http_json_add_list(struct http_text_builder *b, const struct node *n)
{
	bool good = true;

	http_text_raw(b, "[");
	node_items(item, n)
	{
		if (item != n->first)
			http_text_raw(b, ",");
		good &= add_value(b, node_value(item));
	}
	http_text_raw(b, "]");
	return good;
}

static bool add_mapping(struct http_text_builder *b, const struct node *n)
{
	bool good = true;

	http_text_raw(b, "{");
	node_pairs(key, n)
	{
		if (key != n->first)
			http_text_raw(b, ",");
		good &= add_string(b, key);
		http_text_raw(b, ":");
		good &= add_value(b, pair_value(key));
	}
	http_text_raw(b, "}");
	return good;
}

static const char *http_json_digits(const char *at)
{
	return at + strspn(at, "0123456789");
}

/* RFC 8259 section 6: fewer forms than in YAML. */
static bool is_json_number(const char *text)
{
	const char *at = text + (*text == '-');
	const char *end = http_json_digits(at);

	if (end == at || (*at == '0' && end > at + 1))
		return false;
	if (*end == '.') {
		at = end + 1;
		end = http_json_digits(at);
		if (end == at)
			return false;
	}
	if (*end == 'e' || *end == 'E') {
		at = end + 1 + (end[1] == '+' || end[1] == '-');
		end = http_json_digits(at);
		if (end == at)
			return false;
	}
	return !*end;
}

static bool add_number(struct http_text_builder *b, const struct node *n)
{
	if (!is_json_number(n->text))
		return config_error(b->ld, n,
				    "JSON has no number '%s'; quote it when it is meant as text",
				    shown(b->ld, n->text));
	http_text_raw(b, n->text);
	return true;
}

/* By itself the summary is a JSON value; in a longer text it is text. */
static bool is_summary(const struct node *n)
{
	return !strcmp(n->text, "${summary}");
}

static bool add_value(struct http_text_builder *b, const struct node *n)
{
	switch ((enum node_kind)n->kind) {
	case NODE_NULL:
		http_text_raw(b, "null");
		return true;
	case NODE_BOOL:
		http_text_raw(b, *n->text == 't' || *n->text == 'T' ? "true" : "false");
		return true;
	case NODE_INTEGER:
	case NODE_FLOAT:
		return add_number(b, n);
	case NODE_TEXT:
		return is_summary(n) ? http_text_value(b, MATERIAL_SUMMARY) : add_string(b, n);
	case NODE_LIST:
		return http_json_add_list(b, n);
	case NODE_MAPPING:
		return add_mapping(b, n);
	case NODE_ALIAS:
		return add_value(b, node_value(n));
	}
	return false;
}

bool http_json_read(struct loader *ld, const struct node *n, struct http_text *out)
{
	AUTO(http_text_builder) b = { .ld = ld };

	return add_value(&b, n) && http_text_finish(&b, n, out);
}
