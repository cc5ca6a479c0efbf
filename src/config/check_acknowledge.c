/* SPDX-License-Identifier: Apache-2.0 */
/* Acknowledgements in the fleet file: what they name exists. */
#include "config/check.h"

#include "base/text.h"

#include <string.h>

/* A name, or the group that it belongs to. */
static bool ack_is_name(const char *target, const char *name)
{
	size_t len = strlen(target);

	return !strncmp(target, name, len) && (!name[len] || name[len] == '/');
}

static bool ack_names_component(const struct fleet *f, const char *target)
{
	for (size_t i = 0; i < f->component_count; i++)
		if (ack_is_name(target, f->components[i].name))
			return true;
	return fleet_has_group(f, target) || fleet_is_absent(f, target);
}

static bool ack_names_certificate(const struct fleet *f, const char *target)
{
	for (size_t i = 0; i < f->certificate_count; i++)
		if (ack_is_name(target, f->certificates[i].name))
			return true;
	return false;
}

static bool ack_names_copy(const struct fleet *f, const char *target)
{
	for (size_t i = 0; i < f->backup.copy_count; i++)
		if (!strcmp(f->backup.copies[i].name, target))
			return true;
	return false;
}

/* Certificates and issuers also by their bare names, as preconditions show them. */
static bool ack_names_anything(const struct fleet *f, const char *on)
{
	const char *name = strchr(on, ':');

	if (ack_names_copy(f, on))
		return true;
	if (!name)
		return ack_names_component(f, on) || ack_names_certificate(f, on) ||
		       fleet_issuer(f, on);
	name++;
	if (!strncmp(on, "role:", 5))
		return fleet_role(f, name);
	if (!strncmp(on, "certificate:", 12))
		return ack_names_certificate(f, name);
	return !strncmp(on, "issuer:", 7) ? fleet_issuer(f, name) != NULL
					  : ack_names_component(f, on);
}

void check_acknowledgements(struct loader *ld, const struct node *root)
{
	const struct node *list = node_find(root, "acknowledge");
	size_t i = 0;

	if (!list || ld->diags->errors)
		return;
	node_items(item, list)
	{
		const struct standing_ack *k = &ld->fleet.acknowledge[i++];

		if (!ack_names_anything(&ld->fleet, k->on))
			config_error(ld, node_find(node_value(item), "on"),
				     "'on' names '%s', which is not in the fleet file",
				     shown(ld, k->on));
	}
}
