/* SPDX-License-Identifier: Apache-2.0 */
#include "install/target.h"

#include "install/entry.h"
#include "install/store_version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool any_path_slot_is(const struct target *t, enum path_slot_state state)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (path_slot_look(t, &t->layout.slots[i]) == state)
			return true;
	return false;
}

bool switch_is_at(const struct target *t, const char *version)
{
	const char *current = target_current(t);

	if (!current || strcmp(current, version))
		return false;
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (path_slot_look(t, &t->layout.slots[i]) != PATH_SLOT_OURS)
			return false;
	return true;
}

static bool switch_step(const struct target *t, const char *version, struct err *e)
{
	const struct path_slot *s = &t->layout.slots[0];

	if (t->layout.single)
		return entry_link(t->store, STORE_CURRENT, version, e);
	return entry_link(s->dir, s->name, arena_printf(t->arena, "%s%s", s->link, version), e);
}

static bool found_base(const struct target *t, const struct pair_files *seen, const char **base)
{
	struct installed_pair v;

	target_judge(t, seen, &v);
	*base = version_found_base(t->arena, v.fingerprint);
	return true;
}

/*
 * Moves the directory into the store and our link into its place in one system
 * call (RENAME_EXCHANGE); the link's text is already relative to its final place.
 */
static bool exchange_directory(const struct target *t, const char *version, struct err *e)
{
	const struct path_slot *s = &t->layout.slots[0];
	const char *text = arena_printf(t->arena, "%s%s", s->link, version);

	if (symlinkat(text, t->store, version))
		return err_sys(e, "cannot prepare the link for '%s'", s->path);
	if (renameat2(s->dir, s->name, t->store, version, RENAME_EXCHANGE)) {
		err_sys(e, "cannot exchange directory '%s' with a link", s->path);
		unlinkat(t->store, version, 0);
		return false;
	}
	return entry_sync(t->store, e) && entry_sync(s->dir, e);
}

static bool switch_take_directory(const struct target *t, struct err *e)
{
	AUTO(pair_files) seen = { 0 };
	const char *base = NULL;
	const char *version = NULL;

	if (!any_path_slot_is(t, PATH_SLOT_REAL))
		return true;
	return target_see(t, &seen, e) && found_base(t, &seen, &base) &&
	       store_version_free_name(t, base, &version, e) && exchange_directory(t, version, e);
}

/* Keeps the files now at the paths as a version, and makes it current. */
static bool switch_keep_paths(const struct target *t, struct err *e)
{
	AUTO(pair_files) seen = { 0 };
	const char *base = NULL;
	const char *version = NULL;

	if (!target_see(t, &seen, e) || !found_base(t, &seen, &base))
		return false;
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (seen.parts[t->layout.slots[i].part].error)
			return err_set(e, ERR_IO, "'%s' cannot be kept: %s",
				       t->layout.slots[i].path,
				       seen.parts[t->layout.slots[i].part].error);
	return store_version_keep(t, base, &seen, &version, e) && switch_step(t, version, e);
}

/* Replaces files by links only after their content is current: readers see no change. */
static bool switch_take_paths(const struct target *t, struct err *e)
{
	if (any_path_slot_is(t, PATH_SLOT_REAL) && !switch_keep_paths(t, e))
		return false;
	for (size_t i = 0; i < t->layout.path_slot_count; i++) {
		const struct path_slot *s = &t->layout.slots[i];

		if (path_slot_look(t, s) != PATH_SLOT_OURS &&
		    !entry_link(s->dir, s->name, s->link, e))
			return err_in(e, "cannot link '%s'", s->path);
	}
	return true;
}

bool switch_to(const struct target *t, const char *version, const char **previous, struct err *e)
{
	if (!target_may_replace(t, e))
		return false;
	if (!(t->layout.single ? switch_take_paths(t, e) : switch_take_directory(t, e)))
		return false;
	*previous = target_current(t);
	if ((!*previous || strcmp(*previous, version)) && !switch_step(t, version, e))
		return false;
	return true;
}

static bool remove_link(int dir, const char *name, struct err *e)
{
	if (unlinkat(dir, name, 0) && errno != ENOENT)
		return err_sys(e, "cannot remove the link '%s'", name);
	return entry_sync(dir, e);
}

bool switch_off(const struct target *t, struct err *e)
{
	if (t->layout.single && t->store >= 0 && !remove_link(t->store, STORE_CURRENT, e))
		return false;
	for (size_t i = 0; i < t->layout.path_slot_count; i++) {
		const struct path_slot *s = &t->layout.slots[i];

		if (path_slot_look(t, s) == PATH_SLOT_OURS && !remove_link(s->dir, s->name, e))
			return false;
	}
	return true;
}
