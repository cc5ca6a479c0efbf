/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bundle.h"

#include "base/sandbox.h"
#include "bundle/bundle_layout.h"
#include "bundle/entries.h"
#include "bundle/entry_check.h"
#include "bundle/keys_zip.h"
#include "bundle/slot.h"
#include "bundle/zip.h"
#include "crypto/crypto.h"

#include <string.h>

static struct bytes archive_of(const struct span *in, size_t count)
{
	return (struct bytes){ count ? in->bytes : "", count ? in->len : 0 };
}

bool bundle_decode_outer(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(unpacked) ignored = { 0 };
	struct entries entries = { 0 };

	/* A malicious manifest does its worst here, inside the sandbox. */
	return zip_unpack(archive_of(in, count), NULL, answer, e) &&
	       entries_unframe(buf_text(answer), answer->len, &a, &entries, e) &&
	       entry_check_read(&entries, &ignored, e);
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

/* Unpacks the outer archive in the decoder; the entries point into `frames`. */
static bool read_outer(struct span zip, struct secret *frames, struct arena *a, struct entries *out,
		       struct err *e)
{
	const struct decode d = { .fn = bundle_decode_outer, .in = &zip, .count = 1 };

	if (zip.len > BUNDLE_LIMIT)
		return err_set(e, ERR_INPUT, "it is larger than %d bytes", BUNDLE_LIMIT);
	return decoder_run(&d, frames, e) && entries_unframe(frames->bytes, frames->len, a, out, e);
}

bool bundle_opens(const void *bytes, size_t len, const struct secret *const *passphrases,
		  size_t count, struct err *e)
{
	AUTO(secret) frames = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(unpacked) c = { 0 };
	struct entries entries = { 0 };
	AUTO(secret) first = { 0 };

	if (!read_outer((struct span){ bytes, len }, &frames, &a, &entries, e) ||
	    !entry_check_read(&entries, &c, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		AUTO(secret) text = { 0 };

		if (!open_slots(&entries, passphrases[i], &text, e) ||
		    !check_hmac(&entries, &text, e))
			return false;
		if (i == 0)
			first = TAKE(text);
		else if (!bytes_equal(first.bytes, text.bytes, SLOT_TEXT))
			return err_set(e, ERR_INPUT,
				       "its recipients disagree about the password of keys.zip");
	}
	return true;
}

bool bundle_read(const void *bytes, size_t len, const struct secret *passphrase, struct bundle *out,
		 struct err *e)
{
	AUTO(secret) frames = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(unpacked) c = { 0 };
	struct entries entries = { 0 };

	if (!read_outer((struct span){ bytes, len }, &frames, &a, &entries, e))
		return false;
	if (passphrase ? !read_sealed(&entries, passphrase, &c, e)
		       : !read_structure(&entries, &c, e))
		return false;
	*out = TAKE(c.bundle);
	return true;
}
