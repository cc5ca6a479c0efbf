/* SPDX-License-Identifier: Apache-2.0 */
#include "install/view.h"

#include "base/text.h"
#include "install/installed_pair.h"
#include "pki/pair.h"

#include <string.h>
#include <sys/stat.h>

enum {
	OTHERS_LIMIT = 256
};

bool view_make(const struct install *i, struct arena *a, struct install_view *out, struct err *e)
{
	struct install_view v = {
		.install = i,
		.arena = a,
		.stores = { { .versions = { .arena = a } }, { .versions = { .arena = a } } },
		.switch_text = "",
		.account = { .user = (uid_t)-1, .owner = (uid_t)-1, .group = (gid_t)-1 },
	};

	layout_make(i, a, &v.layout);
	if (!v.layout.path_slot_count || !*v.layout.slots[0].name)
		return err_set(e, ERR_INPUT, "the component has no path to deliver to");

	*out = v;
	return true;
}

void view_release(struct install_view *v)
{
	pair_files_release(&v->seen);
	vec_each (version, &v->stores[0].versions.list)
		if (version->files)
			pair_files_release(version->files);
	*v = (struct install_view){ 0 };
}

void view_note(struct err *obstacle, const struct err *e)
{
	if (!obstacle->code)
		*obstacle = *e;
}

static struct trust trust_of_view(const struct install_view *v)
{
	return trust_of_account(v->install, &v->account);
}

/* ---- what was found ---- */

void view_take_store(struct install_view *v, size_t store, struct fs_attr attr)
{
	const struct trust trust = trust_of_view(v);
	struct err e = { 0 };

	v->stores[store].is_there = true;
	if (!file_trust_store(&trust, v->layout.stores[store].path, attr, &e))
		view_note(&v->unsafe, &e);
}

void view_take_store_entry(struct install_view *v, size_t store, const char *name,
			   struct fs_attr attr)
{
	struct view_store *s = &v->stores[store];
	bool is_stray = S_ISLNK(attr.mode) && !store_has_link(name);

	if (*name == '.' || is_stray)
		VEC_PUSH(&s->leftovers, v->arena, arena_strdup(v->arena, name));
	else if (S_ISDIR(attr.mode))
		versions_add(&s->versions, name, attr);
}

void view_take_links(struct install_view *v, const struct view_links *links)
{
	const struct version *current = NULL;
	struct err e = { 0 };

	v->set = links->set;
	v->activation = links->activation;
	if (links->switched)
		v->switch_text = links->switched;
	if (v->stores[0].is_there && links->switched)
		v->current = layout_current(&v->layout, links->switched);
	if (links->staged && versions_find(&v->stores[0].versions, links->staged))
		v->staged = links->staged;
	if (links->former && versions_find(&v->stores[1].versions, links->former))
		v->former = links->former;
	if (v->current)
		current = versions_find(&v->stores[0].versions, v->current);
	if (current && !view_trusts_version(v, current, &e))
		view_note(&v->fixed, &e);
}

void view_take_slot(struct install_view *v, size_t slot, const struct view_entry *entry)
{
	const struct path_slot *s = &v->layout.slots[slot];
	const struct trust trust = trust_of_view(v);
	struct err e = { 0 };

	v->states[slot] = layout_slot_state(&v->layout, s, entry->kind, entry->text);
	if (v->states[slot] == PATH_SLOT_STALE && !v->linked)
		v->linked = s->path;
	if (entry->is_mount) {
		err_set(&e, ERR_IO,
			v->layout.single
				? "'%s' is a mount point itself, which cannot be replaced; mount the directory that it is in"
				: "'%s' is a mount point, in whose place no link can stand; say 'link: false', or mount the directory above it",
			s->path);
		view_note(&v->fixed, &e);
		e = (struct err){ 0 };
	}
	if (v->states[slot] == PATH_SLOT_FOREIGN) {
		path_slot_refuse(s, &e);
		view_note(&v->unknown, &e);
		view_note(&v->fixed, &e);
	}
	e = (struct err){ 0 };
	if (entry->kind != ENTRY_NONE && entry->kind != ENTRY_OTHER &&
	    (!file_trust_entry(&trust, s->path, entry->attr, entry->home, &e) ||
	     (entry->kind == ENTRY_DIRECTORY &&
	      !file_trust_directory(&trust, s->path, entry->attr, &e))))
		view_note(&v->fixed, &e);
}

void view_take_slots_end(struct install_view *v)
{
	if (view_is_ours(v))
		v->account.set = v->set;
}

void view_take_directory_entry(struct install_view *v, const char *name, enum entry_kind kind)
{
	const char *shown = text_escaped(v->arena, name);
	struct err e = { 0 };

	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (v->layout.parts & 1U << part && !strcmp(name, file_kind_names[part]))
			return;
	if (kind == ENTRY_OTHER)
		err_set(&e, ERR_IO, "'%s/%s' cannot be carried into a new version; remove it",
			view_first_path(v), shown);
	else if (v->others.count == OTHERS_LIMIT)
		err_set(&e, ERR_IO,
			"directory '%s' has more than %d files that are not of a certificate; choose one of its own",
			view_first_path(v), OTHERS_LIMIT);
	else
		VEC_PUSH(&v->others, v->arena,
			 (struct view_other){ arena_strdup(v->arena, name), kind });
	if (e.code)
		view_note(&v->fixed, &e);
}

static bool is_of_version(const struct install_view *v, size_t slot, const struct version *version)
{
	enum file_kind part = v->layout.slots[slot].part;

	return version->files && pair_file_same(&v->seen.parts[part], &version->files->parts[part]);
}

static bool is_version_on(const struct install_view *v, const struct version *version)
{
	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		if (!is_of_version(v, i, version))
			return false;
	return true;
}

static bool is_of_any_version(const struct install_view *v, size_t slot)
{
	vec_each (version, &v->stores[0].versions.list)
		if (is_of_version(v, slot, version))
			return true;
	return false;
}

/* Whether a slot shows a file of others. */
static bool is_found_slot(enum path_slot_state state)
{
	return state == PATH_SLOT_REAL || state == PATH_SLOT_LINKED;
}

/*
 * Plain files say by their content which version is on.  An interrupted switch has
 * left files of two versions: none is on then, and what they hold is no pair to keep.
 */
static void view_take_plain_files(struct install_view *v)
{
	const struct version *on = NULL;

	vec_each (version, &v->stores[0].versions.list)
		if (is_version_on(v, version) &&
		    (!on || (v->current && !strcmp(version->name, v->current))))
			on = version;
	if (on)
		v->current = on->name;
	for (size_t i = 0; i < v->layout.path_slot_count; i++) {
		enum path_slot_state *state = &v->states[i];

		if (on && (*state == PATH_SLOT_REAL || *state == PATH_SLOT_ABSENT))
			*state = PATH_SLOT_OURS;
		else if (is_found_slot(*state) && is_of_any_version(v, i))
			*state = PATH_SLOT_STALE;
	}
	if (view_is_ours(v))
		v->account.set = v->set;
}

/* What stands at `path` would be replaced. */
static void view_take_replaced(struct install_view *v, const char *path, const struct pair_file *p)
{
	struct err e = { 0 };

	if (!p->there)
		return; /* a link that leads nowhere */

	if (!v->install->replace && !pair_file_may_be_replaced(p, path, &e))
		view_note(&v->fixed, &e);
}

/* What a link of others leads to stays as it is; its owner is given to the new file. */
static void view_take_linked(struct install_view *v, const char *path, struct pair_file *p)
{
	const struct trust trust = trust_of_view(v);
	struct err e = { 0 };

	p->attr.links = 0;
	if (p->there && !p->error && !file_trust_file(&trust, path, p->attr, &e))
		view_note(&v->fixed, &e);
}

void view_take_contents_end(struct install_view *v)
{
	const struct layout *l = &v->layout;

	if (l->plain)
		view_take_plain_files(v);
	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		/* a second name of a file in the store is no risk: only we could have made it */
		if (!view_any_slot_is(v, PATH_SLOT_REAL))
			v->seen.parts[part].attr.links = 0;
		if (!l->single && v->states[0] == PATH_SLOT_REAL)
			view_take_replaced(v, l->names[part], &v->seen.parts[part]);
	}
	for (size_t i = 0; l->single && i < l->path_slot_count; i++) {
		struct pair_file *p = &v->seen.parts[l->slots[i].part];

		if (v->states[i] == PATH_SLOT_LINKED)
			view_take_linked(v, l->slots[i].path, p);
		if (is_found_slot(v->states[i]))
			view_take_replaced(v, l->slots[i].path, p);
	}
}

bool install_changes(enum install_verb verb)
{
	return verb != INSTALL_PROBE && verb != INSTALL_READ;
}

bool view_needs_installed(const struct install_view *v, enum install_verb verb)
{
	return verb != INSTALL_ABORT && (verb != INSTALL_REMOVE || v->layout.plain);
}

bool view_needs_version(const struct install_view *v, enum install_verb verb,
			const char *fingerprint, const struct version *version)
{
	if (v->layout.plain && view_needs_installed(v, verb))
		return true;
	if (verb != INSTALL_STAGE && verb != INSTALL_COMMIT && verb != INSTALL_REVERT)
		return false;
	return !strcmp(version->base, fingerprint) ||
	       (version_is_found(version->name) && view_has_found(v));
}

/* ---- questions ---- */

const char *view_store_path(const struct install_view *v, size_t store, const char *name)
{
	return arena_printf(v->arena, "%s/%s", v->layout.stores[store].path, name);
}

const char *view_switch_name(const struct install_view *v)
{
	return v->layout.single ? STORE_CURRENT : v->layout.slots[0].name;
}

const char *view_first_path(const struct install_view *v)
{
	return v->layout.slots[0].path;
}

bool view_any_slot_is(const struct install_view *v, enum path_slot_state state)
{
	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		if (v->states[i] == state)
			return true;
	return false;
}

bool view_has_found(const struct install_view *v)
{
	return view_any_slot_is(v, PATH_SLOT_REAL) || view_any_slot_is(v, PATH_SLOT_LINKED) ||
	       view_any_slot_is(v, PATH_SLOT_FORMER);
}

bool view_is_ours(const struct install_view *v)
{
	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		if (v->states[i] != PATH_SLOT_OURS)
			return false;
	return v->current != NULL;
}

bool view_is_at(const struct install_view *v, const char *version)
{
	return view_is_ours(v) && !strcmp(v->current, version);
}

bool view_trusts_version(const struct install_view *v, const struct version *version, struct err *e)
{
	const struct trust trust = trust_of_view(v);

	for (size_t i = 0; i < v->layout.store_count; i++) {
		const struct version *part = versions_find(&v->stores[i].versions, version->name);

		if (part && !file_trust_directory(&trust, view_store_path(v, i, version->name),
						  part->attr, e))
			return false;
	}
	return true;
}

bool view_attrs(const struct install_view *v, struct attrs *out, struct err *e)
{
	return attrs_of_account(v->install, &v->seen, v->layout.names, &v->account, out, e);
}

static const char *why_unwritable(const struct install_view *v, struct arena *a)
{
	const struct err *const obstacles[] = { &v->unsafe, &v->unowned, &v->fixed };
	struct attrs ignored;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(obstacles) / sizeof(*obstacles); i++)
		if (obstacles[i]->code)
			return arena_strdup(a, obstacles[i]->text);
	return view_attrs(v, &ignored, &e) ? NULL : arena_strdup(a, e.text);
}

/* What an interrupted change has left, perhaps with a key; the next one removes it. */
static const char *find_leftover(const struct install_view *v, struct arena *a)
{
	const char *name = NULL;
	size_t store = 0;

	if (v->staged && v->current && !strcmp(v->staged, v->current))
		name = STORE_STAGED;
	for (size_t i = 0; i < v->layout.store_count && !name; i++)
		vec_each (leftover, &v->stores[i].leftovers) {
			name = *leftover;
			store = i;
		}
	return name ? arena_printf(a, "'%s' was left by a change that was interrupted",
				   view_store_path(v, store, name))
		    : NULL;
}

/* Of files that a commit has put there. */
static const char *find_attr_flaw(const struct install_view *v, struct arena *a)
{
	const char *leftover = find_leftover(v, a);
	struct attrs wanted;
	struct err e = { 0 };

	if (leftover)
		return leftover;

	if (v->linked)
		return arena_printf(a, "'%s' is a link, and a plain file is to be there",
				    v->linked);
	if (v->account.user == (uid_t)-1 || !view_is_ours(v))
		return NULL;
	if (!view_attrs(v, &wanted, &e))
		return arena_strdup(a, e.text);
	return attrs_flaw(&wanted, &v->seen, v->layout.names, &v->account, a);
}

void view_observe(const struct install_view *v, struct arena *a, struct observation *out)
{
	const struct pair_status status = pair_status_of(&v->layout, &v->seen);
	struct installed_pair installed;
	const char *staged = NULL;

	*out = (struct observation){ .unwritable = why_unwritable(v, a) };
	if (v->unknown.code) {
		out->error = arena_strdup(a, v->unknown.text);
		return;
	}
	installed_pair_reach(&status, a, &installed);
	installed_pair_observe(&installed, out);
	out->attr_flaw = find_attr_flaw(v, a);
	if (v->staged && (!v->current || strcmp(v->staged, v->current)))
		staged = version_base(a, v->staged);
	if (staged && text_is_fingerprint(staged))
		out->staged = staged;
}

bool view_read_pair(const struct install_view *v, struct arena *a, struct cert_set *set,
		    struct secret *key, struct err *e)
{
	const struct pair_status status = pair_status_of(&v->layout, &v->seen);

	if (v->unknown.code) {
		*e = v->unknown;
		return false;
	}
	return installed_pair_read(&status, a, set, key, e) ||
	       err_in(e, "at '%s'", view_first_path(v));
}
