/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/manifest.h"

#include "base/clock.h"
#include "base/text.h"
#include "bundle/bundle_layout.h"
#include "bundle/manifest_json.h"

#include <string.h>

/* Takes `value`; NULL is what jansson returns for text that is not UTF-8. */
static bool manifest_put(json_t *object, const char *key, json_t *value, struct err *e)
{
	return json_object_set_new(object, key, value) == 0 ||
	       err_set(e, ERR_INPUT, "'%s' is not valid UTF-8", key);
}

static bool manifest_put_text(json_t *object, const char *key, const char *text, struct err *e)
{
	return manifest_put(object, key, json_string(text ? text : ""), e);
}

static bool put_item_texts(json_t *object, const struct bundle_item *item, struct err *e)
{
	for (size_t i = 0; i < ITEM_TEXT_COUNT; i++) {
		const char *const *text = (const void *)((const char *)item + item_texts[i].offset);

		if (item_texts[i].is_hash && *text && !text_is_fingerprint(*text))
			return err_set(e, ERR_INPUT, "'%s' is not a SHA-256 in hex",
				       item_texts[i].key);
		if (!manifest_put_text(object, item_texts[i].key, *text, e))
			return false;
	}
	return true;
}

static json_t *components_of(const struct bundle_item *item)
{
	AUTO(json) list = json_array();

	for (size_t i = 0; i < item->component_count; i++)
		if (json_array_append_new(list, json_string(item->components[i])))
			return NULL;
	return TAKE(list);
}

static bool put_record(json_t *object, const struct bundle_item *item, struct err *e)
{
	if (!item->record || !*item->record)
		return true;

	AUTO(json)
	record = json_loads(item->record, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(record))
		return err_set(e, ERR_INPUT, "its record is no JSON object");
	return manifest_put(object, "record", TAKE(record), e);
}

static bool put_item(const struct bundle *b, size_t i, bool has_key, json_t *object, struct err *e)
{
	const struct bundle_item *item = &b->items[i];
	AUTO(arena) a = { 0 };

	return manifest_put_text(object, "kind", item->is_issuer ? KIND_ISSUER : KIND_CERTIFICATE,
				 e) &&
	       manifest_put(object, "number", json_integer(item->number), e) &&
	       put_item_texts(object, item, e) &&
	       manifest_put(object, "components", components_of(item), e) &&
	       manifest_put_text(object, "directory", layout_directory(b, i, &a), e) &&
	       manifest_put(object, "key", json_boolean(has_key), e) && put_record(object, item, e);
}

static bool put_items(json_t *root, const struct bundle *b, const bool *has_key, struct err *e)
{
	json_t *list = json_array();

	if (!manifest_put(root, "generations", list, e))
		return false;
	for (size_t i = 0; i < b->item_count; i++) {
		json_t *object = json_object();

		json_array_append_new(list, object);
		if (!put_item(b, i, has_key[i], object, e))
			return err_in(e, "generation %u of '%s'", b->items[i].number,
				      b->items[i].name);
	}
	return true;
}

static bool put_files(json_t *root, const struct bundle *b, struct err *e)
{
	AUTO(arena) a = { 0 };
	json_t *list = json_array();

	if (!manifest_put(root, "config", list, e))
		return false;
	for (size_t i = 0; i < b->file_count; i++) {
		const char *path = b->files[i].path;
		json_t *object = json_object();

		json_array_append_new(list, object);
		if (!manifest_put_text(object, "path", path, e) ||
		    !manifest_put_text(object, "entry", layout_config(path, &a), e))
			return false;
	}
	return true;
}

static bool put_entries(json_t *root, const struct entries *others, struct err *e)
{
	json_t *list = json_array();

	if (!manifest_put(root, "entries", list, e))
		return false;
	for (size_t i = 0; i < others->count; i++) {
		const struct bundle_entry *entry = &others->items[i];
		char hash[SHA256_TEXT];
		json_t *object = json_object();

		json_array_append_new(list, object);
		sha256_text(entry->data, entry->len, hash);
		if (!manifest_put_text(object, "name", entry->name, e) ||
		    !manifest_put(object, "size", json_integer((json_int_t)entry->len), e) ||
		    !manifest_put_text(object, "sha256", hash, e))
			return false;
	}
	return true;
}

static int add_bytes(const char *bytes, size_t len, void *out)
{
	buf_add(out, bytes, len);
	return 0;
}

bool manifest_write(const struct bundle *b, const bool *has_key, const struct entries *others,
		    struct buf *out, struct err *e)
{
	AUTO(json) root = json_object();
	char created[TIME_TEXT];

	time_format(b->created, created);
	if (!manifest_put(root, "format_version", json_integer(MANIFEST_VERSION), e) ||
	    !manifest_put_text(root, "fleet", b->fleet, e) ||
	    !manifest_put_text(root, "lineage", b->lineage, e) ||
	    !manifest_put(root, "serial", json_integer(b->serial), e) ||
	    !manifest_put_text(root, "created_at", created, e) ||
	    !manifest_put_text(root, "encryption",
			       b->unencrypted ? ENCRYPTION_NONE : ENCRYPTION_AES, e) ||
	    !put_items(root, b, has_key, e) || !put_files(root, b, e) ||
	    !put_entries(root, others, e))
		return false;
	if (json_dump_callback(root, add_bytes, out, JSON_INDENT(2) | JSON_ENSURE_ASCII))
		return err_set(e, ERR_INPUT, "the manifest cannot be written");
	buf_putc(out, '\n');
	return true;
}
