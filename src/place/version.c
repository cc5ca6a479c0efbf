/* SPDX-License-Identifier: Apache-2.0 */
#include "place/version.h"

#include "base/vec.h"
#include "place/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_VERSION ".new.tmp-certfleet"
#define FOUND "found-"

struct version {
	const char *name;
	const char *base;
	unsigned long number; /* BASE alone is 1 */
};

struct versions {
	const struct target *target;
	VEC(struct version) list;
};

const char *version_base(const struct target *t, const char *name)
{
	return arena_strndup(t->arena, name, strcspn(name, "."));
}

const char *version_found_base(const struct target *t, const char *fingerprint)
{
	bool known = fingerprint && *fingerprint;

	return arena_printf(t->arena, FOUND "%s",
			    known ? fingerprint : "unknown");
}

static bool note_one(void *ctx, const char *name, struct err *e)
{
	struct versions *all = ctx;
	const struct target *t = all->target;
	const char *dot = strchr(name, '.');

	(void)e;
	if (*name != '.' && entry_look(t->store, name) == ENTRY_DIRECTORY)
		VEC_PUSH(&all->list, t->arena,
			 (struct version){
				 .name = arena_strdup(t->arena, name),
				 .base = version_base(t, name),
				 .number = dot ? strtoul(dot + 1, NULL, 10) : 1,
			 });
	return true;
}

static bool list_versions(const struct target *t, struct versions *out,
			  struct err *e)
{
	*out = (struct versions){ .target = t };
	return t->store < 0 || entry_each(t->store, note_one, out, e);
}

static const struct version *newest_of(const struct versions *all,
				       const char *base)
{
	const struct version *best = NULL;

	vec_each (v, &all->list)
		if (!strcmp(v->base, base) &&
		    (!best || v->number > best->number))
			best = v;
	return best;
}

bool version_newest(const struct target *t, const char *base, const char **name,
		    struct err *e)
{
	struct versions all = { 0 };

	if (!list_versions(t, &all, e))
		return false;

	const struct version *best = newest_of(&all, base);

	*name = best ? best->name : NULL;
	return true;
}

bool version_free_name(const struct target *t, const char *base,
		       const char **name, struct err *e)
{
	struct versions all = { 0 };

	if (!list_versions(t, &all, e))
		return false;

	const struct version *best = newest_of(&all, base);

	*name = best ? arena_printf(t->arena, "%s.%lu", base, best->number + 1)
		     : base;
	return true;
}

bool version_read(const struct target *t, const char *name, struct pieces *out,
		  struct err *e)
{
	AUTO(fd) dir = -1;

	if (!entry_open_directory(t->store, name, &dir, e))
		return false;
	pieces_read_directory(out, t->parts, dir, t->arena);
	return true;
}

static bool find_equal(const struct target *t, const char *base,
		       const struct pieces *c, const char **name, struct err *e)
{
	struct versions all = { 0 };

	*name = NULL;
	if (!list_versions(t, &all, e))
		return false;
	vec_each (v, &all.list) {
		AUTO(pieces) there = { 0 };

		if (strcmp(v->base, base))
			continue;
		if (!version_read(t, v->name, &there, e))
			return false;
		if (pieces_equal(c, &there))
			*name = v->name;
	}
	return true;
}

static bool write_parts(int dir, const struct pieces *c, struct err *e)
{
	for (int part = 0; part < PART_COUNT; part++) {
		const struct piece *p = &c->parts[part];
		const struct entry_file file = { .name = part_files[part],
						 .bytes = &p->bytes,
						 .attr = p->attr };

		if (p->there && !entry_write(dir, &file, e))
			return false;
	}
	return entry_sync(dir, e);
}

/* Under a temporary name until it is whole, durable and proven. */
static bool write_new(const struct target *t, const char *name,
		      const struct pieces *c, struct err *e)
{
	AUTO(fd) dir = -1;
	AUTO(pieces) there = { 0 };

	if (!entry_remove(t->store, NEW_VERSION, e) ||
	    !entry_make_directory(t->store, NEW_VERSION, &dir, e) ||
	    !write_parts(dir, c, e))
		return false;
	pieces_read_directory(&there, t->parts, dir, t->arena);
	if (!pieces_equal(c, &there))
		return err_set(e, ERR_IO,
			       "what was written to '%s' reads differently",
			       name);
	if (renameat(t->store, NEW_VERSION, t->store, name))
		return err_sys(e, "cannot name version '%s'", name);
	return entry_sync(t->store, e);
}

bool version_keep(const struct target *t, const char *base,
		  const struct pieces *c, const char **name, struct err *e)
{
	const char *same = NULL;

	if (!find_equal(t, base, c, &same, e))
		return false;
	if (!same && (!version_free_name(t, base, &same, e) ||
		      !write_new(t, same, c, e))) {
		struct err ignored = { 0 };
		bool removed = entry_remove(t->store, NEW_VERSION, &ignored);

		(void)removed; /* the next change tries again */
		return false;
	}
	*name = same;
	return true;
}

static bool is_kept(const char *name, const char *keep)
{
	return keep && !strcmp(name, keep);
}

/* Nobody else may have what stood there before certfleet came. */
static bool is_found(const char *name)
{
	return !strncmp(name, FOUND, strlen(FOUND));
}

bool version_prune(const struct target *t, const char *keep,
		   const char *keep_too, struct err *e)
{
	struct versions all = { 0 };

	if (!list_versions(t, &all, e))
		return false;
	vec_each (v, &all.list)
		if (!is_found(v->name) && !is_kept(v->name, keep) &&
		    !is_kept(v->name, keep_too) &&
		    !entry_remove(t->store, v->name, e))
			return false;
	return entry_sync(t->store, e);
}

bool version_remove(const struct target *t, const char *base, const char *keep,
		    struct err *e)
{
	struct versions all = { 0 };

	if (!list_versions(t, &all, e))
		return false;
	vec_each (v, &all.list)
		if (!strcmp(v->base, base) && !is_kept(v->name, keep) &&
		    !entry_remove(t->store, v->name, e))
			return false;
	return entry_sync(t->store, e);
}
