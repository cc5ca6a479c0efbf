/* SPDX-License-Identifier: Apache-2.0 */
#include "install/here.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/stop.h"
#include "install/attr.h"
#include "install/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
	LOCK_MS = 10000,
	LOCK_POLL_MS = 50
};

void here_release(struct here *h)
{
	view_release(&h->view);
	for (size_t i = 0; i < FILE_KIND_COUNT; i++)
		if (h->homes[i] > 0)
			close(h->homes[i]);
	for (size_t i = 0; i < STORE_COUNT; i++)
		if (h->stores[i] > 0)
			close(h->stores[i]);
	arena_release(&h->arena);
	*h = (struct here){ 0 };
}

/* ---- directories ---- */

static void look_at_access(struct install_view *v, int dir, const char *path)
{
	struct err e = { 0 };

	if (!faccessat(dir, ".", W_OK | X_OK, AT_EACCESS))
		return;
	if (errno == EROFS)
		err_set(&e, ERR_IO, "directory '%s' is on a read-only file system", path);
	else
		err_set(&e, ERR_IO,
			"not permitted to write in directory '%s'; run certfleet as its owner",
			path);
	view_note(&v->unsafe, &e);
}

/* Opens the parent directory of a slot; an unsafe one can still be read. */
static void open_home(struct here *h, size_t slot)
{
	struct install_view *v = &h->view;
	const char *path = v->layout.slots[slot].home;
	int *dir = &h->homes[slot];
	struct err e = { 0 };
	struct err closed = { 0 };

	if (fs_open_safe_dir(path, v->install->unsafe_directory, dir, &e)) {
		look_at_access(v, *dir, path);
		return;
	}
	if (v->layout.plain && entry_look(AT_FDCWD, path) == ENTRY_LINK) {
		layout_refuse_link(path, &e);
		view_note(&v->unsafe, &e);
		return;
	}
	if (e.code == ERR_MISSING) {
		err_set(&e, ERR_MISSING, "directory '%s' does not exist; create it first", path);
		view_note(&v->unsafe, &e);
		return;
	}
	if (fs_open_safe_dir(path, true, dir, &closed))
		err_or(&e, UNSAFE_DIRECTORY);
	else
		view_note(&v->unknown, &closed);
	view_note(&v->unsafe, &e);
}

static bool lock_store(const struct here *h, struct err *e)
{
	int64_t end = clock_mono_ms() + LOCK_MS;

	while (flock(h->stores[0], LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "cannot lock '%s'", h->view.layout.stores[0].path);
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped as asked");
		if (clock_mono_ms() >= end)
			return err_set(e, ERR_BUSY, "another certfleet is changing '%s'",
				       view_first_path(&h->view));
		clock_sleep_ms(LOCK_POLL_MS);
	}
	return true;
}

static void open_store(struct here *h, size_t store)
{
	struct install_view *v = &h->view;
	const struct layout_store *s = &v->layout.stores[store];
	int home = h->homes[s->slot];
	struct fs_attr attr;
	struct err e = { 0 };

	if (home < 0)
		return;
	if (entry_open_directory(home, s->name, &h->stores[store], &e) &&
	    entry_own_attr(h->stores[store], &attr, &e)) {
		view_take_store(v, store, attr);
	} else if (e.code != ERR_MISSING) {
		view_note(&v->unsafe, &e);
		view_note(&v->unknown, &e);
	}
}

/* ---- the stores ---- */

struct listed_store {
	struct here *here;
	size_t store;
};

static bool take_store_entry(void *ctx, const char *name, struct err *e)
{
	const struct listed_store *l = ctx;
	struct fs_attr attr;

	(void)e;
	if (entry_attr(l->here->stores[l->store], name, &attr))
		view_take_store_entry(&l->here->view, l->store, name, attr);
	return true;
}

/* The text of a link in a store, or in the parent directory of the first path. */
static const char *link_in(struct here *h, int dir, const char *name)
{
	return dir < 0 ? NULL : entry_link_text(dir, name, &h->arena);
}

static void look_at_stores(struct here *h)
{
	struct install_view *v = &h->view;
	int first = h->stores[0];
	struct view_links links = {
		.staged = link_in(h, first, STORE_STAGED),
		.set = link_in(h, first, STORE_ATTR),
		.switched = link_in(h, v->layout.single ? first : h->homes[0], view_switch_name(v)),
		.former = link_in(h, h->stores[1], STORE_CURRENT),
	};
	struct err e = { 0 };

	for (size_t i = 0; i < v->layout.store_count; i++) {
		struct listed_store l = { h, i };

		if (h->stores[i] >= 0 && !entry_each(h->stores[i], take_store_entry, &l, &e))
			view_note(&v->unknown, &e);
	}
	view_take_links(v, &links);
}

/* ---- path slots ---- */

static void look_at_slot(struct here *h, size_t slot)
{
	const struct path_slot *s = &h->view.layout.slots[slot];
	int dir = h->homes[slot];
	struct view_entry entry = { .kind = ENTRY_NONE };
	struct err e = { 0 };

	if (dir >= 0)
		entry.kind = entry_look(dir, s->name);
	entry.is_mount = entry.kind != ENTRY_NONE && fs_is_mount(dir, s->name);
	if (entry.kind == ENTRY_LINK)
		entry.text = entry_link_text(dir, s->name, &h->arena);
	if (entry.kind != ENTRY_NONE &&
	    (!entry_attr(dir, s->name, &entry.attr) || !entry_own_attr(dir, &entry.home, &e)))
		entry.kind = ENTRY_OTHER;
	view_take_slot(&h->view, slot, &entry);
}

/* ---- contents ---- */

/* The files of a version that are in one of the stores. */
static void read_parts(struct here *h, size_t store, unsigned parts, const char *version,
		       struct pair_files *out)
{
	AUTO(fd) dir = -1;
	struct err e = { 0 };

	if (h->stores[store] < 0)
		return;
	if (entry_open_directory(h->stores[store], version, &dir, &e))
		pair_files_read_directory(out, parts, dir, &h->arena);
	else if (e.code != ERR_MISSING)
		view_note(&h->view.unknown, &e);
}

static void read_version_files(struct here *h, const char *version, struct pair_files *out)
{
	const struct layout *l = &h->view.layout;

	for (size_t i = 0; i < l->store_count; i++)
		read_parts(h, i, l->stores[i].parts, version, out);
}

struct listed_directory {
	struct here *here;
	int dir;
};

static bool take_listed(void *ctx, const char *name, struct err *e)
{
	const struct listed_directory *l = ctx;

	(void)e;
	view_take_directory_entry(&l->here->view, name, entry_look(l->dir, name));
	return true;
}

/* What the directory at the path holds: one that is real, or the version that is on. */
static void list_directory(struct here *h)
{
	const struct install_view *v = &h->view;
	bool is_real = v->states[0] == PATH_SLOT_REAL;
	const char *name = is_real ? v->layout.slots[0].name : v->current;
	AUTO(fd) dir = -1;
	struct err e = { 0 };

	if (v->layout.single || (!is_real && (v->states[0] != PATH_SLOT_OURS || !v->current)))
		return;
	if (!entry_open_directory(is_real ? h->homes[0] : h->stores[0], name, &dir, &e)) {
		if (is_real || e.code != ERR_MISSING)
			view_note(&h->view.unknown, &e);
		return;
	}

	struct listed_directory listed = { h, dir };

	if (!entry_each(dir, take_listed, &listed, &e))
		view_note(&h->view.fixed, &e);
	if (is_real)
		pair_files_read_directory(&h->view.seen, v->layout.parts, dir, &h->arena);
}

static void read_paths(struct here *h)
{
	struct install_view *v = &h->view;
	AUTO(pair_files) current = { 0 };
	AUTO(pair_files) former = { 0 };

	if (v->current)
		read_version_files(h, v->current, &current);
	if (v->former)
		read_parts(h, 1, v->layout.parts, v->former, &former);
	for (size_t i = 0; i < v->layout.path_slot_count; i++) {
		const struct path_slot *s = &v->layout.slots[i];

		if (v->states[i] == PATH_SLOT_REAL)
			pair_files_read_kind(&v->seen, s->part, h->homes[i], s->name, &h->arena);
		if (v->states[i] == PATH_SLOT_LINKED)
			pair_files_read_linked(&v->seen, s->part, h->homes[i], s->name, &h->arena);
		if (v->states[i] == PATH_SLOT_OURS || v->states[i] == PATH_SLOT_STALE)
			v->seen.parts[s->part] = TAKE(current.parts[s->part]);
		if (v->states[i] == PATH_SLOT_FORMER)
			v->seen.parts[s->part] = TAKE(former.parts[s->part]);
	}
}

static void read_contents(struct here *h, const struct install_order *o)
{
	struct install_view *v = &h->view;

	list_directory(h);
	if (view_needs_installed(v, o->verb) && v->layout.single)
		read_paths(h);
	else if (view_needs_installed(v, o->verb) && v->states[0] == PATH_SLOT_OURS && v->current)
		read_version_files(h, v->current, &v->seen);
	vec_each (version, &v->stores[0].versions.list) {
		if (!view_needs_version(v, o->verb, o->fingerprint, version))
			continue;
		version->files = ARENA_NEW(&h->arena, struct pair_files);
		read_version_files(h, version->name, version->files);
	}
	if (view_needs_installed(v, o->verb))
		view_take_contents_end(v);
}

bool here_look(struct here *h, const struct install *i, const struct install_order *o,
	       struct err *e)
{
	struct install_view *v = &h->view;
	struct err unowned = { 0 };

	for (size_t slot = 0; slot < FILE_KIND_COUNT; slot++)
		h->homes[slot] = -1;
	for (size_t store = 0; store < STORE_COUNT; store++)
		h->stores[store] = -1;
	if (!view_make(i, &h->arena, v, e))
		return false;
	if (!account_here(i, &h->arena, &v->account, &unowned))
		v->unowned = unowned;
	for (size_t slot = 0; slot < v->layout.path_slot_count; slot++)
		open_home(h, slot);
	for (size_t store = 0; store < v->layout.store_count; store++)
		open_store(h, store);
	if (install_changes(o->verb) && h->stores[0] >= 0 && !v->unsafe.code && !lock_store(h, e))
		return false;
	look_at_stores(h);
	for (size_t slot = 0; slot < v->layout.path_slot_count; slot++)
		look_at_slot(h, slot);
	view_take_slots_end(v);
	read_contents(h, o);
	return true;
}
