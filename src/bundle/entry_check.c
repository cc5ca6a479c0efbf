/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/entry_check.h"

#include "base/text.h"
#include "bundle/bundle_layout.h"
#include "crypto/crypto.h"

#include <string.h>

void unpacked_release(struct unpacked *c)
{
	bundle_release(&c->bundle);
}

size_t unpacked_recipients(const struct entries *entries)
{
	AUTO(arena) a = { 0 };
	size_t n = 0;

	while (entries_find(entries, layout_recipient(n, &a)))
		n++;
	return n;
}

/*
 * Compares an entry with the manifest; a listed name is untrusted until an
 * entry matches it.
 */
static bool check_one(const struct entries *entries, const struct listed *l, struct err *e)
{
	const struct bundle_entry *entry = entries_find(entries, l->name);
	char hash[SHA256_TEXT];
	AUTO(buf) shown = { 0 };

	if (!entry) {
		text_escape(&shown, l->name, strlen(l->name));
		return err_set(e, ERR_INPUT, "damaged: entry '%s' of the manifest is missing",
			       buf_text(&shown));
	}
	sha256_text(entry->data, entry->len, hash);
	return (entry->len == l->size && strcmp(hash, l->sha256) == 0) ||
	       err_set(e, ERR_INPUT, "damaged: entry '%s' differs from the manifest", l->name);
}

static bool unpacked_is_listed(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->listed_count; i++)
		if (strcmp(m->listed[i].name, name) == 0)
			return true;
	return false;
}

static bool name_unlisted(const struct entries *entries, const struct manifest *m, struct err *e)
{
	for (size_t i = 0; i < entries->count; i++) {
		const char *name = entries->items[i].name;

		if (strcmp(name, ENTRY_MANIFEST) != 0 && strcmp(name, ENTRY_HMAC) != 0 &&
		    !unpacked_is_listed(m, name))
			return err_set(e, ERR_INPUT, "entry '%s' is not named in the manifest",
				       name);
	}
	return err_set(e, ERR_INPUT, "the manifest names an entry twice");
}

/* Sets *out to its text, "" when there is none; counts it in *claimed. */
static bool unpacked_take_text(const struct bundle_entry *entry, struct arena *a, const char **out,
			       size_t *claimed, struct err *e)
{
	*out = "";
	if (!entry)
		return true;
	if (!text_is_utf8(entry->data, entry->len))
		return err_set(e, ERR_INPUT, "entry '%s' is not text", entry->name);
	*out = arena_strndup(a, entry->data, entry->len);
	*claimed += 1;
	return true;
}

static bool take_items(const struct entries *entries, struct bundle *b, size_t *claimed,
		       struct err *e)
{
	for (size_t i = 0; i < b->item_count; i++) {
		struct bundle_item *item = &b->items[i];
		struct arena *a = &b->arena;
		const char *dir = layout_directory(b, i, a);
		const struct bundle_entry *leaf =
			entries_find(entries, layout_in(dir, "leaf.pem", a));
		const struct bundle_entry *chain =
			entries_find(entries, layout_in(dir, "chain.pem", a));

		if (!unpacked_take_text(leaf, a, &item->leaf_pem, claimed, e) ||
		    !unpacked_take_text(chain, a, &item->chain_pem, claimed, e))
			return false;
	}
	return true;
}

static bool unpacked_take_files(const struct entries *entries, struct bundle *b, size_t *claimed,
				struct err *e)
{
	for (size_t i = 0; i < b->file_count; i++) {
		struct bundle_file *file = &b->files[i];
		const struct bundle_entry *entry =
			entries_find(entries, layout_config(file->path, &b->arena));

		if (!entry)
			return err_set(e, ERR_INPUT, "config %zu of the manifest is missing", i);
		file->text = arena_strndup(&b->arena, entry->data, entry->len);
		file->len = entry->len;
		*claimed += 1;
	}
	return true;
}

static bool unpacked_check_lock(const struct entries *entries, const struct unpacked *c,
				struct err *e)
{
	const struct bundle *b = &c->bundle;
	bool has_key = false;

	if (b->unencrypted != (b->recipient_count == 0))
		return err_set(e, ERR_INPUT,
			       "its manifest says that it is %sencrypted, but %s recipients",
			       b->unencrypted ? "un" : "", b->unencrypted ? "has" : "has no");
	if (b->recipient_count > BUNDLE_RECIPIENT_LIMIT)
		return err_set(e, ERR_INPUT, "it has more than %d recipients",
			       BUNDLE_RECIPIENT_LIMIT);
	for (size_t i = 0; i < b->item_count; i++)
		has_key |= c->manifest.has_key[i];
	return has_key == (entries_find(entries, ENTRY_KEYS) != NULL) ||
	       err_set(e, ERR_INPUT, "the manifest does not agree that there is '%s'", ENTRY_KEYS);
}

bool entry_check_read(const struct entries *entries, struct unpacked *out, struct err *e)
{
	AUTO(unpacked) c = { 0 };
	struct bundle *b = &c.bundle;
	const struct bundle_entry *json = entries_find(entries, ENTRY_MANIFEST);
	size_t claimed = 2; /* the manifest and its HMAC */

	if (!json || !entries_find(entries, ENTRY_HMAC))
		return err_set(e, ERR_INPUT, "not a bundle of certfleet: it has no manifest");
	b->recipient_count = unpacked_recipients(entries);
	if (!manifest_read((struct bytes){ json->data, json->len }, b, &c.manifest, e))
		return false;
	for (size_t i = 0; i < c.manifest.listed_count; i++)
		if (!check_one(entries, &c.manifest.listed[i], e))
			return false;
	/* each listed one is there; when there are as many, they are the same */
	if (c.manifest.listed_count + 2 != entries->count)
		return name_unlisted(entries, &c.manifest, e);
	if (!unpacked_check_lock(entries, &c, e) || !take_items(entries, b, &claimed, e) ||
	    !unpacked_take_files(entries, b, &claimed, e))
		return false;
	claimed += b->recipient_count;
	claimed += entries_find(entries, ENTRY_RESTORE) != NULL;
	claimed += entries_find(entries, ENTRY_KEYS) != NULL;
	if (claimed != entries->count)
		return err_set(e, ERR_INPUT,
			       "the bundle has an entry that its manifest does not use");
	*out = TAKE(c);
	return true;
}
