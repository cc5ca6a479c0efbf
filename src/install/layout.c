/* SPDX-License-Identifier: Apache-2.0 */
#include "install/layout.h"

#include "base/fs.h"
#include "install/names.h"

#include <string.h>

static void add_path_slot(struct layout *l, struct arena *a, enum file_kind part, const char *path)
{
	if (!path)
		return;
	path = fs_absolute(a, path);
	l->parts |= 1U << part;
	l->names[part] = path;
	l->slots[l->path_slot_count++] = (struct path_slot){ .part = part,
							     .path = path,
							     .name = strrchr(path, '/') + 1,
							     .home = fs_dirname(a, path) };
}

/* The store is beside the first slot: the key's, when configured. */
static void place_store(struct layout *l, struct arena *a)
{
	const struct path_slot *first = &l->slots[0];

	l->home = first->home;
	l->store_name = arena_printf(a, ".%s.certfleet", first->name);
}

static void lay_out_directory(struct layout *l, struct arena *a, const char *path)
{
	struct path_slot *s = &l->slots[0];

	add_path_slot(l, a, FILE_KIND_LEAF, path);
	l->parts = PARTS_OF_DIRECTORY;
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		l->names[part] = arena_printf(a, "%s/%s", s->path, file_kind_names[part]);
	place_store(l, a);
	s->link = arena_printf(a, "%s/", l->store_name);
}

/* Links are absolute only when the store is in another directory: relative ones can move. */
static void lay_out_paths(struct layout *l, struct arena *a, const struct install *i)
{
	add_path_slot(l, a, FILE_KIND_KEY, i->key);
	add_path_slot(l, a, FILE_KIND_COMBINED, i->combined);
	add_path_slot(l, a, FILE_KIND_FULLCHAIN, i->certificate);
	add_path_slot(l, a, FILE_KIND_LEAF, i->leaf);
	add_path_slot(l, a, FILE_KIND_CHAIN, i->chain);
	add_path_slot(l, a, FILE_KIND_CA, i->ca);
	if (!l->path_slot_count)
		return;
	place_store(l, a);
	for (size_t n = 0; n < l->path_slot_count; n++) {
		struct path_slot *s = &l->slots[n];
		bool beside = !strcmp(s->home, l->home);

		s->link = arena_printf(a, "%s%s%s/" STORE_CURRENT "/%s", beside ? "" : l->home,
				       beside ? "" : "/", l->store_name, file_kind_names[s->part]);
	}
}

void layout_make(const struct install *i, struct arena *a, struct layout *out)
{
	*out = (struct layout){ .single = !i->directory };
	if (out->single)
		lay_out_paths(out, a, i);
	else
		lay_out_directory(out, a, i->directory);
}

/* Whether `name` can be a version in the store. */
static bool layout_is_version(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static bool is_our_link(const struct layout *l, const struct path_slot *s, const char *text)
{
	size_t len = strlen(s->link);

	if (!text)
		return false;
	if (l->single)
		return !strcmp(text, s->link);
	return !strncmp(text, s->link, len) && layout_is_version(text + len);
}

enum path_slot_state layout_slot_state(const struct layout *l, const struct path_slot *s,
				       enum entry_kind kind, const char *text)
{
	switch (kind) {
	case ENTRY_NONE:
		return PATH_SLOT_ABSENT;
	case ENTRY_FILE:
		return l->single ? PATH_SLOT_REAL : PATH_SLOT_FOREIGN;
	case ENTRY_DIRECTORY:
		return l->single ? PATH_SLOT_FOREIGN : PATH_SLOT_REAL;
	case ENTRY_LINK:
		return is_our_link(l, s, text) ? PATH_SLOT_OURS : PATH_SLOT_FOREIGN;
	case ENTRY_OTHER:
		break;
	}
	return PATH_SLOT_FOREIGN;
}

const char *layout_current(const struct layout *l, const char *text)
{
	const struct path_slot *s = &l->slots[0];

	if (l->single)
		return text && layout_is_version(text) ? text : NULL;
	return is_our_link(l, s, text) ? text + strlen(s->link) : NULL;
}

bool path_slot_refuse(const struct path_slot *s, struct err *e)
{
	return err_set(
		e, ERR_IO,
		"'%s' is a link, or of a kind, that certfleet did not put there; move it away first",
		s->path);
}
