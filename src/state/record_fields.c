/* SPDX-License-Identifier: Apache-2.0 */
#include "state/record_fields.h"

#include "base/alloc.h"
#include "base/text.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

enum {
	LIST_LIMIT = 100000
};

json_t *text_to_json(const char *text)
{
	AUTO(arena) a = { 0 };
	json_t *json = json_string(text ? text : "");

	return json ? json : json_string(text_escaped(&a, text));
}

const char *json_to_text(const json_t *json, struct arena *a)
{
	AUTO(str) text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	assert(text);
	return arena_strdup(a, text);
}

/* ---- encoding ---- */

static const void *at(const void *thing, size_t offset)
{
	return (const char *)thing + offset;
}

static json_t *encode_list(const struct record_field *f, const void *thing)
{
	const char *const *items = *(const char *const *const *)at(thing, f->offset);
	size_t count = *(const size_t *)at(thing, f->count_offset);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, text_to_json(items[i]));
	return list;
}

/* NULL: the field is left out. */
static json_t *encode_field(const struct record_field *f, const void *thing)
{
	const void *value = at(thing, f->offset);

	switch (f->type) {
	case FIELD_TEXT:
		return text_to_json(*(const char *const *)value);
	case FIELD_MAYBE:
		if (!*(const char *const *)value)
			return NULL;
		return text_to_json(*(const char *const *)value);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)value);
	case FIELD_INT:
		return json_integer(*(const int *)value);
	case FIELD_UNSIGNED:
		return json_integer(*(const unsigned *)value);
	case FIELD_INT64:
		return json_integer(*(const int64_t *)value);
	case FIELD_MAYBE_INT64:
		if (!*(const int64_t *)value)
			return NULL;
		return json_integer(*(const int64_t *)value);
	case FIELD_ENUM:
		return json_string(f->names[*(const unsigned *)value]);
	case FIELD_LIST:
		return encode_list(f, thing);
	}
	return NULL;
}

json_t *fields_encode(const struct record_field *fields, const void *thing)
{
	json_t *object = json_object();

	for (const struct record_field *f = fields; f->name; f++) {
		json_t *value = encode_field(f, thing);

		if (value)
			json_object_set_new(object, f->name, value);
	}
	return object;
}

/* ---- decoding ---- */

static bool decode_text(const json_t *json, struct arena *a, const char **out)
{
	if (!json_is_string(json))
		return false;
	*out = arena_strndup(a, json_string_value(json), json_string_length(json));
	return true;
}

static bool decode_integer(const json_t *json, int64_t low, int64_t high, int64_t *out)
{
	if (!json_is_integer(json))
		return false;
	*out = json_integer_value(json);
	return *out >= low && *out <= high;
}

static bool decode_enum(const struct record_field *f, const json_t *json, unsigned *out)
{
	const char *name = json_string_value(json);

	for (unsigned i = 0; name && f->names[i]; i++) {
		if (strcmp(name, f->names[i]) != 0)
			continue;
		*out = i;
		return true;
	}
	return false;
}

static bool decode_list(const struct record_field *f, const json_t *json, struct arena *a,
			void *thing)
{
	size_t count = json_array_size(json);

	if (!json_is_array(json) || count > LIST_LIMIT)
		return false;

	const char **items = arena_array(a, count, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		if (!decode_text(json_array_get(json, i), a, &items[i]))
			return false;
	memcpy((char *)thing + f->offset, &items, sizeof(items));
	memcpy((char *)thing + f->count_offset, &count, sizeof(count));
	return true;
}

static bool decode_field(const struct record_field *f, const json_t *json, struct arena *a,
			 void *thing)
{
	void *out = (char *)thing + f->offset;
	int64_t number = 0;

	switch (f->type) {
	case FIELD_TEXT:
		return decode_text(json, a, out);
	case FIELD_MAYBE:
		return !json || decode_text(json, a, out);
	case FIELD_BOOL:
		*(bool *)out = json_is_true(json);
		return json_is_boolean(json);
	case FIELD_INT:
		if (!decode_integer(json, INT_MIN, INT_MAX, &number))
			return false;
		*(int *)out = (int)number;
		return true;
	case FIELD_UNSIGNED:
		if (!decode_integer(json, 0, UINT_MAX, &number))
			return false;
		*(unsigned *)out = (unsigned)number;
		return true;
	case FIELD_INT64:
		return decode_integer(json, INT64_MIN, INT64_MAX, out);
	case FIELD_MAYBE_INT64:
		return !json || decode_integer(json, INT64_MIN, INT64_MAX, out);
	case FIELD_ENUM:
		return decode_enum(f, json, out);
	case FIELD_LIST:
		return decode_list(f, json, a, thing);
	}
	return false;
}

bool fields_decode(const struct record_field *fields, const json_t *object, struct arena *a,
		   void *thing, struct err *e)
{
	for (const struct record_field *f = fields; f->name; f++)
		if (!decode_field(f, json_object_get(object, f->name), a, thing))
			return err_set(e, ERR_IO, "'%s' is missing or wrong", f->name);
	return true;
}
