/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"

#include "config/appmon_types.h"
#include "config/delivery.h"
#include "config/each.h"
#include "config/schema.h"
#include "config/topology.h"
#include "config/values.h"
#include "model/activation.h"

#include <string.h>

enum {
	HANDSHAKES = 3,
	SWAP_HANDSHAKES = 1,
};

/* One entry of the section, with its items. */
struct group {
	const struct entry *entry;
	const struct node *each; /* NULL: a single component */
	struct each *items;      /* of `each` */
	bool good;
};

static const char *components_join(struct loader *ld, const char *group, const char *item)
{
	size_t a = strlen(group);
	size_t b = strlen(item);
	char *text = arena_array(&ld->fleet.arena, a + b + 2, 1);

	memcpy(text, group, a);
	text[a] = '/';
	memcpy(text + a + 1, item, b);
	return text;
}

/* `host:` may contain placeholders, and placeholders may refer to the host. */
static bool components_read_host(struct loader *ld, const struct node *n, struct scope *s)
{
	const struct node *host = node_find(n, "host");

	s->host = s->each;
	if (!host)
		return true;

	const char *text = NULL;

	s->host = NULL;
	if (!field_read(ld, &host_value, host, &text))
		return false;
	if (strpbrk(text, "/ @"))
		return config_error(ld, host, "'host' must be a name or an address, not '%s'",
				    shown(ld, host->text));
	s->host = text;
	return true;
}

static bool find_role(struct loader *ld, const struct component_form *form, struct draft *d,
		      struct component *c)
{
	c->role = ld->fleet.roles; /* the role without a name */
	if (!form->role)
		return true;
	d->role = (struct role_form *)lookup_find(&ld->role_forms, form->role);
	if (!d->role)
		return report_dangling(ld, node_find(d->value, "role"), "role", &ld->roles);
	if (!d->role->role)
		return false; /* reported in the role itself */
	c->role = d->role->role;
	return true;
}

static bool find_certificate(struct loader *ld, const struct component_form *form, struct draft *d)
{
	d->form = (struct certificate_form *)lookup_find(&ld->certificate_forms, form->certificate);
	if (!d->form)
		return report_dangling(ld, node_find(d->value, "certificate"), "certificate",
				       &ld->certificates);
	d->form->users++;
	d->certificate = d->form->key->text;
	return !d->form->certificate.builtin || form->revert ||
	       config_error(
		       ld, d->key,
		       "missing key 'revert': certificate '%s' is the built-in one, and this command clears what the component has stored",
		       d->certificate);
}

/* Fills in keys of the role that the component itself does not have. */
static bool fill_from_role(struct loader *ld, const struct draft *d, struct component_form *form)
{
	const struct role_form *role = d->role;
	bool good = true;

	if (role && role->activate && !node_find(d->value, "activate"))
		good &= field_read(ld, &activate_value, role->activate, &form->activate);
	if (role && role->verify && !node_find(d->value, "verify"))
		good &= field_read(ld, &verify_value, role->verify, &form->verify);
	if (role && !node_find(d->value, "restartable"))
		form->restartable = role->restartable;
	if (node_find(d->value, "deliver"))
		return good;
	if (!role || !role->deliver)
		return config_error(ld, d->key, "missing key 'deliver', here or in the role");
	return field_read(ld, &deliver_value, role->deliver, &form->deliver) && good;
}

/* Refuses `activate` in the component only: a default of the role is ignored here. */
static bool check_hot(struct loader *ld, const struct node *n, const struct component_form *form)
{
	const struct node *activate = node_find(n, "activate");
	const struct node *process = node_find(n, "process");

	if (!deliver_swaps(&form->deliver))
		return true;
	if (activate)
		return config_error(
			ld, activate,
			"'activate' is not needed: this driver swaps the pair in the running process");
	if (process)
		return config_error(
			ld, process,
			"'process' is not for this driver, which swaps each pair by itself");
	return true;
}

/* A pair that is in use once it is committed cannot wait for a later activation. */
static bool check_postponed(struct loader *ld, const struct node *n, const struct component *c)
{
	const struct node *deliver = node_find(n, "deliver");

	return c->role->restart.when != RESTART_POSTPONED || !component_swaps_at_commit(c) ||
	       config_error(
		       ld, deliver ? deliver : n,
		       "role '%s' postpones activations, but here a pair is in use as soon as it is committed",
		       shown(ld, c->role->name));
}

/* `was` of a group renames the group; each item keeps its own part of the name. */
static const char *former_name(struct loader *ld, const struct component *c,
			       const struct component_form *form)
{
	if (!form->was || !c->group || strchr(form->was, '/'))
		return form->was;
	return components_join(ld, form->was, strchr(c->name, '/') + 1);
}

/*
 * Old workers of a server may accept connections for a moment after it was told
 * to reload; a swap in the running process is seen by the next handshake.
 */
static void default_handshakes(struct component_form *form)
{
	struct verify *list = form->verify.list;

	for (size_t i = 0; i < form->verify.count; i++)
		if (!list[i].consecutive)
			list[i].consecutive =
				deliver_swaps(&form->deliver) ? SWAP_HANDSHAKES : HANDSHAKES;
}

/* An agent activates by itself, unless the AppMon Server restarts the component. */
static bool takes_activate(const struct component_form *form)
{
	return !deliver_activates(&form->deliver) ||
	       (form->deliver.kind == DRIVER_AGENT && form->activate.kind == ACTIVATE_APPMON);
}

static void components_prepare(struct loader *ld, const struct component_form *form,
			       const struct draft *d, struct component *c)
{
	c->was = former_name(ld, c, form);
	c->host = d->scope.host;
	c->process = form->process ? form->process : c->name;
	c->quorum = form->quorum;
	c->deliver = form->deliver;
	if (takes_activate(form))
		c->activate = form->activate;
	if (!c->activate.timeout || c->activate.timeout > c->role->restart.timeout)
		c->activate.timeout = c->role->restart.timeout;
	c->no_restart = !form->restartable;
	c->must_run = form->running;
	if (form->presence != PRESENCE_LEFT_OUT)
		c->presence = PRESENCE_REQUIRED + form->presence;
	c->appmon = form->appmon;
	c->revert = form->revert;
	c->verify = form->verify.list;
	c->verify_count = form->verify.count;
	c->retire_remove = form->retire.remove;
}

/* c->name, c->group and the item's fields of d are set already. */
static bool components_read_component(struct loader *ld, struct draft *d, struct component *c)
{
	struct component_form form;
	bool good = components_read_host(ld, d->value, &d->scope);

	if (!good)
		return false;
	if (!record_read(ld, &component_record, d->value, &form)) {
		/* the references are checked all the same */
		if (form.role)
			find_role(ld, &form, d, c);
		if (form.certificate)
			find_certificate(ld, &form, d);
		return false;
	}
	good &= find_role(ld, &form, d, c);
	good &= find_certificate(ld, &form, d);
	if (!good || !fill_from_role(ld, d, &form) || !check_hot(ld, d->value, &form))
		return false;

	const struct record *driver = driver_row(form.deliver.kind)->param;

	if (driver->component_check && !driver->component_check(ld, d, &form))
		return false;
	if (!appmon_component_check(ld, d, &form) || !topology_check_component(ld, d, &form))
		return false;
	if (d->role)
		d->role->used = true;
	default_handshakes(&form);
	components_prepare(ld, &form, d, c);
	if (driver->locate)
		driver->locate(&ld->fleet.arena, &c->deliver);
	return check_postponed(ld, d->value, c);
}

static void build_single(struct loader *ld, const struct group *g, struct build *b)
{
	size_t i = ld->fleet.component_count;
	struct component *c = &b->components[i];
	struct draft *d = &b->drafts[i];

	c->name = arena_strdup(&ld->fleet.arena, g->entry->key->text);
	*d = (struct draft){ .key = g->entry->key,
			     .value = g->entry->value,
			     .scope = { .name = c->name } };
	ld->scope = &d->scope;
	if (components_read_component(ld, d, c))
		ld->fleet.component_count++;
	ld->scope = NULL;
}

/* Stops at the first item with a mistake: the others would repeat it. */
static void build_group(struct loader *ld, struct group *g, struct build *b)
{
	const char *name = arena_strdup(&ld->fleet.arena, g->entry->key->text);
	const struct csv *csv = g->items->csv.header ? &g->items->csv : NULL;

	for (size_t k = 0; k < g->items->count && g->good; k++) {
		const struct item *item = &g->items->items[k];
		size_t i = ld->fleet.component_count;
		struct component *c = &b->components[i];
		struct draft *d = &b->drafts[i];

		c->name = components_join(ld, name, item->name);
		c->group = name;
		*d = (struct draft){ .key = g->entry->key,
				     .value = g->entry->value,
				     .scope = { .name = c->name,
						.each = item->name,
						.csv = csv,
						.cells = item->cells,
						.item = &item->at } };
		ld->scope = &d->scope;
		g->good = components_read_component(ld, d, c);
		ld->scope = NULL;
		if (g->good)
			ld->fleet.component_count++;
	}
}

/* Reads a group without valid items once as a sample. */
static void check_group(struct loader *ld, const struct group *g)
{
	struct component c = { .name = "sample/sample", .group = "sample" };
	struct draft d = { .key = g->entry->key,
			   .value = g->entry->value,
			   .scope = sample_scope() };

	ld->scope = &d.scope;
	components_read_component(ld, &d, &c);
	ld->scope = NULL;
}

static bool open_group(struct loader *ld, const struct entry *entry, struct group *out)
{
	*out = (struct group){ .entry = entry, .good = true };
	if (entry->value->kind != NODE_MAPPING) {
		const struct field self = { .key = entry->key->text };

		out->good = wrong_kind(ld, &self, entry->value, "a mapping");
		return out->good;
	}
	out->each = node_find(entry->value, "each");
	if (out->each) {
		out->items = ARENA_NEW(&ld->work, struct each);
		out->good = each_read(ld, out->each, out->items);
	}
	return out->good;
}

static void check_defaults(struct loader *ld, const struct role_form *role)
{
	struct scope scope = sample_scope();
	struct component_form form;

	ld->scope = &scope;
	if (role->deliver)
		(void)!field_read(ld, &deliver_value, role->deliver, &form.deliver);
	if (role->activate)
		(void)!field_read(ld, &activate_value, role->activate, &form.activate);
	if (role->verify)
		(void)!field_read(ld, &verify_value, role->verify, &form.verify);
	ld->scope = NULL;
}

static void check_unused_roles(struct loader *ld)
{
	vec_each (entry, &ld->roles.entries) {
		const struct role_form *role = lookup_find(&ld->role_forms, entry->key->text);

		if (!role->used)
			check_defaults(ld, role);
	}
}

static struct group *open_groups(struct loader *ld, size_t *total)
{
	size_t count = ld->components.entries.count;
	struct group *groups = arena_array(&ld->work, count, sizeof(*groups));

	*total = 0;
	ld->room = COMPONENT_LIMIT;
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &ld->components.entries.items[i];
		struct group *g = &groups[i];

		if (open_group(ld, entry, g))
			*total += g->each ? g->items->count : 1;
		ld->room = *total < COMPONENT_LIMIT ? COMPONENT_LIMIT - *total : 0;
		if (*total <= COMPONENT_LIMIT)
			continue;
		config_error(ld, entry->key, "more than %d components", COMPONENT_LIMIT);
		return NULL;
	}
	return groups;
}

static void list_groups(struct loader *ld, const struct group *groups)
{
	size_t count = ld->components.entries.count;
	VEC(const char *) names = { 0 };

	for (size_t i = 0; i < count; i++)
		if (groups[i].each)
			VEC_PUSH(&names, &ld->fleet.arena,
				 arena_strdup(&ld->fleet.arena, groups[i].entry->key->text));
	sort_by_name(names.items, names.count, sizeof(*names.items));
	ld->fleet.groups = names.items;
	ld->fleet.group_count = names.count;
}

void build_components(struct loader *ld, struct build *b)
{
	size_t total = 0;
	struct group *groups = open_groups(ld, &total);

	if (!groups)
		return;
	b->components = arena_array(&ld->fleet.arena, total + 1, sizeof(*b->components));
	b->drafts = arena_array(&ld->work, total + 1, sizeof(*b->drafts));
	list_groups(ld, groups);
	for (size_t i = 0; i < ld->components.entries.count; i++) {
		struct group *g = &groups[i];

		if (g->entry->value->kind != NODE_MAPPING)
			continue;
		if (!g->each)
			build_single(ld, g, b);
		else if (!g->good || !g->items->count)
			check_group(ld, g);
		else
			build_group(ld, g, b);
	}
	ld->fleet.components = b->components;
	check_unused_roles(ld);
}

/* Moves those that are not used into a list of their own; both stay sorted. */
static void part_absent(struct loader *ld, struct component *list)
{
	struct fleet *f = &ld->fleet;
	struct component *absent = arena_array(&f->arena, f->component_count, sizeof(*absent));
	size_t kept = 0;

	for (size_t i = 0; i < f->component_count; i++)
		if (list[i].presence == PRESENCE_ABSENT)
			absent[f->absent_count++] = list[i];
		else
			list[kept++] = list[i];
	f->absent = absent;
	f->component_count = kept;
}

void link_components(struct loader *ld, struct build *b)
{
	AUTO(lookup) names = { 0 };

	for (size_t i = 0; i < b->certificate_count; i++)
		lookup_add(&names, b->certificates[i].name, &b->certificates[i]);
	for (size_t i = 0; i < ld->fleet.component_count; i++)
		b->components[i].certificate = lookup_find(&names, b->drafts[i].certificate);
	sort_by_name(b->components, ld->fleet.component_count, sizeof(*b->components));
	part_absent(ld, b->components);
}
