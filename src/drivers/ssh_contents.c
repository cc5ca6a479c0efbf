/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the files: those of the paths, and of versions that matter. */
#include "base/text.h"
#include "drivers/ssh_target.h"

#include <string.h>

enum {
	ENTRIES_LIMIT = 64 /* of a directory that is taken over */
};

static void wish(struct far *f, const char *path, struct piece *into)
{
	const struct far_wish w = { path, into };

	VEC_PUSH(&f->wishes, f->arena, w);
}

static void wish_directory(struct far *f, const char *path, struct pieces *into)
{
	for (int part = 0; part < PART_COUNT; part++)
		if (f->layout.parts & 1U << part)
			wish(f, far_path(f, path, part_files[part]), &into->parts[part]);
}

/* A file of a directory that is not ours: one of the parts, or a stranger. */
static void wish_entry(struct far *f, const char *name)
{
	struct far_wish w = { far_path(f, f->layout.spots[0].path, name), NULL };

	for (int part = 0; part < PART_COUNT; part++)
		if (f->layout.parts & 1U << part && !strcmp(name, part_files[part]))
			w.into = &f->seen.parts[part];
	if (!w.into) {
		w.into = ARENA_NEW(f->arena, struct piece);
		VEC_PUSH(&f->strangers, f->arena, w);
	}
	wish(f, w.path, w.into);
}

static void wish_real_directory(struct far *f)
{
	if (f->entries.count > ENTRIES_LIMIT && !f->install->replace) {
		f->stays = arena_printf(f->arena, "directory '%s' has more than %d files",
					f->layout.spots[0].path, ENTRIES_LIMIT);
		return;
	}
	if (f->install->replace) {
		wish_directory(f, f->layout.spots[0].path, &f->seen);
		return;
	}
	vec_each (name, &f->entries)
		wish_entry(f, *name);
}

static void wish_spot(struct far *f, size_t i)
{
	const struct spot *s = &f->layout.spots[i];
	struct piece *into = &f->seen.parts[s->part];

	if (f->states[i] == SPOT_REAL)
		wish(f, s->path, into);
	if (f->states[i] == SPOT_OURS && f->current)
		wish(f, far_path(f, far_version_path(f, f->current), part_files[s->part]), into);
}

static void wish_what_is_seen(struct far *f)
{
	if (f->layout.single) {
		for (size_t i = 0; i < f->layout.spot_count; i++)
			wish_spot(f, i);
		return;
	}
	if (f->states[0] == SPOT_REAL)
		wish_real_directory(f);
	if (f->states[0] == SPOT_OURS && f->current)
		wish_directory(f, far_version_path(f, f->current), &f->seen);
}

/* Those that the job may stage again, switch to, or keep what is there as. */
static bool matters(const struct far *f, const struct version *v)
{
	const char *fingerprint = f->job->fingerprint;

	if (!fingerprint)
		return false;
	return !strcmp(v->base, fingerprint) ||
	       (version_is_found(v->name) && far_any_spot_is(f, SPOT_REAL));
}

void far_ask_contents(struct far *f)
{
	wish_what_is_seen(f);
	for (size_t i = 0; i < f->versions.list.count; i++) {
		const struct version *v = &f->versions.list.items[i];
		struct far_version *read = NULL;

		if (!matters(f, v))
			continue;
		read = ARENA_NEW(f->arena, struct far_version);
		read->name = v;
		read->attr = f->version_attrs.items[i];
		VEC_PUSH(&f->read, f->arena, read);
		wish_directory(f, far_version_path(f, v->name), &read->pieces);
	}
	vec_each (w, &f->wishes)
		far_add(f, (struct ssh_op){ .kind = SSH_READ, .path = w->path });
}

static void judge_piece(struct far *f, const struct piece *p, const char *path)
{
	struct err e = { 0 };

	if (!f->stays && !piece_may_be_replaced(p, path, &e))
		f->stays = arena_strdup(f->arena, e.text);
}

static void judge_what_stands_there(struct far *f)
{
	const struct layout *l = &f->layout;

	if (f->install->replace)
		return;
	for (size_t i = 0; l->single && i < l->spot_count; i++)
		if (f->states[i] == SPOT_REAL)
			judge_piece(f, &f->seen.parts[l->spots[i].part], l->spots[i].path);
	for (int part = 0; f->states[0] == SPOT_REAL && part < PART_COUNT; part++)
		if (!l->single)
			judge_piece(f, &f->seen.parts[part], l->names[part]);
	vec_each (w, &f->strangers)
		judge_piece(f, w->into, w->path);
}

/*
 * Where real files or a real directory stand; a file of ours may have a second
 * name, nobody else could give it one.
 */
static void take_second_names(struct far *f)
{
	for (int part = 0; part < PART_COUNT; part++)
		if (f->told && far_any_spot_is(f, SPOT_REAL) &&
		    far_is_told(f, "linked", part_files[part]))
			f->seen.parts[part].attr.links = 2;
}

void far_take_contents(struct far *f)
{
	vec_each (w, &f->wishes) {
		struct ssh_op *op = far_next(f);

		w->into->there = op->result != SSH_ABSENT;
		w->into->attr = op->found;
		w->into->attr.mode &= 07777;
		/* a directory can be told to hold one name twice */
		secret_release(&w->into->bytes);
		if (op->result == SSH_DONE)
			w->into->bytes = TAKE(op->got);
		else
			w->into->error = op->why;
	}
	take_second_names(f);
	judge_what_stands_there(f);
}
