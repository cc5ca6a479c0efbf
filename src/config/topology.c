/* SPDX-License-Identifier: Apache-2.0 */
#include "config/topology.h"

#include "config/schema.h"
#include "config/values.h"

#include <string.h>

struct topology_preset {
	const struct preset_role *roles; /* ends with a row without a name */
	enum key_type certificate_key;   /* when `key` is left out */
	enum key_type issuer_key;
	bool rsa_only; /* keys of the certificates of its roles */
	bool one_key;  /* these have one pair, committed on all before one is restarted */
	bool wizard;   /* rules of their imports */
};

const char *const topology_names[TOPOLOGY_COUNT + 1] = {
	[TOPOLOGY_NONE] = "none",
	[TOPOLOGY_APPMON] = "appmon",
};

/* A list of texts that ends with NULL. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_WORDS ((const char *const[]){ NULL })

/* One process at a time, activated at once. */
#define AT_ONCE(TIMEOUT)                                                                \
	{                                                                               \
		.restart = { .timeout = (TIMEOUT) }, .max_unavailable = { .count = 1 }, \
	}

/* ---- AppMon ---- */

static const struct preset_role appmon_roles[] = {
	{
		.name = "server",
		.form = { .offline = OFFLINE_BLOCK, .restart = AT_ONCE(300), .restartable = true },
		.changes = WORDS("restart.timeout"),
		.after = NO_WORDS,
		.always_there = true,
		.must_restart = true,
	},
	{
		.name = "frontend",
		.form = { .offline = OFFLINE_BLOCK, .restart = AT_ONCE(300), .restartable = true },
		.changes = WORDS("restart.timeout", "offline"),
		.after = WORDS("server"),
	},
	{
		.name = "memory-analysis-server",
		.form = { .offline = OFFLINE_BLOCK, .restart = AT_ONCE(300), .restartable = true },
		.changes = WORDS("restart.timeout"),
		.after = WORDS("server"),
	},
	{
		.name = "collector",
		.form = { .version = { .minimum = "6.3", .same = true },
			  .offline = OFFLINE_ACKNOWLEDGE,
			  .restart = { .restart = { .timeout = 120 },
				       .max_unavailable = { 25, .is_percent = true } },
			  .restartable = true },
		.changes = WORDS("offline", "restart.when", "restart.max_unavailable",
				 "restart.on_failure", "restart.timeout"),
		.after = WORDS("server", "frontend", "memory-analysis-server"),
		.version_with = "server",
	},
	{
		.name = "client",
		.form = { .offline = OFFLINE_DEFER, .restart = AT_ONCE(60), .restartable = true },
		.changes = WORDS("offline"),
		.after = WORDS("server", "frontend", "memory-analysis-server"),
		.waits_for_start = true,
	},
	{ 0 },
};

static const struct topology_preset presets[TOPOLOGY_COUNT] = {
	[TOPOLOGY_APPMON] = {
		.roles = appmon_roles,
		.certificate_key = KEY_RSA_2048,
		.issuer_key = KEY_RSA_3072,
		.rsa_only = true,
		.one_key = true,
		.wizard = true,
	},
};

const struct preset_role *topology_roles(enum topology topology)
{
	return presets[topology].roles;
}

static bool is_among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* NULL: the fleet has no topology. */
static const struct topology_preset *preset_of(const struct loader *ld)
{
	return ld->fleet.topology == TOPOLOGY_NONE ? NULL : &presets[ld->fleet.topology];
}

static const struct preset_role *preset_role(const struct loader *ld, const char *name)
{
	const struct preset_role *r = topology_roles(ld->fleet.topology);

	for (; r && r->name; r++)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

static const char *topology_name(const struct loader *ld)
{
	return topology_names[ld->fleet.topology];
}

/* ---- values of the keys that are left out ---- */

const struct role_form *topology_role_preset(const struct loader *ld, const char *name)
{
	const struct preset_role *role = preset_role(ld, name);

	return role ? &role->form : role_record.preset;
}

struct issuer_form topology_issuer_preset(const struct loader *ld)
{
	const struct topology_preset *t = preset_of(ld);
	struct issuer_form form = *(const struct issuer_form *)issuer_record.preset;

	if (t)
		form.issuer.key = t->issuer_key;
	return form;
}

struct certificate_form topology_certificate_preset(const struct loader *ld)
{
	const struct topology_preset *t = preset_of(ld);
	struct certificate_form form = *(const struct certificate_form *)certificate_record.preset;

	if (t)
		form.certificate.key = t->certificate_key;
	return form;
}

/* ---- roles ---- */

/* As if `NAME: {}` stood where the topology is named. */
static void add_role(struct loader *ld, const struct node *at, const char *name)
{
	struct node *pair = arena_array(&ld->work, 2, sizeof(*pair));

	pair[0] = pair[1] = *at;
	pair[0].text = name;
	pair[0].count = (uint32_t)strlen(name);
	pair[1].kind = NODE_MAPPING;
	pair[1].first = NULL;
	pair[1].count = 0;
	lookup_put(&ld->roles.names, name, &pair[0]);
	VEC_PUSH(&ld->roles.entries, &ld->work, (struct entry){ &pair[0], &pair[1] });
}

void topology_add_roles(struct loader *ld, const struct node *root)
{
	const struct preset_role *r = topology_roles(ld->fleet.topology);

	ld->roles.names.fold = true;
	for (; r && r->name; r++) {
		const struct node *written = lookup_find(&ld->roles.names, r->name);

		if (!written)
			add_role(ld, node_find(root, "topology"), r->name);
		else if (strcmp(written->text, r->name) != 0)
			config_error(ld, written,
				     "'%s' is a role of 'topology: %s', write it as '%s'",
				     shown(ld, written->text), topology_name(ld), r->name);
	}
}

bool topology_link_role(struct loader *ld, struct role *role)
{
	const struct preset_role *r = preset_role(ld, role->name);
	size_t count = 0;

	if (!r)
		return false;
	role->must_restart = r->must_restart;
	if (r->version_with)
		role->version_with = fleet_role(&ld->fleet, r->version_with);
	while (r->after[count])
		count++;
	role->after = arena_array(&ld->fleet.arena, count, sizeof(*role->after));
	for (size_t i = 0; i < count; i++) {
		const struct role *found = fleet_role(&ld->fleet, r->after[i]);

		if (found) /* else it is written with a mistake */
			role->after[role->after_count++] = found;
	}
	return true;
}

static const struct field *field_named(const struct record *r, const char *key)
{
	for (const struct field *f = r->fields; f->key; f++)
		if (!strcmp(f->key, key))
			return f;
	return NULL;
}

/* Keys that are no policy: what a role's components have in common. */
static const char *const common_keys[] = { "deliver", "activate", "verify", "restartable", NULL };

static bool report_activate(struct loader *ld, const struct preset_role *r, const struct node *at)
{
	return config_error(ld, at,
			    "'activate' is not for role '%s': it takes the pair at its next start",
			    r->name);
}

static void report_preset(struct loader *ld, const struct preset_role *r, const struct node *key)
{
	AUTO(buf) changes = { 0 };

	for (size_t i = 0; r->changes[i]; i++)
		buf_printf(&changes, "%s'%s'", i ? ", " : "", r->changes[i]);
	config_error(
		ld, key,
		"'%s' of role '%s' is set by 'topology: %s': remove it; only %s can be changed",
		shown(ld, key->text), r->name, topology_name(ld), buf_text(&changes));
}

/* Unknown keys, and values of another kind, have been reported. */
static void check_role_keys(struct loader *ld, const struct preset_role *r,
			    const struct record *record, const struct node *n)
{
	bool inner = record != &role_record;

	if (n->kind != NODE_MAPPING)
		return;
	node_pairs(key, n)
	{
		const struct field *f = field_named(record, key->text);
		const char *path = key->text;

		if (!f || f->unsupported || (!inner && is_among(key->text, common_keys)))
			continue;
		if (inner)
			path = arena_printf(&ld->work, "%s.%s", record->name, key->text);
		if (f->type == &record_type)
			check_role_keys(ld, r, f->param, pair_value(key));
		else if (!is_among(path, r->changes))
			report_preset(ld, r, key);
	}
}

void topology_check_role(struct loader *ld, const struct entry *entry)
{
	const struct preset_role *r = preset_role(ld, entry->key->text);
	const struct node *activate = NULL;

	if (!r || entry->value->kind != NODE_MAPPING)
		return;
	check_role_keys(ld, r, &role_record, entry->value);
	activate = node_find(entry->value, "activate");
	if (activate && r->waits_for_start)
		report_activate(ld, r, activate);
}

/* ---- components ---- */

bool topology_check_component(struct loader *ld, const struct draft *d,
			      const struct component_form *form)
{
	const struct preset_role *r = form->role ? preset_role(ld, form->role) : NULL;
	const struct node *activate = node_find(d->value, "activate");
	const struct node *presence = node_find(d->value, "presence");

	if (r && r->waits_for_start && activate)
		return report_activate(ld, r, activate);
	if (r && r->always_there && presence && form->presence != 0)
		return config_error(
			ld, presence,
			"'presence' of role '%s' can only be required: all others need it",
			r->name);
	return true;
}

/* ---- certificates ---- */

static bool is_rsa(enum key_type key)
{
	return key == KEY_RSA_2048 || key == KEY_RSA_3072 || key == KEY_RSA_4096;
}

static void check_preset_certificate(struct loader *ld, struct certificate_form *form)
{
	const struct topology_preset *t = preset_of(ld);
	const struct certificate *c = &form->certificate;
	const struct node *commit = node_find(form->node, "commit");

	if (t->one_key && form->per == PER_COMPONENT)
		config_error(
			ld, node_find(form->node, "per"),
			"'per' is not for a certificate of these roles: the product of 'topology: %s' has one key for all its parts",
			topology_name(ld));
	if (t->rsa_only && c->import.kind == IMPORT_NONE && !is_rsa(c->key))
		config_error(
			ld, node_find(form->node, "key"),
			"'key' must be RSA, as in rsa-2048: 'topology: %s' has roles that use this certificate, and they accept no other",
			topology_name(ld));
	if (t->one_key && commit && c->commit != COMMIT_ALL_FIRST)
		config_error(
			ld, commit,
			"'commit' must be all-first: 'topology: %s' has roles that use this certificate, and all must have it before one is restarted",
			topology_name(ld));
}

void check_topology(struct loader *ld, struct build *b)
{
	AUTO(lookup) shared = { 0 };
	const struct topology_preset *t = preset_of(ld);

	for (size_t i = 0; t && i < ld->fleet.component_count; i++) {
		struct certificate_form *form = b->drafts[i].form;

		if (!preset_role(ld, b->components[i].role->name) ||
		    lookup_add(&shared, form->key->text, form))
			continue;
		check_preset_certificate(ld, form);
	}
	for (size_t i = 0; t && i < b->certificate_count; i++) {
		struct certificate *c = &b->certificates[i];

		if (!lookup_find(&shared, c->name))
			continue;
		c->one_key = t->one_key;
		if (c->one_key)
			c->commit = COMMIT_ALL_FIRST;
		c->import.wizard = t->wizard;
	}
}
