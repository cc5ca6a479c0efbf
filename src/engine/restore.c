/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "drivers/driver.h"
#include "engine/backup.h"
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
		       "%zu file%s in '%s' %s in the way, and nothing was written; move them away, or name another directory",
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

/* Copy of a state, and how it is taken over. */
struct restore_source {
	struct engine *en;
	struct copy_head head;
	const struct bundle *bundle; /* or... */
	struct exported *exported;
	bool (*fill)(const struct restore_source *s, struct change *c, struct err *e);
};

static bool restore_into(const struct restore_source *from, struct state *s, struct err *e)
{
	const struct fleet *f = from->en->fleet;
	AUTO(change) change = change_new(s);

	/* agents that the copy does not know may have taken orders since */
	for (size_t i = 0; i < f->component_count; i++)
		if (driver_takes_orders(&f->components[i]))
			change_uncopied(change, f->components[i].name);
	return from->fill(from, change, e) && state_commit(s, change, e);
}

static bool is_of_fleet(const struct restore_source *from, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *fleet = from->en->fleet->name;

	return !strcmp(from->head.fleet, fleet) ||
	       err_set(e, ERR_INPUT, "it is of fleet '%s', but the fleet file says '%s'",
		       text_escaped(&a, from->head.fleet), text_escaped(&a, fleet));
}

static bool restore_build(const struct restore_source *from, struct rebuild *rebuild,
			  struct restored *out, struct err *e)
{
	struct engine *en = from->en;
	struct state *s = NULL;

	if (rebuild_state(rebuild, &s, e) && engine_unseal_state(en, s, e) &&
	    restore_into(from, s, e)) {
		out->serial = state_serial(s);
		if (rebuild_finish(rebuild, &en->arena, &out->former, e))
			return true;
	}
	if (e->code == ERR_IO)
		err_remedy(e, "make it writable, or make room, and run this again");
	return false;
}

/* All that restores have in common, once their source is believed. */
static bool restore_from(struct restore_source *from, const struct restore_order *o,
			 struct restored *out, struct err *e)
{
	AUTO(rebuild) rebuild = NULL;
	int64_t found = NO_SERIAL;

	from->head.origin.who = engine_who(&from->en->arena);
	from->head.origin.at = clock_now();
	*out = (struct restored){ .newer = NO_SERIAL, .copied = from->head.serial };
	if (!is_of_fleet(from, e) ||
	    !rebuild_open(from->en->fleet->state.path, &from->head, o->holder, &rebuild, &found, e))
		return false;
	if (found >= from->head.serial && !o->newer_accepted) {
		out->newer = found;
		return true;
	}
	return restore_build(from, rebuild, out, e);
}

/* ---- from a bundle ---- */

bool bundle_certificates(const struct bundle *b, const struct bundle_item *item, struct arena *a,
			 struct cert_set *set, struct err *e)
{
	const char *anchor = item->anchor ? bundle_anchor(b, item->anchor) : "";
	const char *pem = arena_printf(a, "%s%s", item->leaf_pem, item->chain_pem);
	const struct der *root = NULL;
	size_t roots = 0;

	if (!pem_read_certs(pem, strlen(pem), a, &set->certs, &set->count, e) ||
	    !pem_read_certs(anchor, strlen(anchor), a, &root, &roots, e))
		return false;
	if (roots)
		set->anchor = *root;
	return true;
}

struct generation bundle_generation(const struct bundle_item *item)
{
	return (struct generation){
		.of = item->is_issuer ? OF_ISSUER : OF_CERTIFICATE,
		.owner = item->name,
		.number = item->number,
		.fingerprint = item->fingerprint,
		.spki = item->spki,
	};
}

static bool restore_generation(const struct bundle *b, const struct bundle_item *item,
			       struct change *c, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) key = { 0 };
	struct generation due = bundle_generation(item);
	struct cert_set set = { 0 };

	due.bundle = bundle_file_name(b, &a);
	return (bundle_certificates(b, item, &a, &set, e) &&
		change_copied_generation(c, item->record, &due, &set, e) &&
		pem_read_key((const char *)item->key_pem.bytes, item->key_pem.len, &key, e) &&
		change_key(c, item->spki, &key, e)) ||
	       err_in(e, "generation %u of '%s'", item->number, item->name);
}

static bool fill_from_bundle(const struct restore_source *from, struct change *c, struct err *e)
{
	const struct bundle *b = from->bundle;

	for (size_t i = 0; i < b->item_count; i++)
		if (!restore_generation(b, &b->items[i], c, e))
			return false;
	for (size_t i = 0; i < b->record_count; i++) {
		const struct stored_record r = { .key = b->records[i].key,
						 .value = b->records[i].value };

		if (!change_copied(c, &r, e))
			return false;
	}
	return true;
}

static struct restore_source source_of_bundle(struct engine *en, const struct bundle *b)
{
	return (struct restore_source){ .en = en,
					.head = { .fleet = b->fleet,
						  .lineage = b->lineage,
						  .serial = b->serial,
						  .history = { b->history_run, b->history },
						  .origin.copy = bundle_file_name(b, &en->arena) },
					.bundle = b,
					.fill = fill_from_bundle };
}

bool restore_state(struct engine *en, const struct bundle *b, const struct restore_order *o,
		   struct restored *out, struct err *e)
{
	struct restore_source from = source_of_bundle(en, b);

	return (is_vouched_for(b, en->fleet->backup.unencrypted, e) &&
		restore_from(&from, o, out, e)) ||
	       err_in(e, "cannot restore the state from the bundle");
}

bool restore_check(struct engine *en, const struct bundle *b, struct err *e)
{
	const struct restore_source from = source_of_bundle(en, b);

	return is_vouched_for(b, en->fleet->backup.unencrypted, e) && is_of_fleet(&from, e);
}

bool restore_presume(struct engine *en, const struct bundle *b, struct err *e)
{
	const struct restore_source from = source_of_bundle(en, b);
	AUTO(state) s = NULL;

	/* its keys are in memory already, and this state is nowhere else */
	if (!rebuild_in_memory(&from.head, &s, e) || !state_unseal(s, NULL, e) ||
	    !restore_into(&from, s, e))
		return err_in(e, "cannot plan from the bundle");
	en->state = TAKE(s);
	en->presumed = true;
	return true;
}

/* ---- from an exported file ---- */

static bool fill_from_export(const struct restore_source *from, struct change *c, struct err *e)
{
	return change_exported(c, from->exported, e);
}

bool restore_export(struct engine *en, struct buf *out, struct err *e)
{
	return (engine_unseal(en, e) && state_export(en->state, out, e)) ||
	       err_in(e, "cannot export the state");
}

bool restore_import(struct engine *en, struct bytes text, const struct secret_ref *passphrase,
		    const struct restore_order *o, struct restored *out, struct err *e)
{
	AUTO(exported) x = NULL;
	struct restore_source from = { .en = en, .fill = fill_from_export };
	struct seal_secret secret = { 0 };

	if (!(passphrase->kind == SECRET_NONE ? engine_seal_secret(en, &secret, e)
					      : engine_secret(en, passphrase, &secret.secret, e))) {
		e->code = ERR_INPUT;
		return err_in(e, "cannot take the passphrase");
	}
	if (!exported_open(text, &secret, &x, &from.head, e))
		return false;
	from.head.origin.copy = "exported state";
	from.exported = x;
	return restore_from(&from, o, out, e) || err_in(e, "cannot import the state");
}
