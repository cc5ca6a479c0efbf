/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of values that contain other values. */
#include "config/placeholder.h"
#include "config/schema.h"
#include "config/values.h"
#include "config/writer.h"

#include <string.h>

/* Zeroed; a list of texts ends with NULL, one of numbers with 0. */
static void *list_new(struct loader *ld, const struct list_of *of, size_t count)
{
	return arena_array(&ld->fleet.arena, count + (of->size <= sizeof(const char *)), of->size);
}

static bool read_items(struct loader *ld, const struct field *f, const struct node *n,
		       struct items *out)
{
	const struct list_of *of = f->param;
	bool good = true;
	size_t count = 0;

	if (n->count < of->least || n->count > of->most)
		return config_error(ld, n, "'%s' takes %zu to %zu items, not %u", f->key, of->least,
				    of->most, n->count);

	if (!loader_has_room(ld, n))
		return false;

	char *list = list_new(ld, of, n->count);

	node_items(item, n) good &=
		field_read(ld, of->item, node_value(item), list + of->size * count++);
	if (!good)
		return false;
	*out = (struct items){ list, count };
	return true;
}

static bool lists_read_list(struct loader *ld, const struct field *f, const struct node *n,
			    void *slot)
{
	if (n->kind == NODE_TEXT)
		return config_error(ld, n, "'%s' must be a list: put it in brackets", f->key);
	if (n->kind != NODE_LIST)
		return wrong_kind(ld, f, n, "a list");
	return read_items(ld, f, n, slot);
}

/* Never through a shell, never by a relative path. */
static bool read_argv(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct items words = { 0 };
	const struct node *first = NULL;

	if (!lists_read_list(ld, f, n, &words))
		return false;
	first = node_value(n->first);
	/* the name of a program has stricter rules than an argument */
	if (placeholder_in(first->text) && !field_read(ld, &program_value, first, words.list))
		return false;
	*(const char *const **)slot = words.list;
	return **(const char *const *)words.list == '/' ||
	       !strchr(*(const char *const *)words.list, '/') ||
	       config_error(ld, n,
			    "a command begins with an absolute path or a bare name, not '%s'",
			    shown(ld, first->text));
}

static bool read_one_or_list(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	const struct list_of *of = f->param;

	if (n->kind == NODE_LIST)
		return read_items(ld, f, n, slot);

	char *list = list_new(ld, of, 1);

	if (!field_read(ld, of->item, n, list))
		return false;
	*(struct items *)slot = (struct items){ list, 1 };
	return true;
}

static bool read_record(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	return record_read(ld, f->param, n, slot);
}

/* Of a list that ends with NULL or 0, its beginning is all there is to keep. */
static bool read_ended_list(struct loader *ld, const struct field *f, const struct node *n,
			    void *slot)
{
	struct items items = { 0 };

	if (!read_one_or_list(ld, f, n, &items))
		return false;
	memcpy(slot, &items.list, sizeof(items.list));
	return true;
}

static bool read_own_record(struct loader *ld, const struct field *f, const struct node *n,
			    void *slot)
{
	void *own = arena_array(&ld->fleet.arena, 1, ((const struct record *)f->param)->size);

	if (!read_record(ld, f, n, own))
		return false;
	memcpy(slot, &own, sizeof(own));
	return true;
}

static bool read_later(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	(void)ld;
	(void)f;
	*(const struct node **)slot = n;
	return true;
}

static bool add_entry(struct loader *ld, struct section *s, const struct node *key)
{
	const struct node *earlier = NULL;

	if (!name_is_valid(key->text))
		return config_error(
			ld, key,
			"'%s' is not a name: a name has up to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit",
			shown(ld, key->text));
	earlier = lookup_add(&s->names, key->text, key);
	if (earlier)
		return config_error(
			ld, key,
			"'%s' is there already, in %s on line %u (names are unique, upper and lower case being the same)",
			shown(ld, key->text), shown(ld, ld->sources.items[earlier->source].name),
			line_of(ld, earlier));
	VEC_PUSH(&s->entries, &ld->work, (struct entry){ key, pair_value(key) });
	return true;
}

/* The slot is the section itself; its entries are read after all have been collected. */
static bool read_named(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct section *s = *(struct section **)slot;
	bool good = true;

	if (n->kind == NODE_NULL)
		return config_error(ld, n, "'%s' has no value; leave it out", f->key);
	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping of names");
	s->names.fold = true;
	if (!s->entries.room) { /* the usual section has one file: it need not grow */
		s->entries.room = n->count;
		s->entries.items = arena_array(&ld->work, n->count, sizeof(*s->entries.items));
	}
	node_pairs(key, n) good &= add_entry(ld, s, key);
	return good;
}

const struct field_type list_type = { lists_read_list, SHAPE_LIST, NULL };
const struct field_type argv_type = { read_argv, SHAPE_LIST, NULL, .write = write_words };
const struct field_type one_or_list_type = { read_one_or_list, SHAPE_ONE_OR_LIST, NULL };
const struct field_type ended_list_type = { read_ended_list, SHAPE_ONE_OR_LIST, NULL,
					    .write = write_texts };
const struct field_type record_type = { read_record, SHAPE_RECORD, NULL, .write = write_nested };
const struct field_type own_record_type = { read_own_record, SHAPE_RECORD, NULL,
					    .write = write_own_record };
const struct field_type later_type = { read_later, SHAPE_LATER, NULL };
const struct field_type named_type = { read_named, SHAPE_NAMED, NULL };
