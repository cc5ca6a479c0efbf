/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the bundles that the state relies on, and its records of them. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "copies/copy.h"
#include "engine/backup.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)COPY_SIZE_LIMIT == (int)BUNDLE_LIMIT, "a copy takes every bundle");

/* The state's records: "BUNDLE COPY". */
struct copy_records {
	struct arena *arena;
	VEC(const char *) list;
};

static bool read_copied(const struct engine *en, struct copy_records *out, struct err *e)
{
	const char *const *texts = NULL;
	size_t count = 0;

	if (en->state && !state_bundle_copies(en->state, out->arena, &texts, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		VEC_PUSH(&out->list, out->arena, texts[i]);
	return true;
}

/* The copy in a record of this bundle; NULL: it is one of another. */
static const char *copy_in(const char *record, const char *bundle)
{
	size_t len = strlen(bundle);

	return !strncmp(record, bundle, len) && record[len] == ' ' ? record + len + 1 : NULL;
}

static bool copy_holds(const struct copy_records *r, const char *bundle, const char *copy)
{
	vec_each (record, &r->list)
		if (text_equal(copy_in(*record, bundle), copy))
			return true;
	return false;
}

bool backup_copies_of(const struct engine *en, const char *bundle, struct arena *a,
		      const char *const **out, size_t *count, struct err *e)
{
	struct copy_records r = { .arena = a };
	VEC(const char *) copies = { 0 };

	if (!read_copied(en, &r, e))
		return false;
	vec_each (record, &r.list)
		if (copy_in(*record, bundle))
			VEC_PUSH(&copies, a, copy_in(*record, bundle));
	*out = copies.items;
	*count = copies.count;
	return true;
}

bool copies_observe(const struct engine *en, struct snapshot *s, const struct recorded_bundles *b,
		    struct err *e)
{
	const struct backup_policy *policy = &en->fleet->backup;
	struct copy_seen *rows = arena_array(&s->arena, policy->copy_count, sizeof(*rows));
	struct copy_records r = { .arena = &s->arena };

	if (!read_copied(en, &r, e))
		return false;
	for (size_t i = 0; i < policy->copy_count; i++) {
		rows[i].copy = policy->copies[i].name;
		for (size_t k = 0; k < b->count; k++)
			if (!snapshot_lost(s, b->names[k]) &&
			    !copy_holds(&r, b->names[k], rows[i].copy))
				rows[i].missing = b->names[k];
	}
	s->copies = rows;
	s->copy_count = policy->copy_count;
	return true;
}

static bool has_copy_step(const struct plan *p, const char *copy)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (text_equal(p->steps[i].copy, copy))
			return true;
	return false;
}

bool engine_probe_copies(struct engine *en, const struct plan *p, struct snapshot *s, bool *failed,
			 struct err *e)
{
	const struct backup_policy *policy = &en->fleet->backup;
	struct copy_seen *rows = (struct copy_seen *)s->copies;
	AUTO(arena) a = { 0 };
	struct copy_job *jobs = arena_array(&a, s->copy_count, sizeof(*jobs));
	struct copy_seen **asked = arena_array(&a, s->copy_count, sizeof(*asked));
	size_t count = 0;

	*failed = false;
	if (engine_is_confined(en))
		return true;
	for (size_t i = 0; i < s->copy_count; i++) {
		if (!has_copy_step(p, rows[i].copy))
			continue;
		asked[count] = &rows[i];
		jobs[count++] = (struct copy_job){ .verb = COPY_LIST,
						   .copy = &policy->copies[i],
						   .name = arena_printf(&a, "%s-", en->fleet->name),
						   .arena = &a };
	}
	copies_run(engine_copies(en), jobs, count);
	if (stop_requested())
		return err_set(e, ERR_STOPPED,
			       "stopped before every copy was looked at; nothing was changed");
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].done)
			continue;
		err_remedy(&jobs[i].error, "see that it is reachable");
		asked[i]->error = arena_strdup(&s->arena, jobs[i].error.text);
		*failed = true;
	}
	return true;
}

/* ---- putting bundles there ---- */

/* Drops the records of bundles that are gone and that nothing relies on. */
static bool record_copied(struct engine *en, struct copy_records *r,
			  const struct recorded_bundles *b, struct err *e)
{
	AUTO(change) change = change_new(en->state);
	struct backup_listed *here = NULL;
	size_t here_count = 0;
	VEC(const char *) kept = { 0 };

	if (!backup_list(en->fleet, r->arena, &here, &here_count, e))
		return false;
	vec_each (record, &r->list) {
		bool wanted = false;

		for (size_t i = 0; i < here_count && !wanted; i++)
			wanted = copy_in(*record, here[i].name);
		for (size_t i = 0; i < b->count && !wanted; i++)
			wanted = copy_in(*record, b->names[i]);
		if (wanted)
			VEC_PUSH(&kept, r->arena, *record);
	}
	if (kept.count)
		qsort(kept.items, kept.count, sizeof(*kept.items), text_compare);
	change_bundle_copies(change, kept.items, kept.count);
	return state_commit(en->state, change, e) || err_in(e, "cannot record the copies");
}

static bool fail_copies(const struct backup_copies *to, const struct err *e)
{
	for (size_t i = 0; i < to->count; i++)
		if (to->errors[i].code == ERR_NONE)
			to->errors[i] = *e;
	return false;
}

/* Puts one bundle to those that have not failed and have not got it. */
static bool put_bundle(struct engine *en, const char *bundle, const struct backup_copies *to,
		       struct copy_records *r, struct err *e)
{
	const char *path = arena_printf(r->arena, "%s/%s", en->fleet->backup.directory, bundle);
	struct copy_job *jobs = arena_array(r->arena, to->count, sizeof(*jobs));
	size_t *numbers = arena_array(r->arena, to->count, sizeof(*numbers));
	AUTO(buf) bytes = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < to->count; i++) {
		if (to->errors[i].code != ERR_NONE || copy_holds(r, bundle, to->copies[i]->name))
			continue;
		numbers[count] = i;
		jobs[count++] = (struct copy_job){ .verb = COPY_PUT,
						   .copy = to->copies[i],
						   .name = bundle,
						   .bytes = &bytes,
						   .path = fs_absolute(r->arena, path),
						   .arena = r->arena };
	}
	if (!count)
		return true;
	if (!fs_read(path, BUNDLE_LIMIT, &bytes, e))
		return false;
	copies_run(engine_copies(en), jobs, count);
	for (size_t i = 0; i < count; i++) {
		const char *copy = jobs[i].copy->name;
		struct err *error = &to->errors[numbers[i]];

		if (jobs[i].done) {
			VEC_PUSH(&r->list, r->arena, arena_printf(r->arena, "%s %s", bundle, copy));
			continue;
		}
		*error = jobs[i].error;
		err_in(error, "cannot copy '%s' to '%s'", bundle, text_escaped(r->arena, copy));
		if (error->code != ERR_STOPPED)
			err_remedy(error, "see that it is reachable");
	}
	return true;
}

void backup_put_copies(struct engine *en, const struct backup_copies *to)
{
	AUTO(arena) a = { 0 };
	struct copy_records r = { .arena = &a };
	struct recorded_bundles bundles = { 0 };
	const struct generation *list = NULL;
	size_t count = 0;
	struct err e = { 0 };

	if (!state_generations(en->state, &a, &list, &count, &e) || !read_copied(en, &r, &e)) {
		fail_copies(to, &e);
		return;
	}
	bundles = bundles_recorded(list, count, clock_now(), &a);
	for (size_t i = 0; i < bundles.count; i++) {
		size_t before = r.list.count;

		if (!put_bundle(en, bundles.names[i], to, &r, &e) ||
		    (r.list.count > before && !record_copied(en, &r, &bundles, &e))) {
			fail_copies(to, &e);
			return;
		}
	}
}

bool backup_copy_all(struct engine *en, const struct plan *accepting, struct err *e)
{
	const struct backup_policy *policy = &en->fleet->backup;
	AUTO(arena) a = { 0 };
	const struct backup_copy **copies = arena_array(&a, policy->copy_count, sizeof(*copies));
	struct backup_copies to = { copies, arena_array(&a, policy->copy_count, sizeof(*to.errors)),
				    policy->copy_count };

	for (size_t i = 0; i < to.count; i++)
		copies[i] = &policy->copies[i];
	if (to.count)
		backup_put_copies(en, &to);
	for (size_t i = 0; i < to.count; i++) {
		if (to.errors[i].code == ERR_NONE ||
		    (accepting &&
		     copy_failure_is_accepted(en, accepting, copies[i], &to.errors[i])))
			continue;
		*e = to.errors[i];
		return false;
	}
	return true;
}

bool copy_failure_is_accepted(struct engine *en, const struct plan *p, const struct backup_copy *c,
			      const struct err *error)
{
	if (error->code == ERR_STOPPED || !plan_accepts_copy(p, c->name))
		return false;
	engine_note(en, "warning: %s", error->text);
	return true;
}

/* ---- reading from a copy ---- */

/* The copy whose name and a slash the URL begins with, so that its login goes nowhere else. */
static const struct backup_copy *copy_of_url(const struct engine *en, const char *url)
{
	const struct backup_policy *policy = &en->fleet->backup;

	for (size_t i = 0; i < policy->copy_count; i++) {
		size_t len = strlen(policy->copies[i].name);

		if (!strncmp(url, policy->copies[i].name, len) && url[len] == '/' && url[len + 1] &&
		    !strchr(url + len + 1, '/'))
			return &policy->copies[i];
	}
	return NULL;
}

static bool find_newest(struct engine *en, const struct backup_copy *c, struct arena *a,
			const char **name, struct err *e)
{
	struct copy_job job = { .verb = COPY_LIST,
				.copy = c,
				.name = arena_printf(a, "%s-", en->fleet->name),
				.arena = a };

	copies_run(engine_copies(en), &job, 1);
	if (!job.done) {
		*e = job.error;
		return err_in(e, "cannot list '%s'", text_escaped(a, c->name));
	}
	*name = backup_newest(en->fleet, job.names, job.name_count);
	return *name ||
	       err_set(e, ERR_MISSING, "'%s' lists no bundle of fleet '%s'; give the URL of one",
		       text_escaped(a, c->name), en->fleet->name);
}

bool backup_fetch(struct engine *en, const char *url, struct arena *a, const char **found,
		  struct buf *out, struct err *e)
{
	const struct backup_copy *c = copy_of_url(en, url);
	const char *name = c ? url + strlen(c->name) + 1 : NULL;
	struct copy_job job = { .verb = COPY_GET, .copy = c, .arena = a };

	if (!c)
		return err_set(
			e, ERR_MISSING,
			"'%s' is in none of the 'copies' of the fleet file; name its directory there, or fetch the file and give its path",
			text_escaped(a, url));
	if (!strcmp(name, BUNDLE_LATEST) && !find_newest(en, c, a, &name, e))
		return false;
	job.name = name;
	copies_run(engine_copies(en), &job, 1);
	if (!job.done) {
		*e = job.error;
		return err_in(e, "cannot read '%s'", text_escaped(a, url));
	}
	buf_add(out, job.got.bytes, job.got.len);
	secret_release(&job.got);
	*found = arena_printf(a, "%s/%s", c->name, name);
	return true;
}
