/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain structs as JSON objects, by a table of their fields.
 *
 * A table ends with a row without a name.  Decoding ignores keys that it
 * does not know (a newer certfleet may add some) and refuses an object in
 * which one that it needs is missing or of another type.  Text that is no
 * UTF-8 is stored escaped.
 */
#ifndef STATE_RECORD_FIELDS_H
#define STATE_RECORD_FIELDS_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

AUTO_TYPE(json, json_t *, json_decref)

enum record_type {
	FIELD_TEXT,  /* const char *, never NULL when decoded */
	FIELD_MAYBE, /* const char *, NULL is left out */
	FIELD_BOOL,
	FIELD_INT,
	FIELD_UNSIGNED,
	FIELD_INT64,
	FIELD_MAYBE_INT64, /* 0 is left out */
	FIELD_ENUM,        /* by its names */
	FIELD_LIST,        /* const char *const * and, beside it, a size_t */
};

struct record_field {
	const char *name;
	enum record_type type;
	size_t offset;
	size_t count_offset;      /* FIELD_LIST */
	const char *const *names; /* FIELD_ENUM, ends with NULL */
};

/* Fails to compile when the condition does not hold; else 0. */
#define MUST_HOLD(condition) (0 * sizeof(char[(condition) ? 1 : -1]))
#define MEMBER_TYPE(holder, member) __typeof__(((holder *)0)->member)
#define FIELD_OFFSET(holder, member, wanted) \
	(offsetof(holder, member) +          \
	 MUST_HOLD(__builtin_types_compatible_p(wanted, MEMBER_TYPE(holder, member))))
#define FIELD(holder, member, tag, wanted) \
	.name = #member, .type = tag, .offset = FIELD_OFFSET(holder, member, wanted)

#define TEXT_FIELD(holder, member)                              \
	{                                                       \
		FIELD(holder, member, FIELD_TEXT, const char *) \
	}
#define MAYBE_FIELD(holder, member)                              \
	{                                                        \
		FIELD(holder, member, FIELD_MAYBE, const char *) \
	}
#define BOOL_FIELD(holder, member)                      \
	{                                               \
		FIELD(holder, member, FIELD_BOOL, bool) \
	}
#define INT_FIELD(holder, member)                     \
	{                                             \
		FIELD(holder, member, FIELD_INT, int) \
	}
#define UNSIGNED_FIELD(holder, member)                          \
	{                                                       \
		FIELD(holder, member, FIELD_UNSIGNED, unsigned) \
	}
#define INT64_FIELD(holder, member)                         \
	{                                                   \
		FIELD(holder, member, FIELD_INT64, int64_t) \
	}
#define MAYBE_INT64_FIELD(holder, member)                         \
	{                                                         \
		FIELD(holder, member, FIELD_MAYBE_INT64, int64_t) \
	}
#define LIST_FIELD(holder, member, counter)                                   \
	{                                                                     \
		FIELD(holder, member, FIELD_LIST, const char *const *),       \
			.count_offset = FIELD_OFFSET(holder, counter, size_t) \
	}
#define ENUM_FIELD(holder, member, table)                                                     \
	{                                                                                     \
		.name = #member, .type = FIELD_ENUM,                                          \
		.offset = offsetof(holder, member) +                                          \
			  MUST_HOLD(sizeof(MEMBER_TYPE(holder, member)) == sizeof(unsigned)), \
		.names = table                                                                \
	}

/* A string for JSON, escaped when it is no UTF-8; NULL is "". */
json_t *text_to_json(const char *text);
/* The whole as one line, in the arena. */
const char *json_to_text(const json_t *json, struct arena *a);

json_t *fields_encode(const struct record_field *fields, const void *thing);
/* `thing` is filled up to the first field that is wrong. */
MUST_CHECK bool fields_decode(const struct record_field *fields, const json_t *object,
			      struct arena *a, void *thing, struct err *e);

#endif
