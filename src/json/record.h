/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain structs as JSON and back, by a table of their members: the one place
 * where the keys of a document stand, for writing as for reading.
 *
 *	static const struct member wave_members[] = {
 *		TEXT_MEMBER("role", struct wave, role),
 *		NUMBER_MEMBER("limit", struct wave, limit, 0, UINT_MAX),
 *		TEXTS_MEMBER("processes", struct wave, processes, process_count),
 *		{ 0 },
 *	};
 *
 * A table ends with a row without a key and is written in its order.  What a
 * document means beyond the types of its members is for its owner to check
 * afterwards.
 *
 * The macros check the type of the member; what follows their arguments is
 * further fields of the row (`.absent = ...`).
 */
#ifndef JSON_RECORD_H
#define JSON_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "json/value.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum member_kind {
	MEMBER_TEXT,        /* const char *; escaped when it is no UTF-8 */
	MEMBER_SHOWN,       /* const char * for people: escaped, and again when read */
	MEMBER_FINGERPRINT, /* const char *: SHA-256 in hex, or "" */
	MEMBER_FLAG,        /* bool */
	MEMBER_NUMBER,      /* an integer from `least` to `most`; of 2 bytes unsigned */
	MEMBER_TIME,        /* int64_t, UTC seconds, as RFC 3339; absent when 0 */
	MEMBER_CHOICE,      /* an enum, by its names */
	MEMBER_BYTES,       /* const unsigned char * and a size_t, as base64 */
	MEMBER_SECRET,      /* struct secret, as base64; absent when empty */
	MEMBER_OBJECT,      /* the members of `of` in an object; absent when its first is */
	MEMBER_POINTER,     /* the same of a struct elsewhere; absent when NULL */
	MEMBER_LIST,        /* an array of structs; each item by `of` */
	MEMBER_CUSTOM,      /* by `write` and `read` */
	MEMBER_KIND_COUNT
};

/* How NULL, and what counts as absent above, is written and read. */
enum member_absence {
	ABSENT_NEVER,   /* NULL is written as ""; the key must be there */
	ABSENT_NULL,    /* null; the key must be there */
	ABSENT_OMITTED, /* no key */
	ABSENT_LATER,   /* null; no key when an older certfleet wrote it */
};

enum {
	MEMBER_ITEMS = 4 * 1000 * 1000, /* of a list without a limit of its own */
	MEMBER_TEXT_LIMIT = 64 * 1024,  /* bytes of a text that is read strictly */
};

struct member {
	const char *key; /* "": each item of a list is this member itself */
	enum member_kind kind;
	size_t offset;
	enum member_absence absent;
	/*
	 * Where the pointers stand that lead to the member's struct; plus one.
	 * Behind NULL the member is absent, or, if it never is, zero.  Only
	 * for writing.
	 */
	size_t via[2];
	size_t size;  /* of a number, of a struct elsewhere or of an item */
	size_t count; /* where the size_t of bytes or of a list is, plus one; 0: ends with NULL */
	int64_t least;
	/* A number; items of a list; bytes of a shown text, which is not cut then. */
	int64_t most;
	const char *const *names; /* of a choice; ends with NULL */
	const struct member *of;
	/* Not read: what is there must be what is written for the members before. */
	bool derived;
	/* NULL: absent. `index` counts the items of the list around it. */
	json_t *(*write)(const void *slot, size_t index);
	bool (*read)(const json_t *value, struct arena *a, void *slot);
};

/* ---- rows ---- */

#define MEMBER_IN(holder, member) __typeof__(((holder *)0)->member)
/* Fails to compile when the condition does not hold; else 0. */
#define MEMBER_MUST(condition) (0 * sizeof(char[(condition) ? 1 : -1]))
#define MEMBER_AT(holder, member, wanted) \
	(offsetof(holder, member) +       \
	 MEMBER_MUST(__builtin_types_compatible_p(wanted, MEMBER_IN(holder, member))))
#define MEMBER_COUNTED(holder, counter) (MEMBER_AT(holder, counter, size_t) + 1)
/* A pointer in `holder`, for `via`. */
#define MEMBER_VIA(holder, pointer) (offsetof(holder, pointer) + 1)

/* clang-format off */
#define MEMBER_ROW(key_, kind_, offset_, ...) \
	{ .key = (key_), .kind = (kind_), .offset = (offset_), ##__VA_ARGS__ }
/* clang-format on */
#define TEXT_MEMBER(key, holder, member, ...) \
	MEMBER_ROW(key, MEMBER_TEXT, MEMBER_AT(holder, member, const char *), ##__VA_ARGS__)
#define SHOWN_MEMBER(key, holder, member, ...) \
	MEMBER_ROW(key, MEMBER_SHOWN, MEMBER_AT(holder, member, const char *), ##__VA_ARGS__)
#define FINGERPRINT_MEMBER(key, holder, member, ...) \
	MEMBER_ROW(key, MEMBER_FINGERPRINT, MEMBER_AT(holder, member, const char *), ##__VA_ARGS__)
#define FLAG_MEMBER(key, holder, member, ...) \
	MEMBER_ROW(key, MEMBER_FLAG, MEMBER_AT(holder, member, bool), ##__VA_ARGS__)
#define NUMBER_MEMBER(key, holder, member, low, high, ...)                                    \
	MEMBER_ROW(key, MEMBER_NUMBER, offsetof(holder, member),                              \
		   .size = sizeof(MEMBER_IN(holder, member)), .least = (low), .most = (high), \
		   ##__VA_ARGS__)
#define TIME_MEMBER(key, holder, member, ...) \
	MEMBER_ROW(key, MEMBER_TIME, MEMBER_AT(holder, member, int64_t), ##__VA_ARGS__)
#define CHOICE_MEMBER(key, holder, member, table, ...)                                         \
	MEMBER_ROW(key, MEMBER_CHOICE,                                                         \
		   offsetof(holder, member) +                                                  \
			   MEMBER_MUST(sizeof(MEMBER_IN(holder, member)) == sizeof(unsigned)), \
		   .names = (table), ##__VA_ARGS__)
#define BYTES_MEMBER(key, holder, member, counter, ...)                                 \
	MEMBER_ROW(key, MEMBER_BYTES, MEMBER_AT(holder, member, const unsigned char *), \
		   .count = MEMBER_COUNTED(holder, counter), ##__VA_ARGS__)
#define SECRET_MEMBER(key, holder, member, ...) \
	MEMBER_ROW(key, MEMBER_SECRET, MEMBER_AT(holder, member, struct secret), ##__VA_ARGS__)
#define OBJECT_MEMBER(key, holder, member, table, ...) \
	MEMBER_ROW(key, MEMBER_OBJECT, offsetof(holder, member), .of = (table), ##__VA_ARGS__)
/* Some of the holder's own members in an object. */
#define GROUP_MEMBER(key, table, ...) \
	MEMBER_ROW(key, MEMBER_OBJECT, 0, .of = (table), ##__VA_ARGS__)
#define POINTER_MEMBER(key, holder, member, table, ...)                          \
	MEMBER_ROW(key, MEMBER_POINTER, offsetof(holder, member), .of = (table), \
		   .size = sizeof(*((holder *)0)->member), ##__VA_ARGS__)
#define LIST_MEMBER(key, holder, member, counter, table, ...)                 \
	MEMBER_ROW(key, MEMBER_LIST, offsetof(holder, member), .of = (table), \
		   .size = sizeof(*((holder *)0)->member),                    \
		   .count = MEMBER_COUNTED(holder, counter), ##__VA_ARGS__)
#define TEXTS_MEMBER(key, holder, member, counter, ...)                              \
	MEMBER_ROW(key, MEMBER_LIST, MEMBER_AT(holder, member, const char *const *), \
		   .of = member_any_text, .size = sizeof(const char *),              \
		   .count = MEMBER_COUNTED(holder, counter), ##__VA_ARGS__)
/* A list that ends with NULL. */
#define WORDS_MEMBER(key, holder, member, ...)                                       \
	MEMBER_ROW(key, MEMBER_LIST, MEMBER_AT(holder, member, const char *const *), \
		   .of = member_any_text, .size = sizeof(const char *), ##__VA_ARGS__)
#define CUSTOM_MEMBER(key, holder, member, writer, reader, ...)                     \
	MEMBER_ROW(key, MEMBER_CUSTOM, offsetof(holder, member), .write = (writer), \
		   .read = (reader), ##__VA_ARGS__)

/* Of texts in a list. */
extern const struct member member_any_text[];

/* ---- documents ---- */

/* The caller owns what is returned. */
json_t *json_encode(const struct member *members, const void *thing);
/* One value of it; NULL: it is left out. */
json_t *json_encode_member(const struct member *m, const void *thing, size_t index);
/* The items of a MEMBER_LIST, one by one. */
size_t json_item_count(const struct member *m, const void *thing);
json_t *json_encode_item(const struct member *m, const void *thing, size_t index);

/*
 * The key of the first text that is no UTF-8, and would be written escaped;
 * NULL: there is none.
 */
const char *json_find_escaped(const struct member *members, const void *thing);

/*
 * Fills `thing`, which is zeroed, up to the first member that is wrong
 * (ERR_INPUT, "'KEY' is missing or is not ...").  Texts and arrays live in
 * `a`.  Keys without a row are ignored, since a newer certfleet may have
 * written them; strictly read, they are refused, so that writing `thing` again
 * gives the same document.
 */
MUST_CHECK bool json_decode(const struct member *members, const json_t *object, struct arena *a,
			    void *thing, struct err *e);
MUST_CHECK bool json_decode_strictly(const struct member *members, const json_t *object,
				     struct arena *a, void *thing, struct err *e);

#endif
