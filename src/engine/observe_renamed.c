/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/observe.h"

#include "base/text.h"
#include "base/vec.h"
#include "engine/internal.h"
#include "model/issue_request.h"

#include <stdlib.h>
#include <string.h>

static bool owner_known(const struct snapshot *s, enum generation_of of, const char *owner)
{
	for (size_t i = 0; i < s->generation_count; i++)
		if (s->generations[i].of == of && !strcmp(s->generations[i].owner, owner))
			return true;
	return false;
}

struct renamed_list {
	struct snapshot *s;
	VEC(struct renamed_seen) seen;
};

static void observe_renamed_note(struct renamed_list *l, enum renamed_kind kind, const char *old,
				 const char *name)
{
	VEC_PUSH(&l->seen, &l->s->arena, (struct renamed_seen){ kind, old, name });
}

static void observe_renamed_rename_owner(struct renamed_list *l, enum generation_of of,
					 const char *old, const char *new_name)
{
	struct snapshot *s = l->s;
	struct generation *list = (struct generation *)s->generations;

	if (owner_known(s, of, new_name) || !owner_known(s, of, old))
		return;
	observe_renamed_note(l, of == OF_ISSUER ? RENAMED_ISSUER : RENAMED_CERTIFICATE, old,
			     new_name);
	for (size_t i = 0; i < s->generation_count; i++) {
		struct generation *g = &list[i];

		if (g->of == of && !strcmp(g->owner, old))
			g->owner = new_name;
		if (of == OF_ISSUER && g->of == OF_CERTIFICATE)
			g->request = request_rename_issuer(g->request, old, new_name, &s->arena);
	}
}

static int observe_renamed_by_owner(const void *left, const void *right)
{
	const struct generation *a = left;
	const struct generation *b = right;
	int order = strcmp(a->owner, b->owner);

	if (a->of != b->of)
		return a->of < b->of ? -1 : 1;
	if (order)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void observe_renamed_rename_components(const struct fleet *f, struct renamed_list *l,
					      struct component_seen *list, size_t count)
{
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		struct component_seen *old =
			c->was ? text_find(c->was, list, count, sizeof(*list)) : NULL;

		if (!old || text_find(c->name, list, count, sizeof(*list)) ||
		    fleet_component(f, c->was))
			continue;
		observe_renamed_note(l, RENAMED_COMPONENT, c->was, c->name);
		old->name = c->name;
		qsort(list, count, sizeof(*list), text_compare);
	}
}

void observe_renamed(const struct fleet *f, struct snapshot *s, const struct component_seen *known,
		     size_t count)
{
	struct renamed_list l = { .s = s };

	for (size_t i = 0; i < f->issuer_count; i++)
		if (f->issuers[i].was)
			observe_renamed_rename_owner(&l, OF_ISSUER, f->issuers[i].was,
						     f->issuers[i].name);
	for (size_t i = 0; i < f->certificate_count; i++)
		if (f->certificates[i].was)
			observe_renamed_rename_owner(&l, OF_CERTIFICATE, f->certificates[i].was,
						     f->certificates[i].name);
	if (s->generation_count)
		qsort((struct generation *)s->generations, s->generation_count,
		      sizeof(*s->generations), observe_renamed_by_owner);
	observe_renamed_rename_components(f, &l, (struct component_seen *)known, count);
	s->renamed = l.seen.items;
	s->renamed_count = l.seen.count;
}

bool observed_certificates(struct engine *en, const struct snapshot *s, const struct generation *g,
			   struct arena *a, struct cert_set *out)
{
	enum renamed_kind kind = g->of == OF_ISSUER ? RENAMED_ISSUER : RENAMED_CERTIFICATE;
	struct generation known = *g;
	struct err ignored = { 0 };

	for (size_t i = 0; i < s->renamed_count; i++)
		if (s->renamed[i].kind == kind && !strcmp(s->renamed[i].name, g->owner))
			known.owner = s->renamed[i].old;
	return state_certificates(en->state, &known, a, out, &ignored);
}

bool renamed_adopt(struct engine *en, const struct snapshot *s, struct err *e)
{
	AUTO(change) change = change_new(en->state);

	for (size_t i = 0; i < s->renamed_count; i++) {
		const struct renamed_seen *n = &s->renamed[i];
		enum generation_of of = n->kind == RENAMED_ISSUER ? OF_ISSUER : OF_CERTIFICATE;

		if (n->kind == RENAMED_COMPONENT)
			change_rename_component(change, n->old, n->name);
		else if (!change_rename_owner(change, of, n->old, n->name, e))
			return err_in(e, "cannot rename in the state");
	}
	return !s->renamed_count || state_commit(en->state, change, e);
}
