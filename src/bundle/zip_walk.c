/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/zip_walk.h"

#include "base/text.h"
#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <string.h>

enum {
	CHUNK = 16 * 1024
};

static bool zip_walk_fail(struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);
	AUTO(buf) shown = { 0 };

	if (why)
		text_escape(&shown, why, strlen(why));
	return err_set(e, ERR_INPUT, "not an intact ZIP archive: %s",
		       why ? buf_text(&shown) : "no reason given");
}

void zip_walk_close(struct zip_walk *w)
{
	if (w->archive)
		archive_read_free(w->archive);
	*w = (struct zip_walk){ 0 };
}

bool zip_walk_open(struct zip_walk *w, struct bytes zip, const struct secret *password,
		   uint64_t limit, struct err *e)
{
	uint64_t by_ratio = (uint64_t)zip.len * BUNDLE_RATIO_LIMIT;

	*w = (struct zip_walk){ .archive = archive_read_new(),
				.encrypted = password != NULL,
				.limit = limit,
				.left = by_ratio < limit ? by_ratio : limit };
	if (!w->archive || archive_read_support_format_zip_seekable(w->archive) != ARCHIVE_OK)
		return err_set(e, ERR_IO, "cannot start to read a ZIP archive");
	if (password &&
	    archive_read_add_passphrase(w->archive, (const char *)password->bytes) != ARCHIVE_OK)
		return zip_walk_fail(w->archive, e);
	return archive_read_open_memory(w->archive, zip.data, zip.len) == ARCHIVE_OK ||
	       zip_walk_fail(w->archive, e);
}

bool zip_walk_next(const struct zip_walk *w, struct archive_entry **head, struct err *e)
{
	int status = archive_read_next_header(w->archive, head);

	if (status == ARCHIVE_EOF) {
		*head = NULL;
		return true;
	}
	return status == ARCHIVE_OK || zip_walk_fail(w->archive, e);
}

/* libarchive reports the method only in the format's name. */
bool zip_walk_method_is_allowed(const struct zip_walk *w)
{
	static const char *const open_methods[] = { "(uncompressed)", "(deflation)" };
	const char *format = archive_format_name(w->archive);

	if (!format)
		return false;
	if (w->encrypted)
		return strstr(format, "(aes)") != NULL;
	return strstr(format, open_methods[0]) || strstr(format, open_methods[1]);
}

/* Reads up to CHUNK bytes; 0 at the end of the entry, after its checksum. */
static bool read_chunk(struct zip_walk *w, char chunk[CHUNK], size_t *got, struct err *e)
{
	la_ssize_t some = archive_read_data(w->archive, chunk, CHUNK);

	if (some < 0)
		return zip_walk_fail(w->archive, e);
	if ((uint64_t)some > w->left)
		return err_set(e, ERR_INPUT,
			       "it unpacks to more than %" PRIu64
			       " bytes, or to more than %d times its size",
			       w->limit, BUNDLE_RATIO_LIMIT);
	w->left -= (uint64_t)some;
	*got = (size_t)some;
	return true;
}

bool zip_walk_read(struct zip_walk *w, struct archive_entry *head, struct buf *out, struct err *e)
{
	AUTO(buf) shown = { 0 };
	const char *name = archive_entry_pathname(head);
	char chunk[CHUNK];
	size_t got = 0;
	uint64_t sum = 0;

	text_escape(&shown, name, strlen(name));
	do {
		if (!read_chunk(w, chunk, &got, e))
			return err_in(e, "entry '%s'", buf_text(&shown));
		buf_add(out, chunk, got);
		sum += got;
	} while (got && !out->failed);
	if (out->failed)
		return err_set(e, ERR_INPUT, "it unpacks to more than %zu bytes", out->limit);
	return sum == (uint64_t)archive_entry_size(head) ||
	       err_set(e, ERR_INPUT, "entry '%s' is not as long as its header says",
		       buf_text(&shown));
}
