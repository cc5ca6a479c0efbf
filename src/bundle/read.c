/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"

#include "base/sandbox.h"
#include "bundle/assembly.h"
#include "bundle/bundle_layout.h"
#include "bundle/entries.h"
#include "bundle/entry_check.h"
#include "bundle/keys_zip.h"
#include "bundle/slot.h"
#include "bundle/zip.h"
#include "crypto/crypto.h"

#include <inttypes.h>
#include <string.h>

/*
 * Decoder of the outer archive; with a second span it is also rebuilt.  The answer begins
 * with the position of the first difference, DIFFERS_NOT if there is none.
 */
bool bundle_decode_outer(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	const struct bytes zip = { count ? in->bytes : "", count ? in->len : 0 };
	uint64_t differs_at = DIFFERS_NOT;
	AUTO(arena) a = { 0 };
	AUTO(unpacked) c = { 0 };
	struct entries entries = { 0 };

	buf_add(answer, &differs_at, sizeof(differs_at));
	/* A malicious manifest does its worst here, inside the sandbox. */
	if (!zip_unpack(zip, NULL, answer, e) ||
	    !entries_unframe(buf_text(answer) + sizeof(differs_at),
			     answer->len - sizeof(differs_at), &a, &entries, e) ||
	    !entry_check_read(&entries, &c, e) ||
	    (count > 1 && !bundle_rebuild(zip, &entries, &c, &differs_at, e)))
		return false;
	memcpy(answer->data, &differs_at, sizeof(differs_at));
	return true;
}

/* Opens a recipient slot with the passphrase; ERR_INPUT for an unencrypted bundle. */
static bool open_slots(const struct entries *entries, const struct secret *passphrase,
		       struct secret *text, struct err *e)
{
	AUTO(arena) a = { 0 };
	size_t count = unpacked_recipients(entries);

	if (count == 0)
		return err_set(
			e, ERR_INPUT,
			"the bundle is not encrypted, so a passphrase cannot authenticate it; open it without one if you trust its source");
	for (size_t i = 0; i < count && i < BUNDLE_RECIPIENT_LIMIT; i++) {
		const struct bundle_entry *slot = entries_find(entries, layout_recipient(i, &a));

		if (slot_open((struct bytes){ slot->data, slot->len }, passphrase, text))
			return true;
	}
	return err_set(e, ERR_INPUT,
		       "wrong passphrase; use the one that was set when it was written");
}

/* Checks manifest.hmac; `text` NULL: keyed with the constant of unencrypted bundles. */
static bool check_hmac(const struct entries *entries, const struct secret *text, struct err *e)
{
	const struct bundle_entry *json = entries_find(entries, ENTRY_MANIFEST);
	const struct bundle_entry *hmac = entries_find(entries, ENTRY_HMAC);
	char due[SHA256_TEXT + 1];

	if (!json || !hmac)
		return err_set(e, ERR_INPUT, "it has no manifest");
	slot_hmac(text, (struct bytes){ json->data, json->len }, due);
	strcat(due, "\n");
	if (hmac->len == strlen(due) && bytes_equal(hmac->data, due, hmac->len))
		return true;
	return err_set(e, ERR_INPUT, "damaged or forged: manifest.json does not fit manifest.hmac");
}

/* Points the key_pem of each item into b->keys. */
static bool place_keys(struct bundle *b, const struct manifest *m, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct entries keys = { 0 };
	size_t taken = 0;

	if (!entries_unframe(b->keys.bytes, b->keys.len, &a, &keys, e))
		return false;
	for (size_t i = 0; i < b->item_count; i++) {
		const char *name = layout_in(layout_directory(b, i, &a), "key.pem", &a);
		const struct bundle_entry *key = entries_find(&keys, name);

		if (!m->has_key[i])
			continue;
		if (!key || key->len == 0 || key->len > BUNDLE_KEY_LIMIT)
			return err_set(e, ERR_INPUT, "'%s' is missing or not a key", name);
		b->items[i].key_pem.bytes = (unsigned char *)key->data;
		b->items[i].key_pem.len = key->len;
		taken++;
	}
	return taken == keys.count ||
	       err_set(e, ERR_INPUT, "it has a key that is not named in the manifest");
}

/* Reads keys.zip; `text` NULL: not encrypted. */
static bool read_keys(const struct entries *entries, const struct secret *text, struct unpacked *c,
		      struct err *e)
{
	const struct bundle_entry *zip = entries_find(entries, ENTRY_KEYS);

	if (!zip)
		return true;
	if (!keys_zip_unpack((struct bytes){ zip->data, zip->len }, text, c->bundle.item_count,
			     &c->bundle.keys, e) ||
	    !place_keys(&c->bundle, &c->manifest, e))
		return err_in(e, "%s", ENTRY_KEYS);
	return true;
}

/*
 * Reads an encrypted bundle: the passphrase opens a slot, and the slot's key
 * authenticates the manifest before its content is used.
 */
static bool read_sealed(const struct entries *entries, const struct secret *passphrase,
			struct unpacked *c, struct err *e)
{
	AUTO(secret) text = { 0 };

	if (!open_slots(entries, passphrase, &text, e) || !check_hmac(entries, &text, e) ||
	    !entry_check_read(entries, c, e) || !read_keys(entries, &text, c, e))
		return false;
	c->bundle.authenticated = true;
	return true;
}

static bool read_structure(const struct entries *entries, struct unpacked *c, struct err *e)
{
	if (!entry_check_read(entries, c, e))
		return false;
	return !c->bundle.unencrypted ||
	       (check_hmac(entries, NULL, e) && read_keys(entries, NULL, c, e));
}

/* Outer archive as the decoder unpacked it; the entries point into the answer. */
struct outer {
	struct secret answer;
	struct arena arena;
	struct entries entries;
	uint64_t differs_at;
};

static void outer_release(struct outer *o)
{
	secret_release(&o->answer);
	arena_release(&o->arena);
}
AUTO_STRUCT(outer, struct outer, outer_release)

static bool read_outer(struct span zip, bool rebuild, struct outer *o, struct err *e)
{
	const struct span in[] = { zip, { "", 0 } };
	const struct decode d = { .fn = bundle_decode_outer,
				  .in = in,
				  .count = rebuild ? 2 : 1,
				  .seconds = rebuild ? 2 * SANDBOX_SECONDS : SANDBOX_SECONDS };
	const size_t head = sizeof(o->differs_at);

	if (zip.len > BUNDLE_LIMIT)
		return err_set(e, ERR_INPUT, "it is larger than %d bytes", BUNDLE_LIMIT);
	if (!decoder_run(&d, &o->answer, e))
		return false;
	if (o->answer.len < head)
		return err_set(e, ERR_INPUT, "cannot be decoded");
	memcpy(&o->differs_at, o->answer.bytes, head);
	return entries_unframe(o->answer.bytes + head, o->answer.len - head, &o->arena, &o->entries,
			       e);
}

bool bundle_opens(const void *bytes, size_t len, const struct secret *const *passphrases,
		  size_t count, struct err *e)
{
	AUTO(outer) o = { 0 };
	AUTO(unpacked) c = { 0 };
	AUTO(secret) first = { 0 };

	if (!read_outer((struct span){ bytes, len }, false, &o, e) ||
	    !entry_check_read(&o.entries, &c, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		AUTO(secret) text = { 0 };

		if (!open_slots(&o.entries, passphrases[i], &text, e) ||
		    !check_hmac(&o.entries, &text, e))
			return false;
		if (i == 0)
			first = TAKE(text);
		else if (!bytes_equal(first.bytes, text.bytes, SLOT_TEXT))
			return err_set(e, ERR_INPUT,
				       "its recipients disagree about the password of keys.zip");
	}
	return true;
}

static bool bundle_read_outer(const struct outer *o, const struct secret *passphrase,
			      struct bundle *out, struct err *e)
{
	AUTO(unpacked) c = { 0 };

	if (passphrase ? !read_sealed(&o->entries, passphrase, &c, e)
		       : !read_structure(&o->entries, &c, e))
		return false;
	if (o->differs_at != DIFFERS_NOT)
		return err_set(
			e, ERR_INPUT,
			"byte %" PRIu64
			" of the bundle is not what this version of certfleet writes for its content",
			o->differs_at);
	*out = TAKE(c.bundle);
	return true;
}

bool bundle_read(const void *bytes, size_t len, const struct secret *passphrase, struct bundle *out,
		 struct err *e)
{
	AUTO(outer) o = { 0 };

	return read_outer((struct span){ bytes, len }, false, &o, e) &&
	       bundle_read_outer(&o, passphrase, out, e);
}

bool bundle_read_exact(const void *bytes, size_t len, const struct secret *passphrase,
		       struct bundle *out, struct err *e)
{
	AUTO(outer) o = { 0 };

	return read_outer((struct span){ bytes, len }, true, &o, e) &&
	       bundle_read_outer(&o, passphrase, out, e);
}
