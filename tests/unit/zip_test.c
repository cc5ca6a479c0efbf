/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/zip.h"
#include "test.h"

#include "base/sandbox.h"
#include "bundle/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSWORD "0123456789abcdef"

static struct bundle_entry pair[] = {
	{ "aa/one", "first content", 13 },
	{ "two", "second", 6 },
};

static struct bytes bytes_of(const struct buf *b)
{
	return (struct bytes){ b->data, b->len };
}

static void pack(struct bundle_entry *items, size_t count, const char *password, struct buf *out)
{
	struct entries list = { .items = items, .count = count };
	AUTO(secret) secret = { 0 };
	struct err e = { 0 };

	if (password)
		secret_copy(&secret, password, strlen(password));
	must(zip_pack(&list, password ? &secret : NULL, out, &e), &e);
}

static bool unpack(struct bytes zip, const char *password, struct err *e)
{
	AUTO(buf) frames = { .limit = SANDBOX_ANSWER_LIMIT };
	AUTO(secret) secret = { 0 };

	if (password)
		secret_copy(&secret, password, strlen(password));
	return zip_unpack(zip, password ? &secret : NULL, &frames, e);
}

static void expect_refused(struct bytes zip, const char *why)
{
	struct err e = { 0 };

	assert_false(unpack(zip, NULL, &e));
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, why))
		fail_msg("refused, but for: %s", e.text);
}

/* Replaces the nth place where `old` stands by as many bytes. */
static void patch(struct buf *b, const char *old, const char *new_text, unsigned nth)
{
	char *at = b->data;

	for (;; at++) {
		at = memmem(at, b->len - (size_t)(at - b->data), old, strlen(old));
		assert_non_null(at);
		if (nth-- == 0)
			break;
	}
	memcpy(at, new_text, strlen(new_text));
}

/* What our own writer never makes. */
struct strange {
	const char *options;
	const char *name;
	const char *link; /* a symbolic link */
	size_t zeros;     /* the content */
};

static void pack_strange(const struct strange *s, struct buf *out)
{
	size_t room = 1 << 20;
	size_t used = 0;
	char *zip = calloc(1, room);
	char *zeros = calloc(1, s->zeros + 1);
	struct archive *a = archive_write_new();
	struct archive_entry *head = archive_entry_new();

	archive_write_set_format_zip(a);
	archive_write_set_options(a, s->options);
	archive_write_set_bytes_per_block(a, 0);
	archive_write_open_memory(a, zip, room, &used);
	archive_entry_set_pathname(head, s->name);
	archive_entry_set_mode(head, (s->link ? AE_IFLNK : AE_IFREG) | 0600);
	archive_entry_set_size(head, (la_int64_t)s->zeros);
	if (s->link)
		archive_entry_set_symlink(head, s->link);
	assert_int_equal(archive_write_header(a, head), ARCHIVE_OK);
	if (s->zeros)
		assert_int_equal(archive_write_data(a, zeros, s->zeros), s->zeros);
	archive_entry_free(head);
	archive_write_free(a);
	buf_add(out, zip, used);
	free(zip);
	free(zeros);
}

TEST(the_bytes_do_not_depend_on_time_or_zone)
{
	static const char *const zones[] = { "UTC", "Asia/Tokyo", "UTC+11", "UTC-14" };
	AUTO(buf) first = { 0 };

	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		AUTO(buf) zip = { 0 };

		setenv("TZ", zones[i], 1);
		tzset();
		pack(pair, 2, NULL, &zip);
		if (i == 0)
			first = TAKE(zip);
		else
			assert_true(zip.len == first.len && !memcmp(zip.data, first.data, zip.len));
	}
	unsetenv("TZ");
	tzset();
}

TEST(what_is_packed_is_unpacked)
{
	static struct bundle_entry odd[] = {
		{ "empty", "", 0 },
		{ "looks-like-zip", "PK\3\4PK\7\10PK\1\2PK\5\6", 16 },
		{ "nul", "a\0b", 3 },
	};
	AUTO(arena) a = { 0 };
	AUTO(buf) zip = { 0 };
	AUTO(buf) frames = { 0 };
	struct entries got = { 0 };
	struct err e = { 0 };

	pack(odd, 3, NULL, &zip);
	assert_true(zip_unpack(bytes_of(&zip), NULL, &frames, &e));
	assert_true(entries_unframe(frames.data, frames.len, &a, &got, &e));
	assert_int_equal(got.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(got.items[i].name, odd[i].name);
		assert_int_equal(got.items[i].len, odd[i].len);
		assert_memory_equal(got.items[i].data, odd[i].data, odd[i].len + 1);
	}
}

/* The data of entry `n`, which begins with the salt when it is sealed. */
static const char *data_of(const struct buf *zip, unsigned n)
{
	const char *at = zip->data;

	for (;; at++) {
		at = memmem(at, zip->len - (size_t)(at - zip->data), "PK\3\4", 4);
		assert_non_null(at);
		if (n-- == 0)
			return at + 30 + (unsigned char)at[26] + (unsigned char)at[28];
	}
}

/* Packs five entries, the first `count` of them into one archive and the rest into another. */
static void pack_in_two(struct bundle_entry five[5], size_t count, struct secret parts[2])
{
	AUTO(buf) first = { 0 };
	AUTO(buf) second = { 0 };

	pack(five, count, NULL, &first);
	pack(five + count, 5 - count, NULL, &second);
	secret_copy(&parts[0], first.data, first.len);
	secret_copy(&parts[1], second.data, second.len);
}

static struct bundle_entry five[] = {
	{ "a", "1", 1 },       { "b", "PK\1\2", 4 }, { "c", "33", 2 },
	{ "dd/e", "4444", 4 }, { "f", "5", 1 },
};

TEST(joined_archives_are_the_one_of_all_their_entries)
{
	AUTO(buf) whole = { 0 };

	pack(five, 5, NULL, &whole);
	for (size_t count = 0; count <= 5; count++) {
		struct secret parts[2] = { 0 };
		AUTO(secret) joined = { 0 };
		struct err e = { 0 };

		pack_in_two(five, count, parts);
		must(zip_join(parts, 2, &joined, &e), &e);
		assert_int_equal(joined.len, whole.len);
		assert_memory_equal(joined.bytes, whole.data, whole.len);
		secret_release(&parts[0]);
		secret_release(&parts[1]);
	}
}

TEST(what_is_no_archive_is_not_joined)
{
	struct secret parts[2] = { 0 };
	AUTO(secret) joined = { 0 };
	struct err e = { 0 };

	pack_in_two(five, 3, parts);
	parts[1].len--;
	assert_false(zip_join(parts, 2, &joined, &e));
	assert_null(joined.bytes);
	secret_release(&parts[0]);
	secret_release(&parts[1]);
}

TEST(shares_have_every_entry_once)
{
	AUTO(buf) zip = { 0 };
	AUTO(buf) frames = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(secret) password = { 0 };
	struct entries got = { 0 };
	struct err e = { 0 };

	secret_copy(&password, PASSWORD, strlen(PASSWORD));
	pack(five, 5, PASSWORD, &zip);
	for (size_t i = 0; i < 3; i++)
		must(zip_unpack_share(bytes_of(&zip), &password, (struct zip_share){ i, 3 },
				      &frames, &e),
		     &e);
	must(entries_unframe(frames.data, frames.len, &a, &got, &e), &e);
	assert_int_equal(got.count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct bundle_entry *found = entries_find(&got, five[i].name);

		assert_non_null(found);
		assert_int_equal(found->len, five[i].len);
		assert_memory_equal(found->data, five[i].data, five[i].len);
	}
}

/* But for content: that is checked where it is read. */
TEST(each_share_checks_the_whole_archive)
{
	AUTO(buf) doubled = { 0 };
	AUTO(buf) hidden = { 0 };
	AUTO(buf) damaged = { 0 };
	AUTO(buf) frames = { 0 };
	const struct zip_share first = { 0, 2 };
	struct err e = { 0 };

	pack(five, 5, NULL, &doubled);
	patch(&doubled, "dd/e", "dd/f", 0);
	assert_false(zip_unpack_share(bytes_of(&doubled), NULL, first, &frames, &e));
	assert_non_null(strstr(e.text, "differs from the directory"));
	pack(five, 5, NULL, &hidden);
	buf_puts(&hidden, "more");
	assert_false(zip_unpack_share(bytes_of(&hidden), NULL, first, &frames, &e));
	e = (struct err){ 0 };
	pack(five, 5, NULL, &damaged);
	patch(&damaged, "4444", "4445", 0);
	must(zip_unpack_share(bytes_of(&damaged), NULL, first, &frames, &e), &e);
	assert_false(zip_unpack_share(bytes_of(&damaged), NULL, (struct zip_share){ 1, 2 }, &frames,
				      &e));
}

TEST(each_sealed_entry_has_a_salt_of_its_own)
{
	static struct bundle_entry same[] = { { "a", "the same key", 12 },
					      { "b", "the same key", 12 } };
	AUTO(buf) zip = { 0 };
	AUTO(buf) again = { 0 };

	pack(same, 2, PASSWORD, &zip);
	pack(same, 2, PASSWORD, &again);
	assert_memory_not_equal(data_of(&zip, 0), data_of(&zip, 1), 16);
	assert_memory_not_equal(data_of(&zip, 0), data_of(&again, 0), 16);
	assert_null(memmem(zip.data, zip.len, "same key", 8));
}

TEST(another_password_or_none_is_refused)
{
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	pack(pair, 2, PASSWORD, &zip);
	assert_true(unpack(bytes_of(&zip), PASSWORD, &e));
	assert_false(unpack(bytes_of(&zip), PASSWORD "!", &e));
	expect_refused(bytes_of(&zip), "is encrypted");
}

TEST(an_open_entry_among_sealed_ones_is_refused)
{
	AUTO(buf) zip = { 0 };
	struct err e = { 0 };

	pack(pair, 2, NULL, &zip);
	assert_false(unpack(bytes_of(&zip), PASSWORD, &e));
	assert_non_null(strstr(e.text, "is not encrypted"));
}

TEST(names_that_lead_elsewhere_are_refused)
{
	static const char *const names[] = { "../one",  "/a/one", "a//one",
					     "aa\\one", "./.one", "aa/on\n" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO(buf) zip = { 0 };

		pack(pair, 2, NULL, &zip);
		patch(&zip, "aa/one", names[i], 0);
		patch(&zip, "aa/one", names[i], 0);
		expect_refused(bytes_of(&zip), "");
	}
}

TEST(names_that_differ_in_case_alone_are_refused)
{
	static struct bundle_entry twins[] = { { "Key.pem", "1", 1 }, { "key.PEM", "2", 1 } };
	AUTO(buf) zip = { 0 };

	pack(twins, 2, NULL, &zip);
	expect_refused(bytes_of(&zip), "is there twice");
}

TEST(two_names_for_one_entry_are_refused)
{
	for (unsigned nth = 0; nth < 2; nth++) {
		AUTO(buf) zip = { 0 };

		pack(pair, 2, NULL, &zip);
		patch(&zip, "aa/one", "aa/new", nth);
		expect_refused(bytes_of(&zip), "the directory of the archive");
	}
}

TEST(an_entry_hidden_from_the_directory_is_refused)
{
	AUTO(buf) hidden = { 0 };
	AUTO(buf) zip = { 0 };

	/* The offsets of the second directory are relative to its end. */
	pack(pair, 1, NULL, &hidden);
	pack(pair + 1, 1, NULL, &zip);
	buf_add(&hidden, zip.data, zip.len);
	expect_refused(bytes_of(&hidden), "");
}

TEST(bytes_that_belong_to_nothing_are_refused)
{
	AUTO(buf) behind = { 0 };
	AUTO(buf) before = { 0 };

	pack(pair, 2, NULL, &behind);
	buf_puts(&before, "#!/bin/sh\n");
	buf_add(&before, behind.data, behind.len);
	buf_puts(&behind, "more");
	expect_refused(bytes_of(&behind), "");
	expect_refused(bytes_of(&before), "");
}

/* Each in a place that libarchive has no opinion about. */
TEST(headers_that_say_more_than_they_should_are_refused)
{
	static const struct {
		const char *what;
		size_t local; /* offset of a byte, 0: none */
		size_t central;
		size_t end;
		unsigned char bit;
	} changes[] = {
		{ "flag for a patch", 6, 8, 0, 0x20 },
		{ "another kind of extra", 31 + 6, 47 + 6, 0, 0x20 },
		{ "time", 0, 12, 0, 1 },
		{ "version", 0, 6, 0, 1 },
		{ "comment", 0, 32, 0, 1 },
		{ "disk", 0, 34, 0, 1 },
		{ "count on this disk", 0, 0, 8, 1 },
		{ "count", 0, 0, 10, 1 },
		{ "length of the comment", 0, 0, 20, 1 },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		AUTO(buf) zip = { 0 };
		struct err e = { 0 };

		pack(pair, 1, NULL, &zip);

		char *central = memmem(zip.data, zip.len, "PK\1\2", 4);
		char *end = zip.data + zip.len - 22;

		if (changes[i].local)
			zip.data[changes[i].local] ^= changes[i].bit;
		if (changes[i].central)
			central[changes[i].central] ^= changes[i].bit;
		if (changes[i].end)
			end[changes[i].end] ^= changes[i].bit;
		if (unpack(bytes_of(&zip), NULL, &e))
			fail_msg("%s is accepted", changes[i].what);
	}
}

TEST(a_device_is_refused)
{
	AUTO(buf) zip = { 0 };

	pack(pair, 1, NULL, &zip);

	unsigned char *central = memmem(zip.data, zip.len, "PK\1\2", 4);

	assert_int_equal(central[41], 0x81);
	central[41] = 0x21;
	expect_refused(bytes_of(&zip), "not a regular file");
}

TEST(a_gap_before_the_directory_is_refused)
{
	AUTO(buf) zip = { 0 };
	AUTO(buf) gap = { 0 };

	pack(pair, 1, NULL, &zip);

	char *central = memmem(zip.data, zip.len, "PK\1\2", 4);
	size_t before = (size_t)(central - zip.data);

	buf_add(&gap, zip.data, before);
	buf_puts(&gap, "abcd");
	buf_add(&gap, central, zip.len - before);
	gap.data[gap.len - 6] = (char)(before + 4);
	expect_refused(bytes_of(&gap), "belong to no entry");
}

TEST(content_that_fails_its_checksum_is_refused)
{
	AUTO(buf) zip = { 0 };

	pack(pair, 2, NULL, &zip);
	patch(&zip, "first", "First", 0);
	expect_refused(bytes_of(&zip), "CRC");
}

TEST(a_link_is_refused)
{
	const struct strange link = { "zip:compression=store", "name", "/etc/passwd", 0 };
	AUTO(buf) zip = { 0 };

	pack_strange(&link, &zip);
	expect_refused(bytes_of(&zip), "not a regular file");
}

TEST(a_deflated_archive_is_read_but_not_a_bomb)
{
	const struct strange small = { "zip:compression=deflate", "name", NULL, 5000 };
	const struct strange bomb = { "zip:compression=deflate", "name", NULL, 1 << 20 };
	AUTO(buf) zip = { 0 };
	AUTO(buf) tight = { 0 };
	struct err e = { 0 };

	pack_strange(&small, &zip);
	assert_true(unpack(bytes_of(&zip), NULL, &e));
	pack_strange(&bomb, &tight);
	assert_true(tight.len * BUNDLE_RATIO_LIMIT < bomb.zeros);
	expect_refused(bytes_of(&tight), "too large");
}

TEST(too_many_entries_are_refused)
{
	size_t count = BUNDLE_ENTRY_LIMIT + 1;
	struct bundle_entry *items = calloc(count, sizeof(*items));
	struct entries list = { .items = items, .count = count };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	assert_false(zip_pack(&list, NULL, &out, &e));
	assert_non_null(strstr(e.text, "at most"));
	free(items);
}

TEST(whatever_is_cut_short_is_refused)
{
	AUTO(buf) zip = { 0 };

	pack(pair, 2, NULL, &zip);
	for (size_t len = 0; len < zip.len; len++) {
		/* Its own block, so that a sanitizer sees a read past it. */
		char *cut = malloc(len + 1);

		memcpy(cut, zip.data, len);
		expect_refused((struct bytes){ cut, len }, "");
		free(cut);
	}
}
