/* SPDX-License-Identifier: Apache-2.0 */
#include "install/here.h"

#include "base/fd.h"
#include "install/entry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int dir_of(const struct here *h, const struct install_op *op)
{
	return op->in < INSTALL_IN_HOME ? h->stores[op->in] : h->homes[op->in - INSTALL_IN_HOME];
}

static bool was_changed(const struct here *h, struct err *e)
{
	return err_set(e, ERR_STALE, "'%s' was changed meanwhile; plan again",
		       view_first_path(&h->view));
}

static bool execute_expect(struct here *h, const struct install_op *op, struct err *e)
{
	const char *text = entry_link_text(dir_of(h, op), op->name, &h->arena);

	return !strcmp(text ? text : "", op->text) || was_changed(h, e);
}

static bool execute_link(struct here *h, const struct install_op *op, struct err *e)
{
	return entry_link(dir_of(h, op), op->name, op->text, e);
}

static bool execute_copy(struct here *h, const struct install_op *op, struct err *e)
{
	const struct layout *l = &h->view.layout;
	size_t store = layout_store_of(l, l->slots[op->in - INSTALL_IN_HOME].part);
	AUTO(fd) version = -1;
	AUTO(secret) bytes = { 0 };
	struct entry_file file = { .name = op->name, .bytes = &bytes };

	return entry_open_directory(h->stores[store], op->kept, &version, e) &&
	       entry_read(version, op->text, &h->arena, &bytes, &file.attr, e) &&
	       entry_replace(dir_of(h, op), &file, e);
}

static bool execute_name(struct here *h, const struct install_op *op, struct err *e)
{
	int dir = dir_of(h, op);

	if (!renameat2(dir, op->name, dir, op->text, RENAME_NOREPLACE))
		return true;
	return errno == EEXIST ? was_changed(h, e) : err_sys(e, "cannot name '%s'", op->text);
}

/* A version is one level deeper than the directory at the path. */
static bool execute_carry(struct here *h, const struct install_op *op, struct err *e)
{
	AUTO(fd) from = -1;
	AUTO(fd) to = -1;

	return entry_open_directory(dir_of(h, op), op->name, &from, e) &&
	       entry_open_directory(h->stores[0], op->kept, &to, e) &&
	       (entry_carry(from, to, op->text, op->in != INSTALL_IN_STORE, e) ||
		err_in(e, "cannot carry '%s/%s' into the new version", view_first_path(&h->view),
		       op->text));
}

/*
 * Moves the directory into the store and our link into its place in one system
 * call; the link's text is already relative to its final place.
 */
static bool execute_exchange(struct here *h, const struct install_op *op, struct err *e)
{
	int dir = dir_of(h, op);

	if (symlinkat(op->text, h->stores[0], op->kept))
		return err_sys(e, "cannot prepare the link for '%s'", view_first_path(&h->view));
	if (renameat2(dir, op->name, h->stores[0], op->kept, RENAME_EXCHANGE)) {
		err_sys(e, "cannot exchange directory '%s' with a link", view_first_path(&h->view));
		unlinkat(h->stores[0], op->kept, 0);
		return false;
	}
	return true;
}

static bool execute_unlink(struct here *h, const struct install_op *op, struct err *e)
{
	int dir = dir_of(h, op);

	return entry_look(dir, op->name) != ENTRY_LINK || !unlinkat(dir, op->name, 0) ||
	       err_sys(e, "cannot remove the link '%s'", op->name);
}

static bool execute_clean(struct here *h, const struct install_op *op, struct err *e)
{
	(void)e;
	entry_clean(dir_of(h, op), op->name);
	return true;
}

static bool execute_remove(struct here *h, const struct install_op *op, struct err *e)
{
	return entry_remove(dir_of(h, op), op->name, e);
}

static bool execute_sync(struct here *h, const struct install_op *op, struct err *e)
{
	AUTO(fd) dir = -1;

	if (!op->name)
		return entry_sync(dir_of(h, op), e);
	return entry_open_directory(dir_of(h, op), op->name, &dir, e) && entry_sync(dir, e);
}

typedef bool execute_fn(struct here *h, const struct install_op *op, struct err *e);

static execute_fn *const operations[] = {
	[INSTALL_OP_EXPECT] = execute_expect,     [INSTALL_OP_LINK] = execute_link,
	[INSTALL_OP_COPY] = execute_copy,         [INSTALL_OP_NAME] = execute_name,
	[INSTALL_OP_EXCHANGE] = execute_exchange, [INSTALL_OP_CARRY] = execute_carry,
	[INSTALL_OP_UNLINK] = execute_unlink,     [INSTALL_OP_CLEAN] = execute_clean,
	[INSTALL_OP_REMOVE] = execute_remove,     [INSTALL_OP_SYNC] = execute_sync,
};
_Static_assert(sizeof(operations) / sizeof(*operations) == INSTALL_OP_COUNT,
	       "every operation needs its function");

/* Without a store there was nothing to lock; one that another made meanwhile is not ours. */
static bool make_store(struct here *h, size_t store, struct err *e)
{
	const struct layout_store *s = &h->view.layout.stores[store];
	int *dir = &h->stores[store];
	struct fs_attr attr;

	if (*dir >= 0)
		return entry_open_to_all(*dir, e);
	if (!entry_make_directory(h->homes[s->slot], s->name, dir, e) ||
	    !entry_own_attr(*dir, &attr, e))
		return false;
	view_take_store(&h->view, store, attr);
	if (h->view.unsafe.code) {
		*e = h->view.unsafe;
		return false;
	}
	if (!store && flock(*dir, LOCK_EX | LOCK_NB))
		return err_set(e, ERR_BUSY, "another certfleet is changing '%s'",
			       view_first_path(&h->view));
	return entry_open_to_all(*dir, e) && entry_sync(h->homes[s->slot], e);
}

static bool write_parts(const struct layout *l, int dir, size_t store,
			const struct pair_files *files, struct err *e)
{
	for (int part = 0; part < FILE_KIND_COUNT; part++) {
		const struct pair_file *p = &files->parts[part];
		const struct entry_file file = { .name = file_kind_names[part],
						 .bytes = &p->bytes,
						 .attr = p->attr };

		if (p->there && l->stores[store].parts & 1U << part && !entry_write(dir, &file, e))
			return false;
	}
	return true;
}

/* In the first store, the files that are in the second are links to those. */
static bool link_parts(const struct here *h, int dir, const struct install_decision *d,
		       struct err *e)
{
	const struct layout *l = &h->view.layout;

	for (int part = 0; part < FILE_KIND_COUNT; part++)
		if (l->stores[1].parts & 1U << part && d->written.parts[part].there &&
		    symlinkat(layout_key_link(l, h->view.arena, d->writes, part), dir,
			      file_kind_names[part]))
			return err_sys(e, "cannot make the link '%s'", file_kind_names[part]);
	return true;
}

/* Under a temporary name until it is complete and read back. */
static bool write_aside(struct here *h, const struct install_decision *d, struct err *e)
{
	const struct layout *l = &h->view.layout;
	AUTO(pair_files) there = { 0 };

	for (size_t i = 0; i < l->store_count; i++) {
		AUTO(fd) dir = -1;

		if (!make_store(h, i, e) || !entry_remove(h->stores[i], STORE_NEW, e) ||
		    !entry_make_directory(h->stores[i], STORE_NEW, &dir, e) ||
		    !entry_open_to_all(dir, e) || !write_parts(l, dir, i, &d->written, e) ||
		    (!i && !link_parts(h, dir, d, e)))
			return false;
		pair_files_read_directory(&there, l->stores[i].parts, dir, &h->arena);
	}
	return pair_files_equal(&there, &d->written) ||
	       err_set(e, ERR_IO, "the content of '%s' differs from what was written",
		       view_store_path(&h->view, 0, STORE_NEW));
}

bool here_execute(struct here *h, const struct install_decision *d, struct err *e)
{
	struct err ignored = { 0 };

	if (d->writes && !write_aside(h, d, e)) {
		/* what stays is removed by the next change */
		for (size_t i = 0; i < STORE_COUNT; i++)
			if (h->stores[i] >= 0)
				(void)!entry_remove(h->stores[i], STORE_NEW, &ignored);
		return false;
	}
	vec_each (op, &d->ops)
		if (!operations[op->kind](h, op, e))
			return false;
	return true;
}
