/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON objects and arrays that nobody vouches for into structs, by
 * tables of their members.  Every mistake is ERR_INPUT and names the key.
 * Limits: 4 million items in an array, 64 KiB in a text.  Internal to plan/.
 */
#ifndef PLAN_MEMBERS_H
#define PLAN_MEMBERS_H

#include "base/arena.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum member_kind {
	MEMBER_TEXT,
	MEMBER_TEXT_OR_NULL,
	MEMBER_FINGERPRINT, /* or "" or null */
	MEMBER_FLAG,
	MEMBER_COUNT,  /* into an unsigned */
	MEMBER_CHOICE, /* one of `names`, into an enum */
};

struct member {
	const char *key;
	enum member_kind kind;
	size_t offset;
	const char *const *names;
};

#define MEMBER(type, key, member, kind, ...)                            \
	{                                                               \
		key, kind, offsetof(struct type, member), ##__VA_ARGS__ \
	}

/* Where texts go, and who is told. */
struct member_reader {
	struct arena *a;
	struct err *e;
};

struct text_list {
	const char *const *items;
	size_t count;
};

/* Returns false: `key` is not what we write. */
bool members_refuse(struct member_reader *r, const char *key);
/* A string within the limit and without NUL. */
bool member_is_text(const json_t *value);
/* Reads what `members` (ends with a NULL key) lists into `out`. */
MUST_CHECK bool members_read(struct member_reader *r, const struct member *members,
			     const json_t *object, void *out);
/* The array at `key`, borrowed from `object`. */
MUST_CHECK bool members_array(struct member_reader *r, const json_t *object, const char *key,
			      const json_t **out);
MUST_CHECK bool members_texts(struct member_reader *r, const json_t *object, const char *key,
			      struct text_list *out);

#endif
