/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"
#include "bundle/bundle.h"
#include "test.h"

#include "base/fs.h"
#include "bundle/slot.h"
#include "bundle/zip.h"
#include "bundle_fixture.h"

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct secret passphrases[] = {
	{ (unsigned char *)(uintptr_t)PASSPHRASE, sizeof(PASSPHRASE) - 1 },
	{ (unsigned char *)(uintptr_t)OTHER_PASSPHRASE, sizeof(OTHER_PASSPHRASE) - 1 },
};

/* Written once: what most tests read and damage. */
static struct buf sealed;

static int write_sealed(void **state)
{
	struct bundle b = fixture_bundle();
	struct err e = { 0 };

	(void)state;
	return bundle_write(&b, passphrases, 2, false, &sealed, &e) ? 0 : -1;
}

static int release_sealed(void **state)
{
	(void)state;
	buf_release(&sealed);
	return 0;
}

static void write_open(const struct bundle *b, struct buf *out)
{
	struct err e = { 0 };

	must(bundle_write(b, NULL, 0, true, out, &e), &e);
}

static bool is_read(const struct buf *zip, const struct secret *passphrase, struct err *e)
{
	AUTO(bundle) b = { 0 };

	return bundle_read(zip->data, zip->len, passphrase, &b, e);
}

static bool is_exact(const struct buf *zip, const struct secret *passphrase, struct err *e)
{
	AUTO(bundle) b = { 0 };

	return bundle_read_exact(zip->data, zip->len, passphrase, &b, e);
}

static void expect_refused(const struct buf *zip, const struct secret *pass, const char *why)
{
	struct err e = { 0 };

	assert_false(is_read(zip, pass, &e));
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, why))
		fail_msg("refused, but for: %s", e.text);
}

static void expect_not_written(const struct bundle *b, const struct secret *pass, size_t count,
			       const char *why)
{
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	assert_false(bundle_write(b, pass, count, false, &zip, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(zip.len, 0);
	if (!strstr(e.text, why))
		fail_msg("refused, but for: %s", e.text);
}

/* The entries of an outer archive, to be changed and packed again. */
struct opened {
	struct arena arena;
	struct buf frames;
	struct entries entries;
};

static void opened_release(struct opened *o)
{
	arena_release(&o->arena);
	buf_release(&o->frames);
}
AUTO_STRUCT(opened, struct opened, opened_release)

static void open_up(const struct buf *zip, struct opened *o)
{
	struct bytes bytes = { zip->data, zip->len };
	struct err e = { 0 };

	assert_true(zip_unpack(bytes, NULL, &o->frames, &e));
	assert_true(entries_unframe(o->frames.data, o->frames.len, &o->arena, &o->entries, &e));
}

static struct bundle_entry *entry_of(struct opened *o, const char *name)
{
	const struct bundle_entry *found = entries_find(&o->entries, name);

	assert_non_null(found);
	return &o->entries.items[found - o->entries.items];
}

static void pack_again(const struct opened *o, struct buf *out)
{
	struct err e = { 0 };

	buf_release(out);
	assert_true(zip_pack(&o->entries, NULL, out, &e));
}

/*
 * Changes the manifest, once, as somebody would who knows the format, with
 * the HMAC that an unencrypted bundle has.
 */
static void forge(struct opened *o, const char *old, const char *new_text)
{
	struct bundle_entry *json = entry_of(o, "manifest.json");
	struct bundle_entry *hmac = entry_of(o, "manifest.hmac");
	const char *text = json->data;
	const char *at = strstr(text, old);
	char digest[SHA256_TEXT];

	assert_non_null(at);
	json->data = arena_printf(&o->arena, "%.*s%s%s", (int)(at - text), text, new_text,
				  at + strlen(old));
	json->len = strlen(json->data);
	slot_hmac(NULL, (struct bytes){ json->data, json->len }, digest);
	hmac->data = arena_printf(&o->arena, "%s\n", digest);
}

static void assert_item(const struct bundle_item *got, const struct bundle_item *due)
{
	assert_string_equal(got->name, due->name);
	assert_int_equal(got->is_issuer, due->is_issuer);
	assert_int_equal(got->number, due->number);
	assert_string_equal(got->fingerprint, due->fingerprint ? due->fingerprint : "");
	assert_string_equal(got->spki, due->spki ? due->spki : "");
	assert_string_equal(got->source, due->source ? due->source : "");
	assert_string_equal(got->subject, due->subject ? due->subject : "");
	assert_string_equal(got->not_after, due->not_after ? due->not_after : "");
	assert_string_equal(got->leaf_pem, due->leaf_pem);
	assert_string_equal(got->chain_pem, due->chain_pem ? due->chain_pem : "");
	assert_int_equal(got->component_count, due->component_count);
	for (size_t i = 0; i < due->component_count; i++)
		assert_string_equal(got->components[i], due->components[i]);
	assert_int_equal(got->key_pem.len, due->key_pem.len);
	if (due->key_pem.len)
		assert_memory_equal(got->key_pem.bytes, due->key_pem.bytes, due->key_pem.len + 1);
}

TEST(what_is_written_is_read_with_each_passphrase)
{
	static const size_t order[] = { 2, 1, 0, 3 };
	static const size_t file_order[] = { 1, 2, 0 };

	for (size_t p = 0; p < 2; p++) {
		AUTO(bundle) b = { 0 };
		struct err e = { 0 };

		must(bundle_read(sealed.data, sealed.len, &passphrases[p], &b, &e), &e);
		assert_true(b.authenticated);
		assert_false(b.unencrypted);
		assert_int_equal(b.recipient_count, 2);
		assert_string_equal(b.fleet, "shop");
		assert_string_equal(b.lineage, "5f2c");
		assert_int_equal(b.serial, 42);
		assert_int_equal(b.created, 1795420800);
		assert_int_equal(b.item_count, 4);
		for (size_t i = 0; i < 4; i++)
			assert_item(&b.items[i], &fixture_items[order[i]]);
		assert_string_equal(b.items[2].record, "{\"b\":1,\"a\":[true,null,\"\xc3\xa9\"]}");
		assert_string_equal(b.items[0].record, "");
		assert_int_equal(b.file_count, 3);
		for (size_t i = 0; i < 3; i++) {
			const struct bundle_file *due = &fixture_files[file_order[i]];

			assert_string_equal(b.files[i].path, due->path);
			assert_int_equal(b.files[i].len, due->len);
			assert_memory_equal(b.files[i].text, due->text, due->len + 1);
		}
		assert_string_equal(b.fleet_file, "certfleet.yaml");
		assert_null(b.items[0].anchor);
		assert_string_equal(b.items[2].anchor, HASH_B);
		assert_int_equal(b.anchor_count, 2);
		assert_string_equal(bundle_anchor(&b, HASH_B), fixture_anchors[0].pem);
		assert_int_equal(b.record_count, 2);
		for (size_t i = 0; i < 2; i++) {
			assert_string_equal(b.records[i].key, fixture_records[1 - i].key);
			assert_string_equal(b.records[i].value, fixture_records[1 - i].value);
		}
	}
}

TEST(no_key_and_no_passphrase_is_seen_in_a_bundle)
{
	assert_null(memmem(sealed.data, sealed.len, KEY_MARK, strlen(KEY_MARK)));
	assert_null(memmem(sealed.data, sealed.len, "correct", 7));
}

TEST(without_a_passphrase_there_are_no_keys)
{
	AUTO(bundle) b = { 0 };
	struct err e = { 0 };

	assert_true(bundle_read(sealed.data, sealed.len, NULL, &b, &e));
	assert_false(b.authenticated);
	assert_int_equal(b.item_count, 4);
	for (size_t i = 0; i < b.item_count; i++)
		assert_int_equal(b.items[i].key_pem.len, 0);
}

TEST(its_head_is_read_alone)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) open_one = { 0 };
	struct bundle b = fixture_bundle();
	struct bundle_head head = { 0 };
	struct err e = { 0 };

	assert_true(bundle_read_head(sealed.data, sealed.len, &a, &head, &e));
	assert_string_equal(head.lineage, "5f2c");
	assert_int_equal(head.serial, 42);
	b.lineage = "another one";
	b.serial = 1234567890123;
	write_open(&b, &open_one);
	assert_true(bundle_read_head(open_one.data, open_one.len, &a, &head, &e));
	assert_string_equal(head.lineage, "another one");
	assert_int_equal(head.serial, 1234567890123);
}

TEST(what_has_no_head_is_refused)
{
	static const char text[] = "PK\003\004 but no archive at all";
	AUTO(arena) a = { 0 };
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };
	struct bundle_head head = { 0 };
	struct err e = { 0 };

	assert_false(bundle_read_head(text, sizeof(text), &a, &head, &e));
	assert_int_equal(e.code, ERR_INPUT);
	open_up(&sealed, &o);
	for (size_t i = 0; i < o.entries.count; i++)
		if (!strcmp(o.entries.items[i].name, "manifest.json"))
			o.entries.items[i].name = "other.json";
	pack_again(&o, &zip);
	assert_false(bundle_read_head(zip.data, zip.len, &a, &head, &e));
	assert_non_null(strstr(e.text, "it has no manifest.json"));
	assert_null(head.lineage);
}

TEST(a_wrong_passphrase_is_told_from_damage)
{
	const struct secret wrong = SECRET_OF("correct horse battery stapl!");
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };

	expect_refused(&sealed, &wrong, "wrong passphrase");
	open_up(&sealed, &o);
	((char *)(uintptr_t)entry_of(&o, "recipients/0.enc")->data)[20] ^= 1;
	pack_again(&o, &zip);
	expect_refused(&zip, &passphrases[0], "damaged: entry 'recipients");
}

TEST(weak_passphrases_are_refused)
{
	static char long_text[600];
	struct secret weak[] = { SECRET_OF("short"), SECRET_OF(""),
				 SECRET_OF("aaaaaaaabbbbbbbbbbbbb"),
				 SECRET_OF("correct horse\tbattery staple") };
	struct secret longest = { 0 };
	struct bundle b = fixture_bundle();

	for (size_t i = 0; i < 4; i++)
		expect_not_written(&b, &weak[i], 1, "passphrase");
	for (size_t i = 0; i < sizeof(long_text) - 1; i++)
		long_text[i] = (char)('a' + i % 20);
	longest = SECRET_OF(long_text);
	expect_not_written(&b, &longest, 1, "longer than");
	expect_not_written(&b, NULL, 0, "no backup passphrase");
}

TEST(seventeen_passphrases_are_too_many)
{
	struct secret many[BUNDLE_RECIPIENT_LIMIT + 1];
	struct bundle b = fixture_bundle();

	for (size_t i = 0; i <= BUNDLE_RECIPIENT_LIMIT; i++)
		many[i] = SECRET_OF(PASSPHRASE);
	expect_not_written(&b, many, BUNDLE_RECIPIENT_LIMIT + 1, "at most 16");
}

TEST(content_that_cannot_be_kept_is_refused)
{
	struct bundle b = fixture_bundle();
	struct bundle_item items[2] = { fixture_items[0], fixture_items[0] };
	struct bundle_record records[2] = { fixture_records[0], fixture_records[0] };
	struct bundle_file twins[] = { { "a.yaml", "", 0 }, { "A.yaml", "", 0 } };

	b.items = items;
	b.item_count = 2;
	expect_not_written(&b, passphrases, 1, "given twice");
	b.item_count = 1;
	items[0].record = "[]";
	expect_not_written(&b, passphrases, 1, "not a JSON object");
	items[0] = fixture_items[0];
	items[0].subject = "CN=\xff";
	expect_not_written(&b, passphrases, 1, "not valid UTF-8");
	items[0] = fixture_items[0];
	items[0].spki = "AA";
	expect_not_written(&b, passphrases, 1, "not a SHA-256");
	items[0] = fixture_items[0];
	items[0].name = "..";
	expect_not_written(&b, passphrases, 1, "cannot be a name");
	items[0].name = NULL;
	expect_not_written(&b, passphrases, 1, "has no name");
	items[0] = fixture_items[0];
	items[0].chain_pem = "\xff";
	expect_not_written(&b, passphrases, 1, "is not text");
	items[0] = fixture_items[0];
	items[0].key_pem.len = BUNDLE_KEY_LIMIT + 1;
	expect_not_written(&b, passphrases, 1, "the key of generation 2");
	items[0] = fixture_items[0];
	b.created = INT64_MIN / 4;
	expect_not_written(&b, passphrases, 1, "'created_at'");
	b.created = 0;
	items[0].anchor = "cccc";
	expect_not_written(&b, passphrases, 1, "'anchor_sha256' is not a SHA-256");
	items[0].anchor = HASH_A;
	b.anchor_count = 1;
	expect_not_written(&b, passphrases, 1, "its anchor is not there");
	b.anchor_count = 2;
	items[0] = fixture_items[0];
	b.records = records;
	expect_not_written(&b, passphrases, 1, "'records' is out of order or has one twice");
	records[1] = (struct bundle_record){ "other", "7" };
	expect_not_written(&b, passphrases, 1, "record 'other' is not a JSON object");
	b.record_count = 1;
	b.files = twins;
	b.file_count = 2;
	expect_not_written(&b, passphrases, 1, "is there twice");
}

TEST(content_that_could_not_be_read_back_is_refused)
{
	size_t size = SANDBOX_ANSWER_LIMIT;
	char *text = calloc(1, size);
	struct bundle_file file = { "large", text, size };
	struct bundle b = fixture_bundle();

	b.files = &file;
	b.file_count = 1;
	expect_not_written(&b, passphrases, 1, "holds at most");
	free(text);
}

TEST(the_largest_bundle_can_be_read_back)
{
	size_t size = SANDBOX_ANSWER_LIMIT - (1024 + 64) * 1024;
	char *text = calloc(1, size);
	struct bundle_file file = { "large", text, size };
	struct bundle b = fixture_bundle();
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	b.files = &file;
	b.file_count = 1;
	write_open(&b, &zip);
	must(is_exact(&zip, NULL, &e), &e);
	free(text);
}

/* So many keys are encrypted and decrypted by several processes. */
TEST(many_keys_come_back_each_with_its_generation)
{
	enum {
		MANY = 450
	};
	struct bundle b = fixture_bundle();
	struct bundle_item *items = calloc(MANY, sizeof(*items));
	char(*texts)[2][32] = calloc(MANY, sizeof(*texts));
	AUTO(bundle) got = { 0 };
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < MANY; i++) {
		snprintf(texts[i][0], sizeof(texts[i][0]), "name%03zu", i);
		snprintf(texts[i][1], sizeof(texts[i][1]), "key of %zu", i);
		items[i] = fixture_items[0];
		items[i].name = texts[i][0];
		items[i].key_pem = SECRET_OF(texts[i][1]);
	}
	b.items = items;
	b.item_count = MANY;
	must(bundle_write(&b, passphrases, 1, false, &zip, &e), &e);
	must(bundle_read_exact(zip.data, zip.len, &passphrases[0], &got, &e), &e);
	assert_int_equal(got.item_count, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_string_equal(got.items[i].name, texts[i][0]);
		assert_string_equal((const char *)got.items[i].key_pem.bytes, texts[i][1]);
	}
	free(items);
	free(texts);
}

TEST(an_empty_bundle_is_read)
{
	struct bundle b = { .fleet = "f", .lineage = "l" };
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	assert_true(bundle_write(&b, passphrases, 1, false, &zip, &e));
	must(is_exact(&zip, &passphrases[0], &e), &e);
}

TEST(the_order_of_the_content_does_not_matter)
{
	struct bundle b = fixture_bundle();
	struct bundle_item items[4];
	struct bundle_file files[3];
	struct bundle_anchor anchors[] = { fixture_anchors[1], fixture_anchors[0] };
	struct bundle_record records[] = { fixture_records[1], fixture_records[0] };
	AUTO(buf) zip = { 0 };
	AUTO(buf) shuffled = { 0 };

	write_open(&b, &zip);
	for (size_t i = 0; i < 4; i++)
		items[i] = fixture_items[3 - i];
	for (size_t i = 0; i < 3; i++)
		files[i] = fixture_files[2 - i];
	b.items = items;
	b.files = files;
	b.anchors = anchors;
	b.records = records;
	write_open(&b, &shuffled);
	assert_int_equal(zip.len, shuffled.len);
	assert_memory_equal(zip.data, shuffled.data, zip.len);
}

TEST(an_unencrypted_bundle_has_keys_but_vouches_for_nothing)
{
	struct bundle source = fixture_bundle();
	AUTO(buf) zip = { 0 };
	AUTO(bundle) b = { 0 };
	struct err e = { 0 };

	write_open(&source, &zip);
	must(bundle_read(zip.data, zip.len, NULL, &b, &e), &e);
	assert_true(b.unencrypted);
	assert_false(b.authenticated);
	assert_item(&b.items[2], &fixture_items[0]);
	/* Or an attacker could take the lock off and be believed. */
	expect_refused(&zip, &passphrases[0], "not encrypted");
	assert_false(bundle_write(&source, passphrases, 1, true, &zip, &e));
	assert_non_null(strstr(e.text, "exclude"));
}

/* An unencrypted bundle is not kept safe by a secret, but by its hashes. */
TEST(damage_to_an_unencrypted_bundle_is_noticed)
{
	struct bundle source = fixture_bundle();
	AUTO(buf) zip = { 0 };
	AUTO(opened) o = { 0 };

	write_open(&source, &zip);
	open_up(&zip, &o);
	((char *)(uintptr_t)entry_of(&o, "manifest.hmac")->data)[0] ^= 1;
	pack_again(&o, &zip);
	expect_refused(&zip, NULL, "manifest.hmac");
}

TEST(keys_and_manifest_must_agree)
{
	static const char *const changes[][3] = {
		{ "\"key\": false", "\"key\": true", "is missing" },
		{ "\"key\": true", "\"key\": false", "is not named" },
		{ "\"none\"", "\"aes-256\"", "has no recipients" },
	};
	struct bundle source = fixture_bundle();
	AUTO(buf) zip = { 0 };

	write_open(&source, &zip);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		AUTO(opened) o = { 0 };
		AUTO(buf) forged = { 0 };

		open_up(&zip, &o);
		forge(&o, changes[i][0], changes[i][1]);
		pack_again(&o, &forged);
		expect_refused(&forged, NULL, changes[i][2]);
	}
}

TEST(a_lock_that_is_denied_is_noticed)
{
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };

	open_up(&sealed, &o);
	forge(&o, "\"aes-256\"", "\"none\"");
	pack_again(&o, &zip);
	expect_refused(&zip, NULL, "has recipients");
}

TEST(a_listed_entry_without_meaning_is_refused)
{
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };
	struct bundle source = fixture_bundle();
	struct bundle_entry more[64];
	char hash[SHA256_TEXT];
	char listed[256];

	write_open(&source, &zip);
	open_up(&zip, &o);
	sha256_text("x", 1, hash);
	snprintf(listed, sizeof(listed),
		 "\"entries\": [ {\"name\": \"more\", \"size\": 1, \"sha256\": \"%s\"},", hash);
	forge(&o, "\"entries\": [", listed);
	memcpy(more, o.entries.items, o.entries.count * sizeof(*more));
	more[o.entries.count] = (struct bundle_entry){ "more", "x", 1 };
	o.entries.items = more;
	o.entries.count++;
	pack_again(&o, &zip);
	expect_refused(&zip, NULL, "its manifest does not use");
}

TEST(every_flipped_bit_is_noticed)
{
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	buf_add(&zip, sealed.data, sealed.len);
	must(is_exact(&zip, &passphrases[0], &e), &e);
	for (size_t i = 0; i < zip.len; i += 3) {
		zip.data[i] ^= (char)(1 << i % 8);
		if (is_exact(&zip, &passphrases[0], &e))
			fail_msg("the flip at %zu is not noticed", i);
		zip.data[i] ^= (char)(1 << i % 8);
	}
}

/* As by somebody who packs it again, with all checksums of ZIP right. */
TEST(every_flipped_bit_of_content_is_noticed)
{
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	open_up(&sealed, &o);
	for (size_t n = 0; n < o.entries.count; n++) {
		char *data = (char *)(uintptr_t)o.entries.items[n].data;

		for (size_t i = 0; i < o.entries.items[n].len; i += 61) {
			data[i] ^= (char)(1 << i % 7);
			pack_again(&o, &zip);
			if (is_read(&zip, &passphrases[0], &e))
				fail_msg("the flip in %s at %zu is not noticed",
					 o.entries.items[n].name, i);
			data[i] ^= (char)(1 << i % 7);
		}
	}
	pack_again(&o, &zip);
	assert_true(is_read(&zip, &passphrases[0], &e));
}

TEST(a_manifest_that_was_changed_is_refused)
{
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	open_up(&sealed, &o);

	const struct bundle_entry *json = entry_of(&o, "manifest.json");
	char *serial = memmem(json->data, json->len, "\"serial\": 42", 12);

	assert_non_null(serial);
	serial[10] = '9';
	pack_again(&o, &zip);
	/* It agrees with itself: only the passphrase can tell. */
	assert_true(is_read(&zip, NULL, &e));
	expect_refused(&zip, &passphrases[0], "damaged or forged");
}

TEST(an_entry_that_is_not_named_is_refused)
{
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };
	struct bundle_entry more[64];

	open_up(&sealed, &o);
	memcpy(more, o.entries.items, o.entries.count * sizeof(*more));
	more[o.entries.count] = (struct bundle_entry){ "config/more", "x", 1 };
	o.entries.items = more;
	o.entries.count++;
	pack_again(&o, &zip);
	expect_refused(&zip, &passphrases[0], "'config/more' is not named");
}

TEST(an_entry_that_is_missing_is_noticed)
{
	AUTO(opened) o = { 0 };

	open_up(&sealed, &o);
	o.entries.count--;
	for (size_t n = 0; n <= o.entries.count; n++) {
		AUTO(buf) zip = { 0 };
		struct bundle_entry first = o.entries.items[n];

		/* The last one takes its place, so each is missing once. */
		o.entries.items[n] = o.entries.items[o.entries.count];
		pack_again(&o, &zip);
		expect_refused(&zip, &passphrases[0], "");
		o.entries.items[n] = first;
	}
}

/* Behind the first recipient, whose password opened the keys when they were read back. */
TEST(recipients_that_hold_another_password_are_noticed)
{
	const struct secret *const both[] = { &passphrases[0], &passphrases[1] };
	AUTO(opened) o = { 0 };
	AUTO(buf) zip = { 0 };
	AUTO(secret) text = { 0 };
	struct bundle_entry *slot = NULL;
	struct bundle_entry *json = NULL;
	struct bundle_entry *hmac = NULL;
	uint8_t other[SLOT_BYTES];
	char hashes[2][SHA256_TEXT];
	struct err e = { 0 };

	must(bundle_opens(sealed.data, sealed.len, both, 2, &e), &e);
	open_up(&sealed, &o);
	slot = entry_of(&o, "recipients/1.enc");
	json = entry_of(&o, "manifest.json");
	hmac = entry_of(&o, "manifest.hmac");
	assert_true(slot_open((struct bytes){ slot->data, slot->len }, both[1], &text));
	text.bytes[0] = text.bytes[0] == 'a' ? 'b' : 'a';
	slot_seal(&text, both[1], other);
	sha256_text(slot->data, slot->len, hashes[0]);
	sha256_text(other, sizeof(other), hashes[1]);
	forge(&o, hashes[0], hashes[1]);
	*slot = (struct bundle_entry){ slot->name, other, sizeof(other) };
	slot_hmac(&text, (struct bytes){ json->data, json->len }, hashes[0]);
	hmac->data = arena_printf(&o.arena, "%s\n", hashes[0]);
	pack_again(&o, &zip);
	must(bundle_opens(zip.data, zip.len, &both[0], 1, &e), &e);
	must(bundle_opens(zip.data, zip.len, &both[1], 1, &e), &e);
	assert_false(bundle_opens(zip.data, zip.len, both, 2, &e));
	assert_non_null(strstr(e.text, "recipients disagree"));
}

TEST(what_follows_the_end_is_noticed)
{
	AUTO(buf) zip = { 0 };

	buf_add(&zip, sealed.data, sealed.len);
	buf_puts(&zip, "x");
	expect_refused(&zip, &passphrases[0], "");
}

TEST(whatever_is_cut_short_is_refused)
{
	for (size_t len = 0; len < sealed.len; len += 97) {
		AUTO(buf) zip = { 0 };

		buf_add(&zip, sealed.data, len);
		expect_refused(&zip, &passphrases[0], "");
	}
}

static void refuse_file(const char *folder, const char *name)
{
	char path[512];
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	must(fs_read(path, 1 << 20, &zip, &e), &e);
	if (is_read(&zip, NULL, &e) || is_read(&zip, &passphrases[0], &e) || e.code != ERR_INPUT)
		fail_msg("%s: %s", name, e.text);
}

/* CERTFLEET_CORPORA: a folder that holds archives/files/... */
TEST(hostile_archives_are_refused)
{
	const char *root = getenv("CERTFLEET_CORPORA");
	char folder[256];

	snprintf(folder, sizeof(folder), "%s/archives/files", root ? root : "");

	DIR *dir = root ? opendir(folder) : NULL;

	if (!dir) {
		print_message("SKIPPED: no archives below $CERTFLEET_CORPORA\n");
		skip();
	}
	for (struct dirent *d = readdir(dir); d; d = readdir(dir))
		if (d->d_name[0] != '.')
			refuse_file(folder, d->d_name);
	closedir(dir);
}

TEST(file_names_sort_by_serial)
{
	AUTO(arena) a = { 0 };
	struct bundle b = fixture_bundle();

	assert_string_equal(bundle_file_name(&b, &a), "shop-0000000042-20261123T080000Z.zip");
	b.fleet = "a/b c";
	b.serial = 1234567890;
	assert_string_equal(bundle_file_name(&b, &a), "a%2Fb%20c-1234567890-20261123T080000Z.zip");
}

TEST_GROUP(write_sealed, release_sealed)
