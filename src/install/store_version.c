/* SPDX-License-Identifier: Apache-2.0 */
#include "install/store_version.h"

#include "install/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct version_listing {
	const struct target *target;
	struct versions *versions;
};

static bool note_one(void *ctx, const char *name, struct err *e)
{
	const struct version_listing *l = ctx;

	(void)e;
	if (*name != '.' && entry_look(l->target->store, name) == ENTRY_DIRECTORY)
		versions_add(l->versions, name);
	return true;
}

static bool store_version_list_versions(const struct target *t, struct versions *out, struct err *e)
{
	struct version_listing l = { .target = t, .versions = out };

	*out = (struct versions){ .arena = t->arena };
	return t->store < 0 || entry_each(t->store, note_one, &l, e);
}

bool store_version_newest(const struct target *t, const char *base, const char **name,
			  struct err *e)
{
	struct versions all = { 0 };

	if (!store_version_list_versions(t, &all, e))
		return false;

	const struct version *best = versions_newest(&all, base);

	*name = best ? best->name : NULL;
	return true;
}

bool store_version_free_name(const struct target *t, const char *base, const char **name,
			     struct err *e)
{
	struct versions all = { 0 };

	if (!store_version_list_versions(t, &all, e))
		return false;

	*name = versions_free_name(&all, base);
	return true;
}

bool store_version_read(const struct target *t, const char *name, struct pair_files *out,
			struct err *e)
{
	AUTO(fd) dir = -1;

	if (!target_open_version(t, name, &dir, e))
		return false;
	pair_files_read_directory(out, t->layout.parts, dir, t->arena);
	return true;
}

/* The last of `base` in `all` that has this content; NULL: none. */
static bool store_version_find_equal(const struct target *t, const struct versions *all,
				     const char *base, const struct pair_files *c,
				     const char **name, struct err *e)
{
	*name = NULL;
	vec_each (v, &all->list) {
		AUTO(pair_files) there = { 0 };

		if (strcmp(v->base, base))
			continue;
		if (!store_version_read(t, v->name, &there, e))
			return false;
		if (pair_files_equal(c, &there))
			*name = v->name;
	}
	return true;
}

static bool write_parts(int dir, const struct pair_files *c, struct err *e)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		const struct pair_file *p = &c->parts[part];
		const struct entry_file file = { .name = file_kind_names[part],
						 .bytes = &p->bytes,
						 .attr = p->attr };

		if (p->there && !entry_write(dir, &file, e))
			return false;
	}
	return entry_sync(dir, e);
}

/* Writes under a temporary name until complete, durable and verified. */
static bool store_version_write_new(const struct target *t, const char *name,
				    const struct pair_files *c, struct err *e)
{
	AUTO(fd) dir = -1;
	AUTO(pair_files) there = { 0 };

	if (!entry_remove(t->store, STORE_NEW, e) ||
	    !entry_make_directory(t->store, STORE_NEW, &dir, e) ||
	    !entry_finish_directory(t->store, dir, e) || !write_parts(dir, c, e))
		return false;
	pair_files_read_directory(&there, t->layout.parts, dir, t->arena);
	if (!pair_files_equal(c, &there))
		return err_set(e, ERR_IO, "the content of '%s' differs from what was written",
			       name);
	if (renameat(t->store, STORE_NEW, t->store, name))
		return err_sys(e, "cannot name version '%s'", name);
	return entry_sync(t->store, e);
}

bool store_version_keep(const struct target *t, const char *base, const struct pair_files *c,
			const char **name, struct err *e)
{
	struct versions all = { 0 };
	const char *same = NULL;
	struct err ignored = { 0 };

	if (!store_version_list_versions(t, &all, e) ||
	    !store_version_find_equal(t, &all, base, c, &same, e))
		return false;
	if (!same) {
		same = versions_free_name(&all, base);
		if (!store_version_write_new(t, same, c, e)) {
			/* what stays is removed by the next change */
			(void)!entry_remove(t->store, STORE_NEW, &ignored);
			return false;
		}
	}
	*name = same;
	return true;
}

static bool store_version_is_kept(const char *name, const char *keep)
{
	return keep && !strcmp(name, keep);
}

bool store_version_prune(const struct target *t, const char *keep, const char *keep_too,
			 struct err *e)
{
	struct versions all = { 0 };

	if (!store_version_list_versions(t, &all, e))
		return false;
	vec_each (v, &all.list)
		if (!version_is_found(v->name) && !store_version_is_kept(v->name, keep) &&
		    !store_version_is_kept(v->name, keep_too) &&
		    !entry_remove(t->store, v->name, e))
			return false;
	return entry_sync(t->store, e);
}

bool store_version_remove(const struct target *t, const char *base, const char *keep, struct err *e)
{
	struct versions all = { 0 };

	if (!store_version_list_versions(t, &all, e))
		return false;
	vec_each (v, &all.list)
		if (!strcmp(v->base, base) && !store_version_is_kept(v->name, keep) &&
		    !entry_remove(t->store, v->name, e))
			return false;
	return entry_sync(t->store, e);
}
