/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "model/version.h"
#include "plan/precondition.h"
#include "plan/preconditions.h"

#include <stdlib.h>
#include <string.h>

enum {
	VERSIONS_SHOWN = 5
};

void precondition_budget(struct plan_builder *d, const struct role *role, unsigned limit,
			 size_t down, bool urgent)
{
	precondition_add_role(
		d, role, CODE_NO_BUDGET,
		urgent ? SEVERITY_INFO : code_rows[CODE_NO_BUDGET].severity,
		arena_printf(d->kept,
			     "%zu of its processes %s down already, and max_unavailable is %u",
			     down, down == 1 ? "is" : "are", limit));
}

/* ---- same version in a role ---- */

/* Component of a role with `version: {same: true}`. */
struct versioned {
	const struct role *role;
	const char *version;
	const char *component;
	bool in_scope;
};

struct role_versions {
	VEC(struct versioned) of; /* by role, then version */
};

static int compare_versioned(const void *left, const void *right)
{
	const struct versioned *l = left;
	const struct versioned *r = right;
	int order = l->role == r->role  ? version_compare(l->version, r->version)
		    : l->role < r->role ? -1
					: 1;

	if (!order)
		order = strcmp(l->version, r->version);
	return order ? order : strcmp(l->component, r->component);
}

static void add_versioned(struct plan_builder *d, struct role_versions *vs, const struct role *role,
			  const struct component_build *c)
{
	const char *seen = c->seen->now.version;
	const char *version = seen ? version_in(seen, &d->scratch) : NULL;

	if (version)
		VEC_PUSH(&vs->of, &d->scratch,
			 ((struct versioned){ role, version, c->name, c->in_scope }));
}

/* Of each role that compares them: those of its own components, and of one more role. */
static void list_versions(struct plan_builder *d, struct role_versions *vs)
{
	const struct fleet *f = d->fleet;

	for (size_t i = 0; i < f->component_count; i++)
		if (d->components[i].component->role->version_same)
			add_versioned(d, vs, d->components[i].component->role, &d->components[i]);
	for (size_t k = 0; k < f->role_count; k++)
		for (size_t i = 0; f->roles[k].version_with && i < f->component_count; i++)
			if (d->components[i].component->role == f->roles[k].version_with)
				add_versioned(d, vs, &f->roles[k], &d->components[i]);
	if (vs->of.count)
		qsort(vs->of.items, vs->of.count, sizeof(*vs->of.items), compare_versioned);
}

/* "1.20 on 'edge/e1'", "1.22.1 on 12 components" */
static void add_version(const struct versioned *first, size_t count, struct buf *out)
{
	text_escape(out, first->version, strlen(first->version));
	if (count > 1) {
		buf_printf(out, " on %zu components", count);
		return;
	}
	buf_puts(out, " on '");
	text_escape(out, first->component, strlen(first->component));
	buf_putc(out, '\'');
}

/* Message for one role's components, sorted by version; NULL: no difference. */
static const char *mixed(struct plan_builder *d, const struct versioned *list, size_t count)
{
	AUTO(buf) out = { 0 };
	size_t versions = 0;

	for (size_t i = 0; i < count; versions++) {
		size_t same = 1;

		while (i + same < count &&
		       !version_compare(list[i].version, list[i + same].version))
			same++;
		if (versions < VERSIONS_SHOWN) {
			buf_puts(&out, versions ? ", " : "");
			add_version(&list[i], same, &out);
		}
		i += same;
	}
	if (versions > VERSIONS_SHOWN)
		buf_printf(&out, " and %zu more", versions - VERSIONS_SHOWN);
	return versions > 1 ? arena_printf(d->kept, "its components differ: %s", buf_text(&out))
			    : NULL;
}

void precondition_roles(struct plan_builder *d)
{
	struct role_versions vs = { 0 };

	list_versions(d, &vs);
	for (size_t i = 0; i < vs.of.count;) {
		const struct role *role = vs.of.items[i].role;
		bool in_scope = false;
		size_t count = 0;

		for (; i + count < vs.of.count && vs.of.items[i + count].role == role; count++)
			in_scope |= vs.of.items[i + count].in_scope;

		const char *message = mixed(d, &vs.of.items[i], count);

		if (message && in_scope)
			precondition_add_role(d, role, CODE_VERSION_MIXED, SEVERITY_INFO, message);
		i += count;
	}
}
