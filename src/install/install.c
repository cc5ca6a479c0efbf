/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install.h"

#include "base/alloc.h"
#include "base/text.h"
#include "install/attr.h"
#include "install/entry.h"
#include "install/store_version.h"
#include "install/target.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* Batch of installs whose files are in memory and decoded together. */
	PROBED_AT_ONCE = 64,
};

/*
 * Whether a pair can be installed, before anything is written.  A preview: stage
 * and commit check again.
 */
static bool may_install(const struct install *i, struct arena *a, struct err *e)
{
	AUTO(target) t = { .home = -1, .store = -1 };
	AUTO(pair_files) seen = { 0 };
	struct attrs attrs;

	return target_open(i, ACCESS_CHECK, a, &t, e) && target_may_replace(&t, e) &&
	       target_see(&t, &seen, e) &&
	       attrs_of_account(i, &seen, t.layout.names, &t.account, &attrs, e);
}

static const char *why_unwritable(const struct install *i, struct arena *a)
{
	struct err e = { 0 };

	return may_install(i, a, &e) ? NULL : arena_strdup(a, e.text);
}

static void see_staged(const struct target *t, struct observation *out)
{
	const char *current = target_current(t);
	const char *staged = NULL;

	if (t->store >= 0)
		staged = entry_link_text(t->store, STORE_STAGED, t->arena);
	if (!staged || (current && !strcmp(staged, current)) ||
	    entry_look(t->store, staged) != ENTRY_DIRECTORY)
		return;
	staged = version_base(t->arena, staged);
	if (text_is_fingerprint(staged))
		out->staged = staged;
}

/* An install whose files are read, not yet checked. */
struct probed_install {
	struct target target;
	struct pair_files seen;
	bool good;
};

static void install_open_probed(const struct install *i, struct arena *a, struct probed_install *l,
				struct observation *out)
{
	struct err e = { 0 };

	l->target = (struct target){ .home = -1, .store = -1 };
	*out = (struct observation){ .unwritable = why_unwritable(i, a) };
	l->good = target_open(i, ACCESS_LOOK, a, &l->target, &e) &&
		  target_see(&l->target, &l->seen, &e);
	if (!l->good)
		out->error = arena_strdup(a, e.text);
}

/* Of files that a commit has put there. */
static const char *probed_attr_flaw(const struct probed_install *l)
{
	const struct target *t = &l->target;
	struct attrs wanted;
	struct err e = { 0 };

	if (!target_is_ours(t))
		return NULL;
	if (!attrs_of_account(t->install, &l->seen, t->layout.names, &t->account, &wanted, &e))
		return arena_strdup(t->arena, e.text);
	return attrs_flaw(&wanted, &l->seen, t->layout.names, &t->account, t->arena);
}

static void observe_probed(struct probed_install *l, struct observation *out)
{
	struct installed_pair v = { 0 };

	if (l->good) {
		target_judge(&l->target, &l->seen, &v);
		installed_pair_observe(&v, out);
		out->attr_flaw = probed_attr_flaw(l);
		see_staged(&l->target, out);
	}
	pair_files_release(&l->seen);
	target_release(&l->target);
}

static void decode_probed(const struct probed_install *list, size_t count, struct arena *a)
{
	AUTO(prospects) all = { 0 };

	for (size_t i = 0; i < count; i++)
		if (list[i].good) {
			const struct pair_status judged =
				pair_status_of(&list[i].target.layout, &list[i].seen);

			installed_pair_prospect(&judged, a, &all);
		}
	foreign_learn(all.items, all.count);
}

void install_probe_all(const struct install *const *installs, size_t count, struct arena *a,
		       struct observation *out)
{
	struct probed_install *list = xcalloc(PROBED_AT_ONCE, sizeof(*list));

	for (size_t i = 0; i < count; i += PROBED_AT_ONCE) {
		size_t some = count - i < PROBED_AT_ONCE ? count - i : PROBED_AT_ONCE;

		for (size_t k = 0; k < some; k++)
			install_open_probed(installs[i + k], a, &list[k], &out[i + k]);
		decode_probed(list, some, a);
		for (size_t k = 0; k < some; k++)
			observe_probed(&list[k], &out[i + k]);
	}
	free(list);
}

void install_probe(const struct install *i, struct arena *a, struct observation *out)
{
	install_probe_all(&i, 1, a, out);
}

/* The files to write for a pair, with their owners and modes. */
static bool install_build(const struct target *t, const struct install_pair *pair,
			  struct pair_files *out, struct err *e)
{
	AUTO(pair_files) seen = { 0 };
	struct attrs attrs;

	if (!target_see(t, &seen, e) ||
	    !attrs_of_account(t->install, &seen, t->layout.names, &t->account, &attrs, e))
		return false;
	pair_files_of_pair(out, t->layout.parts, pair->set, pair->key);
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		out->parts[part].attr = PARTS_WITH_KEY & 1 << part ? attrs.key : attrs.certificate;
	return true;
}

static bool check_built(const struct target *t, const struct pair_files *c, const char *fingerprint,
			struct err *e)
{
	const struct pair_status judged = pair_status_of(&t->layout, c);

	return installed_pair_check(&judged, t->arena, fingerprint, e);
}

bool install_stage(const struct install *i, const struct install_pair *pair, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(target) t = { .home = -1, .store = -1 };
	AUTO(pair_files) wanted = { 0 };
	const char *version = NULL;

	if (!text_is_fingerprint(pair->fingerprint) || !*pair->fingerprint)
		return err_set(e, ERR_INPUT, "a version needs a fingerprint");
	if (!may_install(i, &a, e) || !target_open(i, ACCESS_CREATE, &a, &t, e) ||
	    !target_may_replace(&t, e) || !install_build(&t, pair, &wanted, e) ||
	    !check_built(&t, &wanted, pair->fingerprint, e) ||
	    !store_version_keep(&t, pair->fingerprint, &wanted, &version, e))
		return false;
	if (switch_is_at(&t, version))
		return true;
	return entry_link(t.store, STORE_STAGED, version, e);
}

static bool check_expected(const struct target *t, const struct switch_order *order, struct err *e)
{
	AUTO(pair_files) seen = { 0 };
	struct installed_pair v;

	if (!order->replaces)
		return true;
	if (!target_see(t, &seen, e))
		return false;
	target_judge(t, &seen, &v);
	return installed_pair_expect(&v, t->layout.slots[0].path, order, e);
}

/* One that is staged or on stands before a newer one with other attributes. */
static bool name_staged(const struct target *t, const char *fingerprint, const char **version,
			struct err *e)
{
	const char *const links[] = { t->store < 0
					      ? NULL
					      : entry_link_text(t->store, STORE_STAGED, t->arena),
				      target_current(t) };

	*version = NULL;
	for (size_t i = 0; i < 2 && !*version; i++)
		if (links[i] && !strcmp(version_base(t->arena, links[i]), fingerprint) &&
		    entry_look(t->store, links[i]) == ENTRY_DIRECTORY)
			*version = links[i];
	return *version || t->store < 0 || store_version_newest(t, fingerprint, version, e);
}

/* `set`: its owners and modes, for STORE_ATTR. */
static bool find_staged(const struct target *t, const char *fingerprint, const char **version,
			const char **set, struct err *e)
{
	AUTO(pair_files) c = { 0 };

	if (!name_staged(t, fingerprint, version, e))
		return false;
	if (!*version)
		return err_set(e, ERR_MISSING, "%.16s is not staged beside '%s'; stage it again",
			       fingerprint, t->layout.slots[0].path);
	if (!store_version_read(t, *version, &c, e))
		return false;
	if (!check_built(t, &c, fingerprint, e))
		return err_in(e, "version '%.80s' is damaged, stage it again", *version);
	*set = attrs_text(&c, t->arena);
	return true;
}

static bool forget_staged(const struct target *t, struct err *e)
{
	if (unlinkat(t->store, STORE_STAGED, 0) && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", STORE_STAGED);
	return entry_sync(t->store, e);
}

/* Completes an interrupted switch: fsyncs its directories, removes the staged link. */
static bool install_finish(const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (!entry_sync(t->layout.slots[i].dir, e))
			return false;
	return forget_staged(t, e);
}

bool install_commit(const struct install *i, const char *fingerprint, const char *replaces,
		    struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(target) t = { .home = -1, .store = -1 };
	const struct switch_order order = { fingerprint, replaces };
	const char *version = NULL;
	const char *previous = NULL;
	const char *set = NULL;

	if (!target_open(i, ACCESS_CHANGE, &a, &t, e) ||
	    !find_staged(&t, fingerprint, &version, &set, e))
		return false;
	if (switch_is_at(&t, version))
		return install_finish(&t, e);
	if (!check_expected(&t, &order, e) || !entry_link(t.store, STORE_ATTR, set, e) ||
	    !switch_to(&t, version, &previous, e) || !forget_staged(&t, e))
		return false;
	return store_version_prune(&t, version, previous, e);
}

bool install_abort(const struct install *i, const char *fingerprint, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(target) t = { .home = -1, .store = -1 };

	if (!target_open(i, ACCESS_CHANGE, &a, &t, e))
		return err_ignore(e, ERR_MISSING);
	if (t.store < 0)
		return true;

	const char *staged = entry_link_text(t.store, STORE_STAGED, &a);

	if (staged && !strcmp(version_base(&a, staged), fingerprint) && !forget_staged(&t, e))
		return false;
	return store_version_remove(&t, fingerprint, target_current(&t), e);
}

static bool check_version(const struct target *t, const char *version, struct err *e)
{
	AUTO(fd) dir = -1;

	return target_open_version(t, version, &dir, e);
}

/*
 * The version to revert to: the newest of the fingerprint, else the found one.
 * *version NULL: revert to nothing.  *set: its owners and modes; NULL: those of
 * a found one are its own.
 */
static bool find_former(const struct target *t, const char *fingerprint, const char **version,
			const char **set, struct err *e)
{
	const char *found = version_found_base(t->arena, fingerprint);
	struct err why = { 0 };

	*version = *set = NULL;
	if (*fingerprint && find_staged(t, fingerprint, version, set, &why))
		return true;
	*version = *set = NULL;
	if (t->store >= 0 && !store_version_newest(t, found, version, e))
		return false;
	if (*version)
		return check_version(t, *version, e);
	if (!*fingerprint)
		return true;
	*e = why;
	return false;
}

static bool install_revert_to_nothing(const struct target *t, struct err *e)
{
	for (size_t i = 0; i < t->layout.path_slot_count; i++)
		if (path_slot_look(t, &t->layout.slots[i]) == PATH_SLOT_REAL)
			return err_set(e, ERR_STALE,
				       "'%s' is no longer what certfleet put there; plan again",
				       t->layout.slots[i].path);
	return switch_off(t, e);
}

bool install_revert(const struct install *i, const char *fingerprint, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(target) t = { .home = -1, .store = -1 };
	const char *version = NULL;
	const char *previous = NULL;
	const char *set = NULL;

	if (!target_open(i, ACCESS_CHANGE, &a, &t, e) ||
	    !find_former(&t, fingerprint, &version, &set, e))
		return false;
	if (!version)
		return install_revert_to_nothing(&t, e);
	/* else the next stage would inherit what the commit that is reverted set */
	if (set ? !entry_link(t.store, STORE_ATTR, set, e) : !entry_remove(t.store, STORE_ATTR, e))
		return false;
	if (switch_is_at(&t, version))
		return install_finish(&t, e);
	return switch_to(&t, version, &previous, e) && forget_staged(&t, e);
}

bool install_remove(const struct install *i, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(target) t = { .home = -1, .store = -1 };

	if (!target_open(i, ACCESS_CHANGE, &a, &t, e))
		return err_ignore(e, ERR_MISSING);
	if (!switch_off(&t, e))
		return false;
	if (t.store < 0)
		return true;
	return entry_remove(t.home, t.layout.store_name, e) && entry_sync(t.home, e);
}

bool install_read(const struct install *i, struct arena *a, struct cert_set *set,
		  struct secret *key, struct err *e)
{
	AUTO(target) t = { .home = -1, .store = -1 };
	AUTO(pair_files) seen = { 0 };

	if (!target_open(i, ACCESS_LOOK, a, &t, e) || !target_see(&t, &seen, e))
		return false;

	const struct pair_status judged = pair_status_of(&t.layout, &seen);

	return installed_pair_read(&judged, a, set, key, e) ||
	       err_in(e, "at '%s'", t.layout.slots[0].path);
}
