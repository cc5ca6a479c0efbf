/* SPDX-License-Identifier: Apache-2.0 */
#include "place/target.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "place/entry.h"

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
	for (size_t i = 0; i < t->spot_count; i++)
		fd_auto(&t->spots[i].dir);
	fd_auto(&t->home);
	fd_auto(&t->store);
	*t = (struct target){ .home = -1, .store = -1 };
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static void add_spot(struct target *t, enum part part, const char *path)
{
	if (!path)
		return;
	path = fs_absolute(t->arena, path);
	t->parts |= 1U << part;
	t->names[part] = path;
	t->spots[t->spot_count++] = (struct spot){
		.part = part, .path = path, .name = base_name(path), .dir = -1
	};
}

static void lay_out_directory(struct target *t)
{
	struct spot *s = &t->spots[0];

	add_spot(t, PART_LEAF, t->install->directory);
	t->parts = PARTS_OF_DIRECTORY;
	for (int part = 0; part < PART_COUNT; part++)
		t->names[part] = arena_printf(t->arena, "%s/%s", s->path,
					      part_files[part]);
	t->store_name = arena_printf(t->arena, ".%s.certfleet", s->name);
	s->link = arena_printf(t->arena, "%s/", t->store_name);
}

/* The spot beside which the store stands. */
static const struct spot *key_spot(const struct target *t)
{
	const struct spot *best = &t->spots[0];

	if (!t->single)
		return best;
	for (size_t i = 0; i < t->spot_count; i++)
		if (PARTS_WITH_KEY & 1U << t->spots[i].part) {
			best = &t->spots[i];
			break;
		}
	return best;
}

/* Links into another directory are absolute, the rest move with it. */
static void lay_out_paths(struct target *t)
{
	const struct install *i = t->install;

	add_spot(t, PART_KEY, i->key);
	add_spot(t, PART_COMBINED, i->combined);
	add_spot(t, PART_FULLCHAIN, i->certificate);
	add_spot(t, PART_LEAF, i->leaf);
	add_spot(t, PART_CHAIN, i->chain);
	add_spot(t, PART_CA, i->ca);
	if (!t->spot_count)
		return;

	const struct spot *key = key_spot(t);
	const char *home = fs_dirname(t->arena, key->path);

	t->store_name = arena_printf(t->arena, ".%s.certfleet", key->name);
	for (size_t n = 0; n < t->spot_count; n++) {
		struct spot *s = &t->spots[n];
		bool beside = !strcmp(fs_dirname(t->arena, s->path), home);

		s->link = arena_printf(t->arena, "%s%s%s/current/%s",
				       beside ? "" : home, beside ? "" : "/",
				       t->store_name, part_files[s->part]);
	}
}

static bool open_home(const char *path, bool look, const struct install *i,
		      int *dir, struct err *e)
{
	if (fs_open_safe_dir(path, look || i->unsafe_directory, dir, e))
		return true;
	if (e->code != ERR_MISSING)
		return false;
	return look ||
	       err_set(e, ERR_MISSING,
		       "directory '%s' does not exist; create it first", path);
}

static bool open_directories(struct target *t, bool look, struct err *e)
{
	for (size_t i = 0; i < t->spot_count; i++)
		if (!open_home(fs_dirname(t->arena, t->spots[i].path), look,
			       t->install, &t->spots[i].dir, e))
			return false;

	const struct spot *key = key_spot(t);

	if (key->dir < 0)
		return true;
	t->home = fcntl(key->dir, F_DUPFD_CLOEXEC, 0);
	return t->home >= 0 || err_sys(e, "cannot keep a directory open");
}

static bool check_store(const struct target *t, struct err *e)
{
	struct stat st;

	if (fstat(t->store, &st))
		return err_sys(e, "cannot look at '%s'", t->store_name);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(e, ERR_IO,
			       "'%s/%s' can be written by others; remove it",
			       fs_dirname(t->arena, key_spot(t)->path),
			       t->store_name);
	return true;
}

static bool open_store(struct target *t, enum access access, struct err *e)
{
	if (t->home < 0)
		return true;
	if (access == ACCESS_CREATE) {
		if (!entry_make_directory(t->home, t->store_name, &t->store, e))
			return false;
	} else if (!entry_open_directory(t->home, t->store_name, &t->store,
					 e)) {
		return e->code == ERR_MISSING;
	}
	return access == ACCESS_LOOK || check_store(t, e);
}

static bool lock_store(const struct target *t, struct err *e)
{
	int64_t end = clock_mono_ms() + LOCK_MS;

	while (flock(t->store, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "cannot lock '%s'", t->store_name);
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped as asked");
		if (clock_mono_ms() >= end)
			return err_set(e, ERR_BUSY,
				       "another certfleet is changing '%s'",
				       t->spots[0].path);
		clock_sleep_ms(LOCK_POLL_MS);
	}
	return true;
}

/* Temporaries, and the link whose exchange with a directory did not come. */
static bool clean_one(void *ctx, const char *name, struct err *e)
{
	const struct target *t = ctx;
	bool is_link = entry_look(t->store, name) == ENTRY_LINK;

	if (*name == '.' ||
	    (is_link && strcmp(name, "current") && strcmp(name, "staged")))
		return entry_remove(t->store, name, e);
	return true;
}

static bool clean(struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->spot_count; i++)
		entry_clean(t->spots[i].dir, t->spots[i].name);
	return entry_each(t->store, clean_one, t, e);
}

static bool check_writable(const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->spot_count; i++) {
		if (!faccessat(t->spots[i].dir, ".", W_OK | X_OK, AT_EACCESS))
			continue;

		const char *path = fs_dirname(t->arena, t->spots[i].path);

		if (errno == EROFS)
			return err_set(e, ERR_IO,
				       "directory '%s' is on a read-only file "
				       "system",
				       path);
		return err_set(e, ERR_IO,
			       "not permitted to write in directory '%s'; run "
			       "certfleet as its owner",
			       path);
	}
	return true;
}

bool target_open(const struct install *i, enum access access, struct arena *a,
		 struct target *out, struct err *e)
{
	AUTO(target)
	t = { .install = i,
	      .arena = a,
	      .single = !i->directory,
	      .home = -1,
	      .store = -1 };

	if (t.single)
		lay_out_paths(&t);
	else
		lay_out_directory(&t);
	if (!t.spot_count || !*t.spots[0].name)
		return err_set(e, ERR_INPUT, "no path to deliver to is given");
	if (!open_directories(&t, access == ACCESS_LOOK, e) ||
	    (access != ACCESS_LOOK && !check_writable(&t, e)) ||
	    !open_store(&t, access, e))
		return false;
	if (access >= ACCESS_CHANGE && t.store >= 0 &&
	    (!lock_store(&t, e) || !clean(&t, e)))
		return false;
	*out = t;
	t = (struct target){ .home = -1, .store = -1 };
	return true;
}

/* A name in the store, as our links have it. */
static bool is_version(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

enum spot_state spot_look(const struct target *t, const struct spot *s)
{
	const char *text;

	if (s->dir < 0)
		return SPOT_ABSENT;
	switch (entry_look(s->dir, s->name)) {
	case ENTRY_NONE:
		return SPOT_ABSENT;
	case ENTRY_FILE:
		return t->single ? SPOT_REAL : SPOT_FOREIGN;
	case ENTRY_DIRECTORY:
		return t->single ? SPOT_FOREIGN : SPOT_REAL;
	case ENTRY_OTHER:
		return SPOT_FOREIGN;
	case ENTRY_LINK:
		break;
	}
	text = entry_link_text(s->dir, s->name, t->arena);
	if (!text)
		return SPOT_FOREIGN;
	if (t->single)
		return strcmp(text, s->link) ? SPOT_FOREIGN : SPOT_OURS;

	size_t len = strlen(s->link);

	return !strncmp(text, s->link, len) && is_version(text + len)
		       ? SPOT_OURS
		       : SPOT_FOREIGN;
}

const char *target_current(const struct target *t)
{
	const struct spot *s = &t->spots[0];
	const char *text;

	if (t->store < 0)
		return NULL;
	if (!t->single)
		return spot_look(t, s) == SPOT_OURS
			       ? entry_link_text(s->dir, s->name, t->arena) +
					 strlen(s->link)
			       : NULL;
	text = entry_link_text(t->store, "current", t->arena);
	return text && is_version(text) ? text : NULL;
}

static bool refuse_foreign(const struct spot *s, struct err *e)
{
	return err_set(e, ERR_IO,
		       "'%s' is a link, or of a kind, that certfleet did not "
		       "put there; move it away first",
		       s->path);
}

/* Of a real directory, or of the version that is switched on. */
static bool see_directory(const struct target *t, struct pieces *out,
			  struct err *e)
{
	const struct spot *s = &t->spots[0];
	enum spot_state state = spot_look(t, s);
	const char *current = target_current(t);
	AUTO(fd) dir = -1;

	if (state == SPOT_FOREIGN)
		return refuse_foreign(s, e);
	if (state == SPOT_ABSENT || (state == SPOT_OURS && !current))
		return true;
	if (state == SPOT_REAL &&
	    !entry_open_directory(s->dir, s->name, &dir, e))
		return false;
	if (state == SPOT_OURS &&
	    !entry_open_directory(t->store, current, &dir, e))
		return e->code == ERR_MISSING;
	pieces_read_directory(out, t->parts, dir, t->arena);
	return true;
}

static bool see_paths(const struct target *t, struct pieces *out, struct err *e)
{
	const char *current = target_current(t);
	AUTO(fd) version = -1;

	if (current && !entry_open_directory(t->store, current, &version, e) &&
	    e->code != ERR_MISSING)
		return false;
	for (size_t i = 0; i < t->spot_count; i++) {
		const struct spot *s = &t->spots[i];
		enum spot_state state = spot_look(t, s);

		if (state == SPOT_FOREIGN)
			return refuse_foreign(s, e);
		if (state == SPOT_REAL)
			pieces_read_part(out, s->part, s->dir, s->name,
					 t->arena);
		if (state == SPOT_OURS && version >= 0)
			pieces_read_part(out, s->part, version,
					 part_files[s->part], t->arena);
	}
	return true;
}

bool target_see(const struct target *t, struct pieces *out, struct err *e)
{
	if (!(t->single ? see_paths(t, out, e) : see_directory(t, out, e)))
		return false;
	*e = (struct err){ 0 };
	return true;
}

void target_judge(const struct target *t, const struct pieces *c,
		  struct verdict *out)
{
	const struct judged judged = { .pieces = c,
				       .parts = t->parts,
				       .names = t->names };

	verdict_reach(&judged, t->arena, out);
}

struct listing {
	const struct target *target;
	int dir;
};

static bool may_replace_file(const struct target *t, int dir, const char *name,
			     struct err *e)
{
	AUTO(pieces) c = { 0 };
	enum entry_kind kind = entry_look(dir, name);

	if (kind == ENTRY_FILE) {
		pieces_read_part(&c, PART_LEAF, dir, name, t->arena);
		if (piece_is_ours_to_replace(&c.parts[PART_LEAF]))
			return true;
	}
	return err_set(e, ERR_IO,
		       "'%s' holds no certificate or key; say 'replace: true' "
		       "if it may be replaced",
		       name);
}

static bool may_replace_entry(void *ctx, const char *name, struct err *e)
{
	const struct listing *l = ctx;

	return may_replace_file(l->target, l->dir, name, e);
}

static bool may_replace_directory(const struct target *t, const struct spot *s,
				  struct err *e)
{
	AUTO(fd) dir = -1;

	if (!entry_open_directory(s->dir, s->name, &dir, e))
		return false;

	struct listing listing = { .target = t, .dir = dir };

	return entry_each(dir, may_replace_entry, &listing, e) ||
	       err_in(e, "in directory '%s'", s->path);
}

bool target_may_replace(const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->spot_count; i++) {
		const struct spot *s = &t->spots[i];
		enum spot_state state = spot_look(t, s);

		if (state == SPOT_FOREIGN)
			return refuse_foreign(s, e);
		if (state != SPOT_REAL || t->install->replace)
			continue;
		if (!t->single && !may_replace_directory(t, s, e))
			return false;
		if (t->single && !may_replace_file(t, s->dir, s->name, e))
			return err_in(e, "at '%s'", s->path);
	}
	return true;
}
