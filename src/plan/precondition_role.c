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
	struct versioned *list; /* by role, then version */
	size_t count;
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

static struct role_versions role_precondition_list_versions(struct plan_builder *d)
{
	const struct fleet *f = d->fleet;
	struct role_versions vs = { .list = arena_array(&d->scratch, f->component_count,
							sizeof(*vs.list)) };

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component_build *c = &d->components[i];
		const struct role *role = c->component->role;
		const char *seen = c->seen->now.version;
		const char *version =
			role->version_same && seen ? version_in(seen, &d->scratch) : NULL;

		if (version)
			vs.list[vs.count++] =
				(struct versioned){ role, version, c->name, c->in_scope };
	}
	if (vs.count)
		qsort(vs.list, vs.count, sizeof(*vs.list), compare_versioned);
	return vs;
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
	struct role_versions vs = role_precondition_list_versions(d);

	for (size_t i = 0; i < vs.count;) {
		const struct role *role = vs.list[i].role;
		bool in_scope = false;
		size_t count = 0;

		for (; i + count < vs.count && vs.list[i + count].role == role; count++)
			in_scope |= vs.list[i + count].in_scope;

		const char *message = mixed(d, &vs.list[i], count);

		if (message && in_scope)
			precondition_add_role(d, role, CODE_VERSION_MIXED, SEVERITY_INFO, message);
		i += count;
	}
}
