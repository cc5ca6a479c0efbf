/* SPDX-License-Identifier: Apache-2.0 */
#include "install/names.h"

#include <stdlib.h>
#include <string.h>

#define FOUND "found-"

const char *version_base(struct arena *a, const char *name)
{
	return arena_strndup(a, name, strcspn(name, "."));
}

const char *version_found_base(struct arena *a, const char *fingerprint)
{
	bool known = fingerprint && *fingerprint;

	return arena_printf(a, FOUND "%s", known ? fingerprint : "unknown");
}

bool version_is_found(const char *name)
{
	return !strncmp(name, FOUND, strlen(FOUND));
}

void versions_add(struct versions *all, const char *name, struct fs_attr attr)
{
	const char *dot = strchr(name, '.');

	VEC_PUSH(&all->list, all->arena,
		 (struct version){
			 .name = arena_strdup(all->arena, name),
			 .base = version_base(all->arena, name),
			 .number = dot ? strtoul(dot + 1, NULL, 10) : 1,
			 .attr = attr,
		 });
}

struct version *versions_find(const struct versions *all, const char *name)
{
	vec_each (v, &all->list)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

const struct version *versions_newest(const struct versions *all, const char *base)
{
	const struct version *best = NULL;

	vec_each (v, &all->list)
		if (!strcmp(v->base, base) && (!best || v->number > best->number))
			best = v;
	return best;
}

const char *versions_free_name(const struct versions *all, const char *base)
{
	const struct version *best = versions_newest(all, base);

	return best ? arena_printf(all->arena, "%s.%lu", base, best->number + 1) : base;
}

bool store_has_link(const char *name)
{
	return !strcmp(name, STORE_CURRENT) || !strcmp(name, STORE_STAGED) ||
	       !strcmp(name, STORE_ATTR) || !strcmp(name, STORE_ACTIVATION);
}
