/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: plain structs as JSON and back, by a table of their members.  The
 * table is the one place for the keys of a document, for writing and reading.
 *
 *	static const struct member wave_members[] = {
 *		TEXT_MEMBER("role", struct wave, role),
 *		NUMBER_MEMBER("limit", struct wave, limit, 0, UINT_MAX),
 *		TEXTS_MEMBER("processes", struct wave, processes, process_count),
 *		{ 0 },
 *	};
 *
 * A table ends with a row without a key, and its order is the order of writing.
 * Checks beyond the types of the members are up to the owner of the document,
 * after reading.
 *
 * The macros check the type of the member; further arguments are further fields
 * of the row (`.absent = ...`).
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
	MEMBER_TEXT,        /* const char *; escaped when it is not UTF-8 */
	MEMBER_SHOWN,       /* const char * for people: escaped when written, and again when read */
	MEMBER_FINGERPRINT, /* const char *: SHA-256 in hex, or "" */
	MEMBER_FLAG,        /* bool */
	MEMBER_NUMBER,      /* an integer from `least` to `most`; unsigned when it has 2 bytes */
	MEMBER_TIME,        /* int64_t, UTC seconds, as RFC 3339; absent when 0 */
	MEMBER_CHOICE,      /* an enum, by the name of the value */
	MEMBER_BYTES,       /* const unsigned char * and a size_t, as base64 */
	MEMBER_SECRET,      /* struct secret, as base64; absent when empty */
	MEMBER_OBJECT,      /* an object with the members of `of`; absent when the first is */
	MEMBER_POINTER,     /* the same for a struct behind a pointer; absent when NULL */
	MEMBER_LIST,        /* an array of structs, each written with `of` */
	MEMBER_CONSTANT,    /* the text `constant`, whatever the struct holds */
	MEMBER_CUSTOM,      /* written by `write`, read by `read` */
	MEMBER_KIND_COUNT
};

/* Writing and reading of NULL and of a value that counts as absent (see above). */
enum member_absence {
	ABSENT_NEVER,   /* NULL is written as ""; the key is required */
	ABSENT_NULL,    /* null; the key is required */
	ABSENT_OMITTED, /* the key is omitted */
	ABSENT_LATER,   /* null; omitted in documents of older versions */
};

enum {
	MEMBER_ITEMS = 4 * 1000 * 1000, /* in a list without its own limit */
	MEMBER_TEXT_LIMIT = 64 * 1024,  /* bytes of a text that is read strictly */
};

struct member {
	const char *key; /* "": the row describes each item of a list */
	enum member_kind kind;
	size_t offset;
	enum member_absence absent;
	/*
	 * Offsets of the pointers that lead to the member's struct, plus one.
	 * Behind a NULL pointer the member is absent, or zero with
	 * ABSENT_NEVER.  Only for writing.
	 */
	size_t via[2];
	size_t size;  /* of a number, of a struct behind a pointer, or of an item */
	size_t count; /* offset of the size_t of bytes or a list, plus one; 0: ends with NULL */
	int64_t least;
	/*
	 * Limit of a number, of the items of a list, or of the bytes of a shown
	 * text, which is then never cut.
	 */
	int64_t most;
	const char *const *names; /* names of a choice; ends with NULL */
	/* names in older documents by value, NULL for none; only for reading */
	const char *const *former_names;
	const char *constant;
	const struct member *of;
	/* Not stored: the value must equal the one written from the members before. */
	bool derived;
	/* Returns NULL when absent.  `index` is the position in the surrounding list. */
	json_t *(*write)(const void *slot, size_t index);
	bool (*read)(const json_t *value, struct arena *a, void *slot);
};

/* ---- macros for the rows of a table ---- */

#define MEMBER_IN(holder, member) __typeof__(((holder *)0)->member)
/* 0, or a compile error when the condition is false. */
#define MEMBER_MUST(condition) (0 * sizeof(char[(condition) ? 1 : -1]))
#define MEMBER_AT(holder, member, wanted) \
	(offsetof(holder, member) +       \
	 MEMBER_MUST(__builtin_types_compatible_p(wanted, MEMBER_IN(holder, member))))
#define MEMBER_COUNTED(holder, counter) (MEMBER_AT(holder, counter, size_t) + 1)
/* A pointer member of `holder`, for `via`. */
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
/* An object that contains some of the holder's own members. */
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
#define CONSTANT_MEMBER(key, text) \
	MEMBER_ROW(key, MEMBER_CONSTANT, 0, .constant = (text), .derived = true)
#define CUSTOM_MEMBER(key, holder, member, writer, reader, ...)                     \
	MEMBER_ROW(key, MEMBER_CUSTOM, offsetof(holder, member), .write = (writer), \
		   .read = (reader), ##__VA_ARGS__)

/* The table of a list of texts. */
extern const struct member member_any_text[];

/* ---- writing and reading documents ---- */

/* The caller owns the result. */
json_t *json_encode(const struct member *members, const void *thing);
/* The value of one member; NULL: the key is omitted. */
json_t *json_encode_member(const struct member *m, const void *thing, size_t index);
/* The items of a MEMBER_LIST, one at a time. */
size_t json_item_count(const struct member *m, const void *thing);
json_t *json_encode_item(const struct member *m, const void *thing, size_t index);

/*
 * The key of the first text that is not UTF-8 and would be written escaped;
 * NULL: none.
 */
const char *json_find_escaped(const struct member *members, const void *thing);

/*
 * Fills `thing`, which must be zeroed, up to the first invalid member
 * (ERR_INPUT, "'KEY' is missing or is not ...").  Texts and arrays live in `a`.
 * Keys without a row are ignored, since a newer certfleet may have written
 * them; the strict variant refuses them, so that writing `thing` again gives
 * the same document.
 */
MUST_CHECK bool json_decode(const struct member *members, const json_t *object, struct arena *a,
			    void *thing, struct err *e);
MUST_CHECK bool json_decode_strictly(const struct member *members, const json_t *object,
				     struct arena *a, void *thing, struct err *e);

#endif
