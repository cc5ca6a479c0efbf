/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/backup.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/crypto.h"
#include "engine/internal.h"
#include "engine/pairs.h"
#include "pki/foreign.h"
#include "state/bundle_records.h"
#include "state/state_copy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bundle under construction; owns the keys in it. */
struct packing {
	struct engine *en;
	struct bundle bundle;
	struct secret passphrases[RECIPIENT_LIMIT]; /* borrowed */
	char sha256[SHA256_TEXT];                   /* of the bytes that were read back */
};

static void packing_release(struct packing *p)
{
	for (size_t i = 0; i < p->bundle.item_count; i++)
		secret_release(&p->bundle.items[i].key_pem);
	bundle_release(&p->bundle);
}
AUTO_STRUCT(packing, struct packing, packing_release)

static const char *pem_of(const struct der *certs, size_t count, struct arena *a)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, certs, count);
	return arena_strdup(a, buf_text(&pem));
}

/* Adds the anchor of a generation, once, and refers to it. */
static void pack_anchor(struct packing *p, const struct der *anchor, struct bundle_item *item)
{
	struct bundle *b = &p->bundle;
	char fingerprint[SHA256_TEXT];

	if (!anchor->len)
		return;
	sha256_text(anchor->bytes, anchor->len, fingerprint);
	for (size_t i = 0; i < b->anchor_count && !item->anchor; i++)
		if (!strcmp(b->anchors[i].fingerprint, fingerprint))
			item->anchor = b->anchors[i].fingerprint;
	if (item->anchor)
		return;
	item->anchor = arena_strdup(&b->arena, fingerprint);
	b->anchors[b->anchor_count++] =
		(struct bundle_anchor){ item->anchor, pem_of(anchor, 1, &b->arena) };
}

static void pack_pair(struct packing *p, const struct backup_pair *pair, const char *record)
{
	struct arena *a = &p->bundle.arena;
	struct bundle_item *item = &p->bundle.items[p->bundle.item_count++];
	const struct generation *g = pair->generation;
	const struct cert_set *set = pair->set;
	const struct fleet *f = p->en->fleet;
	const struct certificate *c =
		g->of == OF_CERTIFICATE ? fleet_certificate(f, g->owner) : NULL;
	VEC(const char *) names = { 0 };
	char ends[TIME_TEXT];

	*item = (struct bundle_item){
		.name = g->owner,
		.is_issuer = g->of == OF_ISSUER,
		.number = g->number,
		.fingerprint = g->fingerprint,
		.spki = g->spki,
		.source = source_names[g->source],
		.subject = g->subject,
		.not_after = arena_strdup(a, time_format(g->not_after, ends)),
		.leaf_pem = pem_of(set->certs, 1, a),
		.chain_pem = pem_of(set->certs + 1, set->count - 1, a),
		.record = record,
	};
	pack_anchor(p, &set->anchor, item);
	for (size_t i = 0; c && i < f->component_count; i++)
		if (f->components[i].certificate == c)
			VEC_PUSH(&names, a, f->components[i].name);
	item->components = names.items;
	item->component_count = names.count;
	pem_add_key(&item->key_pem, pair->key);
}

static bool pack_generation(struct packing *p, const struct generation *g, struct err *e)
{
	struct arena *a = &p->bundle.arena;
	struct state *state = p->en->state;
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };
	const char *record = NULL;

	if (!stored_certificates(state, g, a, &set, e) || !stored_key(state, g, &key, e) ||
	    !state_generation_record(state, g, a, &record, e))
		return err_in(e, "cannot back up '%s'", g->owner);
	pack_pair(p, &(struct backup_pair){ g, &set, &key }, record);
	return true;
}

/* Whether a bundle made at `now` holds this generation. */
static bool is_backed_up(const struct generation *g, int64_t now)
{
	return !g->pending && g->not_after > now;
}

static void pack_files(struct packing *p)
{
	const struct fleet *f = p->en->fleet;
	struct bundle *b = &p->bundle;

	b->files = arena_array(&b->arena, f->source_count, sizeof(*b->files));
	b->file_count = f->source_count;
	for (size_t i = 0; i < f->source_count; i++)
		b->files[i] = (struct bundle_file){ f->sources[i].path, f->sources[i].text,
						    f->sources[i].len };
	b->fleet_file = f->sources[0].path;
}

static bool pack_records(struct packing *p, struct err *e)
{
	struct bundle *b = &p->bundle;
	struct stored_record *records = NULL;

	if (!state_carried(p->en->state, &b->arena, &records, &b->record_count, e))
		return false;
	b->records = arena_array(&b->arena, b->record_count, sizeof(*b->records));
	for (size_t i = 0; i < b->record_count; i++)
		b->records[i] = (struct bundle_record){ records[i].key, records[i].value };
	return true;
}

static void pack_begin(struct packing *p, size_t most)
{
	struct bundle *b = &p->bundle;
	const struct history_head history = state_history(p->en->state);

	b->fleet = p->en->fleet->name;
	b->lineage = state_lineage(p->en->state);
	b->serial = state_serial(p->en->state);
	b->created = clock_now();
	b->history_run = history.run;
	b->history = history.sha256;
	b->items = arena_array(&b->arena, most, sizeof(*b->items));
	b->anchors = arena_array(&b->arena, most, sizeof(*b->anchors));
	pack_files(p);
}

/* What the state holds. */
static bool pack_stored(struct packing *p, const struct generation *list, size_t count,
			struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (is_backed_up(&list[i], p->bundle.created) && !pack_generation(p, &list[i], e))
			return false;
	return pack_records(p, e);
}

bool backup_has_room(const struct engine *en, size_t generations, struct err *e)
{
	/* RESTORE.txt, manifest.json, manifest.hmac, keys.zip */
	size_t others = 4 + en->fleet->source_count + en->fleet->backup.passphrase_count;
	size_t most = (BUNDLE_ENTRY_LIMIT - others) / 2;

	if (others < BUNDLE_ENTRY_LIMIT && generations <= most)
		return true;
	return err_set(
		e, ERR_INPUT,
		"a backup bundle holds at most %zu keys, this would be %zu; split the fleet into several fleet files",
		others < BUNDLE_ENTRY_LIMIT ? most : 0, generations);
}

static bool backup_take_passphrases(struct packing *p, struct err *e)
{
	const struct backup_policy *policy = &p->en->fleet->backup;

	for (size_t i = 0; i < policy->passphrase_count; i++) {
		const struct secret *passphrase = NULL;

		if (!engine_secret(p->en, &policy->passphrases[i], &passphrase, e))
			return false;
		p->passphrases[i] = *passphrase;
	}
	return true;
}

/* Each leaf is the one that the manifest names. */
static bool leaves_fit(const struct bundle *b, struct err *e)
{
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < b->item_count; i++) {
		const struct bundle_item *item = &b->items[i];
		const struct der *certs = NULL;
		size_t count = 0;
		char leaf[SHA256_TEXT] = "";

		if (!pem_read_certs(item->leaf_pem, strlen(item->leaf_pem), &a, &certs, &count, e))
			return err_in(e, "certificate of '%s'", item->name);
		if (count == 1)
			sha256_text(certs[0].bytes, certs[0].len, leaf);
		if (strcmp(leaf, item->fingerprint) != 0)
			return err_set(e, ERR_INPUT,
				       "the certificate of '%s' is not the one that was recorded",
				       item->name);
	}
	return true;
}

static bool keys_fit(const struct bundle *b, struct err *e)
{
	struct foreign *keys = xcalloc(b->item_count + 1, sizeof(*keys));

	/* Decodes all keys in one batch: one child process instead of one per key. */
	for (size_t i = 0; i < b->item_count; i++)
		keys[i] = (struct foreign){ FOREIGN_KEY, b->items[i].key_pem.bytes,
					    b->items[i].key_pem.len };
	foreign_learn(keys, b->item_count);
	free(keys);
	for (size_t i = 0; i < b->item_count; i++) {
		const struct bundle_item *item = &b->items[i];
		char spki[FINGERPRINT_TEXT];

		if (!item->key_pem.len)
			continue;
		if (!foreign_key_spki(item->key_pem.bytes, item->key_pem.len, spki, e))
			return err_in(e, "key of '%s'", item->name);
		if (strcmp(spki, item->spki) != 0)
			return err_set(e, ERR_INPUT,
				       "the key of '%s' belongs to another certificate",
				       item->name);
	}
	return true;
}

bool backup_check(const char *path, const struct buf *bytes, const struct secret *passphrase,
		  struct bundle *out, struct err *e)
{
	AUTO(bundle) b = { 0 };

	if (!bundle_read_exact(bytes->data, bytes->len, passphrase, &b, e) || !leaves_fit(&b, e) ||
	    !keys_fit(&b, e))
		return err_in(e, "bundle '%s'", path);
	*out = TAKE(b);
	return true;
}

/*
 * Verification of the written bundle: it holds every generation with its key, and every
 * recipient can open it.
 */
static bool read_back(struct packing *p, const char *path, struct err *e)
{
	size_t recipients = p->en->fleet->backup.passphrase_count;
	const struct secret *passphrases[RECIPIENT_LIMIT];
	AUTO(buf) bytes = { 0 };
	AUTO(bundle) b = { 0 };

	if (!fs_read(path, BUNDLE_LIMIT, &bytes, e) ||
	    !backup_check(path, &bytes, recipients ? &p->passphrases[0] : NULL, &b, e))
		return false;
	for (size_t i = 0; i < b.item_count; i++)
		if (!b.items[i].key_pem.len)
			return err_set(e, ERR_IO, "'%s' holds no key for '%s'", path,
				       b.items[i].name);
	if (b.item_count != p->bundle.item_count)
		return err_set(e, ERR_IO, "'%s' does not hold all it should", path);
	for (size_t i = 0; i < recipients; i++)
		passphrases[i] = &p->passphrases[i];
	/* the keys were decrypted for one recipient; the others have the same password */
	if (recipients > 1 && !bundle_opens(bytes.data, bytes.len, passphrases, recipients, e))
		return err_in(e, "bundle '%s'", path);
	sha256_text(bytes.data, bytes.len, p->sha256);
	return true;
}

/* Records of bundles that have been removed since. */
static bool forget_removed(struct engine *en, struct change *change, struct err *e)
{
	AUTO(arena) a = { 0 };
	const struct bundle_verified *list = NULL;
	size_t count = 0;

	if (!state_bundles(en->state, &a, &list, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (access(arena_printf(&a, "%s/%s", en->fleet->backup.directory, list[i].name),
			   F_OK) < 0)
			change_forget_bundle(change, list[i].name);
	return true;
}

static bool record_bundle(const struct packing *p, struct generation *list, size_t count,
			  const char *name, struct err *e)
{
	struct engine *en = p->en;
	AUTO(change) change = change_new(en->state);
	int64_t now = clock_now();
	const struct bundle_verified verified = { name, p->sha256, now };

	if (!forget_removed(en, change, e))
		return false;
	change_bundle(change, &verified);
	for (size_t i = 0; i < count; i++) {
		if (!is_backed_up(&list[i], now))
			continue;
		list[i].bundle = name;
		change_generation(change, &list[i], NULL);
	}
	return state_commit(en->state, change, e);
}

static bool write_bundle(struct packing *p, const char *directory, struct arena *a,
			 const char **path, struct err *e)
{
	const struct backup_policy *policy = &p->en->fleet->backup;
	AUTO(buf) bytes = { 0 };

	*path = arena_printf(a, "%s/%s", directory, bundle_file_name(&p->bundle, a));
	if (!bundle_write(&p->bundle, p->passphrases, policy->passphrase_count, policy->unencrypted,
			  &bytes, e) ||
	    !fs_replace(*path, bytes.data, bytes.len, FS_PRIVATE, e))
		return false;
	if (read_back(p, *path, e))
		return true;
	/* A bundle that failed verification must not pass for a backup. */
	if (e->code != ERR_STOPPED)
		unlink(*path);
	return false;
}

/* The bundle goes to the backup directory. */
static bool write_backup(struct packing *p, struct arena *a, const char **path, struct err *e)
{
	const char *directory = p->en->fleet->backup.directory;

	return fs_make_private_dir(directory, e) && write_bundle(p, directory, a, path, e);
}

bool backup_create(struct engine *en, struct arena *a, const char **name, struct err *e)
{
	AUTO(packing) p = { .en = en };
	const struct generation *list = NULL;
	size_t count = 0;
	const char *path = NULL;

	if (!backup_take_passphrases(&p, e) || !engine_unseal(en, e) ||
	    !state_generations(en->state, a, &list, &count, e))
		return err_in(e, "cannot make a backup");
	pack_begin(&p, count);
	if (!pack_stored(&p, list, count, e) || !write_backup(&p, a, &path, e))
		return err_in(e, "cannot make a backup");
	*name = bundle_file_name(&p.bundle, a);
	if (!record_bundle(&p, (struct generation *)list, count, *name, e))
		return err_in(e, "cannot record the backup");
	backup_prune(en, &p.bundle);
	return true;
}

/* ---- recovery ---- */

/* A state that cannot be read either adds nothing. */
static void pack_readable(struct packing *p, size_t fresh)
{
	const struct generation *list = NULL;
	size_t count = 0;
	struct err e = { 0 };
	bool good = state_generations(p->en->state, &p->bundle.arena, &list, &count, &e);

	pack_begin(p, count + fresh);
	if (good && pack_stored(p, list, count, &e))
		return;
	engine_note(p->en, "the recovery bundle holds the new keys only: %s", e.text);
	while (p->bundle.item_count)
		secret_release(&p->bundle.items[--p->bundle.item_count].key_pem);
	p->bundle.anchor_count = 0;
	p->bundle.record_count = 0;
}

bool backup_recover(struct engine *en, const struct backup_pair *pairs, size_t count,
		    struct arena *a, const char **path, struct err *e)
{
	AUTO(packing) p = { .en = en };
	struct err first = { 0 };

	if (!backup_take_passphrases(&p, e))
		return false;
	pack_readable(&p, count);
	for (size_t i = 0; i < count; i++)
		pack_pair(&p, &pairs[i], generation_encode(pairs[i].generation, &p.bundle.arena));
	if (write_backup(&p, a, path, &first))
		return true;
	/* what fills the backup directory may leave room elsewhere */
	return write_bundle(&p, fs_absolute(a, "."), a, path, e) || err_in(e, "%s", first.text);
}
