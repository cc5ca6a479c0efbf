/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle_layout.h"

#include "base/buf.h"
#include "base/text.h"

#include <string.h>

/* A pair found on a component never counts as the newest of its name. */
static bool bundle_layout_is_found(const struct bundle_item *item)
{
	return strcmp(item->source, "found") == 0;
}

int layout_compare_items(const void *a, const void *b)
{
	const struct bundle_item *left = a;
	const struct bundle_item *right = b;
	int names = strcmp(left->name, right->name);

	if (left->is_issuer != right->is_issuer)
		return left->is_issuer ? 1 : -1;
	if (names)
		return names;
	if (bundle_layout_is_found(left) != bundle_layout_is_found(right))
		return bundle_layout_is_found(left) ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

int layout_compare_files(const void *a, const void *b)
{
	const struct bundle_file *left = a;
	const struct bundle_file *right = b;

	return strcmp(left->path, right->path);
}

int layout_compare_anchors(const void *a, const void *b)
{
	const struct bundle_anchor *left = a;
	const struct bundle_anchor *right = b;

	return strcmp(left->fingerprint, right->fingerprint);
}

int layout_compare_records(const void *a, const void *b)
{
	const struct bundle_record *left = a;
	const struct bundle_record *right = b;

	return strcmp(left->key, right->key);
}

const char *layout_directory(const struct bundle *b, size_t i, struct arena *a)
{
	const struct bundle_item *item = &b->items[i];
	bool newest = i + 1 == b->item_count || item[1].is_issuer != item->is_issuer ||
		      strcmp(item[1].name, item->name) != 0;
	AUTO(buf) out = { 0 };

	buf_puts(&out, item->is_issuer ? "issuers/" : "certificates/");
	text_percent(&out, item->name);
	if (!newest)
		buf_printf(&out, "/%u", item->number);
	return arena_strdup(a, buf_text(&out));
}

const char *layout_in(const char *directory, const char *file, struct arena *a)
{
	return arena_printf(a, "%s/%s", directory, file);
}

const char *layout_config(const char *path, struct arena *a)
{
	AUTO(buf) out = { 0 };
	char *parts = arena_strdup(a, path);

	buf_puts(&out, "config");
	for (char *part = strsep(&parts, "/"); part; part = strsep(&parts, "/")) {
		buf_putc(&out, '/');
		/* what text_percent() leaves alone, but an archive must not have */
		if (part[0] == '\0')
			buf_puts(&out, "%2F");
		else if (strcmp(part, ".") == 0)
			buf_puts(&out, "%2E");
		else if (strcmp(part, "..") == 0)
			buf_puts(&out, "%2E%2E");
		else
			text_percent(&out, part);
	}
	return arena_strdup(a, buf_text(&out));
}

const char *layout_recipient(size_t number, struct arena *a)
{
	return arena_printf(a, "recipients/%zu.enc", number);
}
