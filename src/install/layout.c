/* SPDX-License-Identifier: Apache-2.0 */
#include "install/layout.h"

#include "base/auto.h"
#include "base/buf.h"
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

static void place_store(struct layout *l, struct arena *a, size_t slot, unsigned parts)
{
	const struct path_slot *s = &l->slots[slot];
	const char *name = arena_printf(a, ".%s.certfleet", s->name);

	l->stores[l->store_count++] = (struct layout_store){
		.path = arena_printf(a, "%s/%s", strcmp(s->home, "/") ? s->home : "", name),
		.name = name,
		.slot = slot,
		.parts = parts,
	};
}

static void lay_out_directory(struct layout *l, struct arena *a, const char *path)
{
	struct path_slot *s = &l->slots[0];

	add_path_slot(l, a, FILE_KIND_LEAF, path);
	l->parts = PARTS_OF_DIRECTORY;
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		l->names[part] = arena_printf(a, "%s/%s", s->path, file_kind_names[part]);
	place_store(l, a, 0, l->parts);
	s->link = arena_printf(a, "%s/", l->stores[0].name);
}

/* A directory of plain files: each is a path, and the store is among them. */
static void lay_out_plain_directory(struct layout *l, struct arena *a, const char *path)
{
	static const enum file_kind kinds[] = { FILE_KIND_KEY, FILE_KIND_FULLCHAIN, FILE_KIND_LEAF,
						FILE_KIND_CHAIN, FILE_KIND_CA };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		add_path_slot(l, a, kinds[i],
			      arena_printf(a, "%s/%s", path, file_kind_names[kinds[i]]));
	place_store(l, a, 0, l->parts);
}

/* How `path`, absolute, is reached from the directory `from`, absolute. */
static const char *relative(struct arena *a, const char *from, const char *path)
{
	AUTO(buf) out = { 0 };
	size_t same = 0; /* bytes of the directories that both are in */

	for (size_t i = 0; from[i] == path[i] || (!from[i] && path[i] == '/'); i++) {
		if (path[i] == '/')
			same = i + 1;
		if (!from[i] || !path[i])
			break;
	}
	for (const char *at = from + (strlen(from) < same ? strlen(from) : same); *at;
	     at += strcspn(at, "/"), at += *at == '/')
		buf_puts(&out, "../");
	buf_puts(&out, path + same);
	return arena_strdup(a, buf_text(&out));
}

static void add_key_slots(struct layout *l, struct arena *a, const struct install *i)
{
	add_path_slot(l, a, FILE_KIND_KEY, i->key);
	add_path_slot(l, a, FILE_KIND_COMBINED, i->combined);
}

static void add_public_slots(struct layout *l, struct arena *a, const struct install *i)
{
	add_path_slot(l, a, FILE_KIND_FULLCHAIN, i->certificate);
	add_path_slot(l, a, FILE_KIND_LEAF, i->leaf);
	add_path_slot(l, a, FILE_KIND_CHAIN, i->chain);
	add_path_slot(l, a, FILE_KIND_CA, i->ca);
}

static bool is_in_one_directory(struct arena *a, const char *one, const char *other)
{
	return !strcmp(fs_dirname(a, fs_absolute(a, one)), fs_dirname(a, fs_absolute(a, other)));
}

static void lay_out_paths(struct layout *l, struct arena *a, const struct install *i)
{
	const char *certificate = i->certificate ? i->certificate : i->leaf;
	const char *key = i->key ? i->key : i->combined;
	bool is_split = certificate && key && !is_in_one_directory(a, certificate, key);

	if (is_split)
		add_public_slots(l, a, i);
	size_t key_slot = l->path_slot_count;

	add_key_slots(l, a, i);
	if (!is_split)
		add_public_slots(l, a, i);
	if (!l->path_slot_count)
		return;
	place_store(l, a, 0, is_split ? l->parts & ~(unsigned)PARTS_WITH_KEY : l->parts);
	if (is_split)
		place_store(l, a, key_slot, l->parts & PARTS_WITH_KEY);
}

static void name_links(struct layout *l, struct arena *a)
{
	const struct layout_store *keys = &l->stores[l->store_count - 1];
	const char *former_home = l->slots[keys->slot].home;

	for (size_t i = 0; i < l->path_slot_count; i++) {
		struct path_slot *s = &l->slots[i];
		const char *file = file_kind_names[s->part];
		bool is_beside = !strcmp(s->home, former_home);

		s->link = relative(
			a, s->home,
			arena_printf(a, "%s/" STORE_CURRENT "/%s", l->stores[0].path, file));
		s->former = arena_printf(a, "%s/" STORE_CURRENT "/%s",
					 is_beside ? keys->name : keys->path, file);
	}
}

size_t layout_store_of(const struct layout *l, enum file_kind part)
{
	return l->stores[0].parts & 1U << part ? 0 : 1;
}

const char *layout_key_link(const struct layout *l, struct arena *a, const char *version,
			    enum file_kind part)
{
	return relative(
		a, arena_printf(a, "%s/%s", l->stores[0].path, version),
		arena_printf(a, "%s/%s/%s", l->stores[1].path, version, file_kind_names[part]));
}

void layout_make(const struct install *i, struct arena *a, struct layout *out)
{
	*out = (struct layout){ .single = i->plain || !i->directory, .plain = i->plain };
	if (!out->single)
		lay_out_directory(out, a, i->directory);
	else if (i->directory)
		lay_out_plain_directory(out, a, i->directory);
	else
		lay_out_paths(out, a, i);
	out->plain |= out->single && out->path_slot_count == 1;
	if (out->single && out->path_slot_count)
		name_links(out, a);
}

size_t layout_places(const struct install *i, struct arena *a, const char *out[LAYOUT_PLACES])
{
	struct layout l;
	size_t count = 0;

	layout_make(i, a, &l);
	for (size_t k = 0; k < l.path_slot_count; k++)
		out[count++] = l.slots[k].path;
	for (size_t k = 0; k < l.store_count; k++)
		out[count++] = l.stores[k].path;
	return count;
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
		if (is_our_link(l, s, text))
			return l->plain ? PATH_SLOT_STALE : PATH_SLOT_OURS;
		if (!text || !s->former || strcmp(text, s->former))
			return l->single && text ? PATH_SLOT_LINKED : PATH_SLOT_FOREIGN;
		if (l->store_count > 1)
			return PATH_SLOT_FORMER;
		return l->plain ? PATH_SLOT_STALE : PATH_SLOT_OURS;
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

bool layout_refuse_link(const char *path, struct err *e)
{
	return err_set(
		e, ERR_IO,
		"'%s' is a link, and 'link: false' needs a directory there; put a copy in its place: 'cp -aL %s %s.plain', 'rm %s', 'mv %s.plain %s'",
		path, path, path, path, path, path);
}

bool path_slot_refuse(const struct path_slot *s, struct err *e)
{
	return err_set(
		e, ERR_IO,
		"'%s' is not what certfleet put there, and cannot be kept beside the new one; if it is a link, name the directory that it leads to ('readlink -f %s'), else move it away",
		s->path, s->path);
}
