/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/manifest.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "bundle/bundle_layout.h"
#include "bundle/manifest_json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool wrong(struct err *e, const char *key, const char *wanted)
{
	return err_set(e, ERR_INPUT, "'%s' is missing or is not %s", key, wanted);
}

static bool get_text(const json_t *object, const char *key, struct arena *a, const char **out,
		     struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		return wrong(e, key, "a string");
	*out = arena_strdup(a, json_string_value(value));
	return true;
}

static bool get_count(const json_t *object, const char *key, json_int_t most, json_int_t *out,
		      struct err *e)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || number > most)
		return wrong(e, key, "a number in its range");
	*out = number;
	return true;
}

static bool get_list(const json_t *object, const char *key, const json_t **out, struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_array(value) || json_array_size(value) > BUNDLE_ENTRY_LIMIT)
		return wrong(e, key, "a list, or is too long");
	*out = value;
	return true;
}

static bool get_item_texts(const json_t *object, struct arena *a, struct bundle_item *item,
			   struct err *e)
{
	for (size_t i = 0; i < ITEM_TEXT_COUNT; i++) {
		const char **text = (void *)((char *)item + item_texts[i].offset);

		if (!get_text(object, item_texts[i].key, a, text, e))
			return false;
		if (item_texts[i].is_hash && !text_is_fingerprint(*text))
			return wrong(e, item_texts[i].key, "a SHA-256 in hex");
	}
	return true;
}

static bool get_components(const json_t *object, struct arena *a, struct bundle_item *item,
			   struct err *e)
{
	const json_t *list = json_object_get(object, "components");
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return wrong(e, "components", "a list");

	const char **names = arena_array(a, count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		const json_t *name = json_array_get(list, i);

		if (!json_is_string(name))
			return wrong(e, "components", "a list of strings");
		names[i] = arena_strdup(a, json_string_value(name));
	}
	item->components = names;
	item->component_count = count;
	return true;
}

static bool get_record(const json_t *object, struct arena *a, struct bundle_item *item,
		       struct err *e)
{
	const json_t *record = json_object_get(object, "record");

	item->record = "";
	if (!record)
		return true;
	if (!json_is_object(record))
		return wrong(e, "record", "an object");

	AUTO(str) text = json_dumps(record, JSON_COMPACT);

	if (!text)
		return wrong(e, "record", "an object that can be copied");
	item->record = arena_strdup(a, text);
	return true;
}

static bool get_kind(const json_t *object, bool *is_issuer, struct err *e)
{
	const json_t *value = json_object_get(object, "kind");
	const char *kind = json_string_value(value);

	if (!kind || (strcmp(kind, KIND_ISSUER) && strcmp(kind, KIND_CERTIFICATE)))
		return wrong(e, "kind", "'" KIND_CERTIFICATE "' or '" KIND_ISSUER "'");
	*is_issuer = strcmp(kind, KIND_ISSUER) == 0;
	return true;
}

static bool get_item(const json_t *object, struct bundle *b, bool *has_key, struct err *e)
{
	struct bundle_item *item = &b->items[b->item_count];
	const json_t *key = json_object_get(object, "key");
	json_int_t number = 0;

	if (!get_kind(object, &item->is_issuer, e) ||
	    !get_count(object, "number", UINT_MAX, &number, e) ||
	    !get_item_texts(object, &b->arena, item, e) ||
	    !get_components(object, &b->arena, item, e) || !get_record(object, &b->arena, item, e))
		return false;
	if (!json_is_boolean(key))
		return wrong(e, "key", "true or false");
	*has_key = json_is_true(key);
	item->number = (unsigned)number;
	if (b->item_count && layout_compare_items(item - 1, item) >= 0)
		return err_set(e, ERR_INPUT, "it is out of order or repeated");
	b->item_count++;
	return true;
}

static bool get_items(const json_t *root, struct bundle *b, struct manifest *m, struct err *e)
{
	const json_t *list = NULL;

	if (!get_list(root, "generations", &list, e))
		return false;

	size_t count = json_array_size(list);

	b->items = arena_array(&b->arena, count + 1, sizeof(*b->items));
	m->has_key = arena_array(&b->arena, count + 1, sizeof(*m->has_key));
	for (size_t i = 0; i < count; i++)
		if (!get_item(json_array_get(list, i), b, &m->has_key[i], e))
			return err_in(e, "generation %zu", i);
	return true;
}

/* The directory is for other programs' convenience; ours is derived. */
static bool check_directories(const json_t *root, const struct bundle *b, struct err *e)
{
	const json_t *list = json_object_get(root, "generations");
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < b->item_count; i++) {
		const json_t *object = json_array_get(list, i);
		const char *said = json_string_value(json_object_get(object, "directory"));

		const char *due = layout_directory(b, i, &a);

		if (!said || !entry_name_is_safe(due) || strcmp(said, due) != 0)
			return wrong(e, "directory", "where it belongs");
	}
	return true;
}

static bool get_files(const json_t *root, struct bundle *b, struct err *e)
{
	const json_t *list = NULL;
	const char *said = NULL;

	if (!get_list(root, "config", &list, e))
		return false;

	size_t count = json_array_size(list);

	b->files = arena_array(&b->arena, count + 1, sizeof(*b->files));
	for (size_t i = 0; i < count; i++) {
		const json_t *object = json_array_get(list, i);
		struct bundle_file *file = &b->files[i];

		if (!get_text(object, "path", &b->arena, &file->path, e) ||
		    !get_text(object, "entry", &b->arena, &said, e))
			return err_in(e, "config %zu", i);
		if (strcmp(said, layout_config(file->path, &b->arena)) != 0 ||
		    (i && layout_compare_files(file - 1, file) >= 0))
			return err_set(e, ERR_INPUT, "config %zu is not where it belongs", i);
	}
	b->file_count = count;
	return true;
}

static bool get_listed(const json_t *root, struct bundle *b, struct manifest *m, struct err *e)
{
	const json_t *list = NULL;

	if (!get_list(root, "entries", &list, e))
		return false;

	size_t count = json_array_size(list);

	m->listed = arena_array(&b->arena, count + 1, sizeof(*m->listed));
	for (size_t i = 0; i < count; i++) {
		const json_t *object = json_array_get(list, i);
		struct listed *l = &m->listed[i];
		json_int_t size = 0;

		if (!get_text(object, "name", &b->arena, &l->name, e) ||
		    !get_count(object, "size", BUNDLE_LIMIT, &size, e) ||
		    !get_text(object, "sha256", &b->arena, &l->sha256, e))
			return err_in(e, "entry %zu", i);
		l->size = (size_t)size;
	}
	m->listed_count = count;
	return true;
}

static bool get_head(const json_t *root, struct bundle *b, struct err *e)
{
	const char *created = NULL;
	const char *encryption = NULL;
	json_int_t version = 0;
	json_int_t serial = 0;

	if (!get_count(root, "format_version", INT_MAX, &version, e))
		return false;
	if (version != MANIFEST_VERSION)
		return err_set(e, ERR_INPUT,
			       "its format version is %d, this certfleet reads %d; use a newer one",
			       (int)version, MANIFEST_VERSION);
	if (!get_text(root, "fleet", &b->arena, &b->fleet, e) ||
	    !get_text(root, "lineage", &b->arena, &b->lineage, e) ||
	    !get_count(root, "serial", NUMBER_LIMIT - 1, &serial, e) ||
	    !get_text(root, "created_at", &b->arena, &created, e) ||
	    !get_text(root, "encryption", &b->arena, &encryption, e))
		return false;
	b->serial = serial;
	b->unencrypted = strcmp(encryption, ENCRYPTION_NONE) == 0;
	if (!b->unencrypted && strcmp(encryption, ENCRYPTION_AES) != 0)
		return wrong(e, "encryption", "'" ENCRYPTION_AES "' or '" ENCRYPTION_NONE "'");
	return time_parse(created, &b->created) || wrong(e, "created_at", "a time");
}

static bool manifest_read_parse(struct bytes text, json_t **out, struct err *e)
{
	json_error_t why;
	AUTO(json)
	root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &why);

	if (!json_is_object(root))
		return err_set(e, ERR_INPUT, "it is no JSON object (line %d, column %d)", why.line,
			       why.column);
	*out = TAKE(root);
	return true;
}

bool manifest_read(struct bytes json, struct bundle *b, struct manifest *m, struct err *e)
{
	AUTO(json) root = NULL;

	if (!manifest_read_parse(json, &root, e) || !get_head(root, b, e) ||
	    !get_items(root, b, m, e) || !check_directories(root, b, e) || !get_files(root, b, e) ||
	    !get_listed(root, b, m, e))
		return err_in(e, "manifest.json");
	return true;
}

bool manifest_read_head(struct bytes json, struct bundle *b, struct err *e)
{
	AUTO(json) root = NULL;

	return (manifest_read_parse(json, &root, e) && get_head(root, b, e)) ||
	       err_in(e, "manifest.json");
}
