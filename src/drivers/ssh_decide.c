/* SPDX-License-Identifier: Apache-2.0 */

#include "base/text.h"
#include "drivers/ssh_target.h"
#include "pki/pair.h"

#include <string.h>

static bool may_change(const struct ssh_target *f, struct err *e)
{
	if (f->no_shell)
		return err_set(e, ERR_REMOTE, "%s", f->no_shell);
	if (f->unsafe)
		return err_set(e, ERR_IO, "%s", f->unsafe);
	return !f->unknown || err_set(e, ERR_IO, "%s", f->unknown);
}

static bool may_replace(const struct ssh_target *f, struct err *e)
{
	return may_change(f, e) &&
	       (!f->not_replaceable || err_set(e, ERR_IO, "%s", f->not_replaceable));
}

const char *ssh_target_first_path(const struct ssh_target *f)
{
	return f->layout.slots[0].path;
}

/* ---- probe, read ---- */

/* Owners and modes for a new pair; the error says which existing file forbids it. */
static bool find_attrs(const struct ssh_target *f, struct attrs *out, struct err *e)
{
	return attrs_of_account(f->install, &f->seen, f->layout.names, &f->account, out, e);
}

static const char *why_closed(const struct ssh_target *f)
{
	struct attrs ignored;
	struct err e = { 0 };

	if (f->no_shell || f->unsafe)
		return f->no_shell ? f->no_shell : f->unsafe;
	if (f->not_replaceable || find_attrs(f, &ignored, &e))
		return f->not_replaceable;
	return arena_strdup(f->arena, e.text);
}

/* Of files that a commit has put there. */
static const char *find_attr_flaw(const struct ssh_target *f)
{
	struct attrs wanted;
	struct err e = { 0 };

	if (f->no_shell || !ssh_target_is_ours(f))
		return NULL;
	if (!find_attrs(f, &wanted, &e))
		return arena_strdup(f->job->arena, e.text);
	return attrs_flaw(&wanted, &f->seen, f->layout.names, &f->account, f->job->arena);
}

static bool decide_probe(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;
	struct arena *a = f->job->arena;
	const struct pair_status judged = pair_status_of(&f->layout, &f->seen);
	struct observation *seen = &f->job->seen;
	const char *closed = why_closed(f);
	struct installed_pair v;

	(void)e;
	installed_pair_reach(&judged, a, &v);
	*seen = (struct observation){ .online = true, .attr_flaw = find_attr_flaw(f) };
	installed_pair_observe(&v, seen);
	if (f->unknown) {
		seen->installed = NULL;
		seen->error = arena_strdup(a, f->unknown);
	}
	if (closed)
		seen->unwritable = arena_strdup(a, closed);
	if (f->staged && (!f->current || strcmp(f->staged, f->current)))
		seen->staged = version_base(a, f->staged);
	if (seen->staged && !text_is_fingerprint(seen->staged))
		seen->staged = NULL;
	return true;
}

static bool decide_read(struct ssh_decision *w, struct err *e)
{
	const struct ssh_target *f = w->far;
	const struct pair_status judged = pair_status_of(&f->layout, &f->seen);

	if (f->unknown)
		return err_set(e, ERR_IO, "%s", f->unknown);
	return installed_pair_read(&judged, f->job->arena, f->job->found, f->job->parsed_key, e) ||
	       err_in(e, "at '%s'", ssh_target_first_path(f));
}

/* ---- stage ---- */

static bool ssh_decide_build(struct ssh_decision *w, struct err *e)
{
	const struct ssh_target *f = w->far;
	const struct pair_status judged = pair_status_of(&f->layout, &w->written);
	struct attrs attrs;

	if (!find_attrs(f, &attrs, e))
		return false;
	pair_files_of_pair(&w->written, f->layout.parts, f->job->set, f->job->key);
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		w->written.parts[part].attr =
			PARTS_WITH_KEY & 1 << part ? attrs.key : attrs.certificate;
	return installed_pair_check(&judged, f->arena, f->job->fingerprint, e);
}

/* Finds an existing version with exactly this content; *name NULL: none. */
static bool ssh_decide_find_equal(const struct ssh_target *f, const char *base,
				  const struct pair_files *c, const char **name, struct err *e)
{
	*name = NULL;
	vec_each (v, &f->read) {
		if (strcmp((*v)->name->base, base))
			continue;
		if (!ssh_target_check_version(f, (*v)->name->name, (*v)->attr, e))
			return false;
		if (!*name && pair_files_equal(&(*v)->pieces, c))
			*name = (*v)->name->name;
	}
	return true;
}

static bool decide_stage(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;
	const char *fingerprint = f->job->fingerprint;
	const char *version = NULL;

	if (!*fingerprint || !text_is_fingerprint(fingerprint))
		return err_set(e, ERR_INPUT, "a version needs a fingerprint");
	if (!may_replace(f, e) || !ssh_decide_build(w, e) ||
	    !ssh_decide_find_equal(f, fingerprint, &w->written, &version, e))
		return false;
	if (version && ssh_target_is_at(f, version))
		return true;
	w->writes = !version;
	if (!version)
		version = versions_free_name(&f->versions, fingerprint);
	ssh_script_lock(&w->script, f->store);
	if (w->writes) {
		ssh_script_sync(&w->script, ssh_target_version_path(f, STORE_NEW));
		ssh_script_move(&w->script, ssh_target_version_path(f, STORE_NEW),
				ssh_target_version_path(f, version));
		ssh_script_sync(&w->script, f->store);
	}
	ssh_script_link(&w->script, ssh_target_version_path(f, STORE_STAGED), version);
	ssh_script_sync(&w->script, f->store);
	ssh_target_clean(f, &w->script);
	return true;
}

/* ---- commit, revert ---- */

/* One that is staged or on stands before a newer one with other attributes. */
static const char *name_version(const struct ssh_target *f, const char *fingerprint)
{
	const char *const links[] = { f->staged, f->current };
	const struct version *newest = versions_newest(&f->versions, fingerprint);

	for (size_t i = 0; i < 2; i++)
		if (links[i] && !strcmp(version_base(f->arena, links[i]), fingerprint) &&
		    ssh_target_read_version(f, links[i]))
			return links[i];
	return newest ? newest->name : NULL;
}

/* A version of the fingerprint, when it is whole; its owners and modes in `set`. */
static bool find_version(const struct ssh_target *f, const char *fingerprint, const char **version,
			 const char **set, struct err *e)
{
	const char *name = name_version(f, fingerprint);
	const struct ssh_target_version *read = name ? ssh_target_read_version(f, name) : NULL;

	if (!read)
		return err_set(e, ERR_MISSING, "%.16s is not staged beside '%s'; stage it again",
			       fingerprint, ssh_target_first_path(f));

	const struct pair_status judged = pair_status_of(&f->layout, &read->pieces);

	if (!ssh_target_check_version(f, name, read->attr, e))
		return false;
	if (!installed_pair_check(&judged, f->arena, fingerprint, e))
		return err_in(e, "version '%.80s' is damaged, stage it again", name);
	*version = name;
	*set = attrs_text(&read->pieces, f->arena);
	return true;
}

/* The file's own owner and group, as far as our account can set them. */
static struct fs_attr keep_attr(const struct ssh_target *f, struct fs_attr attr)
{
	const struct attr_account *a = &f->account;
	bool member = a->user == 0;

	for (size_t i = 0; i < a->group_count; i++)
		member |= a->groups[i] == attr.group;
	if (a->user != 0)
		attr.owner = (uid_t)-1;
	if (!member)
		attr.group = (gid_t)-1;
	return attr;
}

/* Keeps the content of real files as a version, unless one has it already. */
static bool ssh_decide_keep_paths(struct ssh_decision *w, const char *base,
				  struct ssh_target_switch *s, struct err *e)
{
	struct ssh_target *f = w->far;

	for (size_t i = 0; i < f->layout.path_slot_count; i++) {
		const struct path_slot *slot = &f->layout.slots[i];
		const struct pair_file *from = &f->seen.parts[slot->part];
		struct pair_file *to = &w->written.parts[slot->part];

		if (from->error)
			return err_set(e, ERR_IO, "'%s' cannot be kept: %s", slot->path,
				       from->error);
		to->there = from->there;
		to->attr = keep_attr(f, from->attr);
		if (from->there)
			secret_copy(&to->bytes, from->bytes.bytes, from->bytes.len);
	}
	if (!ssh_decide_find_equal(f, base, &w->written, &s->kept, e))
		return false;
	s->kept_is_new = w->writes = !s->kept;
	if (!s->kept)
		s->kept = versions_free_name(&f->versions, base);
	return true;
}

static bool ssh_decide_switch_to(struct ssh_decision *w, const char *version, const char *set,
				 struct err *e)
{
	struct ssh_target *f = w->far;
	const struct pair_status judged = pair_status_of(&f->layout, &f->seen);
	struct ssh_target_switch s = { .version = version, .set = set };
	struct installed_pair v;
	const char *base = NULL;

	if (ssh_target_is_at(f, version)) {
		ssh_target_finish(f, &w->script);
		return true;
	}
	if (!may_replace(f, e))
		return false;
	installed_pair_reach(&judged, f->arena, &v);
	base = version_found_base(f->arena, v.fingerprint);
	if (ssh_target_any_slot_is(f, PATH_SLOT_REAL) && f->layout.single &&
	    !ssh_decide_keep_paths(w, base, &s, e))
		return false;
	if (ssh_target_any_slot_is(f, PATH_SLOT_REAL) && !f->layout.single)
		s.kept = versions_free_name(&f->versions, base);
	ssh_target_switch_to(f, &s, &w->script);
	return true;
}

static bool decide_commit(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;
	const struct job *j = f->job;
	const struct switch_order order = { j->fingerprint, j->replaces };
	const struct pair_status judged = pair_status_of(&f->layout, &f->seen);
	const char *version = NULL;
	const char *set = NULL;
	struct installed_pair v;

	installed_pair_reach(&judged, f->arena, &v);
	if (!may_change(f, e) || !find_version(f, j->fingerprint, &version, &set, e))
		return false;
	if (!ssh_target_is_at(f, version) &&
	    !installed_pair_expect(&v, ssh_target_first_path(f), &order, e))
		return false;
	if (!ssh_decide_switch_to(w, version, set, e))
		return false;
	if (!ssh_target_is_at(f, version))
		ssh_target_prune(f, version, &w->script);
	ssh_target_clean(f, &w->script);
	return true;
}

static bool ssh_decide_revert_to_nothing(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;

	if (ssh_target_any_slot_is(f, PATH_SLOT_REAL))
		return err_set(e, ERR_STALE,
			       "'%s' is no longer what certfleet put there; plan again",
			       ssh_target_first_path(f));
	ssh_target_switch_off(f, &w->script);
	return true;
}

static bool check_found(const struct ssh_target *f, const char *version, struct err *e)
{
	const struct ssh_target_version *read = ssh_target_read_version(f, version);

	return !read || ssh_target_check_version(f, version, read->attr, e);
}

static bool decide_revert(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;
	const char *fingerprint = f->job->fingerprint;
	const struct version *found =
		versions_newest(&f->versions, version_found_base(f->arena, fingerprint));
	const char *version = NULL;
	const char *set = NULL;

	if (!may_change(f, e))
		return false;
	if (!*fingerprint && !found)
		return ssh_decide_revert_to_nothing(w, e);
	if (!*fingerprint || !find_version(f, fingerprint, &version, &set, e)) {
		if (!found)
			return false;
		*e = (struct err){ 0 };
		version = found->name;
		if (!check_found(f, version, e))
			return false;
	}
	if (!ssh_decide_switch_to(w, version, set, e))
		return false;
	/* a commit that was interrupted before its switch has recorded its own */
	if (ssh_target_is_at(f, version)) {
		ssh_target_record_attrs(f, set, &w->script);
		ssh_script_sync(&w->script, f->store);
	}
	ssh_target_clean(f, &w->script);
	return true;
}

/* ---- abort, remove ---- */

static bool is_gone(const struct ssh_target *f)
{
	return !f->has_store && !ssh_target_any_slot_is(f, PATH_SLOT_OURS);
}

static bool decide_abort(struct ssh_decision *w, struct err *e)
{
	const struct ssh_target *f = w->far;

	if (!f->has_store)
		return true;
	if (!may_change(f, e))
		return false;
	ssh_target_forget(f, f->job->fingerprint, &w->script);
	ssh_target_clean(f, &w->script);
	return true;
}

static bool decide_remove(struct ssh_decision *w, struct err *e)
{
	struct ssh_target *f = w->far;

	if (is_gone(f))
		return true;
	if (!may_change(f, e))
		return false;
	ssh_target_switch_off(f, &w->script);
	ssh_target_clean(f, &w->script);
	if (f->has_store)
		ssh_script_remove(&w->script, f->store);
	ssh_script_sync(&w->script, f->layout.home);
	return true;
}

/* Plans the verb's changes from the state that was read; false: not possible. */
typedef bool decide_fn(struct ssh_decision *w, struct err *e);

static decide_fn *const decisions[DRIVER_VERB_COUNT] = {
	[DRIVER_PROBE] = decide_probe,   [DRIVER_STAGE] = decide_stage,
	[DRIVER_COMMIT] = decide_commit, [DRIVER_ABORT] = decide_abort,
	[DRIVER_REVERT] = decide_revert, [DRIVER_REMOVE] = decide_remove,
	[DRIVER_READ] = decide_read,
};

bool ssh_target_decide(struct ssh_decision *w, struct err *e)
{
	return decisions[w->far->job->verb](w, e);
}

void ssh_decision_release(struct ssh_decision *w)
{
	ssh_target_release(w->far);
	pair_files_release(&w->written);
	buf_release(&w->script.words);
}
