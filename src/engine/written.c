/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/written.h"

#include "base/fs.h"
#include "base/text.h"
#include "engine/internal.h"
#include "state/written_records.h"

#include <stdlib.h>
#include <string.h>

/* By this run, else as it was observed; NULL: nothing is known of the path. */
static const struct written_file *run_written(const struct run *r, const char *path)
{
	vec_each (f, &r->written) {
		if (!strcmp(f->path, path))
			return f;
	}
	return snapshot_written(r->order->snapshot, path);
}

bool written_is_there(struct run *r, const struct written_order *o)
{
	const struct written_file *f = run_written(r, o->path);

	return f && f->holds && !strcmp(f->holds, o->fingerprint) &&
	       !strcmp(f->form, handoff_format_names[o->form]);
}

static bool written_record(struct run *r, const struct written_file *f, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);
	struct written_file record = *f;

	record.path = fs_beneath(r->en->fleet->directory, f->path);
	change_written(change, &record);
	return state_commit(r->en->state, change, e) ||
	       err_in(e, "cannot record what is written to '%s'", f->path);
}

static void written_remember(struct run *r, const struct written_file *f)
{
	vec_each (known, &r->written) {
		if (!strcmp(known->path, f->path)) {
			*known = *f;
			return;
		}
	}
	VEC_PUSH(&r->written, &r->arena, *f);
}

struct owned_file written_owned(const struct written_file *f, struct arena *a)
{
	size_t count = f ? f->former_count : 0;
	const char **known = arena_array(a, count + 1, sizeof(*known));

	for (size_t i = 0; i < count; i++)
		known[i] = f->former[i];
	if (f && f->sha256)
		known[count++] = f->sha256;
	return (struct owned_file){ .path = f ? f->path : NULL,
				    .known = known,
				    .known_count = count };
}

/* Of what may still be there, or beside it, when the run is cut off. */
static void keep_hashes(struct written_file *f, const struct owned_there *there, struct arena *a)
{
	const char **former = arena_array(a, 2, sizeof(*former));

	f->former = former;
	f->former_count = 0;
	if (*there->sha256)
		former[f->former_count++] = arena_strdup(a, there->sha256);
	if (*there->former && strcmp(there->former, there->sha256) != 0)
		former[f->former_count++] = arena_strdup(a, there->former);
}

bool written_begin(struct run *r, const struct written_order *o, const struct secret *bytes,
		   struct owned_file *out, struct err *e)
{
	struct owned_file before = written_owned(run_written(r, o->path), &r->arena);
	struct owned_there there;
	char sha256[SHA256_TEXT];
	struct written_file f = { .path = o->path,
				  .fingerprint = o->fingerprint,
				  .form = handoff_format_names[o->form],
				  .handoff = o->handoff,
				  .holds = "" };

	before.path = o->path;
	before.keeps_former = !o->handoff;
	if (!owned_file_look(&before, &there, e))
		return false;
	sha256_text(bytes->bytes, bytes->len, sha256);
	f.sha256 = arena_strdup(&r->arena, sha256);
	keep_hashes(&f, &there, &r->arena);
	if (!written_record(r, &f, e))
		return false;
	written_remember(r, &f);
	*out = written_owned(&f, &r->arena);
	out->keeps_former = before.keeps_former;
	return true;
}

bool written_end(struct run *r, const char *path, struct err *e)
{
	struct written_file f = *run_written(r, path);

	f.complete = true;
	f.holds = f.fingerprint;
	written_remember(r, &f);
	return written_record(r, &f, e);
}

/* ---- what is there ---- */

static void look_at_file(const struct engine *en, struct written_file *f, bool keeps_former,
			 struct arena *a)
{
	struct owned_file file = written_owned(f, a);
	struct owned_there there = { 0 };
	struct err e = { 0 };

	f->holds = "";
	if (engine_is_confined(en)) {
		f->holds = f->complete ? f->fingerprint : "";
		return;
	}
	file.keeps_former = keeps_former;
	if (!owned_file_look(&file, &there, &e))
		f->unwritable = arena_strdup(a, e.text);
	if (f->sha256 && !strcmp(there.sha256, f->sha256))
		f->holds = f->fingerprint;
}

struct written_list {
	struct arena *arena;
	VEC(struct written_file) rows;
	const struct written_file *known; /* by path beneath the fleet file's directory */
	size_t known_count;
};

static void written_add(const struct engine *en, struct written_list *l, const char *path,
			bool handoff)
{
	const char *name = fs_beneath(en->fleet->directory, path);
	const struct written_file *known =
		text_find(name, l->known, l->known_count, sizeof(*l->known));
	struct written_file f = { 0 };

	vec_each (row, &l->rows) {
		if (!strcmp(row->path, path))
			return;
	}
	if (known)
		f = *known;
	f.path = path;
	look_at_file(en, &f, !handoff, l->arena);
	VEC_PUSH(&l->rows, l->arena, f);
}

bool observe_written(struct engine *en, struct snapshot *s, struct err *e)
{
	const struct fleet *fleet = en->fleet;
	struct written_list l = { .arena = &s->arena };

	if (s->state_exists && !state_written(en->state, &s->arena, &l.known, &l.known_count, e))
		return err_in(e, "cannot read the state");
	for (size_t i = 0; i < fleet->certificate_count; i++)
		if (fleet->certificates[i].export)
			written_add(en, &l, fleet->certificates[i].export, false);
	for (size_t i = 0; i < fleet->component_count; i++)
		if (fleet->components[i].deliver.kind == DRIVER_HANDOFF)
			written_add(en, &l, fleet->components[i].deliver.handoff->file, true);
	if (l.rows.count)
		qsort(l.rows.items, l.rows.count, sizeof(*l.rows.items), text_compare);
	s->written = l.rows.items;
	s->written_count = l.rows.count;
	return true;
}

/*
 * What was handed over counts as installed until a port proves otherwise; before the
 * activation that is due the port shows the former pair anyway.
 */
static const char *handed_over_now(const struct component_seen *seen)
{
	const char *over = seen->handed_over;
	const char *served = seen->now.served;
	bool otherwise = over && served && *served && strcmp(served, over) != 0 &&
			 !text_equal(seen->activation_due, over);

	return otherwise ? NULL : over;
}

void observe_handoffs(const struct engine *en, struct snapshot *s)
{
	const struct fleet *fleet = en->fleet;

	for (size_t i = 0; i < fleet->component_count; i++) {
		const struct component *c = &fleet->components[i];
		const struct handoff *h = deliver_handoff(&c->deliver);
		const struct written_file *f = NULL;
		struct component_seen *seen = NULL;

		if (!h)
			continue;
		f = snapshot_written(s, h->file);
		seen = (struct component_seen *)snapshot_component(s, c->name);
		seen->now.installed = handed_over_now(seen);
		seen->now.unwritable = f->unwritable;
		seen->now.staged = *f->holds && !strcmp(f->form, handoff_format_names[h->format])
					   ? f->holds
					   : NULL;
	}
}
