/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ssh_target.h"

#include <string.h>

static void sync_homes(const struct ssh_target *f, struct ssh_script_ops *a)
{
	const struct layout *l = &f->layout;

	for (size_t i = 0; i < l->path_slot_count; i++)
		if (!i || strcmp(l->slots[i].home, l->slots[i - 1].home))
			ssh_script_sync(a, l->slots[i].home);
}

/* The link text for a version. */
static const char *text_to(const struct ssh_target *f, const char *version)
{
	return f->layout.single ? version
				: arena_printf(f->arena, "%s%s", f->layout.slots[0].link, version);
}

/* Replaces files by links to the same content: readers see no change. */
static void ssh_switch_take_paths(const struct ssh_target *f, const struct ssh_target_switch *s,
				  struct ssh_script_ops *a)
{
	const struct layout *l = &f->layout;

	if (s->kept_is_new) {
		ssh_script_sync(a, ssh_target_version_path(f, STORE_NEW));
		ssh_script_move(a, ssh_target_version_path(f, STORE_NEW),
				ssh_target_version_path(f, s->kept));
		ssh_script_sync(a, f->store);
	}
	if (s->kept)
		ssh_script_link(a, ssh_target_switch_path(f), s->kept);
	for (size_t i = 0; i < l->path_slot_count; i++)
		if (f->states[i] != PATH_SLOT_OURS)
			ssh_script_link(a, l->slots[i].path, l->slots[i].link);
	sync_homes(f, a);
}

static void ssh_switch_take_directory(const struct ssh_target *f, const struct ssh_target_switch *s,
				      struct ssh_script_ops *a)
{
	const struct ssh_script_exchange x = {
		.path = f->layout.slots[0].path,
		.kept = ssh_target_version_path(f, s->kept),
		.text = text_to(f, s->version),
	};

	ssh_script_exchange(a, &x);
	ssh_script_sync(a, f->store);
}

void ssh_target_record_attrs(const struct ssh_target *f, const char *set, struct ssh_script_ops *a)
{
	if (set)
		ssh_script_link(a, ssh_target_version_path(f, STORE_ATTR), set);
	else if (f->set)
		ssh_script_remove(a, ssh_target_version_path(f, STORE_ATTR));
}

void ssh_target_switch_to(const struct ssh_target *f, const struct ssh_target_switch *s,
			  struct ssh_script_ops *a)
{
	bool single = f->layout.single;

	ssh_script_lock(a, f->store);
	ssh_script_expect(a, ssh_target_switch_path(f), f->switch_text);
	ssh_target_record_attrs(f, s->set, a);
	if (single)
		ssh_switch_take_paths(f, s, a);
	else if (s->kept)
		ssh_switch_take_directory(f, s, a);
	if (single || !s->kept)
		ssh_script_link(a, ssh_target_switch_path(f), text_to(f, s->version));
	sync_homes(f, a);
	ssh_script_unlink(a, ssh_target_version_path(f, STORE_STAGED));
	ssh_script_sync(a, f->store);
}

void ssh_target_switch_off(const struct ssh_target *f, struct ssh_script_ops *a)
{
	const struct layout *l = &f->layout;

	if (f->has_store)
		ssh_script_lock(a, f->store);
	if (l->single && f->has_store)
		ssh_script_unlink(a, ssh_target_switch_path(f));
	for (size_t i = 0; i < l->path_slot_count; i++)
		if (f->states[i] == PATH_SLOT_OURS)
			ssh_script_unlink(a, l->slots[i].path);
	sync_homes(f, a);
	if (f->has_store)
		ssh_script_sync(a, f->store);
}

void ssh_target_finish(const struct ssh_target *f, struct ssh_script_ops *a)
{
	ssh_script_lock(a, f->store);
	sync_homes(f, a);
	ssh_script_unlink(a, ssh_target_version_path(f, STORE_STAGED));
	ssh_script_sync(a, f->store);
}

void ssh_target_prune(const struct ssh_target *f, const char *keep, struct ssh_script_ops *a)
{
	vec_each (v, &f->versions.list)
		if (!version_is_found(v->name) && strcmp(v->name, keep) &&
		    (!f->current || strcmp(v->name, f->current)))
			ssh_script_remove(a, ssh_target_version_path(f, v->name));
	ssh_script_sync(a, f->store);
}

void ssh_target_forget(const struct ssh_target *f, const char *base, struct ssh_script_ops *a)
{
	ssh_script_lock(a, f->store);
	if (f->staged && !strcmp(version_base(f->arena, f->staged), base))
		ssh_script_unlink(a, ssh_target_version_path(f, STORE_STAGED));
	vec_each (v, &f->versions.list)
		if (!strcmp(v->base, base) && (!f->current || strcmp(v->name, f->current)))
			ssh_script_remove(a, ssh_target_version_path(f, v->name));
	ssh_script_sync(a, f->store);
}

void ssh_target_clean(const struct ssh_target *f, struct ssh_script_ops *a)
{
	for (size_t i = 0; i < f->layout.path_slot_count; i++)
		ssh_script_unlink_temporary(a, f->layout.slots[i].path);
	vec_each (path, &f->leftovers)
		ssh_script_remove(a, *path);
}
