/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"

#include "config/appmon_types.h"
#include "config/build.h"
#include "config/check.h"
#include "config/include.h"
#include "config/notify_types.h"
#include "config/pathname.h"
#include "config/schema.h"
#include "config/topology.h"
#include "config/window_types.h"

static void take_acknowledgements(struct loader *ld, const struct fleet_form *form)
{
	const struct ack_form *forms = form->acknowledge.list;
	size_t count = form->acknowledge.count;
	struct standing_ack *list = arena_array(&ld->fleet.arena, count, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		list[i] = forms[i].ack;
		list[i].code = acknowledge_codes[forms[i].code];
	}
	ld->fleet.acknowledge = list;
	ld->fleet.acknowledge_count = count;
}

static void read_fleet(struct loader *ld, const struct node *root, struct fleet_form *form)
{
	const struct fleet_form preset = {
		.state.path = path_resolve(ld, 0, ".certfleet"),
		.backup.directory = path_resolve(ld, 0, "backups"),
		.issuers = &ld->issuers,
		.certificates = &ld->certificates,
		.roles = &ld->roles,
		.components = &ld->components,
	};
	struct record record = fleet_record;

	record.preset = &preset;
	/* mistakes are reported; the valid part is still checked */
	(void)!record_read(ld, &record, root, form);
	ld->fleet.name = form->name;
	ld->fleet.topology = form->topology;
	ld->fleet.state = form->state;
	ld->fleet.backup = form->backup;
	ld->fleet.access = form->access;
	take_acknowledgements(ld, form);
	ld->fleet.limits = form->limits;
	ld->fleet.freezes = freezes_from(ld, &form->freezes);
	ld->fleet.freeze_count = form->freezes.count;
	ld->fleet.approvals = form->approvals.policy;
	ld->fleet.approvals.signers = form->approvals.signers.list;
	ld->fleet.approvals.signer_count = form->approvals.signers.count;
	ld->fleet.notify = notify_from(ld, &form->notify);
	ld->fleet.notify_count = form->notify.count;
	if (form->include)
		include_all(ld, form->include);
	lookup_release(&ld->components.names);
}

static void build_fleet(struct loader *ld, const struct node *root)
{
	struct build b = { 0 };

	ld->unexpanded = ld->fleet.arena.held + ld->work.held;

	topology_add_roles(ld, root);
	build_issuers(ld, &b);
	build_roles(ld, &b);
	read_certificates(ld);
	build_components(ld, &b);
	build_certificates(ld, &b);
	check_processes(ld, &b);
	check_paths(ld, &b);
	check_former_names(ld, &b);
	check_secrets(ld, root);
	check_access_secrets(ld, &b, root);
	check_copies(ld, root);
	check_notify(ld, root);
	check_inventories(ld, &b);
	check_agents(ld, &b, root);
	check_appmon_parts(ld, &b);
	check_topology(ld, &b);
	check_clients(ld, &b);
	link_components(ld, &b);
}

static void list_sources(struct loader *ld)
{
	struct fleet_source *list = arena_array(&ld->fleet.arena, ld->sources.count, sizeof(*list));

	for (size_t i = 0; i < ld->sources.count; i++)
		list[i] = (struct fleet_source){
			.path = ld->sources.items[i].path,
			.text = ld->sources.items[i].text,
			.len = ld->sources.items[i].len,
		};
	ld->fleet.sources = list;
	ld->fleet.source_count = ld->sources.count;
}

static void load(struct loader *ld)
{
	const struct node *root = NULL;
	struct fleet_form form;

	if (ld->beneath && ld->diags->errors)
		return; /* no key of it may appear in messages */
	if (!yaml_parse(ld, 0, &root))
		return;
	if (root->kind != NODE_MAPPING) {
		config_error(ld, root, "a fleet file is a mapping, not %s", node_kind_words(root));
		return;
	}
	read_fleet(ld, root, &form);
	build_fleet(ld, root);
	check_acknowledgements(ld, root);
	list_sources(ld);
}

static bool load_with(struct loader *ld, const char *path, struct fleet *fleet, struct err *e)
{
	size_t before = ld->diags->errors;

	if (!source_read_main(ld, path, e))
		return err_in(e, "cannot read the fleet file");
	load(ld);

	size_t mistakes = ld->diags->errors - before;

	if (mistakes) {
		/* the diagnostics quote text in the arena */
		fleet->arena = TAKE(ld->fleet.arena);
		return err_set(e, ERR_INPUT, "'%s' is invalid: %zu mistake%s", path, mistakes,
			       mistakes == 1 ? "" : "s");
	}
	*fleet = TAKE(ld->fleet);
	return true;
}

bool load_fleet(const char *path, subject_fn *subject, struct fleet *fleet, struct diags *diags,
		struct err *e)
{
	AUTO(loader) ld = { .dirfd = -1, .diags = diags, .subject = subject };

	return load_with(&ld, path, fleet, e);
}

bool load_fleet_text(const char *path, const struct buf *text, subject_fn *subject,
		     struct fleet *fleet, struct diags *diags, struct err *e)
{
	AUTO(loader)
	ld = { .dirfd = -1, .given = text, .diags = diags, .subject = subject };

	return load_with(&ld, path, fleet, e);
}

bool load_fleet_beneath(const char *path, subject_fn *subject, struct fleet *fleet,
			struct diags *diags, struct err *e)
{
	AUTO(loader)
	ld = { .dirfd = -1, .beneath = true, .diags = diags, .subject = subject };

	return load_with(&ld, path, fleet, e);
}
