/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/restore.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "drivers/driver.h"
#include "engine/internal.h"
#include "pki/pair.h"
#include "state/state_copy.h"

#include <string.h>

#define FLEET_FILE_NAME "certfleet.yaml" /* in bundles that do not say it */

/* Nothing of a bundle is believed that a passphrase did not open. */
static bool is_vouched_for(const struct bundle *b, bool unencrypted_too, struct err *e)
{
	if (b->authenticated || (b->unencrypted && unencrypted_too))
		return true;
	return err_set(
		e, ERR_INPUT,
		b->unencrypted
			? "the bundle is not encrypted, so nothing vouches for it; restore it with a fleet file that says 'unencrypted: true' under 'backup'"
			: "the bundle is not authenticated; name its passphrase with --passphrase-file or --passphrase-env");
}

/* ---- config/ ---- */

/* Whether the path of a file leads nowhere but below a directory. */
static bool is_below(const char *path)
{
	AUTO(arena) a = { 0 };
	char *parts = arena_strdup(&a, path);

	for (char *part = strsep(&parts, "/"); part; part = strsep(&parts, "/"))
		if (!*part || !strcmp(part, ".") || !strcmp(part, ".."))
			return false;
	return true;
}

/* Sets *missing when there is no such file; ERR_IO when it is another one. */
static bool config_fits(const char *path, const struct bundle_file *due, bool *missing,
			struct err *e)
{
	AUTO(buf) text = { 0 };

	*missing = false;
	if (!fs_read(path, BUNDLE_LIMIT, &text, e)) {
		*missing = true;
		return err_ignore(e, ERR_MISSING);
	}
	return (text.len == due->len && !memcmp(buf_text(&text), due->text, due->len)) ||
	       err_set(e, ERR_IO, "'%s' differs from the one in the bundle", path);
}

/* Whether every file can be written, or is there already; notes what is in the way. */
static bool config_check(struct engine *en, const struct bundle *b, const char *directory,
			 bool *missing, struct err *e)
{
	AUTO(arena) a = { 0 };
	size_t others = 0;

	for (size_t i = 0; i < b->file_count; i++) {
		struct err why = { 0 };

		if (!is_below(b->files[i].path))
			return err_set(e, ERR_INPUT,
				       "the bundle has a file '%s', which leads out of a directory",
				       text_escaped(&a, b->files[i].path));
		if (config_fits(arena_printf(&a, "%s/%s", directory, b->files[i].path),
				&b->files[i], &missing[i], &why))
			continue;
		engine_note(en, "%s", why.text);
		others++;
	}
	return !others ||
	       err_set(e, ERR_IO,
		       "%zu file%s in '%s' %s in the way, and nothing was written; move "
		       "them away, or name another directory",
		       others, others == 1 ? "" : "s", directory, others == 1 ? "is" : "are");
}

static bool config_write(const char *path, const struct bundle_file *file, struct err *e)
{
	AUTO(arena) a = { 0 };

	return fs_make_dirs(fs_dirname(&a, path), 0755, e) &&
	       fs_replace(path, file->text, file->len, FS_PUBLIC, e);
}

bool restore_config(struct engine *en, const struct bundle *b, const char *directory,
		    struct arena *a, const char **fleet_file, struct err *e)
{
	bool *missing = arena_array(a, b->file_count, sizeof(*missing));

	if (!is_vouched_for(b, false, e) || !config_check(en, b, directory, missing, e))
		return false;
	for (size_t i = 0; i < b->file_count; i++)
		if (missing[i] &&
		    !config_write(arena_printf(a, "%s/%s", directory, b->files[i].path),
				  &b->files[i], e))
			return false;
	*fleet_file = arena_printf(a, "%s/%s", directory,
				   b->fleet_file ? b->fleet_file : FLEET_FILE_NAME);
	return true;
}

/* ---- the state ---- */

/* A bundle, and the change that takes what it holds. */
struct restoring {
	struct engine *en;
	const struct bundle *bundle;
	const char *name; /* file name of the bundle */
	struct arena arena;
	struct change *change;
};

static void restoring_release(struct restoring *r)
{
	change_free(r->change);
	arena_release(&r->arena);
}
AUTO_STRUCT(restoring, struct restoring, restoring_release)

static bool restore_certificates(struct restoring *r, const struct bundle_item *item,
				 struct cert_set *set, struct err *e)
{
	const char *anchor = item->anchor ? bundle_anchor(r->bundle, item->anchor) : "";
	const char *pem = arena_printf(&r->arena, "%s%s", item->leaf_pem, item->chain_pem);
	const struct der *root = NULL;
	size_t roots = 0;

	if (!pem_read_certs(pem, strlen(pem), &r->arena, &set->certs, &set->count, e) ||
	    !pem_read_certs(anchor, strlen(anchor), &r->arena, &root, &roots, e))
		return false;
	if (roots)
		set->anchor = *root;
	return true;
}

static bool restore_generation(struct restoring *r, const struct bundle_item *item, struct err *e)
{
	const struct generation due = {
		.of = item->is_issuer ? OF_ISSUER : OF_CERTIFICATE,
		.owner = item->name,
		.number = item->number,
		.fingerprint = item->fingerprint,
		.spki = item->spki,
		.bundle = r->name,
	};
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };

	return restore_certificates(r, item, &set, e) &&
	       change_copied_generation(r->change, item->record, &due, &set, e) &&
	       pem_read_key((const char *)item->key_pem.bytes, item->key_pem.len, &key, e) &&
	       change_key(r->change, item->spki, &key, e);
}

/* Agents that the bundle does not know may have taken orders since. */
static void restore_agents(struct restoring *r)
{
	const struct fleet *f = r->en->fleet;

	for (size_t i = 0; i < f->component_count; i++)
		if (driver_takes_orders(&f->components[i]))
			change_uncopied(r->change, f->components[i].name);
}

static bool restore_all(struct restoring *r, struct err *e)
{
	const struct bundle *b = r->bundle;

	for (size_t i = 0; i < b->item_count; i++)
		if (!restore_generation(r, &b->items[i], e))
			return err_in(e, "generation %u of '%s'", b->items[i].number,
				      b->items[i].name);
	restore_agents(r);
	for (size_t i = 0; i < b->record_count; i++)
		if (!change_copied(r->change,
				   &(struct stored_record){ .key = b->records[i].key,
							    .value = b->records[i].value },
				   e))
			return false;
	return true;
}

static bool restore_into(struct engine *en, const struct bundle *b, struct state *s, struct err *e)
{
	AUTO(restoring) r = { .en = en, .bundle = b };

	r.name = bundle_file_name(b, &r.arena);
	if (!engine_unseal_state(en, s, e))
		return false;
	r.change = change_new(s);
	return restore_all(&r, e) && state_commit(s, r.change, e);
}

static bool restore_fits(const struct engine *en, const struct bundle *b, struct err *e)
{
	AUTO(arena) a = { 0 };

	if (strcmp(b->fleet, en->fleet->name) != 0)
		return err_set(e, ERR_INPUT,
			       "the bundle is of fleet '%s', but the fleet file says '%s'",
			       text_escaped(&a, b->fleet), text_escaped(&a, en->fleet->name));
	return is_vouched_for(b, en->fleet->backup.unencrypted, e);
}

bool restore_state(struct engine *en, const struct restore_order *o, struct arena *a,
		   struct restored *out, struct err *e)
{
	const struct bundle *b = o->bundle;
	const struct copy_head head = { b->fleet, b->lineage, b->serial };
	AUTO(rebuild) rebuild = NULL;
	struct state *s = NULL;
	int64_t found = NO_SERIAL;

	*out = (struct restored){ .newer = NO_SERIAL };
	if (!restore_fits(en, b, e) ||
	    !rebuild_open(en->fleet->state.path, &head, o->holder, &rebuild, &found, e))
		return false;
	if (found >= b->serial && !o->newer_accepted) {
		out->newer = found;
		return true;
	}
	if (!rebuild_state(rebuild, &s, e) || !restore_into(en, b, s, e))
		return err_in(e, "cannot restore the state");
	out->serial = state_serial(s);
	return rebuild_finish(rebuild, a, &out->former, e) || err_in(e, "cannot restore the state");
}
