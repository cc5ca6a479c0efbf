/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/manifest.h"
#include "test.h"

#include "base/alloc.h"
#include "bundle/bundle_layout.h"
#include "bundle_fixture.h"
#include "json/value.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Appends `text` with the first `old` in it replaced. */
static void replace(struct buf *out, const char *text, const char *old, const char *new_text)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	buf_add(out, text, (size_t)(at - text));
	buf_puts(out, new_text);
	buf_puts(out, at + strlen(old));
}

static void written(struct buf *out)
{
	static const bool has_key[] = { false, true, true, true };
	struct bundle_entry listed[] = { { "RESTORE.txt", "text", 4 }, { "keys.zip", "", 0 } };
	struct entries others = { .items = listed, .count = 2 };
	struct bundle b = fixture_bundle();
	struct err e = { 0 };

	qsort(b.items, b.item_count, sizeof(*b.items), layout_compare_items);
	qsort(b.files, b.file_count, sizeof(*b.files), layout_compare_files);
	qsort(b.anchors, b.anchor_count, sizeof(*b.anchors), layout_compare_anchors);
	qsort(b.records, b.record_count, sizeof(*b.records), layout_compare_records);
	must(manifest_write(&b, has_key, &others, out, &e), &e);
}

static bool is_read(const char *json, struct err *e)
{
	AUTO(bundle) b = { 0 };
	struct manifest m = { 0 };

	return manifest_read((struct bytes){ json, strlen(json) }, &b, &m, e);
}

TEST(what_is_written_is_read)
{
	AUTO(buf) json = { 0 };
	AUTO(bundle) b = { 0 };
	struct manifest m = { 0 };
	struct err e = { 0 };

	written(&json);
	if (!manifest_read((struct bytes){ json.data, json.len }, &b, &m, &e))
		fail_msg("%s", e.text);
	assert_int_equal(b.item_count, 4);
	assert_false(m.has_key[0]);
	assert_true(m.has_key[3]);
	assert_int_equal(m.listed_count, 2);
	assert_string_equal(m.listed[0].name, "RESTORE.txt");
	assert_int_equal(m.listed[0].size, 4);
	/* printf text | sha256sum */
	assert_string_equal(m.listed[0].sha256,
			    "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1");
}

TEST(it_is_written_as_one_document)
{
	AUTO(buf) text = { 0 };
	AUTO(json) json = NULL;

	written(&text);
	json = json_loadb(text.data, text.len, 0, NULL);
	assert_non_null(json);

	AUTO(str) whole = json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	text.data[text.len - 1] = '\0';
	assert_string_equal(text.data, whole);
}

TEST(each_change_that_makes_it_invalid_is_refused)
{
	static const char *const changes[][3] = {
		{ "\"format_version\": 1", "\"format_version\": 2", "use a newer one" },
		{ "\"format_version\": 1", "\"format_version\": \"1\"", "format_version" },
		{ "\"fleet\"", "\"flet\"", "'fleet'" },
		{ "\"lineage\": \"5f2c\"", "\"lineage\": null", "'lineage'" },
		{ "\"serial\": 42", "\"serial\": -1", "'serial'" },
		{ "\"serial\": 42", "\"serial\": 4.5", "'serial'" },
		/* S15: the next serial would be out of range */
		{ "\"serial\": 42", "\"serial\": 9223372036854775807", "'serial'" },
		{ "\"serial\": 42", "\"serial\": 99999999999999999999", "not a JSON object" },
		{ "2026-11-23T", "2026-11-33T", "'created_at'" },
		{ "aes-256", "aes-128", "'encryption'" },
		{ "\"generations\"", "\"generation\"", "'generations'" },
		{ "\"kind\": \"certificate\"", "\"kind\": \"cert\"", "'kind'" },
		{ "\"number\": 7", "\"number\": 4294967296", "'number'" },
		{ "aaaaaaaa", "AAAAAAAA", "'fingerprint_sha256'" },
		{ "\"components\": []", "\"components\": {}", "'components'" },
		{ "\"components\": []", "\"components\": [1]", "'components'" },
		{ "\"record\": {", "\"record\": 1, \"x\": {", "'record'" },
		{ "\"key\": false", "\"key\": 0", "'key'" },
		{ "\"directory\": \"certificates/shop\"", "\"directory\": \"certificates/../shop\"",
		  "'directory'" },
		{ "\"number\": 2", "\"number\": 1", "out of order" },
		{ "\"number\": 2", "\"number\": 0", "out of order" },
		{ "\"entry\": \"config/certfleet.yaml\"", "\"entry\": \"config/x\"",
		  "where it belongs" },
		{ "\"path\": \"certfleet.yaml\"", "\"path\": \"other.yaml\"", "where it belongs" },
		{ "\"anchor_sha256\": \"b", "\"anchor_sha256\": \"c", "its anchor is not there" },
		{ "\"sha256\": \"a", "\"sha256\": \"c", "'anchors' is out of order" },
		{ "\"key\": \"accepted\"", "\"key\": \"component/zzz\"",
		  "'records' is out of order" },
		{ "\"fleet_file\": \"certfleet.yaml\"", "\"fleet_file\": 1", "'fleet_file'" },
		{ "\"size\": 4", "\"size\": 67108865", "'size'" },
		{ "\"sha256\"", "\"sha512\"", "'sha256'" },
		{ "\"fleet\": ", "\"fleet\": \"x\", \"fleet\": ", "not a JSON object" },
		{ "{", "[", "not a JSON object" },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		AUTO(buf) json = { 0 };
		AUTO(buf) changed = { 0 };
		struct err e = { 0 };

		written(&json);
		replace(&changed, buf_text(&json), changes[i][0], changes[i][1]);
		assert_false(is_read(buf_text(&changed), &e));
		assert_int_equal(e.code, ERR_INPUT);
		if (!strstr(e.text, changes[i][2]))
			fail_msg("'%s' refused, but for: %s", changes[i][1], e.text);
	}
}

TEST(a_name_that_leads_elsewhere_is_refused)
{
	AUTO(buf) json = { 0 };
	AUTO(buf) named = { 0 };
	AUTO(buf) placed = { 0 };
	struct err e = { 0 };

	written(&json);
	replace(&named, buf_text(&json), "\"per-host/edge/e 1\"", "\"..\"");
	replace(&placed, buf_text(&named), "per-host%2Fedge%2Fe%201", "..");
	assert_false(is_read(buf_text(&placed), &e));
	assert_non_null(strstr(e.text, "'directory'"));
}

TEST(a_key_that_is_not_known_is_ignored)
{
	AUTO(buf) json = { 0 };
	AUTO(buf) more = { 0 };
	struct err e = { 0 };

	written(&json);
	replace(&more, buf_text(&json), "{", "{ \"tool\": \"later\",");
	assert_true(is_read(buf_text(&more), &e));
}
