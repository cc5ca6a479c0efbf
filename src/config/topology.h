/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topologies: a table of preset roles for the parts of a product, and the few
 * defaults that go with them.
 *
 * A preset role exists without being written.  A fleet file that writes it
 * changes the keys that the table leaves open, one by one, and may give
 * defaults for deliver, activate and verify; what the product leaves no choice
 * in is a mistake with its position.  Other roles may stand beside them.
 *
 * A certificate that components of preset roles use has an RSA key and is
 * committed on all of them before the first is activated.
 */
#ifndef CONFIG_TOPOLOGY_H
#define CONFIG_TOPOLOGY_H

#include "config/build.h"

#include <stdbool.h>

/* A role of a topology, and what a fleet file may change of it. */
struct preset_role {
	const char *name;
	struct role_form form;      /* values of the keys that are left out */
	const char *const *changes; /* keys of its policy that may be written */
	const char *const *after;
	const char *version_with; /* role whose versions its own are compared with; NULL: none */
	bool waits_for_start;     /* nothing activates it: it takes the pair at its next start */
	bool always_there;        /* `presence` may only be required */
	bool must_restart;        /* see struct role */
};

/* The preset roles, the last one without a name; NULL: none. */
const struct preset_role *topology_roles(enum topology topology);

/* Values of the key, in the order of enum topology; ends with NULL. */
extern const char *const topology_names[TOPOLOGY_COUNT + 1];

/* Adds the preset roles that are not written to the section; reports one in another case. */
void topology_add_roles(struct loader *ld, const struct node *root);
/* Values of the keys that are left out. */
const struct role_form *topology_role_preset(const struct loader *ld, const char *name);
struct issuer_form topology_issuer_preset(const struct loader *ld);
struct certificate_form topology_certificate_preset(const struct loader *ld);

/* Gives a preset role its place among the others; false: it is no preset role. */
bool topology_link_role(struct loader *ld, struct role *role);
/* Reports keys of a preset role that leave no choice. */
void topology_check_role(struct loader *ld, const struct entry *entry);
/* Refuses what a component of a preset role cannot say. */
bool topology_check_component(struct loader *ld, const struct draft *d,
			      const struct component_form *form);
/* Rules for the certificates of preset roles; sets order of commits and rules of imports. */
void check_topology(struct loader *ld, struct build *b);

#endif
