/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole backup bundle.  Its bytes as they are seldom get past a hash; so a
 * second form of input is its content, in parts with a line "---" between
 * them: "sealed", then the manifest, then names of entries and their bytes.
 * Those are hashed, listed in the manifest, sealed and packed here.
 */
#include "harness.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "bundle/bundle_layout.h"
#include "bundle/slot.h"
#include "bundle/zip.h"
#include "crypto/crypto.h"
#include "json/value.h"

#define PASSPHRASE "correct horse battery staple"

/* Whether the last input got as far as its keys: for the seeds. */
static bool opened;

static void read_all(struct bytes zip)
{
	AUTO(secret) passphrase = secret_of(PASSPHRASE, strlen(PASSPHRASE));
	AUTO(arena) a = { 0 };
	AUTO(bundle) open = { 0 };
	AUTO(bundle) sealed = { 0 };
	AUTO(bundle) exact = { 0 };
	struct bundle_head head = { 0 };
	struct err e = { 0 };

	TRY(bundle_read_head(zip.data, zip.len, &a, &head, &e));
	e = (struct err){ 0 };
	TRY(bundle_read(zip.data, zip.len, NULL, &open, &e));
	e = (struct err){ 0 };
	opened = bundle_read(zip.data, zip.len, &passphrase, &sealed, &e);
	e = (struct err){ 0 };
	TRY(bundle_read_exact(zip.data, zip.len, NULL, &exact, &e));
}

/* ---- content, sealed here ---- */

struct content {
	struct arena arena;
	VEC(struct bundle_entry) list;
	VEC(struct bundle_entry) keys;
};

static void add_entry(struct content *c, const char *name, const void *bytes, size_t len)
{
	VEC_PUSH(&c->list, &c->arena, (struct bundle_entry){ name, bytes, len });
}

/* "key.pem" of any directory goes into keys.zip. */
static void take_entries(struct content *c, struct feed *f)
{
	while (!feed_is_empty(f)) {
		size_t len = 0;
		const char *name = feed_part(f, &c->arena, NULL);
		const char *bytes = feed_part(f, &c->arena, &len);

		if (!entry_name_is_safe(name))
			continue;
		if (strstr(name, "/key.pem"))
			VEC_PUSH(&c->keys, &c->arena, (struct bundle_entry){ name, bytes, len });
		else
			add_entry(c, name, bytes, len);
	}
}

static void add_keys(struct content *c, const struct secret *text, struct buf *zip)
{
	const struct entries list = { .items = c->keys.items, .count = c->keys.count };
	AUTO(secret) password = { 0 };
	struct err e = { 0 };

	if (!list.count)
		return;
	slot_password(text, &password);
	TRY(zip_pack(&list, &password, zip, &e));
	add_entry(c, ENTRY_KEYS, buf_text(zip), zip->len);
}

static void list_entries(const struct content *c, json_t *manifest)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->list.count; i++) {
		const struct bundle_entry *it = &c->list.items[i];
		char hash[SHA256_TEXT];

		sha256_text(it->data, it->len, hash);
		json_array_append_new(list, json_pack("{ss sI ss}", "name", it->name, "size",
						      (json_int_t)it->len, "sha256", hash));
	}
	json_object_set_new(manifest, "entries", list);
}

static void read_content(struct feed *f)
{
	AUTO(secret) passphrase = secret_of(PASSPHRASE, strlen(PASSPHRASE));
	AUTO(secret) text = { 0 };
	AUTO(buf) keys = { 0 };
	AUTO(buf) zip = { 0 };
	struct content c = { 0 };
	size_t len = 0;
	const char *manifest = feed_part(f, &c.arena, &len);
	AUTO(json) json = json_loadb(manifest, len, 0, NULL);
	AUTO(str) written = NULL;
	uint8_t slot[SLOT_BYTES];
	char hmac[SHA256_TEXT + 1];
	struct err e = { 0 };

	slot_text_new(&text);
	slot_seal(&text, &passphrase, slot);
	take_entries(&c, f);
	add_entry(&c, "recipients/0.enc", slot, sizeof(slot));
	add_keys(&c, &text, &keys);
	if (json_is_object(json)) {
		list_entries(&c, json);
		written = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(2));
		manifest = written;
		len = strlen(written);
	}
	slot_hmac(&text, (struct bytes){ manifest, len }, hmac);
	strcat(hmac, "\n");
	add_entry(&c, ENTRY_MANIFEST, manifest, len);
	add_entry(&c, ENTRY_HMAC, hmac, strlen(hmac));

	const struct entries list = { .items = c.list.items, .count = c.list.count };

	if (zip_pack(&list, NULL, &zip, &e))
		read_all((struct bytes){ buf_text(&zip), zip.len });
	arena_release(&c.arena);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	static const char mark[] = "sealed\n---\n";
	const size_t mark_len = sizeof(mark) - 1;
	struct feed f = { bytes, len };

	if (len < mark_len || memcmp(bytes, mark, mark_len)) {
		read_all((struct bytes){ bytes, len });
		return;
	}
	f = (struct feed){ bytes + mark_len, len - mark_len };
	read_content(&f);
}

/* ---- seeds ---- */

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void seed_sealed(const char *manifest)
{
	AUTO(buf) out = { 0 };

	buf_printf(&out, "sealed\n---\n%s\n---\n", manifest);
	buf_puts(&out, "RESTORE.txt\n---\nhow\n---\n"
		       "certificates/shop/leaf.pem\n---\nleaf\n---\n"
		       "certificates/shop/chain.pem\n---\nchain\n---\n"
		       "certificates/shop/key.pem\n---\nkey\n---\n"
		       "config/certfleet.yaml\n---\ncertfleet: 1\n");
	seed(out.data, out.len);
	fuzz_one((const uint8_t *)out.data, out.len);
	HOLDS(opened);
}

static struct bundle_item items[] = {
	{ .name = "shop",
	  .number = 2,
	  .fingerprint = HASH,
	  .spki = HASH,
	  .source = "issued",
	  .subject = "CN=shop.example.com",
	  .not_after = "2027-02-21T08:00:00Z",
	  .leaf_pem = "leaf\n",
	  .chain_pem = "chain\n",
	  .record = "{\"a\":1}" },
	{ .name = "per-host/edge/e 1",
	  .number = 7,
	  .fingerprint = HASH,
	  .spki = "",
	  .source = "found",
	  .subject = "",
	  .not_after = "",
	  .leaf_pem = "leaf of e1\n",
	  .chain_pem = "",
	  .record = "" },
};
static struct bundle_file files[] = {
	{ "certfleet.yaml", "certfleet: 1\n", 13 },
	{ "../common.yaml", "a\0b", 3 },
};

static void seed_written(size_t count, bool unencrypted)
{
	AUTO(secret) passphrase = secret_of(PASSPHRASE, strlen(PASSPHRASE));
	AUTO(secret) key = secret_of("key\n", 4);
	const struct bundle b = {
		.fleet = "shop",
		.lineage = "5f2c",
		.serial = 42,
		.created = FUZZ_NOW,
		.items = items,
		.item_count = count,
		.files = files,
		.file_count = count,
	};
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	items[0].key_pem = key;
	HOLDS(bundle_write(&b, &passphrase, !unencrypted, unencrypted, &out, &e));
	seed(out.data, out.len);
}

void fuzz_seeds(void)
{
	for (size_t count = 0; count <= 2; count++) {
		seed_written(count, false);
		seed_written(count, true);
	}
	seed_sealed(
		"{\"format_version\":1,\"fleet\":\"shop\",\"lineage\":\"5f2c\",\"serial\":42,\"created_at\":\"2026-11-23T08:00:00Z\",\"encryption\":\"aes-256\",\"generations\":[{\"kind\":\"certificate\",\"name\":\"shop\",\"number\":2,\"fingerprint_sha256\":\"" HASH
		"\",\"spki_sha256\":\"" HASH
		"\",\"source\":\"issued\",\"subject\":\"CN=shop\",\"not_after\":\"2027-02-21T08:00:00Z\",\"components\":[\"front\"],\"directory\":\"certificates/shop\",\"key\":true,\"record\":{\"a\":1}}],\"config\":[{\"path\":\"certfleet.yaml\",\"entry\":\"config/certfleet.yaml\"}],\"entries\":[]}");
}
