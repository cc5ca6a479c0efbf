/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/assembly.h"

#include "base/text.h"
#include "base/vec.h"
#include "bundle/bundle_layout.h"
#include "bundle/manifest.h"
#include "bundle/zip.h"

#include <string.h>

void assembly_release(struct assembly *as)
{
	arena_release(&as->arena);
	buf_release(&as->restore);
	buf_release(&as->manifest);
}

static bool assembly_add(struct assembly *as, const char *name, struct bytes data, struct err *e)
{
	AUTO(buf) shown = { 0 };

	if (entry_name_is_safe(name)) {
		VEC_PUSH(&as->entries, &as->arena,
			 (struct bundle_entry){ name, data.data, data.len });
		return true;
	}
	text_escape(&shown, name, strlen(name));
	return err_set(e, ERR_INPUT, "'%s' cannot be a name in a bundle", buf_text(&shown));
}

/* Adds a text entry; an empty text gets none. */
static bool add_text(struct assembly *as, const char *name, const char *text, struct err *e)
{
	if (!text || !*text)
		return true;
	if (!text_is_utf8(text, strlen(text)))
		return err_set(e, ERR_INPUT, "entry '%s' is not text", name);
	return assembly_add(as, name, (struct bytes){ text, strlen(text) }, e);
}

static bool add_items(struct assembly *as, const struct bundle *b, struct err *e)
{
	struct arena *a = &as->arena;

	for (size_t i = 0; i < b->item_count; i++) {
		const struct bundle_item *item = &b->items[i];
		const char *dir = layout_directory(b, i, a);

		if (!add_text(as, layout_in(dir, "leaf.pem", a), item->leaf_pem, e) ||
		    !add_text(as, layout_in(dir, "chain.pem", a), item->chain_pem, e))
			return false;
	}
	return true;
}

bool assembly_prepare(struct assembly *as, const struct bundle *b, const bool *has_key,
		      const struct sealed *s, struct err *e)
{
	if (s->restore_text)
		buf_puts(&as->restore, s->restore_text);
	else
		restore_text(b, s->recipients.count, &as->restore);
	if (!add_text(as, ENTRY_RESTORE, buf_text(&as->restore), e))
		return false;
	for (size_t i = 0; i < b->file_count; i++)
		if (!assembly_add(as, layout_config(b->files[i].path, &as->arena),
				  (struct bytes){ b->files[i].text, b->files[i].len }, e))
			return false;
	if (!add_items(as, b, e))
		return false;
	for (size_t i = 0; i < s->recipients.count; i++) {
		const struct bundle_entry *slot = &s->recipients.items[i];

		if (!assembly_add(as, layout_recipient(i, &as->arena),
				  (struct bytes){ slot->data, slot->len }, e))
			return false;
	}
	if (s->keys_zip.len && !assembly_add(as, ENTRY_KEYS, s->keys_zip, e))
		return false;
	return entries_index(&as->entries, &as->arena, e) &&
	       manifest_write(b, has_key, &as->entries, &as->manifest, e);
}

/* Manifest and HMAC come after RESTORE.txt, whose explanation is seen first. */
bool assembly_pack(struct assembly *as, struct bytes hmac, struct buf *out, struct err *e)
{
	const struct bundle_entry *others = as->entries.items;
	struct entries all = { 0 };

	VEC_PUSH(&all, &as->arena, others[0]);
	VEC_PUSH(&all, &as->arena,
		 (struct bundle_entry){ ENTRY_MANIFEST, as->manifest.data, as->manifest.len });
	VEC_PUSH(&all, &as->arena, (struct bundle_entry){ ENTRY_HMAC, hmac.data, hmac.len });
	for (size_t i = 1; i < as->entries.count; i++)
		VEC_PUSH(&all, &as->arena, others[i]);
	return zip_pack(&all, NULL, out, e);
}
