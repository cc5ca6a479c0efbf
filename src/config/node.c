/* SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml.h"

#include <ctype.h>
#include <string.h>

const struct node *node_find(const struct node *mapping, const char *key)
{
	node_pairs(k, mapping) if (!strcmp(k->text, key)) return pair_value(k);
	return NULL;
}

const char *node_kind_words(const struct node *n)
{
	switch ((enum node_kind)n->kind) {
	case NODE_NULL:
		return "nothing";
	case NODE_BOOL:
		return "a truth value";
	case NODE_INTEGER:
	case NODE_FLOAT:
		return "a number";
	case NODE_TEXT:
		return "text";
	case NODE_LIST:
		return "a list";
	case NODE_MAPPING:
		return "a mapping";
	case NODE_ALIAS:
		break;
	}
	return "an alias";
}

static bool is_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static const char *node_digits(const char *s)
{
	while (isdigit((unsigned char)*s))
		s++;
	return s;
}

static bool all_of(const char *s, const char *set)
{
	return *s && !s[strspn(s, set)];
}

static bool is_integer(const char *s)
{
	if (!strncmp(s, "0o", 2))
		return all_of(s + 2, "01234567");
	if (!strncmp(s, "0x", 2))
		return all_of(s + 2, "0123456789abcdefABCDEF");
	if (*s == '+' || *s == '-')
		s++;
	return *s && !*node_digits(s);
}

static bool is_float(const char *s)
{
	static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };
	static const char *const infinities[] = { ".inf", ".Inf", ".INF", NULL };

	if (is_word(s, nans))
		return true;
	if (*s == '+' || *s == '-')
		s++;
	if (is_word(s, infinities))
		return true;

	const char *end = node_digits(s);
	bool some = end > s;

	if (*end == '.') {
		const char *fraction = end + 1;

		end = node_digits(fraction);
		some = some || end > fraction;
	}
	if (!some)
		return false;
	if (*end != 'e' && *end != 'E')
		return !*end;
	end++;
	if (*end == '+' || *end == '-')
		end++;
	return *end && !*node_digits(end);
}

enum node_kind scalar_kind(const char *text, size_t len)
{
	static const char *const nulls[] = { "~", "null", "Null", "NULL", NULL };
	static const char *const truths[] = { "true",  "True",  "TRUE", "false",
					      "False", "FALSE", NULL };

	if (!len)
		return NODE_NULL;
	if (!strchr("+-.~0123456789nNtTfF", *text))
		return NODE_TEXT;
	if (is_word(text, nulls))
		return NODE_NULL;
	if (is_word(text, truths))
		return NODE_BOOL;
	if (is_integer(text))
		return NODE_INTEGER;
	return is_float(text) ? NODE_FLOAT : NODE_TEXT;
}
