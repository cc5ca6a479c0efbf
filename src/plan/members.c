/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/members.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

enum {
	ITEMS_LIMIT = 4 * 1000 * 1000, /* of each array */
	TEXT_LIMIT = 64 * 1024,
};

bool members_refuse(struct member_reader *r, const char *key)
{
	return err_set(r->e, ERR_INPUT, "'%s' is not as certfleet writes it, plan again", key);
}

bool member_is_text(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) <= TEXT_LIMIT &&
	       strlen(json_string_value(value)) == json_string_length(value);
}

static bool members_read_text(struct member_reader *r, const struct member *m, const json_t *value,
			      const char **out)
{
	if (json_is_null(value) && m->kind != MEMBER_TEXT) {
		*out = NULL;
		return true;
	}
	if (!member_is_text(value))
		return members_refuse(r, m->key);

	const char *text = json_string_value(value);

	if (m->kind == MEMBER_FINGERPRINT && !text_is_fingerprint(text))
		return members_refuse(r, m->key);
	*out = arena_strdup(r->a, text);
	return true;
}

static bool members_read_choice(struct member_reader *r, const struct member *m,
				const json_t *value, unsigned *out)
{
	if (!member_is_text(value))
		return members_refuse(r, m->key);
	for (unsigned i = 0; m->names[i]; i++)
		if (!strcmp(m->names[i], json_string_value(value))) {
			*out = i;
			return true;
		}
	return members_refuse(r, m->key);
}

static bool members_read_count(struct member_reader *r, const struct member *m, const json_t *value,
			       unsigned *out)
{
	json_int_t count = json_integer_value(value);

	if (!json_is_integer(value) || count < 0 || count > UINT32_MAX)
		return members_refuse(r, m->key);
	*out = (unsigned)count;
	return true;
}

static bool read_member(struct member_reader *r, const struct member *m, const json_t *value,
			void *slot)
{
	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_TEXT_OR_NULL:
	case MEMBER_FINGERPRINT:
		return members_read_text(r, m, value, slot);
	case MEMBER_FLAG:
		if (!json_is_boolean(value))
			return members_refuse(r, m->key);
		*(bool *)slot = json_is_true(value);
		return true;
	case MEMBER_COUNT:
		return members_read_count(r, m, value, slot);
	case MEMBER_CHOICE:
		return members_read_choice(r, m, value, slot);
	}
	return false;
}

bool members_read(struct member_reader *r, const struct member *members, const json_t *object,
		  void *out)
{
	for (const struct member *m = members; m->key; m++)
		if (!read_member(r, m, json_object_get(object, m->key), (char *)out + m->offset))
			return false;
	return true;
}

bool members_array(struct member_reader *r, const json_t *object, const char *key,
		   const json_t **out)
{
	const json_t *array = json_object_get(object, key);

	if (!json_is_array(array) || json_array_size(array) > ITEMS_LIMIT)
		return members_refuse(r, key);
	*out = array;
	return true;
}

bool members_texts(struct member_reader *r, const json_t *object, const char *key,
		   struct text_list *out)
{
	const struct member any = { .key = key, .kind = MEMBER_TEXT };
	const json_t *array = NULL;

	if (!members_array(r, object, key, &array))
		return false;

	size_t count = json_array_size(array);
	const char **items = arena_array(r->a, count, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		if (!members_read_text(r, &any, json_array_get(array, i), &items[i]))
			return false;
	*out = (struct text_list){ items, count };
	return true;
}
