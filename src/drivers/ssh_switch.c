/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ssh_switch.h"

#include <string.h>

static void sync_homes(const struct far *f, struct far_acts *a)
{
	const struct layout *l = &f->layout;

	for (size_t i = 0; i < l->spot_count; i++)
		if (!i || strcmp(l->spots[i].home, l->spots[i - 1].home))
			far_sync(a, l->spots[i].home);
}

/* What the link says when it leads to a version. */
static const char *text_to(const struct far *f, const char *version)
{
	return f->layout.single ? version
				: arena_printf(f->arena, "%s%s", f->layout.spots[0].link, version);
}

/* Files become links that lead to what stood there: nothing new is seen. */
static void take_paths(const struct far *f, const struct far_switch *s, struct far_acts *a)
{
	const struct layout *l = &f->layout;

	if (s->kept_is_new) {
		far_sync(a, far_version_path(f, STORE_NEW));
		far_move(a, far_version_path(f, STORE_NEW), far_version_path(f, s->kept));
		far_sync(a, f->store);
	}
	if (s->kept)
		far_link(a, far_switch_path(f), s->kept);
	for (size_t i = 0; i < l->spot_count; i++)
		if (f->states[i] != SPOT_OURS)
			far_link(a, l->spots[i].path, l->spots[i].link);
	sync_homes(f, a);
}

static void take_directory(const struct far *f, const struct far_switch *s, struct far_acts *a)
{
	const struct far_exchange x = {
		.path = f->layout.spots[0].path,
		.kept = far_version_path(f, s->kept),
		.text = text_to(f, s->version),
	};

	far_exchange(a, &x);
	far_sync(a, f->store);
}

void far_switch_to(const struct far *f, const struct far_switch *s, struct far_acts *a)
{
	bool single = f->layout.single;

	far_lock(a, f->store);
	far_expect(a, far_switch_path(f), f->switch_text);
	if (single)
		take_paths(f, s, a);
	else if (s->kept)
		take_directory(f, s, a);
	if (single || !s->kept)
		far_link(a, far_switch_path(f), text_to(f, s->version));
	sync_homes(f, a);
	far_unlink(a, far_version_path(f, STORE_STAGED));
	far_sync(a, f->store);
}

void far_switch_off(const struct far *f, struct far_acts *a)
{
	const struct layout *l = &f->layout;

	if (f->has_store)
		far_lock(a, f->store);
	if (l->single && f->has_store)
		far_unlink(a, far_switch_path(f));
	for (size_t i = 0; i < l->spot_count; i++)
		if (f->states[i] == SPOT_OURS)
			far_unlink(a, l->spots[i].path);
	sync_homes(f, a);
	if (f->has_store)
		far_sync(a, f->store);
}

void far_settle(const struct far *f, struct far_acts *a)
{
	far_lock(a, f->store);
	sync_homes(f, a);
	far_unlink(a, far_version_path(f, STORE_STAGED));
	far_sync(a, f->store);
}

void far_prune(const struct far *f, const char *keep, struct far_acts *a)
{
	vec_each (v, &f->versions.list)
		if (!version_is_found(v->name) && strcmp(v->name, keep) &&
		    (!f->current || strcmp(v->name, f->current)))
			far_remove(a, far_version_path(f, v->name));
	far_sync(a, f->store);
}

void far_forget(const struct far *f, const char *base, struct far_acts *a)
{
	far_lock(a, f->store);
	if (f->staged && !strcmp(version_base(f->arena, f->staged), base))
		far_unlink(a, far_version_path(f, STORE_STAGED));
	vec_each (v, &f->versions.list)
		if (!strcmp(v->base, base) && (!f->current || strcmp(v->name, f->current)))
			far_remove(a, far_version_path(f, v->name));
	far_sync(a, f->store);
}

void far_clean(const struct far *f, struct far_acts *a)
{
	for (size_t i = 0; i < f->layout.spot_count; i++)
		far_unlink_temporary(a, f->layout.spots[i].path);
	vec_each (path, &f->leftovers)
		far_remove(a, *path);
}
