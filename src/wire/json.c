/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include "base/text.h"

#include <stdlib.h>

void json_to_secret(const json_t *json, struct secret *out)
{
	size_t flags = JSON_COMPACT | JSON_SORT_KEYS;
	size_t len = json_dumpb(json, NULL, 0, flags);

	secret_alloc(out, len);
	if (json_dumpb(json, (char *)out->bytes, len, flags) != len)
		abort();
}

/* ---- bytes as base64 ---- */

json_t *json_bytes(const void *bytes, size_t len)
{
	AUTO(secret) text = { 0 };

	text_base64_secret(&text, bytes, len);
	return json_stringn((const char *)text.bytes, text.len);
}

json_t *json_ders(const struct der *list, size_t count)
{
	json_t *json = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, json_bytes(list[i].bytes, list[i].len));
	return json;
}

bool json_read_der(const json_t *json, struct arena *a, struct der *out)
{
	size_t len = json_string_length(json);
	unsigned char *bytes = NULL;

	if (!json_is_string(json) || !len)
		return false;
	bytes = arena_alloc(a, text_unbase64_room(len));
	out->bytes = bytes;
	return text_unbase64(json_string_value(json), len, bytes, &out->len) && out->len;
}

bool json_read_ders(const json_t *json, size_t limit, struct arena *a, const struct der **out,
		    size_t *out_count)
{
	size_t count = json_array_size(json);
	struct der *list = NULL;

	if (!count || count > limit)
		return false;
	list = arena_array(a, count, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		if (!json_read_der(json_array_get(json, i), a, &list[i]))
			return false;
	*out = list;
	*out_count = count;
	return true;
}
