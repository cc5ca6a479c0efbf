/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text as nodes with positions.
 *
 * One document; no tags, no directives but %YAML; unique keys, which are plain
 * or quoted text.  Plain scalars have the types of the YAML 1.2 core schema.
 * Anchors, aliases and the merge key `<<` are resolved here, within limits.
 * Nodes are compact, because a fleet has millions of them: a position is a byte
 * offset, converted to line and column only for a message.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loader;

enum {
	YAML_BYTES = 64 * 1024 * 1024,
	YAML_DEPTH = 64,
	YAML_EVENTS = 16 * 1000 * 1000,
	YAML_ALIAS_NODES = 1000 * 1000,
};

enum node_kind {
	NODE_NULL,
	NODE_BOOL,
	NODE_INTEGER,
	NODE_FLOAT,
	NODE_TEXT,
	NODE_LIST,
	NODE_MAPPING,
	NODE_ALIAS /* only seen without node_value() */
};

enum node_flag {
	NODE_FLOW = 1 << 0,  /* a list or mapping in brackets */
	NODE_PLAIN = 1 << 1, /* a scalar without quotes */
	NODE_KEY = 1 << 2
};

struct node {
	union {
		const char *text;     /* scalars, ends with NUL */
		struct node *first;   /* array of items; or key, value, key, value... */
		struct node *aliased; /* never an alias itself */
	};
	uint32_t at;    /* byte offset in its source */
	uint32_t count; /* bytes of text, items, or pairs */
	uint16_t source;
	uint8_t kind;
	uint8_t flags;
};

/*
 * Parses source number `source` of the loader.  Reports mistakes; false when
 * the text as a whole is unusable.
 */
bool yaml_parse(struct loader *ld, uint16_t source, const struct node **root);

/* The node itself, or the node its alias refers to. */
static inline const struct node *node_value(const struct node *n)
{
	return n->kind == NODE_ALIAS ? n->aliased : n;
}

#define node_items(item, list) \
	for (const struct node *item = (list)->first; item < (list)->first + (list)->count; item++)
#define node_pairs(key, mapping)                        \
	for (const struct node *key = (mapping)->first; \
	     key < (mapping)->first + 2 * (mapping)->count; key += 2)

/* The value of a pair, by its key. */
static inline const struct node *pair_value(const struct node *key)
{
	return node_value(key + 1);
}

/* The value of `key` in a mapping, or NULL. */
const struct node *node_find(const struct node *mapping, const char *key);

/* The type of a plain scalar in the YAML 1.2 core schema. */
enum node_kind scalar_kind(const char *text, size_t len);
/* "a number", "a list"... */
const char *node_kind_words(const struct node *n);

#endif
