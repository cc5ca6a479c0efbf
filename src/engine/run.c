/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct component *run_component(const struct run *r, const struct step *s)
{
	const struct component *c = fleet_component(r->en->fleet, s->component);

	assert(c);
	return c;
}

static int run_compare_seen(const void *name, const void *item)
{
	return strcmp(name, ((const struct component_seen *)item)->name);
}

struct component_seen *run_seen(struct run *r, const char *component)
{
	struct component_seen *seen = bsearch(component, r->components, r->component_count,
					      sizeof(*r->components), run_compare_seen);

	assert(seen);
	return seen;
}

void run_accept(struct run *r, struct component_seen *seen, const char *fingerprint)
{
	const char **list = arena_array(&r->arena, seen->rejected_count, sizeof(*list));
	size_t count = 0;

	const char *told = r->told[seen - r->components];

	seen->last_error = NULL;
	if (told)
		seen->proven = told;
	for (size_t i = 0; i < seen->rejected_count; i++)
		if (strcmp(seen->rejected[i], fingerprint) != 0)
			list[count++] = seen->rejected[i];
	seen->rejected = list;
	seen->rejected_count = count;
}

/*
 * Newest generation this run issued or imported for an owner; pairs found on
 * components do not count.
 */
static const struct made *find_made(const struct run *r, enum generation_of of, const char *owner)
{
	const struct made *found = NULL;

	vec_each (m, &r->made) {
		if (m->generation.of == of && m->generation.source != SOURCE_FOUND &&
		    !strcmp(m->owner, owner))
			found = m;
	}
	return found;
}

unsigned run_next_number(const struct run *r, enum generation_of of, const char *owner)
{
	unsigned next = snapshot_next_number(r->order->snapshot, of, owner);

	vec_each (m, &r->made) {
		if (m->generation.of == of && m->generation.number >= next &&
		    !strcmp(m->owner, owner))
			next = m->generation.number + 1;
	}
	return next;
}

const char *run_fingerprint(const struct run *r, const struct step *s)
{
	enum generation_of of = s->kind == STEP_CREATE_ISSUER || s->kind == STEP_PUBLISH
					? OF_ISSUER
					: OF_CERTIFICATE;
	const struct made *made =
		s->generation || !s->certificate ? NULL : find_made(r, of, s->certificate);

	return made ? made->generation.fingerprint : s->generation;
}

const struct generation *run_authority(const struct run *r, const char *issuer)
{
	const struct made *made = find_made(r, OF_ISSUER, issuer);

	return made ? &made->generation : snapshot_newest(r->order->snapshot, OF_ISSUER, issuer);
}

bool run_certificates(struct run *r, const char *fingerprint, struct generation *g,
		      struct cert_set *set, struct err *e)
{
	vec_each (m, &r->made) {
		if (strcmp(m->generation.fingerprint, fingerprint) != 0)
			continue;
		*g = m->generation;
		*set = m->set;
		return true;
	}

	const struct generation *known = snapshot_generation(r->order->snapshot, fingerprint);

	if (!known)
		return err_set(e, ERR_MISSING, "the state has no generation %.12s", fingerprint);
	*g = *known;
	return state_certificates(r->en->state, known, &r->arena, set, e);
}

/* Whether the state itself has a generation of `owner`; `was:` is not applied. */
static bool run_known_as(const struct generation *list, size_t count, enum generation_of of,
			 const char *owner)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].of == of && !strcmp(list[i].owner, owner))
			return true;
	return false;
}

struct renames {
	struct change *change;
	const struct generation *generations;
	size_t generation_count;
	bool any;
};

static bool run_rename_owner(struct renames *n, enum generation_of of, const char *old,
			     const char *new_name, struct err *e)
{
	if (!old || run_known_as(n->generations, n->generation_count, of, new_name) ||
	    !run_known_as(n->generations, n->generation_count, of, old))
		return true;
	n->any = true;
	return change_rename_owner(n->change, of, old, new_name, e);
}

static bool rename_owners(const struct fleet *f, struct renames *n, struct err *e)
{
	for (size_t i = 0; i < f->issuer_count; i++)
		if (!run_rename_owner(n, OF_ISSUER, f->issuers[i].was, f->issuers[i].name, e))
			return false;
	for (size_t i = 0; i < f->certificate_count; i++)
		if (!run_rename_owner(n, OF_CERTIFICATE, f->certificates[i].was,
				      f->certificates[i].name, e))
			return false;
	return true;
}

static bool run_is_known(const struct component_seen *list, size_t count, const char *name)
{
	return count && bsearch(name, list, count, sizeof(*list), run_compare_seen);
}

static void run_rename_components(const struct fleet *f, struct renames *n,
				  const struct component_seen *known, size_t count)
{
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (!c->was || run_is_known(known, count, c->name) ||
		    !run_is_known(known, count, c->was) || fleet_component(f, c->was))
			continue;
		change_rename_component(n->change, c->was, c->name);
		n->any = true;
	}
}

bool adopt_renames(struct run *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(change) change = change_new(r->en->state);
	struct renames n = { .change = change };
	const struct component_seen *known = NULL;
	size_t count = 0;

	if (!state_generations(r->en->state, &a, &n.generations, &n.generation_count, e) ||
	    !state_components(r->en->state, &a, &known, &count, e) ||
	    !rename_owners(r->en->fleet, &n, e))
		return err_in(e, "cannot rename in the state");
	run_rename_components(r->en->fleet, &n, known, count);
	return !n.any || state_commit(r->en->state, change, e);
}
