/* SPDX-License-Identifier: Apache-2.0 */
/* Remote file contents: the files at the paths, and those of relevant versions. */
#include "drivers/ssh_target.h"

#include <string.h>

static void want_file(struct ssh_target *f, const char *path, struct pair_file *into)
{
	VEC_PUSH(&f->wanted, f->arena, (struct ssh_target_wanted){ path, into, false });
}

static void want_directory(struct ssh_target *f, unsigned parts, const char *path,
			   struct pair_files *into)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (parts & 1U << part)
			want_file(f, ssh_target_path(f, path, file_kind_names[part]),
				  &into->parts[part]);
}

/* The files of a version, each from the store that it is in. */
static void want_version(struct ssh_target *f, unsigned parts, const char *version,
			 struct pair_files *into)
{
	const struct layout *l = &f->view.layout;

	for (size_t i = 0; i < l->store_count; i++)
		want_directory(f, parts & l->stores[i].parts, view_store_path(&f->view, i, version),
			       into);
}

static void want_installed(struct ssh_target *f)
{
	struct install_view *v = &f->view;

	if (!v->layout.single && v->states[0] == PATH_SLOT_REAL)
		want_directory(f, v->layout.parts, view_first_path(v), &v->seen);
	if (!v->layout.single && v->states[0] == PATH_SLOT_OURS && v->current)
		want_version(f, v->layout.parts, v->current, &v->seen);
	for (size_t i = 0; v->layout.single && i < v->layout.path_slot_count; i++) {
		const struct path_slot *s = &v->layout.slots[i];

		if (v->states[i] == PATH_SLOT_REAL || v->states[i] == PATH_SLOT_LINKED)
			VEC_PUSH(&f->wanted, f->arena,
				 (struct ssh_target_wanted){ s->path, &v->seen.parts[s->part],
							     v->states[i] == PATH_SLOT_LINKED });
		if ((v->states[i] == PATH_SLOT_OURS || v->states[i] == PATH_SLOT_STALE) &&
		    v->current)
			want_version(f, 1U << s->part, v->current, &v->seen);
		if (v->states[i] == PATH_SLOT_FORMER && v->former)
			want_directory(f, 1U << s->part, view_store_path(v, 1, v->former),
				       &v->seen);
	}
}

void ssh_target_ask_contents(struct ssh_target *f)
{
	struct install_view *v = &f->view;

	if (view_needs_installed(v, f->order.verb))
		want_installed(f);
	vec_each (version, &v->stores[0].versions.list) {
		if (!view_needs_version(v, f->order.verb, f->order.fingerprint, version))
			continue;
		version->files = ARENA_NEW(f->arena, struct pair_files);
		want_version(f, v->layout.parts, version->name, version->files);
	}
	vec_each (w, &f->wanted)
		ssh_target_add(
			f,
			(struct ssh_op){ .kind = SSH_READ, .path = w->path, .follows = w->linked });
}

/* Named by the path of the file: the script there copies them. */
static void take_labels(struct ssh_target *f, enum file_kind part, struct fs_attr *attr)
{
	const char *path = f->view.layout.names[part];
	struct err e = { 0 };

	if (ssh_target_is_reported(f, "acl", file_kind_names[part]))
		attr->acl = path;
	if (ssh_target_is_reported(f, "label", file_kind_names[part]))
		attr->label = path;
	if (!(attr->acl || attr->label) || !ssh_target_is_reported(f, "plain", "cp"))
		return;
	err_set(&e, ERR_REMOTE,
		"'%s' has an ACL or a security label, which 'cp' of '%s' cannot keep; install GNU coreutils there, or remove it ('setfacl -b')",
		path, f->login.host);
	view_note(&f->view.fixed, &e);
}

void ssh_target_take_contents(struct ssh_target *f)
{
	struct install_view *v = &f->view;

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
	for (int part = 0; f->told && part < FILE_KIND_COUNT; part++) {
		struct fs_attr *attr = &v->seen.parts[part].attr;

		if (ssh_target_is_reported(f, "linked", file_kind_names[part]))
			attr->links = 2;
		take_labels(f, (enum file_kind)part, attr);
	}
	view_take_contents_end(v);
}
