/* SPDX-License-Identifier: Apache-2.0 */
/* What a new name in the fleet file ("was:") moves. */
#include "model/issue_request.h"
#include "state/change.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

typedef bool reader_fn(const struct stored_record *r, struct arena *a, struct component_seen *out,
		       struct err *e);
typedef const char *writer_fn(const struct component_seen *c, struct arena *a);

/* One of the two records of a component. */
struct half {
	const char *prefix;
	reader_fn *read;
	writer_fn *write;
};

static const struct half halves[] = {
	{ COMPONENT_PREFIX, component_read, component_encode },
	{ OBSERVATION_PREFIX, observation_read, observation_encode },
};

/* Reads a record; sets *found to false when there is none. */
static bool get(struct change *c, const char *key, struct stored_record *out, bool *found,
		struct err *e)
{
	struct backend *b = c->state->backend;
	struct err why = { 0 };

	*found = b->ops->get(b, key, &c->arena, out, &why);
	if (*found || why.code == ERR_MISSING)
		return true;
	*e = why;
	return false;
}

static bool move_half(struct change *c, const struct half *half, const char *old,
		      const char *new_name, struct err *e)
{
	struct arena *a = &c->arena;
	struct component_seen seen = { 0 };
	struct stored_record r = { 0 };
	bool found = false;

	if (!get(c, record_key(a, half->prefix, old), &r, &found, e))
		return false;
	if (!found)
		return true;
	if (!half->read(&r, a, &seen, e))
		return false;
	seen.name = new_name;
	change_put(c, r.key, NULL);
	change_put(c, record_key(a, half->prefix, new_name), half->write(&seen, a));
	return true;
}

void change_rename_component(struct change *c, const char *old, const char *new_name)
{
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++) {
		if (move_half(c, &halves[i], old, new_name, &e))
			continue;
		err_in(&e, "cannot rename component '%s'", old);
		if (c->failed.code == ERR_NONE)
			c->failed = e;
		return;
	}
}

static bool move_generation(struct change *c, const struct stored_record *r, const char *new_name,
			    struct err *e)
{
	struct arena *a = &c->arena;
	struct stored_record certs = { 0 };
	struct generation g = { 0 };
	bool found = false;

	if (!generation_read(r, a, &g, e) || !get(c, certificates_key(a, &g), &certs, &found, e))
		return false;
	g.owner = new_name;
	change_put(c, r->key, NULL);
	change_put(c, generation_key(a, &g), generation_encode(&g, a));
	if (!found)
		return true;
	change_put(c, certs.key, NULL);
	change_put(c, certificates_key(a, &g), certs.value);
	return true;
}

static bool rename_list(struct change *c, const char *prefix, struct stored_record **out,
			size_t *count, struct err *e)
{
	struct backend *b = c->state->backend;

	return b->ops->list(b, prefix, &c->arena, out, count, e);
}

bool change_rename_owner(struct change *c, enum generation_of of, const char *old,
			 const char *new_name, struct err *e)
{
	struct arena *a = &c->arena;
	const char *from = generations_prefix(a, of, old);
	const char *to = generations_prefix(a, of, new_name);
	const char *kind = of == OF_ISSUER ? "issuer" : "certificate";
	struct stored_record *records = NULL;
	size_t count = 0;

	if (!rename_list(c, to, &records, &count, e))
		return false;
	if (count > 0)
		return err_set(
			e, ERR_INPUT,
			"cannot rename %s '%s' to '%s': the state has generations of both; remove 'was'",
			kind, old, new_name);
	if (!rename_list(c, from, &records, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!move_generation(c, &records[i], new_name, e))
			return err_in(e, "cannot rename %s '%s'", kind, old);
	VEC_PUSH(&c->renamed, a,
		 (struct renaming){ of, arena_strdup(a, old), arena_strdup(a, new_name) });
	return true;
}

/* ---- records that mention an owner ---- */

static int by_old_name(const void *x, const void *y)
{
	const struct renaming *a = x;
	const struct renaming *b = y;

	if (a->of != b->of)
		return a->of < b->of ? -1 : 1;
	return strcmp(a->old, b->old);
}

/* New name of an owner; NULL: unchanged. */
static const char *new_name_of(const struct change *c, enum generation_of of, const char *old)
{
	const struct renaming wanted = { .of = of, .old = old };
	const struct renaming *found =
		bsearch(&wanted, c->renamed.items, c->renamed.count, sizeof(wanted), by_old_name);

	return found ? found->new_name : NULL;
}

/* Sets *value to the updated record; unchanged when no name in it changes. */
typedef bool mention_fn(const struct change *c, const struct stored_record *r, struct arena *a,
			const char **value, struct err *e);

static bool rename_in_component(const struct change *c, const struct stored_record *r,
				struct arena *a, const char **value, struct err *e)
{
	struct component_seen seen = { 0 };

	if (!component_read(r, a, &seen, e))
		return false;

	const char *name =
		seen.certificate ? new_name_of(c, OF_CERTIFICATE, seen.certificate) : NULL;

	if (!name)
		return true;
	seen.certificate = name;
	*value = component_encode(&seen, a);
	return true;
}

/* A request has one "field=value" line each (model/fleet.h). */
static bool rename_in_request(const struct change *c, const struct stored_record *r,
			      struct arena *a, const char **value, struct err *e)
{
	static const char field[] = "\nissuer=";
	struct generation g = { 0 };

	if (!generation_read(r, a, &g, e))
		return false;

	const char *line = strstr(g.request, field);

	if (!line)
		return true;

	const char *at = line + strlen(field);
	const char *old = arena_strndup(a, at, strcspn(at, "\n"));
	const char *name = new_name_of(c, OF_ISSUER, old);

	if (!name)
		return true;
	g.request = request_rename_issuer(g.request, old, name, a);
	*value = generation_encode(&g, a);
	return true;
}

/* Updates the issuer's name in an invite or an agent record. */
static bool rename_in_enrolment(const struct change *c, const struct stored_record *r,
				struct arena *a, const char **value, struct err *e)
{
	AUTO(json) json = NULL;

	if (!record_parse(r, &json, e))
		return false;

	const char *old = json_string_value(json_object_get(json, "issuer"));
	const char *name = old ? new_name_of(c, OF_ISSUER, old) : NULL;

	if (!name)
		return true;
	json_object_set_new(json, "issuer", json_text(name));
	*value = json_to_text(json, a);
	return true;
}

static const struct mention {
	const char *prefix;
	mention_fn *rename;
} mentions[] = {
	{ COMPONENT_PREFIX, rename_in_component },
	{ GENERATION_PREFIX, rename_in_request },
	{ INVITE_PREFIX, rename_in_enrolment },
	{ AGENT_PREFIX, rename_in_enrolment },
};

static bool rename_written(const struct change *c, const struct mention *m, struct writes *w,
			   struct err *e)
{
	for (size_t i = 0; i < w->sorted; i++) {
		struct record_write *at = &w->list.items[i];
		const struct stored_record r = { .key = at->key, .value = at->value };

		if (r.value && record_is(&r, m->prefix) &&
		    !m->rename(c, &r, w->arena, &at->value, e))
			return false;
	}
	return true;
}

static bool rename_stored(const struct change *c, const struct mention *m, struct writes *w,
			  struct err *e)
{
	struct backend *b = c->state->backend;
	struct stored_record *records = NULL;
	size_t count = 0;

	if (!b->ops->list(b, m->prefix, w->arena, &records, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *value = NULL;

		if (writes_find(w, records[i].key))
			continue;
		if (!m->rename(c, &records[i], w->arena, &value, e))
			return false;
		if (value)
			writes_add(w, records[i].key, value);
	}
	return true;
}

bool rename_mentions(struct change *c, struct writes *w, struct err *e)
{
	if (c->renamed.count == 0)
		return true;
	qsort(c->renamed.items, c->renamed.count, sizeof(*c->renamed.items), by_old_name);
	for (size_t i = 0; i < sizeof(mentions) / sizeof(*mentions); i++)
		if (!rename_written(c, &mentions[i], w, e) || !rename_stored(c, &mentions[i], w, e))
			return false;
	return true;
}
