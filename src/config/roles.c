/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"

#include "config/schema.h"

#include <stdlib.h>
#include <string.h>

/*
 * Cycles among roles: the roles that are left when no further role can come
 * next in the order.
 */
struct circle {
	struct role *roles;
	size_t count;
	size_t *waits; /* number of roles in its `after` that are left */
	size_t *walk;  /* number of the walk that visited it; 0: none */
};

static size_t index_of(const struct circle *c, const struct role *r)
{
	return (size_t)(r - c->roles);
}

/* Removes, repeatedly, every role that waits for no remaining role. */
static void take_out_free(struct loader *ld, struct circle *c)
{
	VEC(size_t) ready = { 0 };
	VEC(size_t) *followers = arena_array(&ld->work, c->count, sizeof(*followers));

	for (size_t i = 0; i < c->count; i++) {
		const struct role *r = &c->roles[i];

		c->waits[i] = r->after_count;
		if (!r->after_count)
			VEC_PUSH(&ready, &ld->work, i);
		for (size_t k = 0; k < r->after_count; k++)
			VEC_PUSH(&followers[index_of(c, r->after[k])], &ld->work, i);
	}
	while (ready.count) {
		size_t done = ready.items[--ready.count];

		vec_each (follower, &followers[done])
			if (!--c->waits[*follower])
				VEC_PUSH(&ready, &ld->work, *follower);
	}
}

/* A remaining role that role `i` waits for; there always is one. */
static size_t next_in_circle(const struct circle *c, size_t i)
{
	const struct role *r = &c->roles[i];

	for (size_t k = 0; k < r->after_count; k++)
		if (c->waits[index_of(c, r->after[k])])
			return index_of(c, r->after[k]);
	return i;
}

static void report_circle(struct loader *ld, const struct circle *c, size_t first)
{
	const struct role_form *form = lookup_find(&ld->role_forms, c->roles[first].name);
	AUTO(buf) names = { .limit = 600 };
	size_t i = first;

	do {
		buf_printf(&names, "'%s' after ", c->roles[i].name);
		i = next_in_circle(c, i);
	} while (i != first);
	buf_printf(&names, "'%s'", c->roles[first].name);
	if (form)
		complain(ld, form->after, "a circle: %s%s", buf_text(&names),
			 names.failed ? "..." : "");
}

static void check_circles(struct loader *ld, struct build *b)
{
	struct circle c = { .roles = b->roles, .count = ld->fleet.role_count };

	c.waits = arena_array(&ld->work, c.count, sizeof(*c.waits));
	c.walk = arena_array(&ld->work, c.count, sizeof(*c.walk));
	take_out_free(ld, &c);
	for (size_t start = 0; start < c.count; start++) {
		size_t i = start;

		if (!c.waits[start] || c.walk[start])
			continue;
		while (!c.walk[i]) {
			c.walk[i] = start + 1;
			i = next_in_circle(&c, i);
		}
		if (c.walk[i] == start + 1)
			report_circle(ld, &c, i);
	}
}

static int by_role_name(const void *left, const void *right)
{
	const struct role *a = *(const struct role *const *)left;
	const struct role *b = *(const struct role *const *)right;

	return strcmp(a->name, b->name);
}

static void link_after(struct loader *ld, struct role *r, const struct role_form *form)
{
	struct items names = { 0 };

	if (!form->after || !field_read(ld, &after_value, form->after, &names))
		return;
	r->after = arena_array(&ld->fleet.arena, names.count, sizeof(*r->after));

	const struct node *item = form->after->first;

	for (size_t i = 0; i < names.count; i++, item = item->next) {
		const char *name = ((const char **)names.list)[i];
		const struct role *found = fleet_role(&ld->fleet, name);

		if (found)
			r->after[r->after_count++] = found;
		else if (!lookup_find(&ld->role_forms, name))
			report_dangling(ld, node_value(item), "role", &ld->roles);
	}
	if (r->after_count)
		qsort(r->after, r->after_count, sizeof(*r->after), by_role_name);
}

static struct role role_from(struct loader *ld, const struct role_form *form)
{
	return (struct role){
		.name = arena_strdup(&ld->fleet.arena, form->key->text),
		.offline = form->offline,
		.version_minimum = form->version.minimum,
		.version_same = form->version.same,
		.restart = form->restart.restart,
	};
}

static const struct role unnamed = {
	.name = "",
	.restart = { .max_unavailable = 1, .timeout = 60 },
};

void build_roles(struct loader *ld, struct build *b)
{
	size_t count = 0;

	b->roles = arena_array(&ld->fleet.arena, ld->roles.entries.count + 1, sizeof(*b->roles));
	b->roles[count++] = unnamed;
	vec_each (entry, &ld->roles.entries) {
		struct role_form *form = ARENA_NEW(&ld->work, struct role_form);
		bool good = record_read(ld, &role_record, entry->value, form);

		form->key = entry->key;
		form->node = entry->value;
		lookup_put(&ld->role_forms, entry->key->text, form);
		if (good)
			b->roles[count++] = role_from(ld, form);
	}
	sort_by_name(b->roles, count, sizeof(*b->roles));
	ld->fleet.roles = b->roles;
	ld->fleet.role_count = count;
	for (size_t i = 1; i < count; i++) {
		struct role_form *form =
			(struct role_form *)lookup_find(&ld->role_forms, b->roles[i].name);

		form->role = &b->roles[i];
		link_after(ld, &b->roles[i], form);
	}
	check_circles(ld, b);
}
