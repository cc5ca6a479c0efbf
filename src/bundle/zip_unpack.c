/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/zip.h"

#include "base/arena.h"
#include "base/text.h"
#include "base/vec.h"
#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <string.h>

enum {
	CHUNK = 16 * 1024
};

/* State of reading an archive. */
struct unpack_walk {
	struct archive *archive;
	bool encrypted;
	uint64_t left; /* unpacked bytes still allowed */
	struct arena arena;
	struct entries found; /* in and beyond the share, without content */
};

static void unpack_walk_release(struct unpack_walk *w)
{
	arena_release(&w->arena);
	archive_read_free(w->archive);
}
AUTO_STRUCT(unpack_walk, struct unpack_walk, unpack_walk_release)

static bool zip_unpack_fail(struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);
	AUTO(buf) shown = { 0 };

	if (why)
		text_escape(&shown, why, strlen(why));
	return err_set(e, ERR_INPUT, "not an intact ZIP archive: %s",
		       why ? buf_text(&shown) : "no reason given");
}

/* libarchive reports the method only in the format's name. */
static bool method_is_allowed(const struct unpack_walk *w)
{
	static const char *const open_methods[] = { "(uncompressed)", "(deflation)" };
	const char *format = archive_format_name(w->archive);

	if (!format)
		return false;
	if (w->encrypted)
		return strstr(format, "(aes)") != NULL;
	return strstr(format, open_methods[0]) || strstr(format, open_methods[1]);
}

static bool zip_unpack_check_header(const struct unpack_walk *w, struct archive_entry *head,
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
	if (!method_is_allowed(w))
		return err_set(e, ERR_INPUT, "entry '%s' is neither stored nor deflated", name);
	return true;
}

/* Sets *head to NULL at the end of the archive. */
static bool next_header(const struct unpack_walk *w, struct archive_entry **head, struct err *e)
{
	int status = archive_read_next_header(w->archive, head);

	if (status == ARCHIVE_EOF) {
		*head = NULL;
		return true;
	}
	if (status != ARCHIVE_OK)
		return zip_unpack_fail(w->archive, e);
	return zip_unpack_check_header(w, *head, e);
}

/* Reads up to CHUNK bytes; 0 at the end of the entry, after its checksum. */
static bool read_chunk(struct unpack_walk *w, char chunk[CHUNK], size_t *got, struct err *e)
{
	la_ssize_t some = archive_read_data(w->archive, chunk, CHUNK);

	if (some < 0)
		return zip_unpack_fail(w->archive, e);
	if ((uint64_t)some > w->left)
		return err_set(
			e, ERR_INPUT,
			"it unpacks to more than %d bytes, or to more than %d times its size",
			BUNDLE_LIMIT, BUNDLE_RATIO_LIMIT);
	w->left -= (uint64_t)some;
	*got = (size_t)some;
	return true;
}

static bool read_entry(struct unpack_walk *w, struct archive_entry *head, struct buf *out,
		       struct err *e)
{
	const char *name = archive_entry_pathname(head);
	char chunk[CHUNK];
	size_t got = 0;
	uint64_t sum = 0;

	do {
		if (!read_chunk(w, chunk, &got, e))
			return err_in(e, "entry '%s'", name);
		buf_add(out, chunk, got);
		sum += got;
	} while (got && !out->failed);
	if (out->failed)
		return err_set(e, ERR_INPUT, "it unpacks to more than %zu bytes", out->limit);
	return sum == (uint64_t)archive_entry_size(head) ||
	       err_set(e, ERR_INPUT, "entry '%s' is not as long as its header says", name);
}

static bool frame_entry(struct unpack_walk *w, struct archive_entry *head, struct buf *frames,
			struct err *e)
{
	const char *name = archive_entry_pathname(head);

	entries_frame(frames, name, (size_t)archive_entry_size(head));
	if (!read_entry(w, head, frames, e))
		return false;
	buf_putc(frames, '\0');
	return true;
}

static bool unpack_entry(struct unpack_walk *w, struct archive_entry *head, struct zip_share share,
			 struct buf *frames, struct err *e)
{
	const char *name = archive_entry_pathname(head);
	la_int64_t size = archive_entry_size(head);
	bool shared = w->found.count % share.of == share.index;

	if (w->found.count >= BUNDLE_ENTRY_LIMIT)
		return err_set(e, ERR_INPUT, "it has more than %d entries", BUNDLE_ENTRY_LIMIT);
	if (!archive_entry_size_is_set(head) || size < 0 || (uint64_t)size > w->left)
		return err_set(e, ERR_INPUT, "entry '%s' does not say its size, or is too large",
			       name);
	VEC_PUSH(&w->found, &w->arena,
		 (struct bundle_entry){ arena_strdup(&w->arena, name), NULL, (size_t)size });
	if (shared)
		return frame_entry(w, head, frames, e);
	w->left -= (uint64_t)size;
	return true;
}

static bool zip_unpack_walk_begin(struct unpack_walk *w, struct bytes zip,
				  const struct secret *password, struct err *e)
{
	w->encrypted = password != NULL;
	w->left = (uint64_t)zip.len * BUNDLE_RATIO_LIMIT;
	if (w->left > BUNDLE_LIMIT)
		w->left = BUNDLE_LIMIT;
	if (!w->archive || archive_read_support_format_zip_seekable(w->archive) != ARCHIVE_OK)
		return err_set(e, ERR_IO, "cannot start to read a ZIP archive");
	if (password &&
	    archive_read_add_passphrase(w->archive, (const char *)password->bytes) != ARCHIVE_OK)
		return zip_unpack_fail(w->archive, e);
	return archive_read_open_memory(w->archive, zip.data, zip.len) == ARCHIVE_OK ||
	       zip_unpack_fail(w->archive, e);
}

bool zip_unpack_share(struct bytes zip, const struct secret *password, struct zip_share share,
		      struct buf *frames, struct err *e)
{
	AUTO(unpack_walk) w = { .archive = archive_read_new() };
	struct archive_entry *head = NULL;

	buf_expect(frames, zip.len / share.of); /* what is stored takes no more */
	if (!zip_unpack_walk_begin(&w, zip, password, e))
		return false;
	for (;;) {
		if (!next_header(&w, &head, e))
			return false;
		if (!head)
			break;
		if (!unpack_entry(&w, head, share, frames, e))
			return false;
	}
	return entries_index(&w.found, &w.arena, e) && zip_layout_check(zip, &w.found, e);
}

bool zip_unpack(struct bytes zip, const struct secret *password, struct buf *frames, struct err *e)
{
	return zip_unpack_share(zip, password, (struct zip_share){ 0, 1 }, frames, e);
}

bool zip_find(struct bytes zip, const char *name, struct buf *out, struct err *e)
{
	AUTO(unpack_walk) w = { .archive = archive_read_new() };
	struct archive_entry *head = NULL;

	if (!zip_unpack_walk_begin(&w, zip, NULL, e))
		return false;
	for (size_t count = 0; count < BUNDLE_ENTRY_LIMIT; count++) {
		if (!next_header(&w, &head, e))
			return false;
		if (!head)
			break;
		if (!strcmp(archive_entry_pathname(head), name))
			return read_entry(&w, head, out, e);
	}
	return err_set(e, ERR_INPUT, "it has no %s", name);
}
