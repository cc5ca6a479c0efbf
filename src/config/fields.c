/* SPDX-License-Identifier: Apache-2.0 */
#include "config/fields.h"

#include "base/buf.h"
#include "base/text.h"
#include "config/values.h"

#include <string.h>

enum {
	FIELDS_LIMIT = 32
};

bool wrong_kind(struct loader *ld, const struct field *f, const struct node *n,
		const char *expected)
{
	bool flow_text = n->flags & NODE_FLOW && !strcmp(expected, "text");
	const char *quote = flow_text ? "; quote it when it is meant as text" : "";

	switch ((enum node_kind)n->kind) {
	case NODE_NULL:
		return config_error(ld, n, "'%s' must be %s, but has no value", f->key, expected);
	case NODE_BOOL:
	case NODE_INTEGER:
	case NODE_FLOAT:
		return config_error(ld, n, "'%s' must be %s, but %s is %s: quote it, \"%s\"",
				    f->key, expected, shown(ld, n->text), node_kind_words(n),
				    shown(ld, n->text));
	case NODE_TEXT:
	case NODE_LIST:
	case NODE_MAPPING:
	case NODE_ALIAS:
		break;
	}
	return config_error(ld, n, "'%s' must be %s, not %s%s", f->key, expected,
			    node_kind_words(n), quote);
}

static const struct field *find_field(const struct record *r, const char *key)
{
	for (const struct field *f = r->fields; f->key; f++)
		if (!strcmp(f->key, key))
			return f;
	return NULL;
}

static const char *nearest_key(const struct record *r, const char *key)
{
	const char *keys[FIELDS_LIMIT + 1] = { NULL };
	size_t count = 0;

	for (const struct field *f = r->fields; f->key; f++)
		if (!f->unsupported && count < FIELDS_LIMIT)
			keys[count++] = f->key;
	return text_nearest(key, keys);
}

static bool unknown_key(struct loader *ld, const struct record *r, const struct node *mapping,
			const struct node *key)
{
	const struct node *value = pair_value(key);

	if (!loader_can_report(ld))
		return config_error(ld, key, "unknown key");
	if (mapping->flags & NODE_FLOW && value->kind == NODE_NULL && key[1].count == 0 &&
	    key != mapping->first)
		return config_error(
			ld, key,
			"unknown key '%s'; when it belongs to the value before it, quote that value: the comma ended it",
			shown(ld, key->text));

	const char *meant = nearest_key(r, key->text);

	if (meant)
		return config_error(ld, key, "unknown key '%s', did you mean '%s'?",
				    shown(ld, key->text), meant);
	return config_error(ld, key, "unknown key '%s'", shown(ld, key->text));
}

static bool report_missing(struct loader *ld, const struct record *r, const struct node *n,
			   uint32_t seen)
{
	bool good = true;

	for (size_t i = 0; r->fields[i].key; i++)
		if (r->fields[i].required && !(seen & 1u << i))
			good = config_error(ld, n, "missing key '%s'", r->fields[i].key);
	return good;
}

static bool report_one_key(struct loader *ld, const struct record *r, const struct node *n)
{
	AUTO(buf) keys = { 0 };

	for (const struct field *f = r->fields; f->key; f++)
		if (!f->unsupported)
			buf_printf(&keys, "%s'%s'", keys.len ? ", " : "", f->key);
	return config_error(ld, n, "exactly one of %s is expected here, not %u", buf_text(&keys),
			    n->count);
}

static void preset(const struct record *r, void *out)
{
	if (r->preset)
		memcpy(out, r->preset, r->size);
	else
		memset(out, 0, r->size);
}

bool record_read(struct loader *ld, const struct record *r, const struct node *n, void *out)
{
	const struct field self = { .key = r->name };
	uint32_t seen = 0;
	bool good = true;
	bool supported = true;

	if (!r->merged)
		preset(r, out);
	if (!loader_has_room(ld, n))
		return false;
	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, &self, n, "a mapping");
	node_pairs(key, n)
	{
		const struct field *f = find_field(r, key->text);

		if (f && f->unsupported) {
			supported = config_error(
				ld, key, "'%s' is not supported by this version yet", f->key);
		} else if (f) {
			seen |= 1u << (f - r->fields);
			good &= f->type->read(ld, f, pair_value(key), (char *)out + f->offset);
		} else if (!r->extensions || strncmp(key->text, "x-", 2)) {
			good = unknown_key(ld, r, n, key);
		}
	}
	if (!supported)
		return false;
	if (r->one_key && n->count != 1)
		return report_one_key(ld, r, n);
	good &= report_missing(ld, r, n, seen);
	return good && (!r->check || r->check(ld, n, out));
}

bool field_read(struct loader *ld, const struct field *f, const struct node *n, void *out)
{
	return f->type->read(ld, f, n, (char *)out + f->offset);
}

/* A count and the largest unit that divides the duration. */
static void add_duration(int64_t seconds, struct buf *out)
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = { { 365LL * 24 * 60 * 60, 'y' },
		      { 24LL * 60 * 60, 'd' },
		      { 60LL * 60, 'h' },
		      { 60, 'm' },
		      { 1, 's' } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (units[i].seconds > 1 && (!seconds || seconds % units[i].seconds))
			continue;
		buf_printf(out, "%lld%c", (long long)(seconds / units[i].seconds), units[i].letter);
		return;
	}
}

void field_default(const struct record *r, const struct field *f, struct buf *out)
{
	const void *slot = r->preset ? (const char *)r->preset + f->offset : NULL;
	const struct bounds *b = f->param;

	if (!slot || f->required)
		return;
	if (f->type == &duration_type && *(const int64_t *)slot >= b->least) {
		add_duration(*(const int64_t *)slot, out);
	} else if (f->type == &count_type && *(const unsigned *)slot >= b->least) {
		buf_printf(out, "%u", *(const unsigned *)slot);
	} else if (f->type == &choice_type) {
		const char *const *names = f->param;
		size_t count = 0;

		while (names[count])
			count++;
		if (*(const unsigned *)slot < count)
			buf_puts(out, names[*(const unsigned *)slot]);
	}
}
