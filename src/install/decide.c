/* SPDX-License-Identifier: Apache-2.0 */
#include "install/decide.h"

#include "base/text.h"
#include "install/installed_pair.h"

#include <string.h>

/* A decision being made. */
struct deciding {
	const struct install_view *view;
	const struct install_order *order;
	struct install_decision *out;
	struct installed_pair installed; /* commit, revert */
};

void install_decision_release(struct install_decision *d)
{
	pair_files_release(&d->written);
	*d = (struct install_decision){ 0 };
}

static void add_op(struct deciding *d, struct install_op op)
{
	VEC_PUSH(&d->out->ops, d->view->arena, op);
}

static void add_sync(struct deciding *d)
{
	add_op(d, (struct install_op){ INSTALL_OP_SYNC, INSTALL_IN_STORE });
}

static void add_sync_homes(struct deciding *d)
{
	const struct layout *l = &d->view->layout;

	for (size_t i = 0; i < l->path_slot_count; i++)
		if (!i || strcmp(l->slots[i].home, l->slots[i - 1].home))
			add_op(d, (struct install_op){ INSTALL_OP_SYNC, INSTALL_IN_HOME + i });
}

static void add_store_link(struct deciding *d, const char *name, const char *text)
{
	add_op(d, (struct install_op){ INSTALL_OP_LINK, INSTALL_IN_STORE, name, text });
}

/*
 * The version that was written aside gets its name, in the first store last; who
 * links to it there makes both durable together.
 */
static void add_naming(struct deciding *d)
{
	for (size_t i = d->view->layout.store_count; i-- > 0;) {
		size_t in = INSTALL_IN_STORE + i;

		add_op(d, (struct install_op){ INSTALL_OP_SYNC, in, STORE_NEW });
		add_op(d, (struct install_op){ INSTALL_OP_NAME, in, STORE_NEW, d->out->writes });
		if (i)
			add_op(d, (struct install_op){ INSTALL_OP_SYNC, in });
	}
}

/* In the first store first: a version that is not there is none. */
static void add_remove_version(struct deciding *d, const char *name)
{
	for (size_t i = 0; i < d->view->layout.store_count; i++)
		if (versions_find(&d->view->stores[i].versions, name))
			add_op(d, (struct install_op){ INSTALL_OP_REMOVE, INSTALL_IN_STORE + i,
						       name });
}

/* The link that is switched, and its text for a version. */
static struct install_op switch_op(const struct install_view *v, enum install_op_kind kind)
{
	return (struct install_op){ .kind = kind,
				    .in = v->layout.single ? INSTALL_IN_STORE : INSTALL_IN_HOME,
				    .name = view_switch_name(v) };
}

static const char *switch_text(const struct install_view *v, const char *version)
{
	return v->layout.single ? version
				: arena_printf(v->arena, "%s%s", v->layout.slots[0].link, version);
}

/* Whether what is beside a key belongs to no version any more, and was not found there. */
static bool is_orphan(const struct install_view *v, const char *name)
{
	return !v->former && !version_is_found(name) &&
	       !versions_find(&v->stores[0].versions, name);
}

/* First of all, since a leftover may have the name of what is made next. */
static void add_clean(struct deciding *d)
{
	const struct install_view *v = d->view;

	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		add_op(d, (struct install_op){ INSTALL_OP_CLEAN, INSTALL_IN_HOME + i,
					       v->layout.slots[i].name });
	for (size_t i = 0; i < v->layout.store_count; i++)
		vec_each (name, &v->stores[i].leftovers)
			if (strcmp(*name, STORE_NEW) || !d->out->writes)
				add_op(d, (struct install_op){ INSTALL_OP_REMOVE,
							       INSTALL_IN_STORE + i, *name });
	vec_each (version, &v->stores[1].versions.list)
		if (is_orphan(v, version->name))
			add_remove_version(d, version->name);
}

/* An unused name for a version of `base`. */
static const char *free_name(const struct install_view *v, const char *base)
{
	const char *here = versions_free_name(&v->stores[0].versions, base);
	const struct version *there = versions_find(&v->stores[1].versions, here);

	if (!there || is_orphan(v, here))
		return here;
	return versions_free_name(&v->stores[1].versions, base);
}

/* ---- obstacles ---- */

static bool is_clear(const struct err *obstacle, struct err *e)
{
	if (obstacle->code)
		*e = *obstacle;
	return !obstacle->code;
}

static bool may_change(const struct install_view *v, struct err *e)
{
	return is_clear(&v->unsafe, e);
}

static bool may_replace(const struct install_view *v, struct err *e)
{
	return may_change(v, e) && is_clear(&v->fixed, e) && is_clear(&v->unknown, e);
}

/* ---- stage ---- */

/* The files of the new version, with their owners and modes. */
static bool build_version(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;
	const struct install_order *o = d->order;
	struct pair_files *files = &d->out->written;
	const struct pair_status status = pair_status_of(&v->layout, files);
	struct attrs attrs;

	if (!view_attrs(v, &attrs, e))
		return false;
	pair_files_of_pair(files, v->layout.parts, o->set, o->key);
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		files->parts[part].attr =
			PARTS_WITH_KEY & 1 << part ? attrs.key : attrs.certificate;
	return installed_pair_check(&status, v->arena, o->fingerprint, e);
}

/* An existing version of `base` with exactly these files; *name NULL: none. */
static bool find_equal(const struct install_view *v, const char *base,
		       const struct pair_files *files, const char **name, struct err *e)
{
	*name = NULL;
	vec_each (version, &v->stores[0].versions.list) {
		if (!version->files || strcmp(version->base, base))
			continue;
		if (!view_trusts_version(v, version, e))
			return false;
		if (!*name && pair_files_equal(version->files, files))
			*name = version->name;
	}
	return true;
}

static bool decide_stage(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;
	const char *fingerprint = d->order->fingerprint;
	const char *version = NULL;

	if (!*fingerprint || !text_is_fingerprint(fingerprint))
		return err_set(e, ERR_INPUT, "a version needs a fingerprint");
	if (!may_replace(v, e) || !is_clear(&v->unowned, e) || !build_version(d, e) ||
	    !find_equal(v, fingerprint, &d->out->written, &version, e))
		return false;
	if (version && view_is_at(v, version))
		return true;
	if (!version)
		version = d->out->writes = free_name(v, fingerprint);
	add_clean(d);
	if (d->out->writes)
		add_naming(d);
	add_store_link(d, STORE_STAGED, version);
	add_sync(d);
	return true;
}

/* ---- commit, revert ---- */

/* One that is staged or on stands before a newer one with other attributes. */
static const struct version *name_version(const struct install_view *v, const char *fingerprint)
{
	const char *const links[] = { v->staged, v->current };

	for (size_t i = 0; i < 2; i++) {
		const struct version *linked =
			links[i] ? versions_find(&v->stores[0].versions, links[i]) : NULL;

		if (linked && !strcmp(linked->base, fingerprint))
			return linked;
	}
	return versions_newest(&v->stores[0].versions, fingerprint);
}

/* A version of the fingerprint, which is whole; its owners and modes in `set`. */
static bool find_version(const struct install_view *v, const char *fingerprint,
			 const char **version, const char **set, struct err *e)
{
	const struct version *found = name_version(v, fingerprint);

	if (!found || !found->files)
		return err_set(e, ERR_MISSING, "%.16s is not staged beside '%s'; stage it again",
			       fingerprint, view_first_path(v));

	const struct pair_status status = pair_status_of(&v->layout, found->files);

	if (!view_trusts_version(v, found, e))
		return false;
	if (!installed_pair_check(&status, v->arena, fingerprint, e))
		return err_in(e, "version '%.80s' is damaged, stage it again", found->name);
	*version = found->name;
	*set = attrs_text(found->files, v->arena);
	return true;
}

/*
 * Keeps the files at the paths as a version, unless one holds them already; they
 * keep their owners as far as the account can set them.
 */
static bool keep_paths(struct deciding *d, const char *base, const char **kept, struct err *e)
{
	const struct install_view *v = d->view;

	for (size_t i = 0; i < v->layout.path_slot_count; i++) {
		const struct path_slot *slot = &v->layout.slots[i];
		const struct pair_file *from = &v->seen.parts[slot->part];
		struct pair_file *to = &d->out->written.parts[slot->part];

		if (from->error)
			return err_set(e, ERR_IO, "'%s' cannot be kept: %s", slot->path,
				       from->error);
		to->there = from->there;
		to->attr = from->attr;
		attr_limit(&v->account, &to->attr);
		if (from->there)
			secret_copy(&to->bytes, from->bytes.bytes, from->bytes.len);
	}
	if (!find_equal(v, base, &d->out->written, kept, e))
		return false;
	if (!*kept)
		*kept = d->out->writes = free_name(v, base);
	return true;
}

/* What is kept gets its name, and is what is on. */
static void add_keep(struct deciding *d, const char *kept)
{
	if (d->out->writes)
		add_naming(d);
	if (!kept)
		return;
	add_store_link(d, STORE_CURRENT, kept);
	add_sync(d);
}

/* The key first: a process that starts in between finds it with the older certificate. */
static void add_copies(struct deciding *d, const char *name)
{
	const struct install_view *v = d->view;
	const struct version *version = versions_find(&v->stores[0].versions, name);

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v->layout.path_slot_count; i++) {
			const struct path_slot *s = &v->layout.slots[i];
			struct install_op op = { INSTALL_OP_COPY, INSTALL_IN_HOME + i, s->name,
						 file_kind_names[s->part], name };

			if (pass == 0 ? !(PARTS_WITH_KEY & 1 << s->part)
				      : PARTS_WITH_KEY & 1 << s->part)
				continue;
			if (!version->files->parts[s->part].there)
				op.kind = INSTALL_OP_REMOVE;
			add_op(d, op);
		}
	add_sync_homes(d);
}

/* Files become links to the same content, so that readers see no change. */
static void add_links(struct deciding *d)
{
	const struct install_view *v = d->view;

	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		if (v->states[i] != PATH_SLOT_OURS)
			add_op(d, (struct install_op){ INSTALL_OP_LINK, INSTALL_IN_HOME + i,
						       v->layout.slots[i].name,
						       v->layout.slots[i].link });
	add_sync_homes(d);
}

/* What is not ours stays where it is: every version holds it. */
static void add_carry(struct deciding *d, const char *version)
{
	const struct install_view *v = d->view;
	bool is_real = v->states[0] == PATH_SLOT_REAL;

	vec_each (other, &v->others)
		add_op(d, (struct install_op){ INSTALL_OP_CARRY,
					       is_real ? INSTALL_IN_HOME : INSTALL_IN_STORE,
					       is_real ? v->layout.slots[0].name : v->current,
					       other->name, version });
}

/* What is switched to has not been activated yet, whatever was before. */
static void add_forget_activation(struct deciding *d)
{
	if (d->view->activation)
		add_op(d, (struct install_op){ INSTALL_OP_UNLINK, INSTALL_IN_STORE,
					       STORE_ACTIVATION });
}

/* What owners and modes were set, which the next stage inherits; NULL: no record. */
static void add_record(struct deciding *d, const char *set)
{
	if (set)
		add_store_link(d, STORE_ATTR, set);
	else if (d->view->set)
		add_op(d, (struct install_op){ INSTALL_OP_UNLINK, INSTALL_IN_STORE, STORE_ATTR });
}

/* The end of a switch to `version`, which one that was interrupted may not have reached. */
static void add_finish(struct deciding *d, const char *version)
{
	const struct install_view *v = d->view;

	add_sync_homes(d);
	if (v->layout.plain && view_is_at(v, version) && strcmp(v->switch_text, version))
		add_store_link(d, STORE_CURRENT, version);
	add_op(d, (struct install_op){ INSTALL_OP_UNLINK, INSTALL_IN_STORE, STORE_STAGED });
	add_sync(d);
}

/*
 * The link that is switched selects the version that the paths lead to.  Before
 * it moves, every real file or directory at a path is kept as a version and the
 * path becomes a link to the same content; so the move itself is one rename, and
 * no mixed pair is ever visible.
 */
static bool decide_switch(struct deciding *d, const char *version, const char *set, struct err *e)
{
	const struct install_view *v = d->view;
	struct install_op op = switch_op(v, INSTALL_OP_EXPECT);
	const char *base = NULL;
	const char *kept = NULL;

	if (!may_replace(v, e))
		return false;
	if (view_has_found(v)) {
		base = version_found_base(v->arena, d->installed.fingerprint);
		if (v->layout.single && !keep_paths(d, base, &kept, e))
			return false;
		if (!v->layout.single)
			kept = free_name(v, base);
	}
	add_clean(d);
	op.text = v->switch_text;
	add_op(d, op);
	add_carry(d, version);
	add_forget_activation(d);
	add_record(d, set);
	if (v->layout.single)
		add_keep(d, kept);
	if (v->layout.plain)
		add_copies(d, version);
	else if (v->layout.single)
		add_links(d);
	op.kind = kept && !v->layout.single ? INSTALL_OP_EXCHANGE : INSTALL_OP_LINK;
	op.text = switch_text(v, version);
	op.kept = kept;
	add_op(d, op);
	add_finish(d, version);
	return true;
}

/* All versions but the one that is switched to, the one before it, and found ones. */
static void add_prune(struct deciding *d, const char *keep)
{
	const struct install_view *v = d->view;

	vec_each (version, &v->stores[0].versions.list)
		if (!version_is_found(version->name) && strcmp(version->name, keep) &&
		    (!v->current || strcmp(version->name, v->current)))
			add_remove_version(d, version->name);
}

static bool decide_commit(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;
	const struct switch_order order = { d->order->fingerprint, d->order->replaces };
	const char *version = NULL;
	const char *set = NULL;

	if (!may_change(v, e) || !find_version(v, order.fingerprint, &version, &set, e))
		return false;
	if (view_is_at(v, version)) {
		add_clean(d);
		add_finish(d, version);
		return true;
	}
	if (!may_replace(v, e) ||
	    !installed_pair_expect(&d->installed, view_first_path(v), &order, e) ||
	    !decide_switch(d, version, set, e))
		return false;
	add_prune(d, version);
	return true;
}

/* Removes our links; no version is on afterwards. */
static bool decide_switch_off(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;

	if (v->others.count)
		return err_set(
			e, ERR_IO,
			"'%s' is not certfleet's, and would be removed from '%s'; move it away first",
			text_escaped(v->arena, v->others.items[0].name), view_first_path(v));
	add_clean(d);
	if (v->layout.single && v->stores[0].is_there)
		add_op(d, switch_op(v, INSTALL_OP_UNLINK));
	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		if (v->states[i] == PATH_SLOT_OURS || v->states[i] == PATH_SLOT_STALE)
			add_op(d, (struct install_op){
					  v->layout.plain ? INSTALL_OP_REMOVE : INSTALL_OP_UNLINK,
					  INSTALL_IN_HOME + i, v->layout.slots[i].name });
	add_sync_homes(d);
	if (v->stores[0].is_there)
		add_sync(d);
	return true;
}

static bool decide_revert_to_nothing(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;

	for (size_t i = 0; i < v->layout.path_slot_count; i++)
		if (v->states[i] == PATH_SLOT_REAL || v->states[i] == PATH_SLOT_LINKED ||
		    v->states[i] == PATH_SLOT_FORMER)
			return err_set(e, ERR_STALE,
				       "'%s' is no longer what certfleet put there; plan again",
				       v->layout.slots[i].path);
	return decide_switch_off(d, e);
}

/* The newest version of the fingerprint, else the found one, else nothing. */
static bool decide_revert(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;
	const char *fingerprint = d->order->fingerprint;
	const struct version *found =
		versions_newest(&v->stores[0].versions, version_found_base(v->arena, fingerprint));
	const char *version = NULL;
	const char *set = NULL;

	if (!may_change(v, e))
		return false;
	if (!*fingerprint && !found)
		return decide_revert_to_nothing(d, e);
	if (!*fingerprint || !find_version(v, fingerprint, &version, &set, e)) {
		if (!found)
			return false;
		*e = (struct err){ 0 };
		version = found->name;
		if (!view_trusts_version(v, found, e))
			return false;
	}
	if (!view_is_at(v, version))
		return decide_switch(d, version, set, e);
	/* a commit that was interrupted before its switch has recorded its own */
	add_clean(d);
	add_record(d, set);
	add_finish(d, version);
	return true;
}

/* ---- abort, remove ---- */

static bool decide_abort(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;
	const char *fingerprint = d->order->fingerprint;

	if (!v->stores[0].is_there)
		return true;
	if (!may_change(v, e))
		return false;
	add_clean(d);
	if (v->staged && !strcmp(version_base(v->arena, v->staged), fingerprint))
		add_op(d, (struct install_op){ INSTALL_OP_UNLINK, INSTALL_IN_STORE, STORE_STAGED });
	vec_each (version, &v->stores[0].versions.list)
		if (!strcmp(version->base, fingerprint) &&
		    (!v->current || strcmp(version->name, v->current)))
			add_remove_version(d, version->name);
	add_sync(d);
	return true;
}

static bool decide_remove(struct deciding *d, struct err *e)
{
	const struct install_view *v = d->view;

	if (!v->stores[0].is_there && !view_any_slot_is(v, PATH_SLOT_OURS))
		return true;
	if (!may_change(v, e) || !decide_switch_off(d, e))
		return false;
	for (size_t i = 0; i < v->layout.store_count; i++) {
		const struct layout_store *s = &v->layout.stores[i];

		if (v->stores[i].is_there)
			add_op(d, (struct install_op){ INSTALL_OP_REMOVE, INSTALL_IN_HOME + s->slot,
						       s->name });
		add_op(d, (struct install_op){ INSTALL_OP_SYNC, INSTALL_IN_HOME + s->slot });
	}
	return true;
}

typedef bool decide_fn(struct deciding *d, struct err *e);

bool install_decide(const struct install_view *v, const struct install_order *o,
		    struct install_decision *out, struct err *e)
{
	static decide_fn *const verbs[INSTALL_VERB_COUNT] = {
		[INSTALL_STAGE] = decide_stage,   [INSTALL_COMMIT] = decide_commit,
		[INSTALL_ABORT] = decide_abort,   [INSTALL_REVERT] = decide_revert,
		[INSTALL_REMOVE] = decide_remove,
	};
	AUTO(install_decision) decision = { 0 };
	const struct pair_status status = pair_status_of(&v->layout, &v->seen);
	struct deciding d = { v, o, &decision };

	if (o->verb == INSTALL_COMMIT || o->verb == INSTALL_REVERT)
		installed_pair_reach(&status, v->arena, &d.installed);
	if (!verbs[o->verb](&d, e))
		return false;
	*out = TAKE(decision);
	return true;
}
