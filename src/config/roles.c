/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, and their rank: the order of `after`, ties by name. */
#include "config/build.h"

#include "config/schema.h"
#include "config/topology.h"
#include "config/window_types.h"

#include <stdlib.h>
#include <string.h>

/* The roles and what each waits for; those of a cycle are left. */
struct role_graph {
	struct role *roles;
	size_t count;
	size_t *waits; /* number of roles in its `after` that are left */
	size_t *walk;  /* number of the walk that visited it; 0: none */
};

static size_t index_of(const struct role_graph *g, const struct role *r)
{
	return (size_t)(r - g->roles);
}

static int compare_role_index(const void *left, const void *right)
{
	size_t l = *(const size_t *)left;
	size_t r = *(const size_t *)right;

	return l < r ? -1 : l > r;
}

/*
 * Ranks go level by level: first all roles that wait for none, by name, then
 * all that wait for those only, and so on.
 */
static void rank_roles(struct loader *ld, struct role_graph *g)
{
	VEC(size_t) order = { 0 };
	VEC(size_t) *followers = arena_array(&ld->work, g->count, sizeof(*followers));

	for (size_t i = 0; i < g->count; i++) {
		const struct role *r = &g->roles[i];

		g->waits[i] = r->after_count;
		if (!r->after_count)
			VEC_PUSH(&order, &ld->work, i);
		for (size_t k = 0; k < r->after_count; k++)
			VEC_PUSH(&followers[index_of(g, r->after[k])], &ld->work, i);
	}
	for (size_t done = 0; done < order.count;) {
		size_t end = order.count;

		for (; done < end; done++)
			vec_each (follower, &followers[order.items[done]])
				if (!--g->waits[*follower])
					VEC_PUSH(&order, &ld->work, *follower);
		if (order.count > end)
			qsort(order.items + end, order.count - end, sizeof(*order.items),
			      compare_role_index);
	}
	for (size_t i = 0; i < order.count; i++)
		g->roles[order.items[i]].rank = i;
}

/* One that `r` waits for and that is left; there is one. */
static size_t next_in_cycle(const struct role_graph *g, size_t i)
{
	const struct role *r = &g->roles[i];

	for (size_t k = 0; k < r->after_count; k++)
		if (g->waits[index_of(g, r->after[k])])
			return index_of(g, r->after[k]);
	return i;
}

static void report_cycle(struct loader *ld, const struct role_graph *g, size_t first)
{
	const struct role_form *form = lookup_find(&ld->role_forms, g->roles[first].name);
	AUTO(buf) names = { .limit = 600 };
	size_t i = first;

	do {
		buf_printf(&names, "'%s' after ", g->roles[i].name);
		i = next_in_cycle(g, i);
	} while (i != first);
	buf_printf(&names, "'%s'", g->roles[first].name);
	if (form)
		config_error(ld, form->after, "'after' forms a cycle: %s%s; remove one of them",
			     buf_text(&names), names.failed ? "..." : "");
}

static void order_roles(struct loader *ld, struct build *b)
{
	struct role_graph g = { .roles = b->roles, .count = ld->fleet.role_count };

	g.waits = arena_array(&ld->work, g.count, sizeof(*g.waits));
	g.walk = arena_array(&ld->work, g.count, sizeof(*g.walk));
	rank_roles(ld, &g);
	for (size_t start = 0; start < g.count; start++) {
		size_t i = start;

		if (!g.waits[start] || g.walk[start])
			continue;
		while (!g.walk[i]) {
			g.walk[i] = start + 1;
			i = next_in_cycle(&g, i);
		}
		if (g.walk[i] == start + 1)
			report_cycle(ld, &g, i);
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

	for (size_t i = 0; i < names.count; i++, item++) {
		const char *name = ((const char **)names.list)[i];
		const struct role *found = fleet_role(&ld->fleet, name);

		if (found)
			r->after[r->after_count++] = found;
		else if (!lookup_find(&ld->role_forms, name))
			report_dangling(ld, node_value(item), "role", &ld->roles);
	}
}

static void sort_after(struct role *r)
{
	if (r->after_count)
		qsort(r->after, r->after_count, sizeof(*r->after), by_role_name);
}

static struct role role_from(struct loader *ld, const struct role_form *form)
{
	struct role role = {
		.name = arena_strdup(&ld->fleet.arena, form->key->text),
		.offline = form->offline,
		.version_minimum = form->version.minimum,
		.version_same = form->version.same,
		.restart = form->restart.restart,
		.no_restart = !form->restartable,
	};

	role.restart.max_unavailable = form->restart.max_unavailable.count;
	role.restart.max_unavailable_is_percent = form->restart.max_unavailable.is_percent;
	role.restart.windows = windows_from(ld, &form->restart.windows);
	role.restart.window_count = form->restart.windows.count;
	role.restart.freezes = freezes_from(ld, &form->restart.freezes);
	role.restart.freeze_count = form->restart.freezes.count;
	return role;
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
		struct record record = role_record;
		bool good = false;

		record.preset = topology_role_preset(ld, entry->key->text);
		good = record_read(ld, &record, entry->value, form);
		topology_check_role(ld, entry);
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
		if (!topology_link_role(ld, &b->roles[i]))
			link_after(ld, &b->roles[i], form);
		sort_after(&b->roles[i]);
	}
	order_roles(ld, b);
}
