/* SPDX-License-Identifier: Apache-2.0 */
#include "install/target.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "install/entry.h"
#include "install/install.h"
#include "install/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum {
	LOCK_MS = 10000,
	LOCK_POLL_MS = 50
};

void target_release(struct target *t)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		fd_auto(&t->layout.slots[i].dir);
	fd_auto(&t->home);
	fd_auto(&t->store);
	*t = (struct target){ .home = -1, .store = -1 };
}

static bool open_home(const char *path, bool look, const struct install *i, int *dir, struct err *e)
{
	if (fs_open_safe_dir(path, look || i->unsafe_directory, dir, e))
		return true;
	if (e->code != ERR_MISSING || look)
		return err_ignore(e, ERR_MISSING);
	return err_set(e, ERR_MISSING, "directory '%s' does not exist; create it first", path);
}

static bool open_directories(struct target *t, bool look, struct err *e)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (!open_home(t->layout.slots[i].home, look, t->install, &t->layout.slots[i].dir,
			       e))
			return false;

	if (t->layout.slots[0].dir < 0)
		return true;
	t->home = fcntl(t->layout.slots[0].dir, F_DUPFD_CLOEXEC, 0);
	return t->home >= 0 || err_sys(e, "cannot keep a directory open");
}

static struct trust trust_here(const struct target *t)
{
	return trust_of_account(t->install, &t->account);
}

static bool check_store(const struct target *t, struct err *e)
{
	const struct trust trust = trust_here(t);
	const char *path = arena_printf(t->arena, "%s/%s", t->layout.home, t->layout.store_name);
	struct fs_attr attr;

	return entry_own_attr(t->store, &attr, e) && file_trust_store(&trust, path, attr, e);
}

/* Checks an existing store before its mode is corrected. */
static bool make_store(struct target *t, struct err *e)
{
	return entry_make_directory(t->home, t->layout.store_name, &t->store, e) &&
	       check_store(t, e) && entry_finish_directory(t->home, t->store, e);
}

static bool open_store(struct target *t, struct err *e)
{
	if (t->home < 0)
		return true;
	if (t->access == ACCESS_CREATE)
		return make_store(t, e);
	if (!entry_open_directory(t->home, t->layout.store_name, &t->store, e))
		return err_ignore(e, ERR_MISSING);
	return t->access == ACCESS_LOOK || check_store(t, e);
}

static bool lock_store(const struct target *t, struct err *e)
{
	int64_t end = clock_mono_ms() + LOCK_MS;

	while (flock(t->store, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "cannot lock '%s'", t->layout.store_name);
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped as asked");
		if (clock_mono_ms() >= end)
			return err_set(e, ERR_BUSY, "another certfleet is changing '%s'",
				       t->layout.slots[0].path);
		clock_sleep_ms(LOCK_POLL_MS);
	}
	return true;
}

/* Removes temporaries, and a link left by an exchange_directory() that was interrupted. */
static bool clean_one(void *ctx, const char *name, struct err *e)
{
	const struct target *t = ctx;
	bool is_link = entry_look(t->store, name) == ENTRY_LINK;

	if (*name == '.' || (is_link && !store_has_link(name)))
		return entry_remove(t->store, name, e);
	return true;
}

static bool clean(struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		entry_clean(t->layout.slots[i].dir, t->layout.slots[i].name);
	return entry_each(t->store, clean_one, t, e);
}

static bool target_check_writable(const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++) {
		if (!faccessat(t->layout.slots[i].dir, ".", W_OK | X_OK, AT_EACCESS))
			continue;

		const char *path = t->layout.slots[i].home;

		if (errno == EROFS)
			return err_set(e, ERR_IO, "directory '%s' is on a read-only file system",
				       path);
		return err_set(
			e, ERR_IO,
			"not permitted to write in directory '%s'; run certfleet as its owner",
			path);
	}
	return true;
}

/* An unknown user or group name fails only where a new key may be written. */
static bool target_find_account(struct target *t, struct err *e)
{
	struct err why = { 0 };

	if (account_here(t->install, t->arena, &t->account, &why) || t->access == ACCESS_LOOK ||
	    t->access == ACCESS_CHANGE)
		return true;
	*e = why;
	return false;
}

bool target_is_ours(const struct target *t)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (path_slot_look(t, &t->layout.slots[i]) != PATH_SLOT_OURS)
			return false;
	return target_current(t) != NULL;
}

bool target_open(const struct install *i, enum access access, struct arena *a, struct target *out,
		 struct err *e)
{
	AUTO(target)
	t = { .install = i, .arena = a, .access = access, .home = -1, .store = -1 };

	layout_make(i, a, &t.layout);
	if (!t.layout.path_slot_count || !*t.layout.slots[0].name)
		return err_set(e, ERR_INPUT, "the component has no path to deliver to");
	if (!target_find_account(&t, e) || !open_directories(&t, access == ACCESS_LOOK, e) ||
	    (access != ACCESS_LOOK && !target_check_writable(&t, e)) || !open_store(&t, e))
		return false;
	if (access >= ACCESS_CHANGE && t.store >= 0 && (!lock_store(&t, e) || !clean(&t, e)))
		return false;
	if (target_is_ours(&t))
		t.account.set = entry_link_text(t.store, STORE_ATTR, a);
	*out = t;
	t = (struct target){ .home = -1, .store = -1 };
	return true;
}

enum path_slot_state path_slot_look(const struct target *t, const struct path_slot *s)
{
	enum entry_kind kind = ENTRY_NONE;
	const char *text = NULL;

	if (s->dir >= 0)
		kind = entry_look(s->dir, s->name);
	if (kind == ENTRY_LINK)
		text = entry_link_text(s->dir, s->name, t->arena);
	return layout_slot_state(&t->layout, s, kind, text);
}

const char *target_current(const struct target *t)
{
	const struct path_slot *s = &t->layout.slots[0];

	if (t->store < 0)
		return NULL;
	return layout_current(&t->layout,
			      t->layout.single ? entry_link_text(t->store, STORE_CURRENT, t->arena)
					       : entry_link_text(s->dir, s->name, t->arena));
}

bool target_open_version(const struct target *t, const char *version, int *out, struct err *e)
{
	const struct trust trust = trust_here(t);
	AUTO(fd) dir = -1;
	struct fs_attr attr;

	if (!entry_open_directory(t->store, version, &dir, e))
		return false;
	if (t->access != ACCESS_LOOK &&
	    (!entry_own_attr(dir, &attr, e) ||
	     !file_trust_directory(&trust,
				   arena_printf(t->arena, "%s/%s/%s", t->layout.home,
						t->layout.store_name, version),
				   attr, e)))
		return false;
	*out = TAKE_FD(dir);
	return true;
}

/* Hard links to files of the store are no risk: only we could have made them. */
static void forget_second_names(struct pair_files *c)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		c->parts[part].attr.links = 0;
}

/* Reads a real directory, or the current version. */
static bool see_directory(const struct target *t, struct pair_files *out, struct err *e)
{
	const struct path_slot *s = &t->layout.slots[0];
	enum path_slot_state state = path_slot_look(t, s);
	const char *current = target_current(t);
	AUTO(fd) dir = -1;

	if (state == PATH_SLOT_FOREIGN)
		return path_slot_refuse(s, e);
	if (state == PATH_SLOT_ABSENT || (state == PATH_SLOT_OURS && !current))
		return true;
	if (state == PATH_SLOT_REAL && !entry_open_directory(s->dir, s->name, &dir, e))
		return false;
	if (state == PATH_SLOT_OURS && !target_open_version(t, current, &dir, e))
		return err_ignore(e, ERR_MISSING);
	pair_files_read_directory(out, t->layout.parts, dir, t->arena);
	if (state == PATH_SLOT_OURS)
		forget_second_names(out);
	return true;
}

static bool see_paths(const struct target *t, struct pair_files *out, struct err *e)
{
	const char *current = target_current(t);
	AUTO(fd) version = -1;

	if (current && !target_open_version(t, current, &version, e) && !err_ignore(e, ERR_MISSING))
		return false;
	for (size_t i = 0; i < t->layout.path_slot_count; i++) {
		const struct path_slot *s = &t->layout.slots[i];
		enum path_slot_state state = path_slot_look(t, s);

		if (state == PATH_SLOT_FOREIGN)
			return path_slot_refuse(s, e);
		if (state == PATH_SLOT_REAL)
			pair_files_read_kind(out, s->part, s->dir, s->name, t->arena);
		if (state != PATH_SLOT_OURS || version < 0)
			continue;
		pair_files_read_kind(out, s->part, version, file_kind_names[s->part], t->arena);
		out->parts[s->part].attr.links = 0; /* see forget_second_names() */
	}
	return true;
}

bool target_see(const struct target *t, struct pair_files *out, struct err *e)
{
	return t->layout.single ? see_paths(t, out, e) : see_directory(t, out, e);
}

void target_judge(const struct target *t, const struct pair_files *c, struct installed_pair *out)
{
	const struct pair_status judged = pair_status_of(&t->layout, c);

	installed_pair_reach(&judged, t->arena, out);
}

struct slot_listing {
	const struct target *target;
	int dir;
};

static bool may_replace_file(const struct target *t, int dir, const char *name, struct err *e)
{
	AUTO(pair_files) c = { 0 };
	enum entry_kind kind = entry_look(dir, name);

	if (kind == ENTRY_FILE)
		pair_files_read_kind(&c, FILE_KIND_LEAF, dir, name, t->arena);
	else
		c.parts[FILE_KIND_LEAF] =
			(struct pair_file){ .there = true, .error = "no regular file" };
	return pair_file_may_be_replaced(&c.parts[FILE_KIND_LEAF], name, e);
}

static bool may_replace_entry(void *ctx, const char *name, struct err *e)
{
	const struct slot_listing *l = ctx;

	return may_replace_file(l->target, l->dir, name, e);
}

static bool may_replace_directory(const struct target *t, const struct path_slot *s, struct err *e)
{
	AUTO(fd) dir = -1;

	if (!entry_open_directory(s->dir, s->name, &dir, e))
		return false;

	struct slot_listing listing = { .target = t, .dir = dir };

	return entry_each(dir, may_replace_entry, &listing, e) ||
	       err_in(e, "in directory '%s'", s->path);
}

/* Whether the entry at a path comes from a trusted user (install/file_trust.c). */
static bool may_take_over(const struct target *t, const struct path_slot *s, struct err *e)
{
	const struct trust trust = trust_here(t);
	struct fs_attr home;
	struct fs_attr entry;

	if (!entry_attr(s->dir, s->name, &entry))
		return true;
	return entry_own_attr(s->dir, &home, e) &&
	       file_trust_entry(&trust, s->path, entry, home, e) &&
	       (!S_ISDIR(entry.mode) || file_trust_directory(&trust, s->path, entry, e));
}

bool target_may_replace(const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++) {
		const struct path_slot *s = &t->layout.slots[i];
		enum path_slot_state state = path_slot_look(t, s);

		if (state == PATH_SLOT_FOREIGN)
			return path_slot_refuse(s, e);
		if (!may_take_over(t, s, e))
			return false;
		if (state != PATH_SLOT_REAL || t->install->replace)
			continue;
		if (!t->layout.single && !may_replace_directory(t, s, e))
			return false;
		if (t->layout.single && !may_replace_file(t, s->dir, s->name, e))
			return err_in(e, "at '%s'", s->path);
	}
	return true;
}
