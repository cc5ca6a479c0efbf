/* SPDX-License-Identifier: Apache-2.0 */
/* Remote state without file contents: account, directories, store, path slots. */
#include "base/text.h"
#include "drivers/ssh_target.h"
#include "install/attr.h"
#include "install/entry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	GROUPS_LIMIT = 1024,
	ACTIVATING_LIMIT = 24 * 60 * 60, /* seconds; a clock may have been set meanwhile */
};

/* ---- requests ---- */

/* "/a/b" adds "/a" and "/a/b", without duplicates. */
static void add_directories(struct ssh_target *f, const char *path)
{
	for (size_t len = 1; len <= strlen(path); len++) {
		bool known = false;

		if (path[len] && path[len] != '/')
			continue;
		if (!strcmp(path, "/"))
			return;

		const char *so_far = arena_strndup(f->arena, path, len);

		vec_each (d, &f->directories)
			known |= !strcmp(*d, so_far);
		if (!known)
			VEC_PUSH(&f->directories, f->arena, so_far);
	}
}

static void ssh_names_ask_who(struct ssh_target *f)
{
	const struct install *i = f->view.install;
	const struct layout *l = &f->view.layout;
	struct ssh_script_ops script = { .arena = f->arena };
	struct ssh_op op;

	ssh_script_owner(&script, i->owner, i->group);
	for (size_t k = 0; k < l->path_slot_count; k++) {
		ssh_script_writable(&script, l->slots[k].home);
		ssh_script_mounted(&script, l->slots[k].path);
	}
	ssh_script_activating(&script, l->stores[0].path);
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (l->parts & 1U << part)
			ssh_script_links(&script, file_kind_names[part], l->names[part]);
	op = ssh_script_run(&script);
	op.needed = false; /* files can be read over SFTP without it */
	ssh_target_add(f, op);
}

static void add_look(struct ssh_target *f, enum ssh_kind kind, const char *path)
{
	ssh_target_add(f, (struct ssh_op){ .kind = kind, .path = path });
}

void ssh_target_ask_names(struct ssh_target *f)
{
	const struct install_view *v = &f->view;
	const struct layout *l = &v->layout;

	for (size_t i = 0; i < l->path_slot_count; i++)
		add_directories(f, l->slots[i].home);
	ssh_names_ask_who(f);
	vec_each (d, &f->directories)
		add_look(f, SSH_LOOK, *d);
	for (size_t i = 0; i < l->store_count; i++) {
		add_look(f, SSH_LOOK, l->stores[i].path);
		add_look(f, SSH_LIST, l->stores[i].path);
	}
	add_look(f, SSH_LINK, view_store_path(v, 0, STORE_STAGED));
	add_look(f, SSH_LINK, view_store_path(v, 0, STORE_ATTR));
	add_look(f, SSH_LINK, view_store_path(v, 0, STORE_ACTIVATION));
	add_look(f, SSH_LINK,
		 l->single ? view_store_path(v, 0, STORE_CURRENT) : view_first_path(v));
	if (l->store_count > 1)
		add_look(f, SSH_LINK, view_store_path(v, 1, STORE_CURRENT));
	for (size_t i = 0; i < l->path_slot_count; i++) {
		add_look(f, SSH_LOOK, l->slots[i].path);
		add_look(f, SSH_LINK, l->slots[i].path);
	}
	if (!l->single)
		add_look(f, SSH_LIST, view_first_path(v));
}

/* ---- account ---- */

bool ssh_target_is_reported(const struct ssh_target *f, const char *name, const char *value)
{
	return strstr(f->told, arena_printf(f->arena, SSH_SCRIPT_TOLD "%s %s\n", name, value)) !=
	       NULL;
}

/* The value of a line "certfleet NAME VALUE" of the script output; NULL: none. */
static const char *ssh_names_reported(const struct ssh_target *f, const char *text,
				      const char *name)
{
	const char *begin = arena_printf(f->arena, SSH_SCRIPT_TOLD "%s ", name);
	size_t len = strlen(begin);

	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		if (!strncmp(line, begin, len))
			return arena_strndup(f->arena, line + len, length - len);
		line += length + (line[length] == '\n');
	}
	return NULL;
}

static bool told_id(const struct ssh_target *f, const char *text, const char *name, unsigned *out)
{
	const char *value = ssh_names_reported(f, text, name);

	if (!value || strspn(value, "0123456789") != strlen(value) || !*value)
		return false;
	*out = (unsigned)strtoul(value, NULL, 10);
	return true;
}

static void take_groups(struct ssh_target *f, const char *text)
{
	const char *at = ssh_names_reported(f, text, "groups");
	gid_t *groups = arena_array(f->arena, GROUPS_LIMIT, sizeof(*groups));
	size_t count = 0;
	char *end = NULL;

	for (; at && count < GROUPS_LIMIT; at = end) {
		unsigned long number = strtoul(at, &end, 10);

		if (end == at)
			break;
		groups[count++] = (gid_t)number;
	}
	f->view.account.groups = groups;
	f->view.account.group_count = count;
}

/* Notes that the account can change nothing there. */
static void note_unsafe(struct ssh_target *f, enum err_code code, const char *why)
{
	struct err e = { 0 };

	err_set(&e, code, "%s", why);
	view_note(&f->view.unsafe, &e);
}

/* Whether our account can give files to the configured owner and group. */
static bool check_new_owner(struct ssh_target *f, const char *text, struct err *e)
{
	const struct install *i = f->view.install;
	struct attr_account *a = &f->view.account;
	bool member = a->user == 0;

	if (i->owner && !told_id(f, text, "owner", &a->owner))
		return err_set(
			e, ERR_INPUT,
			"there is no user '%s' on '%s'; create the user there, or correct 'owner'",
			i->owner, f->login.host);
	if (i->group && !told_id(f, text, "group", &a->group))
		return err_set(
			e, ERR_INPUT,
			"there is no group '%s' on '%s'; create the group there, or correct 'group'",
			i->group, f->login.host);
	if (i->owner && a->user != 0 && a->owner != a->user)
		return err_set(
			e, ERR_INPUT,
			"user '%s' cannot give files to '%s'; log in as root, or leave 'owner' out",
			f->login.user, i->owner);
	for (size_t k = 0; k < a->group_count; k++)
		member |= a->groups[k] == a->group;
	return !i->group || member ||
	       err_set(e, ERR_INPUT,
		       "user '%s' is not a member of group '%s', so it cannot give it files",
		       f->login.user, i->group);
}

static void take_who(struct ssh_target *f)
{
	const struct ssh_op *op = ssh_target_next(f);
	unsigned user = 0;
	struct err e = { 0 };

	if (op->result != SSH_DONE || !told_id(f, op->text, "uid", &user)) {
		bool says = op->why && *op->why;

		note_unsafe(
			f, ERR_REMOTE,
			arena_printf(
				f->arena,
				"user '%s' of '%s' cannot run /bin/sh, without which nothing can be installed%s%s; give the account a shell, and no ForceCommand",
				f->login.user, f->login.host, says ? ": " : "",
				says ? op->why : ""));
		return;
	}
	f->view.account.user = user;
	take_groups(f, op->text);
	if (ssh_names_reported(f, op->text, "lacks"))
		note_unsafe(
			f, ERR_REMOTE,
			arena_printf(
				f->arena,
				"'%s' has no program '%s', without which nothing can be installed",
				f->login.host,
				text_escaped(f->arena, ssh_names_reported(f, op->text, "lacks"))));
	f->told = op->text;
	if (!check_new_owner(f, op->text, &e))
		f->view.unowned = e;
}

/* ---- directories ---- */

static bool check_directory(const struct ssh_target *f, const char *path, const struct ssh_op *op,
			    struct err *e)
{
	if (op->result == SSH_ABSENT)
		return err_set(e, ERR_MISSING, "directory '%s' does not exist; create it first",
			       path);
	if (op->result != SSH_DONE)
		return err_set(e, ERR_IO, "%s", op->why);
	if (S_ISLNK(op->found.mode) && f->view.layout.plain &&
	    !strcmp(path, f->view.layout.slots[0].home))
		return layout_refuse_link(path, e);
	if (S_ISLNK(op->found.mode))
		return err_set(e, ERR_IO,
			       "'%s' is a symbolic link; name the directory it points to", path);
	if (!S_ISDIR(op->found.mode))
		return err_set(e, ERR_IO, "'%s' is not a directory", path);
	return f->view.install->unsafe_directory ||
	       fs_is_safe_dir(path, op->found, f->view.account.user, e) ||
	       err_or(e, UNSAFE_DIRECTORY);
}

/* `homes`: by slot, the attributes of its parent directory. */
static void take_directories(struct ssh_target *f, struct fs_attr homes[FILE_KIND_COUNT])
{
	const struct layout *l = &f->view.layout;
	const char *closed = f->told ? ssh_names_reported(f, f->told, "closed") : NULL;

	vec_each (d, &f->directories) {
		const struct ssh_op *op = ssh_target_next(f);
		struct err e = { 0 };

		if (!check_directory(f, *d, op, &e))
			view_note(&f->view.unsafe, &e);
		for (size_t i = 0; i < l->path_slot_count; i++)
			if (!strcmp(l->slots[i].home, *d))
				homes[i] = op->found;
	}
	if (closed)
		note_unsafe(
			f, ERR_IO,
			arena_printf(
				f->arena,
				"user '%s' is not permitted to write in directory '%s'; log in as its owner",
				f->login.user, text_escaped(f->arena, closed)));
}

/* ---- the store ---- */

/* Notes that the installed pair cannot be told, when a look has failed. */
static void note_unknown(struct ssh_target *f, const struct ssh_op *op)
{
	struct err e = { 0 };

	err_set(&e, ERR_IO, "%s", op->why);
	view_note(&f->view.unknown, &e);
}

static const char *link_of(const struct ssh_op *op)
{
	return op->result == SSH_DONE ? op->text : NULL;
}

static void take_store(struct ssh_target *f, size_t store)
{
	struct install_view *v = &f->view;
	const struct ssh_op *look = ssh_target_next(f);
	const struct ssh_op *list = ssh_target_next(f);

	if (look->result == SSH_FAILED)
		note_unknown(f, look);
	if (look->result != SSH_DONE)
		return;
	view_take_store(v, store, look->found);
	for (size_t i = 0; i < list->entry_count; i++)
		view_take_store_entry(v, store, list->entries[i].name, list->entries[i].attr);
	if (list->result != SSH_DONE)
		note_unknown(f, list);
}

static void take_links(struct ssh_target *f)
{
	struct view_links links = { 0 };

	links.staged = link_of(ssh_target_next(f));
	links.set = link_of(ssh_target_next(f));
	links.activation = link_of(ssh_target_next(f));
	links.switched = link_of(ssh_target_next(f));
	if (f->view.layout.store_count > 1)
		links.former = link_of(ssh_target_next(f));
	view_take_links(&f->view, &links);
}

/* ---- path slots ---- */

static enum entry_kind ssh_names_kind_of(const struct ssh_op *op)
{
	if (op->result == SSH_ABSENT)
		return ENTRY_NONE;
	return op->result == SSH_DONE ? entry_kind_of(op->found.mode) : ENTRY_OTHER;
}

static void take_slot(struct ssh_target *f, size_t i, struct fs_attr home)
{
	const struct ssh_op *look = ssh_target_next(f);
	const char *path = f->view.layout.slots[i].path;
	const struct view_entry entry = { .kind = ssh_names_kind_of(look),
					  .is_mount = f->told &&
						      ssh_target_is_reported(f, "mounted", path),
					  .text = ssh_target_next(f)->text,
					  .attr = look->found,
					  .home = home };

	if (look->result == SSH_FAILED)
		note_unknown(f, look);
	view_take_slot(&f->view, i, &entry);
}

/* What the directory at the path holds: one that is real, or the version that is on. */
static void take_listing(struct ssh_target *f)
{
	struct install_view *v = &f->view;
	const struct ssh_op *list = ssh_target_next(f);

	if (v->states[0] != PATH_SLOT_REAL && (v->states[0] != PATH_SLOT_OURS || !v->current))
		return;
	if (list->result == SSH_FAILED)
		note_unknown(f, list);
	for (size_t i = 0; i < list->entry_count; i++)
		view_take_directory_entry(v, list->entries[i].name,
					  entry_kind_of(list->entries[i].attr.mode));
}

void ssh_target_take_names(struct ssh_target *f)
{
	struct fs_attr homes[FILE_KIND_COUNT] = { 0 };

	take_who(f);
	take_directories(f, homes);
	for (size_t i = 0; i < f->view.layout.store_count; i++)
		take_store(f, i);
	take_links(f);
	for (size_t i = 0; i < f->view.layout.path_slot_count; i++)
		take_slot(f, i, homes[i]);
	view_take_slots_end(&f->view);
	if (!f->view.layout.single)
		take_listing(f);
}

void ssh_target_observe_activation(const struct ssh_target *f, struct observation *out)
{
	const char *left = f->told ? ssh_names_reported(f, f->told, "activating") : NULL;
	const char *text = f->view.activation;
	const char *done =
		out->installed ? arena_printf(f->arena, "ended %s 0 ", out->installed) : NULL;

	if (left) {
		out->activating = strtoll(left, NULL, 10);
		if (out->activating < 1 || out->activating > ACTIVATING_LIMIT)
			out->activating = 1;
	} else if (text && done && !strncmp(text, done, strlen(done))) {
		out->activated = out->installed;
	}
}
