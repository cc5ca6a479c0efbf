/* SPDX-License-Identifier: Apache-2.0 */
#include "json/record.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

const struct member member_any_text[] = {
	{ .key = "", .kind = MEMBER_TEXT },
	{ 0 },
};

static bool is_bare_item(const struct member *of)
{
	return !*of->key;
}

/* ---- members of a struct ---- */

/* The struct that contains the member; NULL when a pointer on the way is NULL. */
static const char *member_holder(const struct member *m, const void *thing)
{
	const char *at = thing;

	for (size_t i = 0; at && i < sizeof(m->via) / sizeof(*m->via) && m->via[i]; i++)
		at = *(const char *const *)(at + m->via[i] - 1);
	return at;
}

static size_t member_count(const struct member *m, const char *holder)
{
	size_t count = 0;

	if (m->count)
		return *(const size_t *)(holder + m->count - 1);

	const void *const *ended = *(const void *const *const *)(holder + m->offset);

	while (ended && ended[count])
		count++;
	return count;
}

static int64_t member_number(const struct member *m, const void *slot)
{
	if (m->size == sizeof(int64_t))
		return *(const int64_t *)slot;
	if (m->size == sizeof(uint16_t))
		return *(const uint16_t *)slot;
	if (m->least < 0)
		return *(const int *)slot;
	return *(const unsigned *)slot;
}

static bool member_is_absent(const struct member *m, const char *holder)
{
	const char *slot = holder + m->offset;

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_SHOWN:
	case MEMBER_FINGERPRINT:
	case MEMBER_POINTER:
		return !*(const void *const *)slot;
	case MEMBER_NUMBER:
		return member_number(m, slot) == 0;
	case MEMBER_TIME:
		return *(const int64_t *)slot == 0;
	case MEMBER_SECRET:
		return ((const struct secret *)slot)->len == 0;
	case MEMBER_BYTES:
	case MEMBER_LIST:
		return member_count(m, holder) == 0;
	case MEMBER_OBJECT:
		return member_is_absent(m->of, slot);
	case MEMBER_FLAG:
	case MEMBER_CHOICE:
	case MEMBER_CONSTANT:
	case MEMBER_CUSTOM:
	case MEMBER_KIND_COUNT:
		break;
	}
	return false;
}

/* ---- writing ---- */

static json_t *encode_object(const struct member *members, const void *thing, size_t index)
{
	json_t *object = json_object();

	for (const struct member *m = members; m->key; m++) {
		json_t *value = json_encode_member(m, thing, index);

		if (value)
			json_object_set_new(object, m->key, value);
	}
	return object;
}

/* Cut, unless the member has a limit of its own. */
static void escape_shown(const struct member *m, const char *text, struct buf *out)
{
	if (m->most)
		text_escape_whole(out, text, strlen(text));
	else
		text_escape(out, text, strlen(text));
}

static json_t *encode_bytes(const void *bytes, size_t len)
{
	AUTO(secret) text = { 0 };

	text_base64_secret(&text, bytes, len);
	return json_stringn((const char *)text.bytes, text.len);
}

static json_t *encode_item(const struct member *m, const char *holder, size_t index)
{
	const char *items = *(const char *const *)(holder + m->offset);
	const char *item = items + index * m->size;

	if (is_bare_item(m->of))
		return json_encode_member(m->of, item, index);
	return encode_object(m->of, item, index);
}

static json_t *encode_list(const struct member *m, const char *holder)
{
	json_t *list = json_array();
	size_t count = member_count(m, holder);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, encode_item(m, holder, i));
	return list;
}

static json_t *encode_value(const struct member *m, const char *holder, size_t index)
{
	const void *slot = holder + m->offset;
	const char *text = NULL;
	char moment[TIME_TEXT];
	AUTO(buf) shown = { 0 };

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_FINGERPRINT:
		text = *(const char *const *)slot;
		return json_text(text ? text : "");
	case MEMBER_SHOWN:
		text = *(const char *const *)slot;
		escape_shown(m, text ? text : "", &shown);
		return json_string(buf_text(&shown));
	case MEMBER_FLAG:
		return json_boolean(*(const bool *)slot);
	case MEMBER_NUMBER:
		return json_integer(member_number(m, slot));
	case MEMBER_TIME:
		return json_string(time_format(*(const int64_t *)slot, moment));
	case MEMBER_CHOICE:
		return json_string(m->names[*(const unsigned *)slot]);
	case MEMBER_BYTES:
		return encode_bytes(*(const void *const *)slot, member_count(m, holder));
	case MEMBER_SECRET:
		return encode_bytes(((const struct secret *)slot)->bytes,
				    ((const struct secret *)slot)->len);
	case MEMBER_OBJECT:
		return encode_object(m->of, slot, index);
	case MEMBER_POINTER:
		return encode_object(m->of, *(const void *const *)slot, index);
	case MEMBER_LIST:
		return encode_list(m, holder);
	case MEMBER_CONSTANT:
		return json_string(m->constant);
	case MEMBER_CUSTOM:
		return m->write(slot, index);
	case MEMBER_KIND_COUNT:
		break;
	}
	return NULL;
}

json_t *json_encode_member(const struct member *m, const void *thing, size_t index)
{
	static const int64_t zeroed[128];
	const char *holder = member_holder(m, thing);
	json_t *value = NULL;

	assert(m->offset < sizeof(zeroed) - sizeof(struct secret));
	if (!holder && m->absent == ABSENT_NEVER)
		holder = (const char *)zeroed;
	if (holder && (m->absent == ABSENT_NEVER || !member_is_absent(m, holder)))
		value = encode_value(m, holder, index);
	if (!value && m->absent != ABSENT_OMITTED)
		return json_null();
	return value;
}

json_t *json_encode(const struct member *members, const void *thing)
{
	return encode_object(members, thing, 0);
}

size_t json_item_count(const struct member *m, const void *thing)
{
	const char *holder = member_holder(m, thing);

	return holder ? member_count(m, holder) : 0;
}

json_t *json_encode_item(const struct member *m, const void *thing, size_t index)
{
	return encode_item(m, member_holder(m, thing), index);
}

static const char *find_escaped_in(const struct member *m, const char *holder)
{
	const void *slot = holder + m->offset;
	const char *text = NULL;
	const char *found = NULL;

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_FINGERPRINT:
		text = *(const char *const *)slot;
		return text && !text_is_utf8(text, strlen(text)) ? m->key : NULL;
	case MEMBER_OBJECT:
		return json_find_escaped(m->of, slot);
	case MEMBER_POINTER:
		return member_is_absent(m, holder) ? NULL
						   : json_find_escaped(m->of, *(void *const *)slot);
	case MEMBER_LIST:
		for (size_t i = 0; !found && i < member_count(m, holder); i++)
			found = json_find_escaped(m->of, *(const char *const *)slot + i * m->size);
		return found && !*found ? m->key : found;
	case MEMBER_SHOWN:
	case MEMBER_FLAG:
	case MEMBER_NUMBER:
	case MEMBER_TIME:
	case MEMBER_CHOICE:
	case MEMBER_BYTES:
	case MEMBER_SECRET:
	case MEMBER_CONSTANT:
	case MEMBER_CUSTOM:
	case MEMBER_KIND_COUNT:
		break;
	}
	return NULL;
}

const char *json_find_escaped(const struct member *members, const void *thing)
{
	const char *found = NULL;

	for (const struct member *m = members; m->key && !found; m++) {
		const char *holder = member_holder(m, thing);

		found = holder ? find_escaped_in(m, holder) : NULL;
	}
	return found;
}

/* ---- reading ---- */

struct json_reading {
	struct arena *a;
	bool strict;
	struct err *e;
};

static bool decode_object(struct json_reading *r, const struct member *members,
			  const json_t *object, void *thing, size_t index);

static const char *member_wanted(const struct member *m)
{
	static const char *const wanted[MEMBER_KIND_COUNT] = {
		[MEMBER_TEXT] = "text",
		[MEMBER_SHOWN] = "text",
		[MEMBER_FINGERPRINT] = "a SHA-256 in hex",
		[MEMBER_FLAG] = "true or false",
		[MEMBER_NUMBER] = "a number in its range",
		[MEMBER_TIME] = "a time in UTC",
		[MEMBER_CHOICE] = "a word that is known here",
		[MEMBER_BYTES] = "bytes in base64",
		[MEMBER_SECRET] = "bytes in base64",
		[MEMBER_OBJECT] = "an object",
		[MEMBER_POINTER] = "an object",
		[MEMBER_LIST] = "a list, or is too long",
		[MEMBER_CUSTOM] = "as certfleet writes it",
	};

	return wanted[m->derived ? MEMBER_CUSTOM : m->kind];
}

static bool refuse_member(struct json_reading *r, const struct member *m)
{
	return err_set(r->e, ERR_INPUT, "'%s' is missing or is not %s", m->key, member_wanted(m));
}

static bool decode_text(struct json_reading *r, const struct member *m, const json_t *value,
			const char **out)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text || strlen(text) != len || (r->strict && len > MEMBER_TEXT_LIMIT) ||
	    (m->kind == MEMBER_FINGERPRINT && !text_is_fingerprint(text)))
		return refuse_member(r, m);
	*out = arena_strndup(r->a, text, len);
	return true;
}

/* Escaped again: the writer may not have done it. */
static bool decode_shown(struct json_reading *r, const struct member *m, const json_t *value,
			 const char **out)
{
	const char *text = json_string_value(value);
	AUTO(buf) shown = { 0 };

	if (!text || (m->most && json_string_length(value) > (size_t)m->most))
		return refuse_member(r, m);
	escape_shown(m, text, &shown);
	*out = arena_strdup(r->a, buf_text(&shown));
	return true;
}

static bool decode_number(struct json_reading *r, const struct member *m, const json_t *value,
			  void *slot)
{
	int64_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < m->least || number > m->most)
		return refuse_member(r, m);
	if (m->size == sizeof(int64_t))
		*(int64_t *)slot = number;
	else if (m->size == sizeof(uint16_t))
		*(uint16_t *)slot = (uint16_t)number;
	else
		*(unsigned *)slot = (unsigned)number;
	return true;
}

/* Accepts only the form of time_format(), so that one time has one text. */
static bool decode_time(struct json_reading *r, const struct member *m, const json_t *value,
			int64_t *out)
{
	const char *text = json_string_value(value);
	char again[TIME_TEXT];
	int64_t when = 0;

	if (!text || !time_parse(text, &when) || strcmp(time_format(when, again), text) != 0)
		return refuse_member(r, m);
	*out = when;
	return true;
}

static bool decode_choice(struct json_reading *r, const struct member *m, const json_t *value,
			  unsigned *out)
{
	const char *name = json_string_value(value);

	for (unsigned i = 0; name && m->names[i]; i++) {
		const char *former = m->former_names ? m->former_names[i] : NULL;

		if (strcmp(name, m->names[i]) != 0 && (!former || strcmp(name, former) != 0))
			continue;
		*out = i;
		return true;
	}
	return refuse_member(r, m);
}

static bool decode_bytes(struct json_reading *r, const struct member *m, const json_t *value,
			 char *holder)
{
	size_t len = json_string_length(value);
	unsigned char *bytes = NULL;
	size_t *got = (size_t *)(holder + m->count - 1);

	if (!json_is_string(value) || (m->most && len > 2 * (size_t)m->most))
		return refuse_member(r, m);
	bytes = arena_alloc(r->a, text_unbase64_room(len));
	if (!text_unbase64(json_string_value(value), len, bytes, got) || *got < (size_t)m->least)
		return refuse_member(r, m);
	*(const unsigned char **)(holder + m->offset) = bytes;
	return true;
}

static bool decode_secret(struct json_reading *r, const struct member *m, const json_t *value,
			  struct secret *out)
{
	AUTO(secret) bytes = { 0 };
	size_t len = json_string_length(value);

	if (!len || (m->most && len > 2 * (size_t)m->most))
		return refuse_member(r, m);
	secret_alloc(&bytes, text_unbase64_room(len));
	if (!text_unbase64(json_string_value(value), len, bytes.bytes, &bytes.len) || !bytes.len)
		return refuse_member(r, m);
	secret_release(out);
	*out = TAKE(bytes);
	return true;
}

static bool decode_member(struct json_reading *r, const struct member *m, const json_t *value,
			  char *holder, size_t index);

static bool decode_list(struct json_reading *r, const struct member *m, const json_t *value,
			char *holder)
{
	size_t count = json_array_size(value);
	size_t most = m->most ? (size_t)m->most : MEMBER_ITEMS;

	if (!json_is_array(value) || count < (size_t)m->least || count > most)
		return refuse_member(r, m);

	char *items = arena_array(r->a, count + 1, m->size);

	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(value, i);
		char *slot = items + i * m->size;

		if (is_bare_item(m->of)) {
			if (!decode_member(r, m->of, item, slot, i))
				return err_set(r->e, ERR_INPUT, "item %zu of '%s' is not %s", i,
					       m->key, member_wanted(m->of));
		} else if (!decode_object(r, m->of, item, slot, i)) {
			return err_in(r->e, "%s[%zu]", m->key, i);
		}
	}
	*(const void **)(holder + m->offset) = items;
	if (m->count)
		*(size_t *)(holder + m->count - 1) = count;
	return true;
}

static bool decode_struct(struct json_reading *r, const struct member *m, const json_t *value,
			  void *thing, size_t index)
{
	if (!json_is_object(value))
		return refuse_member(r, m);
	return decode_object(r, m->of, value, thing, index) || err_in(r->e, "%s", m->key);
}

static bool decode_value(struct json_reading *r, const struct member *m, const json_t *value,
			 char *holder, size_t index)
{
	void *slot = holder + m->offset;
	void *there = NULL;

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_FINGERPRINT:
		return decode_text(r, m, value, slot);
	case MEMBER_SHOWN:
		return decode_shown(r, m, value, slot);
	case MEMBER_FLAG:
		*(bool *)slot = json_is_true(value);
		return json_is_boolean(value) || refuse_member(r, m);
	case MEMBER_NUMBER:
		return decode_number(r, m, value, slot);
	case MEMBER_TIME:
		return decode_time(r, m, value, slot);
	case MEMBER_CHOICE:
		return decode_choice(r, m, value, slot);
	case MEMBER_BYTES:
		return decode_bytes(r, m, value, holder);
	case MEMBER_SECRET:
		return decode_secret(r, m, value, slot);
	case MEMBER_OBJECT:
		return decode_struct(r, m, value, slot, index);
	case MEMBER_POINTER:
		there = arena_alloc(r->a, m->size);
		*(const void **)slot = there;
		return decode_struct(r, m, value, there, index);
	case MEMBER_LIST:
		return decode_list(r, m, value, holder);
	case MEMBER_CUSTOM:
		return m->read(value, r->a, slot) || refuse_member(r, m);
	case MEMBER_CONSTANT: /* is derived */
	case MEMBER_KIND_COUNT:
		break;
	}
	return false;
}

static bool decode_derived(struct json_reading *r, const struct member *m, const json_t *value,
			   const void *thing, size_t index)
{
	AUTO(json) due = json_encode_member(m, thing, index);

	return (!due && !value) || json_equal(due, value) || refuse_member(r, m);
}

static bool decode_member(struct json_reading *r, const struct member *m, const json_t *value,
			  char *holder, size_t index)
{
	bool may_lack = m->absent == ABSENT_OMITTED || m->absent == ABSENT_LATER;
	bool may_be_null = m->absent == ABSENT_NULL || m->absent == ABSENT_LATER;

	if (m->derived)
		return decode_derived(r, m, value, holder, index);
	if (!value ? may_lack : may_be_null && json_is_null(value))
		return true;
	return decode_value(r, m, value, holder, index);
}

static bool decode_object(struct json_reading *r, const struct member *members,
			  const json_t *object, void *thing, size_t index)
{
	size_t known = 0;

	if (!json_is_object(object))
		return err_set(r->e, ERR_INPUT, "it is not a JSON object");
	for (const struct member *m = members; m->key; m++) {
		const json_t *value = json_object_get(object, m->key);

		if (!decode_member(r, m, value, thing, index))
			return false;
		known += value != NULL;
	}
	if (r->strict && known != json_object_size(object))
		return err_set(r->e, ERR_INPUT, "it has unknown keys");
	return true;
}

bool json_decode(const struct member *members, const json_t *object, struct arena *a, void *thing,
		 struct err *e)
{
	struct json_reading r = { .a = a, .e = e };

	return decode_object(&r, members, object, thing, 0);
}

bool json_decode_strictly(const struct member *members, const json_t *object, struct arena *a,
			  void *thing, struct err *e)
{
	struct json_reading r = { .a = a, .strict = true, .e = e };

	return decode_object(&r, members, object, thing, 0);
}
