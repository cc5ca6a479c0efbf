/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/vec.h"
#include "state/handle.h"
#include "state/records.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct change_key {
	struct change_key *next;
	struct secret value;
};

struct change {
	struct state *state;
	struct arena arena;
	VEC(struct record_write) writes; /* the last one for a key counts */
	VEC(const char *) forgotten;     /* SPKI hashes of generations */
	struct change_key *keys;         /* values that must be wiped */
	bool forget;
	struct err failed;
};

struct change *change_new(struct state *s)
{
	struct change *c = xcalloc(1, sizeof(*c));

	c->state = s;
	return c;
}

static void clear(struct change *c)
{
	struct state *s = c->state;

	for (struct change_key *k = c->keys; k; k = k->next)
		secret_release(&k->value);
	arena_release(&c->arena);
	*c = (struct change){ .state = s };
}

void change_free(struct change *c)
{
	if (!c)
		return;
	clear(c);
	free(c);
}

struct state *change_state(struct change *c)
{
	return c->state;
}

struct arena *change_arena(struct change *c)
{
	return &c->arena;
}

void change_fail(struct change *c, const struct err *e)
{
	if (c->failed.code == ERR_NONE)
		c->failed = *e;
}

/* ---- gathering ---- */

void change_put(struct change *c, const char *key, const char *value)
{
	const char *copy = value ? arena_strdup(&c->arena, value) : NULL;

	VEC_PUSH(&c->writes, &c->arena,
		 (struct record_write){ arena_strdup(&c->arena, key), copy });
}

void change_record(struct change *c, const char *key, const char *value)
{
	change_put(c, key, value);
}

void change_generation(struct change *c, const struct generation *g,
		       const struct cert_set *set)
{
	struct arena *a = &c->arena;

	change_put(c, generation_key(a, g), generation_encode(g, a));
	if (set && set->count > 0)
		change_put(c, certificates_key(a, g),
			   certificates_encode(set, a));
}

bool change_key(struct change *c, const char *spki, const struct secret *pkcs8,
		struct err *e)
{
	struct key_place place = { 0 };

	if (!state_key_place(c->state, spki, &place, e))
		return false;
	if (pkcs8->len == 0 || pkcs8->len > PRIVATE_KEY_LIMIT)
		return err_set(e, ERR_INPUT,
			       "a private key has 1 to %d bytes, not %zu",
			       PRIVATE_KEY_LIMIT, pkcs8->len);

	struct change_key *k = ARENA_NEW(&c->arena, struct change_key);

	key_encode(&place, pkcs8, &k->value);
	k->next = c->keys;
	c->keys = k;
	VEC_PUSH(&c->writes, &c->arena,
		 (struct record_write){
			 record_key(&c->arena, KEY_PREFIX, spki),
			 (const char *)k->value.bytes,
		 });
	return true;
}

void change_component(struct change *c, const struct component_seen *seen)
{
	struct arena *a = &c->arena;

	change_put(c, record_key(a, COMPONENT_PREFIX, seen->name),
		   component_encode(seen, a));
}

void change_forget_component(struct change *c, const char *name)
{
	change_put(c, record_key(&c->arena, COMPONENT_PREFIX, name), NULL);
	change_put(c, record_key(&c->arena, OBSERVATION_PREFIX, name), NULL);
	c->forget = true;
}

void change_forget_generation(struct change *c, const struct generation *g)
{
	change_put(c, generation_key(&c->arena, g), NULL);
	change_put(c, certificates_key(&c->arena, g), NULL);
	VEC_PUSH(&c->forgotten, &c->arena, arena_strdup(&c->arena, g->spki));
	c->forget = true;
}

/* ---- one write for each key ---- */

struct ordered {
	struct record_write write;
	size_t order;
};

struct writes {
	struct record_write *items; /* by key */
	size_t count;
};

static int by_key_then_order(const void *x, const void *y)
{
	const struct ordered *a = x;
	const struct ordered *b = y;
	int keys = strcmp(a->write.key, b->write.key);

	return keys ? keys : (a->order > b->order) - (a->order < b->order);
}

static int by_key(const void *x, const void *y)
{
	const struct record_write *a = x;
	const struct record_write *b = y;

	return strcmp(a->key, b->key);
}

/* `spare` more can be added behind. */
static struct writes last_writes(const struct change *c, struct arena *a,
				 size_t spare)
{
	size_t count = c->writes.count;
	struct ordered *all = arena_array(a, count, sizeof(*all));
	struct writes out = {
		.items = arena_array(a, count + spare, sizeof(*out.items)),
	};

	for (size_t i = 0; i < count; i++)
		all[i] = (struct ordered){ c->writes.items[i], i };
	if (count)
		qsort(all, count, sizeof(*all), by_key_then_order);
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count ||
			    strcmp(all[i].write.key, all[i + 1].write.key);

		if (last)
			out.items[out.count++] = all[i].write;
	}
	return out;
}

static const struct record_write *find_write(const struct writes *w,
					     const char *key)
{
	const struct record_write wanted = { .key = key };

	if (w->count == 0)
		return NULL;
	return bsearch(&wanted, w->items, w->count, sizeof(*w->items), by_key);
}

/* ---- keys that no generation needs any more ---- */

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

struct spkis {
	const char **items;
	size_t count;
};

static bool add_spki(struct spkis *list, const struct record *r,
		     struct arena *a, struct err *e)
{
	struct generation g = { 0 };

	if (!generation_read(r, a, &g, e))
		return false;
	list->items[list->count++] = g.spki;
	return true;
}

/* The keys of all generations there will be after these writes. */
static bool needed_keys(struct state *s, const struct writes *w,
			struct arena *a, struct spkis *out, struct err *e)
{
	struct record *records = NULL;
	size_t count = 0;

	if (!s->backend->ops->list(s->backend, GENERATION_PREFIX, a, &records,
				   &count, e))
		return false;
	out->items = arena_array(a, count + w->count, sizeof(*out->items));
	for (size_t i = 0; i < count; i++)
		if (!find_write(w, records[i].key) &&
		    !add_spki(out, &records[i], a, e))
			return false;
	for (size_t i = 0; i < w->count; i++) {
		const struct record r = { .key = w->items[i].key,
					  .value = w->items[i].value };

		if (r.value &&
		    !strncmp(r.key, GENERATION_PREFIX,
			     strlen(GENERATION_PREFIX)) &&
		    !add_spki(out, &r, a, e))
			return false;
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_text);
	return true;
}

static bool drop_keys(const struct change *c, struct writes *w, struct arena *a,
		      struct err *e)
{
	struct spkis needed = { 0 };
	struct writes sorted = *w;

	if (c->forgotten.count == 0)
		return true;
	if (!needed_keys(c->state, w, a, &needed, e))
		return false;
	for (size_t i = 0; i < c->forgotten.count; i++) {
		const char **spki = &c->forgotten.items[i];
		const char *key = record_key(a, KEY_PREFIX, *spki);

		if (find_write(&sorted, key) ||
		    (needed.count && bsearch(spki, needed.items, needed.count,
					     sizeof(*needed.items), by_text)))
			continue;
		w->items[w->count++] = (struct record_write){ .key = key };
	}
	return true;
}

/* ---- committing ---- */

bool state_commit(struct state *s, struct change *c, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct meta next = s->meta;

	assert(c->state == s);
	if (c->failed.code != ERR_NONE) {
		*e = c->failed;
		return false;
	}
	if (c->writes.count == 0)
		return true;

	struct writes w = last_writes(c, &a, c->forgotten.count);

	if (!drop_keys(c, &w, &a, e))
		return false;
	next.serial++;
	next.run = s->run;
	if (next.runs < s->run)
		next.runs = s->run;

	struct transaction t = {
		.writes = w.items,
		.write_count = w.count,
		.forget = c->forget,
	};

	if (!state_write(s, &t, &next, e))
		return false;
	clear(c);
	return true;
}
