/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ssh_decide.h"

#include "base/text.h"
#include "drivers/ssh_switch.h"
#include "pki/pair.h"

#include <string.h>

static bool may_change(const struct far *f, struct err *e)
{
	if (f->mute)
		return err_set(e, ERR_REMOTE, "%s", f->mute);
	if (f->unsafe)
		return err_set(e, ERR_IO, "%s", f->unsafe);
	return !f->unknown || err_set(e, ERR_IO, "%s", f->unknown);
}

static bool may_replace(const struct far *f, struct err *e)
{
	return may_change(f, e) && (!f->stays || err_set(e, ERR_IO, "%s", f->stays));
}

const char *far_first_path(const struct far *f)
{
	return f->layout.spots[0].path;
}

/* ---- probe, read ---- */

/* Owners and modes of a new pair, or whom it must not be given to. */
static bool find_attrs(const struct far *f, struct attrs *out, struct err *e)
{
	return attrs_of_account(f->install, &f->seen, f->layout.names, &f->account, out, e);
}

static const char *why_closed(const struct far *f)
{
	struct attrs ignored;
	struct err e = { 0 };

	if (f->mute || f->unsafe)
		return f->mute ? f->mute : f->unsafe;
	if (f->stays || find_attrs(f, &ignored, &e))
		return f->stays;
	return arena_strdup(f->arena, e.text);
}

static bool decide_probe(struct walk *w, struct err *e)
{
	struct far *f = w->far;
	struct arena *a = f->job->arena;
	const struct judged judged = judged_of(&f->layout, &f->seen);
	struct probe_answer *answer = &f->job->answer;
	const char *closed = why_closed(f);
	struct verdict v;

	(void)e;
	verdict_reach(&judged, a, &v);
	*answer = (struct probe_answer){ .online = true,
					 .installed = v.fingerprint,
					 .chain = v.chain,
					 .leaf = verdict_leaf(&v),
					 .damage = v.damage,
					 .error = v.error };
	if (f->unknown) {
		answer->installed = NULL;
		answer->error = arena_strdup(a, f->unknown);
	}
	if (closed)
		answer->unwritable = arena_strdup(a, closed);
	if (f->staged && (!f->current || strcmp(f->staged, f->current)))
		answer->staged = version_base(a, f->staged);
	if (answer->staged && !text_is_fingerprint(answer->staged))
		answer->staged = NULL;
	return true;
}

static bool decide_read(struct walk *w, struct err *e)
{
	const struct far *f = w->far;
	const struct judged judged = judged_of(&f->layout, &f->seen);

	if (f->unknown)
		return err_set(e, ERR_IO, "%s", f->unknown);
	return verdict_read(&judged, f->job->arena, f->job->found, f->job->found_key, e) ||
	       err_in(e, "at '%s'", far_first_path(f));
}

/* ---- stage ---- */

static bool build(struct walk *w, struct err *e)
{
	const struct far *f = w->far;
	const struct judged judged = judged_of(&f->layout, &w->written);
	struct attrs attrs;

	if (!find_attrs(f, &attrs, e))
		return false;
	pieces_of_pair(&w->written, f->layout.parts, f->job->set, f->job->key);
	for (int part = 0; part < PART_COUNT; part++)
		w->written.parts[part].attr =
			PARTS_WITH_KEY & 1 << part ? attrs.key : attrs.certificate;
	return verdict_check(&judged, f->arena, f->job->fingerprint, e);
}

/* A version that is there already, with exactly this content; NULL: none. */
static bool find_equal(const struct far *f, const char *base, const struct pieces *c,
		       const char **name, struct err *e)
{
	*name = NULL;
	vec_each (v, &f->read) {
		if (strcmp((*v)->name->base, base))
			continue;
		if (!far_judge_version(f, (*v)->name->name, (*v)->attr, e))
			return false;
		if (!*name && pieces_equal(&(*v)->pieces, c))
			*name = (*v)->name->name;
	}
	return true;
}

static bool decide_stage(struct walk *w, struct err *e)
{
	struct far *f = w->far;
	const char *fingerprint = f->job->fingerprint;
	const char *version = NULL;

	if (!*fingerprint || !text_is_fingerprint(fingerprint))
		return err_set(e, ERR_INPUT, "a version needs a fingerprint");
	if (!may_replace(f, e) || !build(w, e) ||
	    !find_equal(f, fingerprint, &w->written, &version, e))
		return false;
	if (version && far_is_at(f, version))
		return true;
	w->writes = !version;
	if (!version)
		version = versions_free_name(&f->versions, fingerprint);
	far_lock(&w->acts, f->store);
	if (w->writes) {
		far_sync(&w->acts, far_version_path(f, STORE_NEW));
		far_move(&w->acts, far_version_path(f, STORE_NEW), far_version_path(f, version));
		far_sync(&w->acts, f->store);
	}
	far_link(&w->acts, far_version_path(f, STORE_STAGED), version);
	far_sync(&w->acts, f->store);
	far_clean(f, &w->acts);
	return true;
}

/* ---- commit, revert ---- */

/* The newest version of the fingerprint, when it is whole. */
static bool find_version(const struct far *f, const char *fingerprint, const char **version,
			 struct err *e)
{
	const struct version *newest = versions_newest(&f->versions, fingerprint);
	const struct far_version *read = newest ? far_read_version(f, newest->name) : NULL;

	if (!read)
		return err_set(e, ERR_MISSING, "%.16s is not staged beside '%s'; stage it again",
			       fingerprint, far_first_path(f));

	const struct judged judged = judged_of(&f->layout, &read->pieces);

	if (!far_judge_version(f, newest->name, read->attr, e))
		return false;
	if (!verdict_check(&judged, f->arena, fingerprint, e))
		return err_in(e, "version '%.80s' is damaged, stage it again", newest->name);
	*version = newest->name;
	return true;
}

/* As it is, as far as it can be given again. */
static struct fs_attr keep_attr(const struct far *f, struct fs_attr attr)
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

/* What real files hold becomes a version, unless it is one already. */
static bool keep_paths(struct walk *w, const char *base, struct far_switch *s, struct err *e)
{
	struct far *f = w->far;

	for (size_t i = 0; i < f->layout.spot_count; i++) {
		const struct spot *spot = &f->layout.spots[i];
		const struct piece *from = &f->seen.parts[spot->part];
		struct piece *to = &w->written.parts[spot->part];

		if (from->error)
			return err_set(e, ERR_IO, "'%s' cannot be kept: %s", spot->path,
				       from->error);
		to->there = from->there;
		to->attr = keep_attr(f, from->attr);
		if (from->there)
			secret_copy(&to->bytes, from->bytes.bytes, from->bytes.len);
	}
	if (!find_equal(f, base, &w->written, &s->kept, e))
		return false;
	s->kept_is_new = w->writes = !s->kept;
	if (!s->kept)
		s->kept = versions_free_name(&f->versions, base);
	return true;
}

static bool switch_to(struct walk *w, const char *version, struct err *e)
{
	struct far *f = w->far;
	const struct judged judged = judged_of(&f->layout, &f->seen);
	struct far_switch s = { .version = version };
	struct verdict v;
	const char *base = NULL;

	if (far_is_at(f, version)) {
		far_settle(f, &w->acts);
		return true;
	}
	if (!may_replace(f, e))
		return false;
	verdict_reach(&judged, f->arena, &v);
	base = version_found_base(f->arena, v.fingerprint);
	if (far_any_spot_is(f, SPOT_REAL) && f->layout.single && !keep_paths(w, base, &s, e))
		return false;
	if (far_any_spot_is(f, SPOT_REAL) && !f->layout.single)
		s.kept = versions_free_name(&f->versions, base);
	far_switch_to(f, &s, &w->acts);
	return true;
}

static bool decide_commit(struct walk *w, struct err *e)
{
	struct far *f = w->far;
	const struct job *j = f->job;
	const struct switch_order order = { j->fingerprint, j->replaces };
	const struct judged judged = judged_of(&f->layout, &f->seen);
	const char *version = NULL;
	struct verdict v;

	verdict_reach(&judged, f->arena, &v);
	if (!may_change(f, e) || !find_version(f, j->fingerprint, &version, e))
		return false;
	if (!far_is_at(f, version) && !verdict_expect(&v, far_first_path(f), &order, e))
		return false;
	if (!switch_to(w, version, e))
		return false;
	if (!far_is_at(f, version))
		far_prune(f, version, &w->acts);
	far_clean(f, &w->acts);
	return true;
}

static bool revert_to_nothing(struct walk *w, struct err *e)
{
	struct far *f = w->far;

	if (far_any_spot_is(f, SPOT_REAL))
		return err_set(e, ERR_STALE,
			       "'%s' is no longer what certfleet put there; plan again",
			       far_first_path(f));
	far_switch_off(f, &w->acts);
	return true;
}

static bool judge_found(const struct far *f, const char *version, struct err *e)
{
	const struct far_version *read = far_read_version(f, version);

	return !read || far_judge_version(f, version, read->attr, e);
}

static bool decide_revert(struct walk *w, struct err *e)
{
	struct far *f = w->far;
	const char *fingerprint = f->job->fingerprint;
	const struct version *found =
		versions_newest(&f->versions, version_found_base(f->arena, fingerprint));
	const char *version = NULL;

	if (!may_change(f, e))
		return false;
	if (!*fingerprint && !found)
		return revert_to_nothing(w, e);
	if (!*fingerprint || !find_version(f, fingerprint, &version, e)) {
		if (!found)
			return false;
		*e = (struct err){ 0 };
		version = found->name;
		if (!judge_found(f, version, e))
			return false;
	}
	if (!switch_to(w, version, e))
		return false;
	far_clean(f, &w->acts);
	return true;
}

/* ---- abort, remove ---- */

static bool is_gone(const struct far *f)
{
	return !f->has_store && !far_any_spot_is(f, SPOT_OURS);
}

static bool decide_abort(struct walk *w, struct err *e)
{
	const struct far *f = w->far;

	if (!f->has_store)
		return true;
	if (!may_change(f, e))
		return false;
	far_forget(f, f->job->fingerprint, &w->acts);
	far_clean(f, &w->acts);
	return true;
}

static bool decide_remove(struct walk *w, struct err *e)
{
	struct far *f = w->far;

	if (is_gone(f))
		return true;
	if (!may_change(f, e))
		return false;
	far_switch_off(f, &w->acts);
	far_clean(f, &w->acts);
	if (f->has_store)
		far_remove(&w->acts, f->store);
	far_sync(&w->acts, f->layout.home);
	return true;
}

/* What the verb wants done, by what was seen; false: why it cannot. */
typedef bool decide_fn(struct walk *w, struct err *e);

static decide_fn *const decisions[DRIVER_VERB_COUNT] = {
	[DRIVER_PROBE] = decide_probe,   [DRIVER_STAGE] = decide_stage,
	[DRIVER_COMMIT] = decide_commit, [DRIVER_ABORT] = decide_abort,
	[DRIVER_REVERT] = decide_revert, [DRIVER_REMOVE] = decide_remove,
	[DRIVER_READ] = decide_read,
};

bool far_decide(struct walk *w, struct err *e)
{
	return decisions[w->far->job->verb](w, e);
}
