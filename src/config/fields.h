/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading of mappings by tables: one row per accepted key, one record per kind
 * of mapping.  The JSON Schema is generated from the same rows.
 */
#ifndef CONFIG_FIELDS_H
#define CONFIG_FIELDS_H

#include "base/buf.h"
#include "config/loader.h"
#include "config/quote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct component_form;
struct deliver;
struct draft;
struct field;
struct writer;

/*
 * Reads one node into the member at `slot`.  Reports a mistake at the node's
 * own position and returns false.
 */
typedef bool field_reader(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot);
/* Appends the member at `slot` to the canonical text (config/writer.h). */
typedef void field_writer(struct writer *w, const struct field *f, const void *slot);

/* The form of a value, for the schema; after each the type of `param`. */
enum shape {
	SHAPE_TEXT,
	SHAPE_FLAG,
	SHAPE_COUNT,           /* struct bounds */
	SHAPE_VERSION,         /* the number 1 */
	SHAPE_COUNT_OR_TEXT,   /* struct bounds */
	SHAPE_CHOICE,          /* names, ends with NULL */
	SHAPE_LIST,            /* struct list_of */
	SHAPE_ONE_OR_LIST,     /* struct list_of */
	SHAPE_RECORD,          /* struct record */
	SHAPE_TEXT_OR_RECORD,  /* struct record */
	SHAPE_TEXTS_OR_RECORD, /* struct record */
	SHAPE_NAMED,           /* struct record of each entry */
	SHAPE_MAP,             /* struct field of each value */
	SHAPE_ANY,
	SHAPE_LATER /* struct field of a value that is read later */
};

struct field_type {
	field_reader *read;
	enum shape shape;
	const char *pattern;  /* regular expression for texts, or NULL */
	enum grammar grammar; /* values of placeholders are quoted for it */
	const char *words;    /* the type for people; NULL: as the shape says */
	field_writer *write;  /* NULL: a text as it stands */
};

/* One accepted key of one kind of mapping. */
struct field {
	const char *key;
	const struct field_type *type;
	size_t offset;
	const void *param;
	const char *help;      /* one sentence */
	const char *canonical; /* name in the canonical text; NULL: the key */
	bool required;
	bool last;        /* stands behind the other keys in the canonical text */
	bool unsupported; /* known, but not implemented yet */
};

/* Rules between keys that the schema can say; `check` of the record enforces them. */
enum key_relation {
	KEYS_END,
	KEYS_APART,    /* the first with none of the others */
	KEYS_TOGETHER, /* the first only with the second */
	KEYS_ONE_OF,   /* exactly one of them */
};

struct key_rule {
	enum key_relation relation;
	const char *keys[8]; /* ends with NULL */
};

/* One kind of mapping. */
struct record {
	const char *name; /* name of its definition in the schema */
	const struct field *fields;
	size_t size;
	const void *preset;           /* values of absent keys; NULL: zeroes */
	const struct key_rule *rules; /* ends with KEYS_END; NULL: none */
	/* rules between its keys; called when every key is valid */
	bool (*check)(struct loader *ld, const struct node *n, void *out);
	/* Of a way to deliver: rules that involve the rest of the component; NULL: none. */
	bool (*component_check)(struct loader *ld, const struct draft *d,
				const struct component_form *form);
	/* Of a way to deliver: sets `access`, `remote` and `place`; NULL: none of them. */
	void (*locate)(struct arena *a, struct deliver *d);
	bool one_key; /* the mapping has exactly one key */
	bool merged;  /* the struct that it writes to is preset already, with the one around it */
	bool extensions; /* keys that begin with "x-" are ignored */
	const char *help;
};

struct bounds {
	int64_t least;
	int64_t most;
};

/* The result of any list. */
struct items {
	void *list;
	size_t count;
};

struct list_of {
	const struct field *item;
	size_t size; /* of one item */
	size_t least;
	size_t most;
};

/*
 * A row. _Generic refuses to compile when the member does not have the type
 * that the reader writes.
 */
#define FIELD(T, name, member, ctype, reader, ...)         \
	{                                                  \
		.key = name, .type = &(reader),            \
		.offset = _Generic(((T *)0)->member, ctype \
				   : offsetof(T, member)), \
		__VA_ARGS__                                \
	}
#define UNSUPPORTED(name)                         \
	{                                         \
		.key = name, .unsupported = true, \
	}

/*
 * Reads the mapping `n` into `out`, which is preset first.  Reading goes on
 * past a mistake, so that one run shows all of them.
 */
bool record_read(struct loader *ld, const struct record *r, const struct node *n, void *out);
/* Reads a value outside of a record. */
bool field_read(struct loader *ld, const struct field *f, const struct node *n, void *out);

/*
 * Appends the value of an absent key, as it would be written, when the preset
 * of the record says it; otherwise nothing, and the help tells what is meant.
 */
void field_default(const struct record *r, const struct field *f, struct buf *out);

/* Reports "'mode' must be text, but 0640 is a number: quote it"; returns false. */
bool wrong_kind(struct loader *ld, const struct field *f, const struct node *n,
		const char *expected);

#endif
