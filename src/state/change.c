/* SPDX-License-Identifier: Apache-2.0 */
#include "state/change.h"
#include "base/alloc.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <assert.h>

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

/* ---- collecting writes ---- */

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

void change_generation(struct change *c, const struct generation *g, const struct cert_set *set)
{
	struct arena *a = &c->arena;

	change_put(c, generation_key(a, g), generation_encode(g, a));
	if (set && set->count > 0)
		change_put(c, certificates_key(a, g), certificates_encode(set, a));
}

bool change_key(struct change *c, const char *spki, const struct secret *pkcs8, struct err *e)
{
	struct key_place place = { 0 };

	if (!state_key_place(c->state, spki, &place, e))
		return false;
	if (pkcs8->len == 0 || pkcs8->len > PRIVATE_KEY_LIMIT)
		return err_set(e, ERR_INPUT, "a private key has 1 to %d bytes, not %zu",
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

	change_put(c, record_key(a, COMPONENT_PREFIX, seen->name), component_encode(seen, a));
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

	struct writes w = writes_last(c->writes.items, c->writes.count, &a);

	if (!forget_keys(c, &w, e) || !rename_mentions(c, &w, e))
		return false;
	next.serial++;
	next.run = s->run;
	if (next.runs < s->run)
		next.runs = s->run;

	struct transaction t = {
		.writes = w.list.items,
		.write_count = w.list.count,
		.forget = c->forget,
	};

	if (!state_write(s, &t, &next, e))
		return false;
	clear(c);
	return true;
}
