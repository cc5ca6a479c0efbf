/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/json_pointer.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum {
	INDEX_DIGITS = 9
};

/* "~1" is a slash, "~0" a tilde. */
static void unescape(const char *token, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (token[i] != '~' || i + 1 == len) {
			buf_putc(out, token[i]);
			continue;
		}
		buf_putc(out, token[++i] == '1' ? '/' : '~');
	}
}

static const json_t *item_at(const json_t *list, const char *index)
{
	size_t digits = strspn(index, "0123456789");

	if (!digits || digits > INDEX_DIGITS || index[digits] || (*index == '0' && digits > 1))
		return NULL;
	return json_array_get(list, strtoul(index, NULL, 10));
}

const json_t *json_at(const json_t *document, const char *pointer)
{
	const json_t *at = document;

	while (at && *pointer == '/') {
		AUTO(buf) token = { 0 };
		size_t len = strcspn(++pointer, "/");

		unescape(pointer, len, &token);
		at = json_is_array(at) ? item_at(at, buf_text(&token))
				       : json_object_get(at, buf_text(&token));
		pointer += len;
	}
	return at;
}
