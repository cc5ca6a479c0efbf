/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/zip.h"

#include "base/arena.h"
#include "base/text.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "bundle/zip_walk.h"

#include <archive_entry.h>
#include <stdint.h>
#include <string.h>

static bool zip_unpack_check_header(const struct zip_walk *w, struct archive_entry *head,
				    struct err *e)
{
	const char *name = archive_entry_pathname(head);
	AUTO(buf) shown = { 0 };

	if (!name)
		return err_set(e, ERR_INPUT, "an entry has no name");
	if (!entry_name_is_safe(name)) {
		text_escape(&shown, name, strlen(name));
		return err_set(e, ERR_INPUT, "entry name '%s' is not allowed", buf_text(&shown));
	}
	if (archive_entry_filetype(head) != AE_IFREG || archive_entry_symlink(head) ||
	    archive_entry_hardlink(head))
		return err_set(e, ERR_INPUT, "entry '%s' is not a regular file", name);
	if (archive_entry_is_metadata_encrypted(head) ||
	    !!archive_entry_is_data_encrypted(head) != w->encrypted)
		return err_set(e, ERR_INPUT, "entry '%s' is %sencrypted", name,
			       w->encrypted ? "not " : "");
	if (!zip_walk_method_is_allowed(w))
		return err_set(e, ERR_INPUT, "entry '%s' is neither stored nor deflated", name);
	return true;
}

/* Sets *head to NULL at the end of the archive. */
static bool next_header(const struct zip_walk *w, struct archive_entry **head, struct err *e)
{
	return zip_walk_next(w, head, e) && (!*head || zip_unpack_check_header(w, *head, e));
}

/* Entries in and beyond the share, without content. */
struct unpacked_names {
	struct arena arena;
	struct entries list;
};

static void unpacked_names_release(struct unpacked_names *n)
{
	arena_release(&n->arena);
}
AUTO_STRUCT(unpacked_names, struct unpacked_names, unpacked_names_release)

static bool frame_entry(struct zip_walk *w, struct archive_entry *head, struct buf *frames,
			struct err *e)
{
	entries_frame(frames, archive_entry_pathname(head), (size_t)archive_entry_size(head));
	if (!zip_walk_read(w, head, frames, e))
		return false;
	buf_putc(frames, '\0');
	return true;
}

static bool unpack_entry(struct zip_walk *w, struct archive_entry *head, struct zip_share share,
			 struct unpacked_names *found, struct buf *frames, struct err *e)
{
	const char *name = archive_entry_pathname(head);
	la_int64_t size = archive_entry_size(head);
	bool shared = found->list.count % share.of == share.index;

	if (found->list.count >= BUNDLE_ENTRY_LIMIT)
		return err_set(e, ERR_INPUT, "it has more than %d entries", BUNDLE_ENTRY_LIMIT);
	if (!archive_entry_size_is_set(head) || size < 0 || (uint64_t)size > w->left)
		return err_set(e, ERR_INPUT, "entry '%s' does not say its size, or is too large",
			       name);
	VEC_PUSH(&found->list, &found->arena,
		 (struct bundle_entry){ arena_strdup(&found->arena, name), NULL, (size_t)size });
	if (shared)
		return frame_entry(w, head, frames, e);
	w->left -= (uint64_t)size;
	return true;
}

bool zip_unpack_share(struct bytes zip, const struct secret *password, struct zip_share share,
		      struct buf *frames, struct err *e)
{
	AUTO(zip_walk) w = { 0 };
	AUTO(unpacked_names) found = { 0 };
	struct archive_entry *head = NULL;

	buf_expect(frames, zip.len / share.of); /* what is stored takes no more */
	if (!zip_walk_open(&w, zip, password, BUNDLE_LIMIT, e))
		return false;
	for (;;) {
		if (!next_header(&w, &head, e))
			return false;
		if (!head)
			break;
		if (!unpack_entry(&w, head, share, &found, frames, e))
			return false;
	}
	return entries_index(&found.list, &found.arena, e) && zip_layout_check(zip, &found.list, e);
}

bool zip_unpack(struct bytes zip, const struct secret *password, struct buf *frames, struct err *e)
{
	return zip_unpack_share(zip, password, (struct zip_share){ 0, 1 }, frames, e);
}

bool zip_find(struct bytes zip, const char *name, struct buf *out, struct err *e)
{
	AUTO(zip_walk) w = { 0 };
	struct archive_entry *head = NULL;

	if (!zip_walk_open(&w, zip, NULL, BUNDLE_LIMIT, e))
		return false;
	for (size_t count = 0; count < BUNDLE_ENTRY_LIMIT; count++) {
		if (!next_header(&w, &head, e))
			return false;
		if (!head)
			break;
		if (!strcmp(archive_entry_pathname(head), name))
			return zip_walk_read(&w, head, out, e);
	}
	return err_set(e, ERR_INPUT, "it has no %s", name);
}
