/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/entries.h"

#include "base/vec.h"
#include "bundle/bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Frame header, followed by name and data, each with a trailing NUL. */
struct entry_frame {
	uint32_t name_len;
	uint32_t data_len;
};
_Static_assert(sizeof(struct entry_frame) + 2 == ENTRY_FRAME_BYTES,
	       "a frame is two lengths and two NULs");

bool entry_name_is_safe(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%-";

	if (strlen(name) > ENTRY_NAME_LIMIT)
		return false;
	for (const char *part = name;;) {
		size_t len = strspn(part, allowed);

		if (len == 0 || (len <= 2 && strspn(part, ".") >= len))
			return false;
		if (part[len] == '\0')
			return true;
		if (part[len] != '/')
			return false;
		part += len + 1;
	}
}

static int compare_folded(const void *a, const void *b)
{
	const struct bundle_entry *const *left = a;
	const struct bundle_entry *const *right = b;

	return strcasecmp((*left)->name, (*right)->name);
}

bool entries_index(struct entries *list, struct arena *a, struct err *e)
{
	list->sorted = arena_array(a, list->count + 1, sizeof(*list->sorted));
	for (size_t i = 0; i < list->count; i++)
		list->sorted[i] = &list->items[i];
	qsort(list->sorted, list->count, sizeof(*list->sorted), compare_folded);
	for (size_t i = 1; i < list->count; i++)
		if (compare_folded(&list->sorted[i - 1], &list->sorted[i]) == 0)
			return err_set(
				e, ERR_INPUT,
				"entry '%s' is there twice, or differs from another in case alone",
				list->sorted[i]->name);
	return true;
}

const struct bundle_entry *entries_find(const struct entries *list, const char *name)
{
	const struct bundle_entry key = { .name = name };
	const struct bundle_entry *wanted = &key;
	const struct bundle_entry *const *found =
		bsearch(&wanted, list->sorted, list->count, sizeof(*list->sorted), compare_folded);

	return found && strcmp((*found)->name, name) == 0 ? *found : NULL;
}

void entries_frame(struct buf *out, const char *name, size_t len)
{
	const struct entry_frame f = { (uint32_t)strlen(name), (uint32_t)len };

	buf_add(out, &f, sizeof(f));
	buf_add(out, name, f.name_len + (size_t)1);
}

/* Reads the frame at *at and advances *at past it. */
static bool read_frame(const char **at, const char *end, struct bundle_entry *out)
{
	struct entry_frame f;

	if ((size_t)(end - *at) < sizeof(f))
		return false;
	memcpy(&f, *at, sizeof(f));

	const char *name = *at + sizeof(f);
	size_t left = (size_t)(end - name);
	size_t needed = (size_t)f.name_len + f.data_len + 2;

	if (needed > left || name[f.name_len] || name[needed - 1] || strlen(name) != f.name_len ||
	    !entry_name_is_safe(name))
		return false;
	*out = (struct bundle_entry){ name, name + f.name_len + 1, f.data_len };
	*at = name + needed;
	return true;
}

bool entries_unframe(const void *frames, size_t len, struct arena *a, struct entries *out,
		     struct err *e)
{
	const char *at = frames;
	const char *end = at + len;
	struct entries list = { 0 };

	while (at < end) {
		struct bundle_entry next = { 0 };

		if (list.count >= BUNDLE_ENTRY_LIMIT || !read_frame(&at, end, &next))
			return err_set(e, ERR_INPUT, "cannot be decoded");
		VEC_PUSH(&list, a, next);
	}
	if (!entries_index(&list, a, e))
		return false;
	*out = list;
	return true;
}
