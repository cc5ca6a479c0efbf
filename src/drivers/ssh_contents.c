/* SPDX-License-Identifier: Apache-2.0 */
/* Remote file contents: the files at the paths, and those of relevant versions. */
#include "base/text.h"
#include "drivers/ssh_target.h"

#include <string.h>

enum {
	ENTRIES_LIMIT = 64 /* entries of a directory that is taken over */
};

static void want_file(struct ssh_target *f, const char *path, struct pair_file *into)
{
	const struct ssh_target_wanted w = { path, into };

	VEC_PUSH(&f->wanted, f->arena, w);
}

static void want_directory(struct ssh_target *f, const char *path, struct pair_files *into)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (f->layout.parts & 1U << part)
			want_file(f, ssh_target_path(f, path, file_kind_names[part]),
				  &into->parts[part]);
}

/* Requests a file of a directory that is not ours: a pair file, or an unrelated one. */
static void want_entry(struct ssh_target *f, const char *name)
{
	struct ssh_target_wanted w = { ssh_target_path(f, f->layout.slots[0].path, name), NULL };

	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (f->layout.parts & 1U << part && !strcmp(name, file_kind_names[part]))
			w.into = &f->seen.parts[part];
	if (!w.into) {
		w.into = ARENA_NEW(f->arena, struct pair_file);
		VEC_PUSH(&f->strangers, f->arena, w);
	}
	want_file(f, w.path, w.into);
}

static void want_real_directory(struct ssh_target *f)
{
	if (f->entries.count > ENTRIES_LIMIT && !f->install->replace) {
		f->not_replaceable = arena_printf(f->arena, "directory '%s' has more than %d files",
						  f->layout.slots[0].path, ENTRIES_LIMIT);
		return;
	}
	if (f->install->replace) {
		want_directory(f, f->layout.slots[0].path, &f->seen);
		return;
	}
	vec_each (name, &f->entries)
		want_entry(f, *name);
}

static void want_slot(struct ssh_target *f, size_t i)
{
	const struct path_slot *s = &f->layout.slots[i];
	struct pair_file *into = &f->seen.parts[s->part];

	if (f->states[i] == PATH_SLOT_REAL)
		want_file(f, s->path, into);
	if (f->states[i] == PATH_SLOT_OURS && f->current)
		want_file(f,
			  ssh_target_path(f, ssh_target_version_path(f, f->current),
					  file_kind_names[s->part]),
			  into);
}

static void want_installed(struct ssh_target *f)
{
	if (f->layout.single) {
		for (size_t i = 0; i < f->layout.path_slot_count; i++)
			want_slot(f, i);
		return;
	}
	if (f->states[0] == PATH_SLOT_REAL)
		want_real_directory(f);
	if (f->states[0] == PATH_SLOT_OURS && f->current)
		want_directory(f, ssh_target_version_path(f, f->current), &f->seen);
}

/* Versions that the job may stage again, switch to, or keep the existing files as. */
static bool matters(const struct ssh_target *f, const struct version *v)
{
	const char *fingerprint = f->job->fingerprint;

	if (!fingerprint)
		return false;
	return !strcmp(v->base, fingerprint) ||
	       (version_is_found(v->name) && ssh_target_any_slot_is(f, PATH_SLOT_REAL));
}

void ssh_target_ask_contents(struct ssh_target *f)
{
	want_installed(f);
	for (size_t i = 0; i < f->versions.list.count; i++) {
		const struct version *v = &f->versions.list.items[i];
		struct ssh_target_version *read = NULL;

		if (!matters(f, v))
			continue;
		read = ARENA_NEW(f->arena, struct ssh_target_version);
		read->name = v;
		read->attr = f->version_attrs.items[i];
		VEC_PUSH(&f->read, f->arena, read);
		want_directory(f, ssh_target_version_path(f, v->name), &read->pieces);
	}
	vec_each (w, &f->wanted)
		ssh_target_add(f, (struct ssh_op){ .kind = SSH_READ, .path = w->path });
}

static void check_replaceable(struct ssh_target *f, const struct pair_file *p, const char *path)
{
	struct err e = { 0 };

	if (!f->not_replaceable && !pair_file_may_be_replaced(p, path, &e))
		f->not_replaceable = arena_strdup(f->arena, e.text);
}

static void check_replaced_files(struct ssh_target *f)
{
	const struct layout *l = &f->layout;

	if (f->install->replace)
		return;
	for (size_t i = 0; l->single && i < l->path_slot_count; i++)
		if (f->states[i] == PATH_SLOT_REAL)
			check_replaceable(f, &f->seen.parts[l->slots[i].part], l->slots[i].path);
	for (int part = 0; f->states[0] == PATH_SLOT_REAL && part < FILE_KIND_COUNT; part++)
		if (!l->single)
			check_replaceable(f, &f->seen.parts[part], l->names[part]);
	vec_each (w, &f->strangers)
		check_replaceable(f, w->into, w->path);
}

/*
 * Hard links count only for real files or a real directory; those of our own
 * files are no risk, since only we could have made them.
 */
static void take_second_names(struct ssh_target *f)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (f->told && ssh_target_any_slot_is(f, PATH_SLOT_REAL) &&
		    ssh_target_is_reported(f, "linked", file_kind_names[part]))
			f->seen.parts[part].attr.links = 2;
}

void ssh_target_take_contents(struct ssh_target *f)
{
	vec_each (w, &f->wanted) {
		struct ssh_op *op = ssh_target_next(f);

		w->into->there = op->result != SSH_ABSENT;
		w->into->attr = op->found;
		w->into->attr.mode &= 07777;
		/* a server may list one name twice */
		secret_release(&w->into->bytes);
		if (op->result == SSH_DONE)
			w->into->bytes = TAKE(op->got);
		else
			w->into->error = op->why;
	}
	take_second_names(f);
	check_replaced_files(f);
}
