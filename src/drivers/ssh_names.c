/* SPDX-License-Identifier: Apache-2.0 */
/* Remote state without file contents: account, directories, store, path slots. */
#include "base/text.h"
#include "drivers/ssh_target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	GROUPS_LIMIT = 1024
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
	struct ssh_script_ops script = { .arena = f->arena };
	struct ssh_op op;

	ssh_script_owner(&script, f->install->owner, f->install->group);
	for (size_t i = 0; i < f->layout.path_slot_count; i++)
		ssh_script_writable(&script, f->layout.slots[i].home);
	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (f->layout.parts & 1U << part)
			ssh_script_links(&script, file_kind_names[part], f->layout.names[part]);
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
	const struct layout *l = &f->layout;

	for (size_t i = 0; i < l->path_slot_count; i++)
		add_directories(f, l->slots[i].home);
	ssh_names_ask_who(f);
	vec_each (d, &f->directories)
		add_look(f, SSH_LOOK, *d);
	add_look(f, SSH_LOOK, f->store);
	add_look(f, SSH_LIST, f->store);
	add_look(f, SSH_LINK, ssh_target_version_path(f, STORE_STAGED));
	add_look(f, SSH_LINK, ssh_target_version_path(f, STORE_ATTR));
	add_look(f, SSH_LINK, ssh_target_switch_path(f));
	for (size_t i = 0; i < l->path_slot_count; i++) {
		add_look(f, SSH_LOOK, l->slots[i].path);
		add_look(f, SSH_LINK, l->slots[i].path);
	}
	if (!l->single)
		add_look(f, SSH_LIST, l->slots[0].path);
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
	f->account.groups = groups;
	f->account.group_count = count;
}

static void say_unsafe(struct ssh_target *f, const char *why)
{
	if (!f->unsafe)
		f->unsafe = why;
}

/* Checks that our account can give files to the configured owner and group. */
static void take_names(struct ssh_target *f, const char *text)
{
	const struct install *i = f->install;
	struct attr_account *a = &f->account;
	bool member = false;

	if (i->owner && !told_id(f, text, "owner", &a->owner))
		say_unsafe(f, arena_printf(f->arena, "there is no user '%s' on '%s'", i->owner,
					   f->login.host));
	else if (i->owner && a->user != 0 && a->owner != a->user)
		say_unsafe(
			f,
			arena_printf(
				f->arena,
				"user '%s' cannot give files to '%s'; log in as root, or leave 'owner' out",
				f->login.user, i->owner));
	if (i->group && !told_id(f, text, "group", &a->group))
		say_unsafe(f, arena_printf(f->arena, "there is no group '%s' on '%s'", i->group,
					   f->login.host));
	for (size_t k = 0; k < a->group_count; k++)
		member |= a->groups[k] == a->group;
	if (i->group && a->user != 0 && !member)
		say_unsafe(
			f,
			arena_printf(
				f->arena,
				"user '%s' is not a member of group '%s', so it cannot give it files",
				f->login.user, i->group));
}

static void say_mute(struct ssh_target *f, const struct ssh_op *op)
{
	bool says = op->why && *op->why;

	f->no_shell = arena_printf(
		f->arena,
		"user '%s' of '%s' cannot run /bin/sh, without which nothing can be installed%s%s; give the account a shell, and no ForceCommand",
		f->login.user, f->login.host, says ? ": " : "", says ? op->why : "");
}

static void take_who(struct ssh_target *f)
{
	const struct ssh_op *op = ssh_target_next(f);
	unsigned user = 0;

	f->account =
		(struct attr_account){ .user = (uid_t)-1, .owner = (uid_t)-1, .group = (gid_t)-1 };
	if (op->result != SSH_DONE || !told_id(f, op->text, "uid", &user)) {
		say_mute(f, op);
		return;
	}
	f->account.user = user;
	take_groups(f, op->text);
	if (ssh_names_reported(f, op->text, "lacks"))
		f->no_shell = arena_printf(
			f->arena,
			"'%s' has no program '%s', without which nothing can be installed",
			f->login.host,
			text_escaped(f->arena, ssh_names_reported(f, op->text, "lacks")));
	f->told = op->text;
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
	if (S_ISLNK(op->found.mode))
		return err_set(e, ERR_IO,
			       "'%s' is a symbolic link; name the directory it points to", path);
	if (!S_ISDIR(op->found.mode))
		return err_set(e, ERR_IO, "'%s' is not a directory", path);
	return f->install->unsafe_directory || f->no_shell ||
	       fs_is_safe_dir(path, op->found, f->account.user, e);
}

static void take_directories(struct ssh_target *f)
{
	vec_each (d, &f->directories) {
		const struct ssh_op *op = ssh_target_next(f);
		struct err e = { 0 };

		if (!check_directory(f, *d, op, &e))
			say_unsafe(f, arena_strdup(f->arena, e.text));
		for (size_t i = 0; i < f->layout.path_slot_count; i++)
			if (!strcmp(f->layout.slots[i].home, *d))
				f->homes[i] = op->found;
	}
}

static void take_closed(struct ssh_target *f)
{
	const char *closed = f->told ? ssh_names_reported(f, f->told, "closed") : NULL;

	if (closed)
		say_unsafe(
			f,
			arena_printf(
				f->arena,
				"user '%s' is not permitted to write in directory '%s'; log in as its owner",
				f->login.user, text_escaped(f->arena, closed)));
}

/* ---- the store ---- */

static void check_store_directory(struct ssh_target *f, const struct ssh_op *op)
{
	const struct trust trust = trust_of_account(f->install, &f->account);
	struct err e = { 0 };

	f->has_store = op->result == SSH_DONE;
	if (op->result == SSH_FAILED)
		f->unknown = op->why;
	if (f->has_store && !f->no_shell && !file_trust_store(&trust, f->store, op->found, &e))
		say_unsafe(f, arena_strdup(f->arena, e.text));
}

static void take_entry(struct ssh_target *f, const struct ssh_entry *entry)
{
	const char *name = entry->name;
	bool stray = S_ISLNK(entry->attr.mode) && !store_has_link(name);

	if (*name == '.' || stray)
		VEC_PUSH(&f->leftovers, f->arena, ssh_target_version_path(f, name));
	if (*name == '.' || stray || !S_ISDIR(entry->attr.mode))
		return;
	versions_add(&f->versions, name);
	VEC_PUSH(&f->version_attrs, f->arena, entry->attr);
}

/* Attributes of a version's directory; NULL: no such version. */
static const struct fs_attr *version_attr(const struct ssh_target *f, const char *name)
{
	for (size_t i = 0; i < f->versions.list.count; i++)
		if (!strcmp(f->versions.list.items[i].name, name))
			return &f->version_attrs.items[i];
	return NULL;
}

static void say_not_replaceable(struct ssh_target *f, const struct err *e)
{
	if (!f->not_replaceable)
		f->not_replaceable = arena_strdup(f->arena, e->text);
}

static void check_current(struct ssh_target *f)
{
	const struct fs_attr *attr = NULL;
	struct err e = { 0 };

	if (f->current)
		attr = version_attr(f, f->current);
	if (attr && !ssh_target_check_version(f, f->current, *attr, &e))
		say_not_replaceable(f, &e);
}

static void take_store(struct ssh_target *f)
{
	const struct ssh_op *list = NULL;
	const struct ssh_op *staged = NULL;
	const struct ssh_op *current = NULL;
	const struct ssh_op *set = NULL;

	check_store_directory(f, ssh_target_next(f));
	list = ssh_target_next(f);
	for (size_t i = 0; f->has_store && i < list->entry_count; i++)
		take_entry(f, &list->entries[i]);
	if (f->has_store && list->result != SSH_DONE)
		f->unknown = list->why;
	staged = ssh_target_next(f);
	if (staged->result == SSH_DONE && version_attr(f, staged->text))
		f->staged = staged->text;
	set = ssh_target_next(f);
	f->set = f->has_store && set->result == SSH_DONE ? set->text : NULL;
	current = ssh_target_next(f);
	f->switch_text = current->result == SSH_DONE ? current->text : "";
	if (f->has_store && *f->switch_text)
		f->current = layout_current(&f->layout, f->switch_text);
	check_current(f);
}

/* ---- path slots ---- */

static enum entry_kind ssh_names_kind_of(const struct ssh_op *op)
{
	if (op->result == SSH_ABSENT)
		return ENTRY_NONE;
	if (op->result != SSH_DONE)
		return ENTRY_OTHER;
	if (S_ISREG(op->found.mode))
		return ENTRY_FILE;
	if (S_ISDIR(op->found.mode))
		return ENTRY_DIRECTORY;
	return S_ISLNK(op->found.mode) ? ENTRY_LINK : ENTRY_OTHER;
}

/* Checks that the entry at a path comes from a trusted user (install/file_trust.c). */
static void check_slot(struct ssh_target *f, size_t i, const struct ssh_op *look)
{
	const struct trust trust = trust_of_account(f->install, &f->account);
	const char *path = f->layout.slots[i].path;
	struct err e = { 0 };

	if (look->result != SSH_DONE || f->no_shell)
		return;
	if (!file_trust_entry(&trust, path, look->found, f->homes[i], &e) ||
	    (S_ISDIR(look->found.mode) && !file_trust_directory(&trust, path, look->found, &e)))
		say_not_replaceable(f, &e);
}

static void take_spot(struct ssh_target *f, size_t i)
{
	const struct path_slot *s = &f->layout.slots[i];
	const struct ssh_op *look = ssh_target_next(f);
	const struct ssh_op *link = ssh_target_next(f);
	struct err e = { 0 };

	f->states[i] = layout_slot_state(&f->layout, s, ssh_names_kind_of(look), link->text);
	check_slot(f, i, look);
	if (f->states[i] != PATH_SLOT_FOREIGN)
		return;
	path_slot_refuse(s, &e);
	f->unknown = look->result == SSH_FAILED ? look->why : arena_strdup(f->arena, e.text);
	f->not_replaceable = f->unknown;
}

/* Notes the files of a directory that is not ours; any other kind of entry forbids replacing it. */
static void take_listing(struct ssh_target *f)
{
	const struct ssh_op *list = ssh_target_next(f);

	if (f->states[0] != PATH_SLOT_REAL)
		return;
	if (list->result != SSH_DONE)
		f->unknown = list->why;
	for (size_t i = 0; i < list->entry_count; i++) {
		const struct ssh_entry *entry = &list->entries[i];

		if (S_ISREG(entry->attr.mode))
			VEC_PUSH(&f->entries, f->arena, entry->name);
		else if (!f->install->replace)
			f->not_replaceable = arena_printf(
				f->arena,
				"'%s' in directory '%s' is not a regular file; say 'replace: true' if it may be replaced",
				text_escaped(f->arena, entry->name), f->layout.slots[0].path);
	}
}

void ssh_target_take_names(struct ssh_target *f)
{
	take_who(f);
	take_directories(f);
	take_closed(f);
	if (f->told)
		take_names(f, f->told);
	take_store(f);
	for (size_t i = 0; i < f->layout.path_slot_count; i++)
		take_spot(f, i);
	if (ssh_target_is_ours(f))
		f->account.set = f->set;
	if (!f->layout.single)
		take_listing(f);
}
