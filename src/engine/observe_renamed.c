/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/observe.h"

#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

static bool owner_known(const struct snapshot *s, enum generation_of of, const char *owner)
{
	for (size_t i = 0; i < s->generation_count; i++)
		if (s->generations[i].of == of && !strcmp(s->generations[i].owner, owner))
			return true;
	return false;
}

/* A request names its issuer, which may be known by another name now. */
static const char *renamed_request(struct arena *a, const char *request, const char *old,
				   const char *new_name)
{
	const char *line = arena_printf(a, "\nissuer=%s\n", old);
	const char *at = strstr(request, line);

	if (!at)
		return request;
	return arena_printf(a, "%.*s\nissuer=%s\n%s", (int)(at - request), request, new_name,
			    at + strlen(line));
}

struct renamed_list {
	struct snapshot *s;
	VEC(struct renamed_seen) seen;
};

static void observe_renamed_note(struct renamed_list *l, const char *kind, const char *old,
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
	observe_renamed_note(l, of == OF_ISSUER ? "issuer" : "certificate", old, new_name);
	for (size_t i = 0; i < s->generation_count; i++) {
		struct generation *g = &list[i];

		if (g->of == of && !strcmp(g->owner, old))
			g->owner = new_name;
		if (of == OF_ISSUER && g->of == OF_CERTIFICATE)
			g->request = renamed_request(&s->arena, g->request, old, new_name);
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

static int observe_renamed_by_name(const void *left, const void *right)
{
	return strcmp(((const struct component_seen *)left)->name,
		      ((const struct component_seen *)right)->name);
}

static struct component_seen *observe_renamed_find(struct component_seen *list, size_t count,
						   const char *name)
{
	struct component_seen key = { .name = name };

	return count ? bsearch(&key, list, count, sizeof(*list), observe_renamed_by_name) : NULL;
}

static void observe_renamed_rename_components(const struct fleet *f, struct renamed_list *l,
					      struct component_seen *list, size_t count)
{
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		struct component_seen *old =
			c->was ? observe_renamed_find(list, count, c->was) : NULL;

		if (!old || observe_renamed_find(list, count, c->name) ||
		    fleet_component(f, c->was))
			continue;
		observe_renamed_note(l, "component", c->was, c->name);
		old->name = c->name;
		qsort(list, count, sizeof(*list), observe_renamed_by_name);
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
