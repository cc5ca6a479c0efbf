/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state_copy.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "state/change.h"
#include "state/enrolment_records.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* ---- carried records ---- */

static bool copy_accepted(struct change *c, const struct stored_record *r, struct err *e)
{
	const char *const *keys = NULL;
	size_t count = 0;

	if (!accepted_read(r, &c->arena, &keys, &count, e))
		return false;
	change_accepted(c, keys, count);
	return true;
}

static bool copy_agent(struct change *c, const struct stored_record *r, struct err *e)
{
	struct enrolled agent = { 0 };

	if (!enrolled_read(r, &c->arena, &agent, e))
		return false;
	change_enrolled(c, &agent);
	return true;
}

static bool copy_approval_rules(struct change *c, const struct stored_record *r, struct err *e)
{
	const struct approval_rules *rules = NULL;

	if (!approval_rules_read(r, &c->arena, &rules, e))
		return false;
	change_approval_rules(c, rules);
	return true;
}

static bool copy_component(struct change *c, const struct stored_record *r, struct err *e)
{
	struct component_seen seen = { 0 };

	if (!component_read(r, &c->arena, &seen, e))
		return false;
	seen.restored = true;
	change_component(c, &seen);
	return true;
}

void change_uncopied(struct change *c, const char *component)
{
	change_component(c, &(struct component_seen){ .name = component, .restored = true });
}

/* Sorted by prefix; a whole key is one as well. */
static const struct carried {
	const char *prefix;
	bool (*copy)(struct change *c, const struct stored_record *r, struct err *e);
} carried[] = {
	{ ACCEPTED_KEY, copy_accepted },
	{ AGENT_PREFIX, copy_agent },
	{ APPROVALS_KEY, copy_approval_rules },
	{ COMPONENT_PREFIX, copy_component },
};

enum {
	CARRIED_COUNT = sizeof(carried) / sizeof(*carried),
	FORMER_LIMIT = 100 /* states replaced in one second */
};

bool state_carried(struct state *s, struct arena *a, struct stored_record **out, size_t *count,
		   struct err *e)
{
	VEC(struct stored_record) all = { 0 };

	for (size_t i = 0; i < CARRIED_COUNT; i++) {
		struct stored_record *some = NULL;
		size_t found = 0;

		if (!s->backend->ops->list(s->backend, carried[i].prefix, a, &some, &found, e))
			return false;
		for (size_t k = 0; k < found; k++)
			VEC_PUSH(&all, a, some[k]);
	}
	*out = all.items;
	*count = all.count;
	return true;
}

/* What is wrong with a record is wrong with the copy, whose remedy is another one. */
static bool copy_damaged(const char *key, const struct err *why, struct err *e)
{
	AUTO(arena) a = { 0 };

	return err_set(e, ERR_INPUT, "its record '%s' is not one that this certfleet wrote: %s",
		       text_escaped(&a, key), why->text);
}

bool change_copied(struct change *c, const struct stored_record *r, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct err why = { 0 };

	for (size_t i = 0; i < CARRIED_COUNT; i++)
		if (record_is(r, carried[i].prefix))
			return carried[i].copy(c, r, &why) || copy_damaged(r->key, &why, e);
	return err_set(e, ERR_INPUT,
		       "this certfleet does not know its record '%s'; use a newer one",
		       text_escaped(&a, r->key));
}

bool copied_generation(const char *record, const struct generation *due, struct arena *a,
		       struct generation *out, struct err *e)
{
	struct err why = { 0 };

	if (!generation_decode(record, a, out, &why))
		return copy_damaged(generation_key(a, due), &why, e);
	if (out->of == due->of && !strcmp(out->owner, due->owner) && out->number == due->number &&
	    !strcmp(out->fingerprint, due->fingerprint) && !strcmp(out->spki, due->spki))
		return true;
	err_set(&why, ERR_INPUT, "its content belongs to another generation");
	return copy_damaged(generation_key(a, due), &why, e);
}

bool change_copied_generation(struct change *c, const char *record, const struct generation *due,
			      const struct cert_set *set, struct err *e)
{
	struct generation g = { 0 };

	if (!copied_generation(record, due, &c->arena, &g, e))
		return false;
	g.bundle = due->bundle;
	change_generation(c, &g, set);
	return true;
}

/* ---- rebuilding ---- */

struct rebuild {
	struct arena arena;
	const char *path;
	const char *place; /* directory of the new state */
	struct copy_head head;
	const char *holder;
	int64_t found;       /* serial of the former state; NO_SERIAL */
	bool occupied;       /* something is at `path` */
	int lock;            /* of the former state */
	int place_lock;      /* the new state's directory, locked; -1: not made */
	struct state *state; /* the new state */
};

/* Whether there is a directory with anything in it. */
static bool is_occupied(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	while (dir && count <= 2 && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count > 2;
}

static bool look_at_former(struct rebuild *r, struct err *e)
{
	AUTO(state) s = NULL;
	const struct state_options o = { .path = r->path };

	if (!fs_lock(arena_printf(&r->arena, "%s/lock", r->path), r->holder, 0, &r->lock, e)) {
		if (e->code == ERR_IO)
			err_remedy(e, "make it writable, or make room, and run this again");
		return false;
	}
	if (!state_open(&o, &s, e)) {
		if (err_ignore(e, ERR_MISSING))
			return true;
		if (e->code == ERR_INPUT)
			e->code = ERR_IO;
		err_in(e, "the state in '%s' cannot be read", r->path);
		return err_remedy(e, "move it away first");
	}
	if (strcmp(state_lineage(s), r->head.lineage) != 0)
		return err_set(
			e, ERR_IO,
			"the state in '%s' is of another lineage (%.8s) than the copy (%.8s); move it away first",
			r->path, text_escaped(&r->arena, state_lineage(s)),
			text_escaped(&r->arena, r->head.lineage));
	r->found = state_serial(s);
	return true;
}

bool rebuild_open(const char *path, const struct copy_head *head, const char *holder,
		  struct rebuild **out, int64_t *found, struct err *e)
{
	AUTO(rebuild) r = xcalloc(1, sizeof(*r));
	AUTO(str) real = realpath(path, NULL);

	r->path = arena_strdup(&r->arena, real ? real : path);
	r->place = arena_printf(&r->arena, "%s.restoring", r->path);
	r->head = *head;
	r->holder = holder;
	r->found = NO_SERIAL;
	r->lock = -1;
	r->place_lock = -1;
	r->occupied = is_occupied(r->path);
	if (r->occupied && !look_at_former(r, e))
		return false;
	*found = r->found;
	*out = TAKE(r);
	return true;
}

/* Removes what a killed restore left in its directory. */
static bool clear_place(const struct rebuild *r, struct err *e)
{
	int fd = openat(r->place_lock, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d = NULL;
	bool good = dir;

	while (good && (d = readdir(dir)))
		good = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		       unlinkat(r->place_lock, d->d_name, 0) == 0;
	if (!good)
		err_sys(e, "cannot clear '%s'", r->place);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return good;
}

/* The directory is ours alone while its lock is held. */
static bool take_place(struct rebuild *r, struct err *e)
{
	AUTO(fd) fd = -1;
	struct stat locked;
	struct stat there;

	if (!fs_make_private_dir(r->place, e))
		return false;
	fd = open(r->place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &locked) < 0)
		return err_sys(e, "cannot open directory '%s'", r->place);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || stat(r->place, &there) < 0 ||
	    there.st_ino != locked.st_ino)
		return err_set(e, ERR_BUSY, "another certfleet restores this state, in '%s'",
			       r->place);
	r->place_lock = TAKE_FD(fd);
	return clear_place(r, e);
}

bool rebuild_state(struct rebuild *r, struct state **out, struct err *e)
{
	const struct state_options o = {
		.path = r->place,
		.fleet = r->head.fleet,
		.create = true,
		.lineage = r->head.lineage,
		.serial = r->found > r->head.serial ? r->found : r->head.serial,
		.origin = r->head.origin,
		.history = r->head.history,
		.holder = r->holder,
	};

	if (!take_place(r, e) || !state_open(&o, &r->state, e))
		return err_in(e, "cannot make the new state");
	*out = r->state;
	return true;
}

bool rebuild_in_memory(const struct copy_head *head, struct state **out, struct err *e)
{
	const struct state_options o = {
		.fleet = head->fleet,
		.create = true,
		.lineage = head->lineage,
		.serial = head->serial,
		.origin = head->origin,
		.history = head->history,
	};

	return state_open(&o, out, e);
}

/* Moves what is at the state's place aside, under a name that is free. */
static bool keep_former(struct rebuild *r, struct arena *a, const char **former, struct err *e)
{
	char when[TIME_TEXT];
	const char *name = arena_printf(a, "%s.before-%s", r->path, time_format(clock_now(), when));

	if (!r->occupied)
		return true;
	*former = name;
	for (unsigned i = 2; i < FORMER_LIMIT; i++) {
		if (renameat2(AT_FDCWD, r->path, AT_FDCWD, *former, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST)
			break;
		*former = arena_printf(a, "%s-%u", name, i);
	}
	return err_sys(e, "cannot move '%s' to '%s'", r->path, *former);
}

bool rebuild_finish(struct rebuild *r, struct arena *a, const char **former, struct err *e)
{
	const char *kept = NULL;

	state_close(r->state);
	r->state = NULL;
	if (!fs_sync_dir(r->place, e) || !keep_former(r, a, &kept, e))
		return false;
	if (rename(r->place, r->path) < 0) {
		err_sys(e, "cannot rename '%s' to '%s'", r->place, r->path);
		if (kept && rename(kept, r->path) < 0)
			err_in(e, "the former state is in '%s'", kept);
		return false;
	}
	close(TAKE_FD(r->place_lock));
	*former = kept;
	return fs_sync_dir(fs_dirname(&r->arena, r->path), e);
}

void rebuild_close(struct rebuild *r)
{
	struct err ignored = { 0 };

	if (!r)
		return;
	state_close(r->state);
	if (r->place_lock >= 0 && clear_place(r, &ignored))
		rmdir(r->place);
	fd_auto(&r->place_lock);
	fd_auto(&r->lock);
	arena_release(&r->arena);
	free(r);
}
