/* SPDX-License-Identifier: Apache-2.0 */
#include "json/value.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text)
{
	AUTO(arena) a = { 0 };

	if (!text)
		return json_null();
	if (text_is_utf8(text, strlen(text)))
		return json_string(text);
	return json_string(text_escaped(&a, text));
}

json_t *json_moment(int64_t when)
{
	char text[TIME_TEXT];

	return when ? json_string(time_format(when, text)) : json_null();
}

json_t *json_parse(const void *bytes, size_t len)
{
	if (!len)
		return NULL;
	return json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

const char *json_to_text(const json_t *json, struct arena *a)
{
	AUTO(str) text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	assert(text);
	return arena_strdup(a, text);
}

void json_to_secret(const json_t *json, struct secret *out)
{
	size_t flags = JSON_COMPACT | JSON_SORT_KEYS;
	size_t len = json_dumpb(json, NULL, 0, flags);

	secret_alloc(out, len);
	if (json_dumpb(json, (char *)out->bytes, len, flags) != len)
		abort();
}
