/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/manifest.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"
#include "bundle/bundle_layout.h"
#include "json/record.h"

#include <limits.h>
#include <string.h>

/* ---- document ---- */

enum {
	KIND_CERTIFICATE,
	KIND_ISSUER
};
static const char *const kind_names[] = { "certificate", "issuer", NULL };

enum {
	ENCRYPTION_AES,
	ENCRYPTION_NONE
};
static const char *const encryption_names[] = { "aes-256", "none", NULL };

struct manifest_item {
	struct bundle_item item;
	unsigned kind;
	const char *directory; /* for other programs; certfleet derives its own */
	bool has_key;
};

struct manifest_file {
	const char *path;
	const char *entry;
};

struct manifest_history {
	unsigned run;
	const char *sha256;
};

struct manifest_document {
	int version;
	const char *fleet;
	const char *lineage;
	int64_t serial;
	int64_t created;
	unsigned encryption;
	struct manifest_history *history; /* NULL: none */
	struct manifest_item *items;
	size_t item_count;
	struct bundle_anchor *anchors;
	size_t anchor_count;
	struct manifest_file *files;
	size_t file_count;
	const char *fleet_file;
	struct bundle_record *records;
	size_t record_count;
	struct listed *listed;
	size_t listed_count;
};

/* JSON object of the state's record; "": none. */
static json_t *write_state_record(const void *slot, size_t index)
{
	const char *record = *(const char *const *)slot;

	(void)index;
	return record && *record ? json_parse(record, strlen(record)) : NULL;
}

static bool read_state_record(const json_t *value, struct arena *a, void *slot)
{
	if (!json_is_object(value))
		return false;
	*(const char **)slot = json_to_text(value, a);
	return true;
}

static const struct member manifest_item_members[] = {
	CHOICE_MEMBER("kind", struct manifest_item, kind, kind_names),
	NUMBER_MEMBER("number", struct manifest_item, item.number, 0, UINT_MAX),
	TEXT_MEMBER("name", struct manifest_item, item.name),
	FINGERPRINT_MEMBER("fingerprint_sha256", struct manifest_item, item.fingerprint),
	FINGERPRINT_MEMBER("spki_sha256", struct manifest_item, item.spki),
	TEXT_MEMBER("source", struct manifest_item, item.source),
	TEXT_MEMBER("subject", struct manifest_item, item.subject),
	TEXT_MEMBER("not_after", struct manifest_item, item.not_after),
	TEXTS_MEMBER("components", struct manifest_item, item.components, item.component_count),
	TEXT_MEMBER("directory", struct manifest_item, directory),
	FLAG_MEMBER("key", struct manifest_item, has_key),
	FINGERPRINT_MEMBER("anchor_sha256", struct manifest_item, item.anchor,
			   .absent = ABSENT_OMITTED),
	CUSTOM_MEMBER("record", struct manifest_item, item.record, write_state_record,
		      read_state_record, .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member anchor_members[] = {
	FINGERPRINT_MEMBER("sha256", struct bundle_anchor, fingerprint),
	TEXT_MEMBER("pem", struct bundle_anchor, pem),
	{ 0 },
};

static const struct member manifest_record_members[] = {
	TEXT_MEMBER("key", struct bundle_record, key),
	CUSTOM_MEMBER("record", struct bundle_record, value, write_state_record, read_state_record),
	{ 0 },
};

static const struct member manifest_file_members[] = {
	TEXT_MEMBER("path", struct manifest_file, path),
	TEXT_MEMBER("entry", struct manifest_file, entry),
	{ 0 },
};

static const struct member listed_members[] = {
	TEXT_MEMBER("name", struct listed, name),
	NUMBER_MEMBER("size", struct listed, size, 0, BUNDLE_LIMIT),
	FINGERPRINT_MEMBER("sha256", struct listed, sha256),
	{ 0 },
};

static const struct member manifest_version_members[] = {
	NUMBER_MEMBER("format_version", struct manifest_document, version, 0, INT_MAX),
	{ 0 },
};

static const struct member manifest_history_members[] = {
	NUMBER_MEMBER("run", struct manifest_history, run, 1, UINT_MAX),
	FINGERPRINT_MEMBER("sha256", struct manifest_history, sha256),
	{ 0 },
};

static const struct member manifest_head_members[] = {
	NUMBER_MEMBER("format_version", struct manifest_document, version, 0, INT_MAX),
	TEXT_MEMBER("fleet", struct manifest_document, fleet),
	TEXT_MEMBER("lineage", struct manifest_document, lineage),
	NUMBER_MEMBER("serial", struct manifest_document, serial, 0, NUMBER_LIMIT - 1),
	TIME_MEMBER("created_at", struct manifest_document, created),
	CHOICE_MEMBER("encryption", struct manifest_document, encryption, encryption_names),
	POINTER_MEMBER("history", struct manifest_document, history, manifest_history_members,
		       .absent = ABSENT_OMITTED),
	{ 0 },
};

static const struct member manifest_list_members[] = {
	LIST_MEMBER("generations", struct manifest_document, items, item_count,
		    manifest_item_members, .most = BUNDLE_ENTRY_LIMIT),
	LIST_MEMBER("anchors", struct manifest_document, anchors, anchor_count, anchor_members,
		    .absent = ABSENT_OMITTED, .most = BUNDLE_ENTRY_LIMIT),
	LIST_MEMBER("config", struct manifest_document, files, file_count, manifest_file_members,
		    .most = BUNDLE_ENTRY_LIMIT),
	TEXT_MEMBER("fleet_file", struct manifest_document, fleet_file, .absent = ABSENT_OMITTED),
	LIST_MEMBER("records", struct manifest_document, records, record_count,
		    manifest_record_members, .absent = ABSENT_OMITTED, .most = BUNDLE_RECORD_LIMIT),
	LIST_MEMBER("entries", struct manifest_document, listed, listed_count, listed_members,
		    .most = BUNDLE_ENTRY_LIMIT),
	{ 0 },
};

/* ---- writing ---- */

/* Refuses an item that reading would refuse. */
static bool check_item(const struct bundle_item *item, struct err *e)
{
	const char *bad =
		json_find_escaped(manifest_item_members, &(struct manifest_item){ *item });

	if (bad)
		return err_set(e, ERR_INPUT, "'%s' is not valid UTF-8", bad);
	if (item->fingerprint && !text_is_fingerprint(item->fingerprint))
		return err_set(e, ERR_INPUT, "'fingerprint_sha256' is not a SHA-256 in hex");
	if (item->spki && !text_is_fingerprint(item->spki))
		return err_set(e, ERR_INPUT, "'spki_sha256' is not a SHA-256 in hex");
	if (item->anchor && !text_is_fingerprint(item->anchor))
		return err_set(e, ERR_INPUT, "'anchor_sha256' is not a SHA-256 in hex");

	AUTO(json) record = write_state_record(&item->record, 0);

	if (item->record && *item->record && !json_is_object(record))
		return err_set(e, ERR_INPUT, "its record is not a JSON object");
	return true;
}

static bool check_record(const struct bundle_record *record, struct err *e)
{
	AUTO(json) value = write_state_record(&record->value, 0);

	return json_is_object(value) ||
	       err_set(e, ERR_INPUT, "record '%s' is not a JSON object", record->key);
}

static bool collect_items(const struct bundle *b, const bool *has_key, struct arena *a,
			  struct manifest_document *d, struct err *e)
{
	d->items = arena_array(a, b->item_count, sizeof(*d->items));
	d->item_count = b->item_count;
	for (size_t i = 0; i < b->item_count; i++) {
		const struct bundle_item *item = &b->items[i];

		if (!check_item(item, e))
			return err_in(e, "generation %u of '%s'", item->number, item->name);
		d->items[i] = (struct manifest_item){
			.item = *item,
			.kind = item->is_issuer ? KIND_ISSUER : KIND_CERTIFICATE,
			.directory = layout_directory(b, i, a),
			.has_key = has_key[i],
		};
	}
	return true;
}

static void collect_entries(const struct entries *others, struct arena *a,
			    struct manifest_document *d)
{
	d->listed = arena_array(a, others->count, sizeof(*d->listed));
	d->listed_count = others->count;
	for (size_t i = 0; i < others->count; i++) {
		const struct bundle_entry *entry = &others->items[i];
		char hash[SHA256_TEXT];

		sha256_text(entry->data, entry->len, hash);
		d->listed[i] = (struct listed){
			.name = entry->name,
			.size = entry->len,
			.sha256 = arena_strdup(a, hash),
		};
	}
}

/* Text of a value within the document: what follows a line break is indented. */
struct nested {
	struct buf *out;
	const char *indent;
};

static int add_nested(const char *text, size_t len, void *ctx)
{
	const struct nested *n = ctx;
	const char *end = text + len;

	for (const char *line = memchr(text, '\n', len); line;
	     line = memchr(text, '\n', (size_t)(end - text))) {
		buf_add(n->out, text, (size_t)(line + 1 - text));
		buf_puts(n->out, n->indent);
		text = line + 1;
	}
	buf_add(n->out, text, (size_t)(end - text));
	return 0;
}

static void add_nested_value(struct buf *out, const char *indent, const json_t *value)
{
	struct nested n = { out, indent };

	json_dump_callback(value, add_nested, &n,
			   JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
}

/*
 * Appends the members as json_dumps() writes them, but with one item of a list in
 * memory at a time: a large bundle has 10,000.
 */
static void add_members(struct buf *out, const struct member *members,
			const struct manifest_document *d)
{
	for (const struct member *m = members; m->key; m++) {
		size_t count = m->kind == MEMBER_LIST ? json_item_count(m, d) : 0;
		AUTO(json) value = count ? NULL : json_encode_member(m, d, 0);

		if (!count && !value)
			continue;
		buf_printf(out, "%s\n  \"%s\": %s", out->len ? "," : "{", m->key, count ? "[" : "");
		if (value)
			add_nested_value(out, "  ", value);
		for (size_t i = 0; i < count; i++) {
			AUTO(json) item = json_encode_item(m, d, i);

			buf_puts(out, i ? ",\n    " : "\n    ");
			add_nested_value(out, "    ", item);
		}
		if (count)
			buf_puts(out, "\n  ]");
	}
}

bool manifest_write(const struct bundle *b, const bool *has_key, const struct entries *others,
		    struct buf *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct manifest_document d = {
		.version = MANIFEST_VERSION,
		.fleet = b->fleet,
		.lineage = b->lineage,
		.serial = b->serial,
		.created = b->created,
		.encryption = b->unencrypted ? ENCRYPTION_NONE : ENCRYPTION_AES,
		.anchors = b->anchors,
		.anchor_count = b->anchor_count,
		.fleet_file = b->fleet_file,
		.records = b->records,
		.record_count = b->record_count,
	};
	struct manifest_history history = { b->history_run, b->history };
	const char *bad = NULL;

	if (b->history_run)
		d.history = &history;
	if (!collect_items(b, has_key, &a, &d, e))
		return false;
	for (size_t i = 0; i < b->record_count; i++)
		if (!check_record(&b->records[i], e))
			return false;
	d.files = arena_array(&a, b->file_count, sizeof(*d.files));
	d.file_count = b->file_count;
	for (size_t i = 0; i < b->file_count; i++)
		d.files[i] = (struct manifest_file){ .path = b->files[i].path,
						     .entry = layout_config(b->files[i].path, &a) };
	collect_entries(others, &a, &d);
	bad = json_find_escaped(manifest_head_members, &d);
	if (!bad)
		bad = json_find_escaped(manifest_list_members, &d);
	if (bad)
		return err_set(e, ERR_INPUT, "'%s' is not valid UTF-8", bad);

	add_members(out, manifest_head_members, &d);
	add_members(out, manifest_list_members, &d);
	buf_puts(out, "\n}\n");
	return true;
}

/* ---- reading ---- */

static bool manifest_parse(struct bytes text, json_t **out, struct err *e)
{
	json_error_t why;
	AUTO(json) root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &why);

	if (!json_is_object(root))
		return err_set(e, ERR_INPUT, "it is not a JSON object (line %d, column %d)",
			       why.line, why.column);
	*out = TAKE(root);
	return true;
}

static bool manifest_take_head(const json_t *root, struct bundle *b, struct err *e)
{
	struct manifest_document d = { 0 };

	if (!json_decode(manifest_version_members, root, &b->arena, &d, e))
		return false;
	if (d.version != MANIFEST_VERSION)
		return err_set(e, ERR_INPUT,
			       "its format version is %d, this certfleet reads %d; use a newer one",
			       d.version, MANIFEST_VERSION);
	if (!json_decode(manifest_head_members, root, &b->arena, &d, e))
		return false;
	b->fleet = d.fleet;
	b->lineage = d.lineage;
	b->serial = d.serial;
	b->created = d.created;
	b->unencrypted = d.encryption == ENCRYPTION_NONE;
	if (d.history) {
		b->history_run = d.history->run;
		b->history = d.history->sha256;
	}
	return true;
}

static bool manifest_take_items(const struct manifest_document *d, struct bundle *b,
				struct manifest *m, struct err *e)
{
	b->items = arena_array(&b->arena, d->item_count + 1, sizeof(*b->items));
	m->has_key = arena_array(&b->arena, d->item_count + 1, sizeof(*m->has_key));
	for (size_t i = 0; i < d->item_count; i++) {
		struct bundle_item *item = &b->items[i];

		*item = d->items[i].item;
		item->is_issuer = d->items[i].kind == KIND_ISSUER;
		item->record = item->record ? item->record : "";
		m->has_key[i] = d->items[i].has_key;
		if (i && layout_compare_items(item - 1, item) >= 0)
			return err_set(e, ERR_INPUT,
				       "generation %zu: it is out of order or repeated", i);
	}
	b->item_count = d->item_count;
	for (size_t i = 0; i < d->item_count; i++) {
		const char *due = layout_directory(b, i, &b->arena);

		if (!entry_name_is_safe(due) || strcmp(d->items[i].directory, due) != 0)
			return err_set(e, ERR_INPUT,
				       "generation %zu: 'directory' is not where it belongs", i);
	}
	return true;
}

static bool manifest_take_files(const struct manifest_document *d, struct bundle *b, struct err *e)
{
	b->files = arena_array(&b->arena, d->file_count + 1, sizeof(*b->files));
	for (size_t i = 0; i < d->file_count; i++) {
		struct bundle_file *file = &b->files[i];

		file->path = d->files[i].path;
		if (strcmp(d->files[i].entry, layout_config(file->path, &b->arena)) != 0 ||
		    (i && layout_compare_files(file - 1, file) >= 0))
			return err_set(e, ERR_INPUT, "config %zu is not where it belongs", i);
	}
	b->file_count = d->file_count;
	b->fleet_file = d->fleet_file;
	return true;
}

/* Whether the list is sorted without duplicates; `size` is that of an item. */
static bool manifest_is_sorted(const void *list, size_t count, size_t size,
			       int (*compare)(const void *, const void *))
{
	for (size_t i = 1; i < count; i++)
		if (compare((const char *)list + (i - 1) * size, (const char *)list + i * size) >=
		    0)
			return false;
	return true;
}

static bool manifest_take_anchors(const struct manifest_document *d, struct bundle *b,
				  struct err *e)
{
	if (!manifest_is_sorted(d->anchors, d->anchor_count, sizeof(*d->anchors),
				layout_compare_anchors))
		return err_set(e, ERR_INPUT, "'anchors' is out of order or has one twice");
	b->anchors = d->anchors;
	b->anchor_count = d->anchor_count;
	for (size_t i = 0; i < b->item_count; i++)
		if (b->items[i].anchor && !bundle_anchor(b, b->items[i].anchor))
			return err_set(e, ERR_INPUT, "generation %zu: its anchor is not there", i);
	return true;
}

static bool manifest_take_records(const struct manifest_document *d, struct bundle *b,
				  struct err *e)
{
	if (!manifest_is_sorted(d->records, d->record_count, sizeof(*d->records),
				layout_compare_records))
		return err_set(e, ERR_INPUT, "'records' is out of order or has one twice");
	b->records = d->records;
	b->record_count = d->record_count;
	return true;
}

bool manifest_read(struct bytes json, struct bundle *b, struct manifest *m, struct err *e)
{
	AUTO(json) root = NULL;
	struct manifest_document d = { 0 };

	if (!manifest_parse(json, &root, e) || !manifest_take_head(root, b, e) ||
	    !json_decode(manifest_list_members, root, &b->arena, &d, e) ||
	    !manifest_take_items(&d, b, m, e) || !manifest_take_files(&d, b, e) ||
	    !manifest_take_anchors(&d, b, e) || !manifest_take_records(&d, b, e))
		return err_in(e, "manifest.json");
	m->listed = d.listed;
	m->listed_count = d.listed_count;
	return true;
}

bool manifest_read_head(struct bytes json, struct bundle *b, struct err *e)
{
	AUTO(json) root = NULL;

	return (manifest_parse(json, &root, e) && manifest_take_head(root, b, e)) ||
	       err_in(e, "manifest.json");
}
