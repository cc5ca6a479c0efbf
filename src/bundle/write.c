/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"

#include "base/sandbox.h"
#include "base/vec.h"
#include "bundle/assembly.h"
#include "bundle/bundle_layout.h"
#include "bundle/entries.h"
#include "bundle/keys_zip.h"
#include "bundle/manifest.h"
#include "bundle/slot.h"
#include "crypto/crypto.h"
#include "crypto/passphrase.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* limit of the decoder's answer on reading, frames included */
	CONTENT_LIMIT = SANDBOX_ANSWER_LIMIT - 1024 * 1024,
};

struct lock {
	const struct secret *passphrases;
	size_t count;
	bool unencrypted;
};

static bool write_check_lock(const struct lock *l, struct err *e)
{
	if (l->unencrypted)
		return l->count == 0 ||
		       err_set(e, ERR_INPUT,
			       "a bundle is encrypted or not: passphrases and 'unencrypted' exclude each other");
	if (l->count == 0)
		return err_set(
			e, ERR_INPUT,
			"no backup passphrase: set 'passphrase' under 'backup', or say 'unencrypted: true' there");
	if (l->count > BUNDLE_RECIPIENT_LIMIT)
		return err_set(e, ERR_INPUT, "a bundle has at most %d passphrases, not %zu",
			       BUNDLE_RECIPIENT_LIMIT, l->count);
	for (size_t i = 0; i < l->count; i++) {
		if (!passphrase_is_strong(&l->passphrases[i], e))
			return false;
		if (l->passphrases[i].len > SLOT_PASSPHRASE_LIMIT)
			return err_set(
				e, ERR_INPUT,
				"the passphrase is longer than the %d bytes that openssl accepts by hand",
				SLOT_PASSPHRASE_LIMIT);
	}
	return true;
}

static bool check_names(const struct bundle *b, struct err *e)
{
	if (!b->fleet || !*b->fleet || !b->lineage || b->serial < 0)
		return err_set(e, ERR_INPUT, "a bundle needs fleet, lineage and serial");
	for (size_t i = 0; i < b->item_count; i++) {
		const struct bundle_item *item = &b->items[i];

		if (!item->name || !*item->name)
			return err_set(e, ERR_INPUT, "a generation has no name");
		if (item->key_pem.len > BUNDLE_KEY_LIMIT)
			return err_set(e, ERR_INPUT,
				       "the key of generation %u of '%s' is longer than %d bytes",
				       item->number, item->name, BUNDLE_KEY_LIMIT);
	}
	for (size_t i = 0; i < b->file_count; i++)
		if (!b->files[i].path || !*b->files[i].path)
			return err_set(e, ERR_INPUT, "a file has no path");
	return true;
}

/* Copy of a list in the order of the manifest; one more item of room. */
static void *sorted_copy(const void *list, size_t count, size_t size, struct arena *a,
			 int (*compare)(const void *, const void *))
{
	void *copy = arena_array(a, count + 1, size);

	if (count)
		qsort(memcpy(copy, list, count * size), count, size, compare);
	return copy;
}
#define SORTED(list, count, a, compare) sorted_copy(list, count, sizeof(*(list)), a, compare)

/* Shallow copy of `b` in the order of the manifest. */
static void sort_content(const struct bundle *b, struct arena *a, struct bundle *out)
{
	*out = *b;
	out->arena = (struct arena){ 0 };
	out->keys = (struct secret){ 0 };
	out->items = SORTED(b->items, b->item_count, a, layout_compare_items);
	out->files = SORTED(b->files, b->file_count, a, layout_compare_files);
	out->anchors = SORTED(b->anchors, b->anchor_count, a, layout_compare_anchors);
	out->records = SORTED(b->records, b->record_count, a, layout_compare_records);
}

static void collect_keys(const struct bundle *b, struct arena *a, bool *has_key,
			 struct entries *out)
{
	for (size_t i = 0; i < b->item_count; i++) {
		const struct secret *pem = &b->items[i].key_pem;
		const char *dir = layout_directory(b, i, a);

		has_key[i] = pem->len > 0;
		if (has_key[i])
			VEC_PUSH(out, a,
				 (struct bundle_entry){ layout_in(dir, "key.pem", a), pem->bytes,
							pem->len });
	}
}

static bool write_check_size(const struct assembly *as, struct err *e)
{
	size_t sum = as->manifest.len;

	for (size_t i = 0; i < as->entries.count; i++)
		sum += as->entries.items[i].len + strlen(as->entries.items[i].name) +
		       ENTRY_FRAME_BYTES;
	return sum <= CONTENT_LIMIT ||
	       err_set(e, ERR_INPUT, "a bundle holds at most %d bytes, this would be %zu",
		       CONTENT_LIMIT, sum);
}

static bool pack_all(const struct bundle *b, const bool *has_key, const struct sealed *s,
		     const struct secret *text, struct buf *out, struct err *e)
{
	AUTO(assembly) as = { 0 };
	AUTO(bundle) ignored = { 0 };
	struct manifest m = { 0 };
	struct bytes manifest = { 0 };
	char hmac[SHA256_TEXT + 1];

	if (!assembly_prepare(&as, b, has_key, s, e) || !write_check_size(&as, e))
		return false;
	manifest = (struct bytes){ as.manifest.data, as.manifest.len };
	/* a time or a number of generations that reading refuses, for example */
	if (!manifest_read(manifest, &ignored, &m, e))
		return false;
	slot_hmac(text->len ? text : NULL, manifest, hmac);
	strcat(hmac, "\n");
	return assembly_pack(&as, (struct bytes){ hmac, strlen(hmac) }, out, e);
}

bool bundle_write(const struct bundle *b, const struct secret *passphrases, size_t count,
		  bool unencrypted, struct buf *out, struct err *e)
{
	const struct lock lock = { passphrases, count, unencrypted };
	AUTO(arena) a = { 0 };
	AUTO(secret) text = { 0 };
	AUTO(secret) keys_zip = { 0 };
	struct bundle sorted = { 0 };
	struct entries keys = { 0 };
	struct sealed sealed = { 0 };

	if (!write_check_lock(&lock, e) || !check_names(b, e))
		return false;
	sort_content(b, &a, &sorted);
	sorted.unencrypted = unencrypted;
	for (size_t i = 1; i < sorted.item_count; i++)
		if (layout_compare_items(&sorted.items[i - 1], &sorted.items[i]) == 0)
			return err_set(e, ERR_INPUT, "generation %u of '%s' is given twice",
				       sorted.items[i].number, sorted.items[i].name);
	if (!unencrypted)
		slot_text_new(&text);

	bool *has_key = arena_array(&a, sorted.item_count + 1, sizeof(bool));

	collect_keys(&sorted, &a, has_key, &keys);
	if (keys.count && !keys_zip_pack(&keys, &text, &keys_zip, e))
		return err_in(e, ENTRY_KEYS);
	for (size_t i = 0; i < count; i++) {
		uint8_t *slot = arena_alloc(&a, SLOT_BYTES);

		slot_seal(&text, &passphrases[i], slot);
		VEC_PUSH(&sealed.recipients, &a, (struct bundle_entry){ "", slot, SLOT_BYTES });
	}
	sealed.keys_zip = (struct bytes){ keys_zip.bytes, keys_zip.len };
	return pack_all(&sorted, has_key, &sealed, &text, out, e);
}
