/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/zip.h"

#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>

AUTO_TYPE(writer, struct archive *, archive_write_free)
AUTO_TYPE(bundle_entry, struct archive_entry *, archive_entry_free)

static bool zip_pack_fail(struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	return err_set(e, ERR_CRYPTO, "cannot write the archive: %s",
		       why ? why : "no reason given");
}

static la_ssize_t on_bytes(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct buf *out = ctx;

	buf_add(out, bytes, len);
	if (!out->failed)
		return (la_ssize_t)len;
	archive_set_error(a, ARCHIVE_FATAL, "it would pass %zu bytes", out->limit);
	return -1;
}

static bool open_writer(struct archive *a, const struct secret *password, struct buf *out,
			struct err *e)
{
	const char *options =
		password ? "zip:compression=store,zip:encryption=aes256" : "zip:compression=store";

	if (archive_write_set_format_zip(a) != ARCHIVE_OK ||
	    archive_write_set_options(a, options) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK)
		return zip_pack_fail(a, e);
	if (password &&
	    archive_write_set_passphrase(a, (const char *)password->bytes) != ARCHIVE_OK)
		return zip_pack_fail(a, e);
	return archive_write_open(a, out, NULL, on_bytes, NULL) == ARCHIVE_OK ||
	       zip_pack_fail(a, e);
}

/* An entry without a time gets the earliest ZIP time, which no time zone changes. */
static bool write_entry(struct archive *a, const struct bundle_entry *from, struct err *e)
{
	AUTO(bundle_entry) head = archive_entry_new();

	if (!head)
		return err_set(e, ERR_IO, "out of memory");
	archive_entry_set_pathname(head, from->name);
	archive_entry_set_size(head, (la_int64_t)from->len);
	archive_entry_set_mode(head, AE_IFREG | 0600);
	if (archive_write_header(a, head) != ARCHIVE_OK)
		return zip_pack_fail(a, e);
	if (from->len && archive_write_data(a, from->data, from->len) != (la_ssize_t)from->len)
		return zip_pack_fail(a, e);
	return archive_write_finish_entry(a) == ARCHIVE_OK || zip_pack_fail(a, e);
}

bool zip_pack(const struct entries *list, const struct secret *password, struct buf *out,
	      struct err *e)
{
	AUTO(writer) a = archive_write_new();

	if (!a)
		return err_set(e, ERR_IO, "out of memory");
	if (list->count > BUNDLE_ENTRY_LIMIT)
		return err_set(e, ERR_INPUT, "a bundle holds at most %d entries, not %zu",
			       BUNDLE_ENTRY_LIMIT, list->count);
	if (!open_writer(a, password, out, e))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (!write_entry(a, &list->items[i], e))
			return err_in(e, "entry '%s'", list->items[i].name);
	return archive_write_close(a) == ARCHIVE_OK || zip_pack_fail(a, e);
}
