/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/pem_zip.h"
#include "test.h"

#include "base/buf.h"
#include "base/fs.h"
#include "bundle/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One entry as a ZIP program would write it. */
struct put {
	const char *name;
	const char *content;
	unsigned type;    /* AE_IFREG when 0 */
	const char *link; /* target of a symbolic link */
};

static la_ssize_t on_bytes(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	(void)a;
	buf_add(ctx, bytes, len);
	return (la_ssize_t)len;
}

static void make_zip(const struct put *puts, size_t count, const char *options, struct buf *out)
{
	struct archive *a = archive_write_new();

	assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_options(a, options), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_per_block(a, 0), ARCHIVE_OK);
	if (strstr(options, "encryption"))
		assert_int_equal(archive_write_set_passphrase(a, "password"), ARCHIVE_OK);
	assert_int_equal(archive_write_open(a, out, NULL, on_bytes, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *head = archive_entry_new();
		size_t len = puts[i].content ? strlen(puts[i].content) : 0;

		archive_entry_set_pathname(head, puts[i].name);
		archive_entry_set_filetype(head, puts[i].type ? puts[i].type : AE_IFREG);
		archive_entry_set_perm(head, 0644);
		archive_entry_set_size(head, (la_int64_t)len);
		if (puts[i].link)
			archive_entry_set_symlink(head, puts[i].link);
		assert_true(archive_write_header(a, head) >= ARCHIVE_WARN);
		if (len)
			assert_int_equal(archive_write_data(a, puts[i].content, len), len);
		archive_entry_free(head);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static bool read_zip(const struct buf *zip, struct pem_zip *out, struct err *e)
{
	return pem_zip_read((struct bytes){ buf_text(zip), zip->len }, true, out, e);
}

#define STORED "zip:compression=store"
#define DEFLATED "zip:compression=deflate"

static void refuses(const struct put *puts, size_t count, const char *options, const char *words)
{
	AUTO(buf) zip = { 0 };
	AUTO(pem_zip) z = { 0 };
	struct err e = { 0 };

	make_zip(puts, count, options, &zip);
	assert_false(read_zip(&zip, &z, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_says(&e, words);
	assert_int_equal(z.count, 0);
}
#define REFUSES(words, ...)                          \
	refuses((const struct put[]){ __VA_ARGS__ }, \
		sizeof((const struct put[]){ __VA_ARGS__ }) / sizeof(struct put), STORED, words)

TEST(files_in_folders_or_not_are_read_stored_or_deflated)
{
	static const struct put puts[] = {
		{ "certs/", NULL, AE_IFDIR, NULL },
		{ "certs/a b.pem", "the leaf", 0, NULL },
		{ "key.pem", "the key", 0, NULL },
		{ "empty.pem", "", 0, NULL },
	};
	static const char *const options[] = { STORED, DEFLATED };

	for (size_t i = 0; i < 2; i++) {
		AUTO(buf) zip = { 0 };
		AUTO(pem_zip) z = { 0 };
		struct err e = { 0 };

		make_zip(puts, 4, options[i], &zip);
		must(read_zip(&zip, &z, &e), &e);
		assert_int_equal(z.count, 3);
		assert_string_equal(z.names[0], "certs/a b.pem");
		assert_string_equal((const char *)z.files[0].bytes, "the leaf");
		assert_string_equal((const char *)z.files[1].bytes, "the key");
		assert_int_equal(z.files[2].len, 0);
	}
}

TEST(each_refusal_names_the_entry_and_the_remedy)
{
	REFUSES("entry 'a.crt' does not end in '.pem'; leave nothing but .pem files",
		{ "b.pem", "b", 0, NULL }, { "a.crt", "a", 0, NULL });
	REFUSES("entry 'pem' does not end in '.pem'", { "pem", "b", 0, NULL });
	REFUSES("entry 'l.pem' is a link; put the file itself into the ZIP",
		{ "l.pem", NULL, AE_IFLNK, "/etc/shadow" });
	REFUSES("entry '../k.pem' leads out of the archive", { "../k.pem", "k", 0, NULL });
	REFUSES("entry 'a/../../k.pem' leads out", { "a/../../k.pem", "k", 0, NULL });
	REFUSES("entry '/k.pem' leads out of the archive", { "/k.pem", "k", 0, NULL });
	REFUSES("entry 'k\\x1b.pem.x' does not end", { "k\033.pem.x", "k", 0, NULL });
	REFUSES("entry 'k.pem' is there twice; leave one", { "k.pem", "k", 0, NULL },
		{ "k.pem", "l", 0, NULL });
	REFUSES("it holds no file; put the files", { "certs/", NULL, AE_IFDIR, NULL });
	refuses((const struct put[]){ { "k.pem", "k", 0, NULL } }, 1,
		STORED ",zip:encryption=aes256",
		"entry 'k.pem' is protected by a password, which is not supported; make");
	refuses((const struct put[]){ { "k.pem", "k", 0, NULL } }, 1,
		STORED ",zip:encryption=traditional", "entry 'k.pem' is protected by a password");
	refuses(NULL, 0, STORED, "it holds no file");
}

TEST(names_with_dots_in_them_are_no_way_out)
{
	AUTO(buf) zip = { 0 };
	AUTO(pem_zip) z = { 0 };
	struct err e = { 0 };

	make_zip((const struct put[]){ { "a..b/..c.pem", "x", 0, NULL },
				       { "...pem", "y", 0, NULL } },
		 2, STORED, &zip);
	must(read_zip(&zip, &z, &e), &e);
	assert_int_equal(z.count, 2);
}

TEST(other_files_are_named_as_what_they_are_not)
{
	AUTO(buf) text = { 0 };
	AUTO(pem_zip) z = { 0 };
	struct err e = { 0 };

	assert_false(read_zip(&text, &z, &e));
	assert_says(&e, "it is not a ZIP archive");
	buf_puts(&text, "-----BEGIN CERTIFICATE-----\n");
	assert_false(read_zip(&text, &z, &e));
	assert_says(&e, "it is not a ZIP archive; name the file in 'file'");
}

TEST(the_limits_hold)
{
	enum {
		MANY = PEM_ZIP_ENTRY_LIMIT + 1,
		BIG = PEM_ZIP_UNPACKED_LIMIT + 1
	};
	char *big = calloc(1, BIG + 1);
	static char names[MANY][16];
	struct put many[MANY];
	AUTO(buf) full = { 0 };
	AUTO(pem_zip) z = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%zu.pem", i);
		many[i] = (struct put){ names[i], "x", 0, NULL };
	}
	refuses(many, MANY, STORED, "it has more than 100 entries; leave nothing but");
	make_zip(many, PEM_ZIP_ENTRY_LIMIT, STORED, &full);
	must(read_zip(&full, &z, &e), &e);
	assert_int_equal(z.count, PEM_ZIP_ENTRY_LIMIT);
	memset(big, 'x', BIG);
	refuses((const struct put[]){ { "a.pem", big, 0, NULL } }, 1, STORED,
		"it unpacks to more than 4194304 bytes, or to more than 100 times its size; make");
	big[BIG / 4] = '\0';
	refuses((const struct put[]){ { "a.pem", big, 0, NULL } }, 1, DEFLATED,
		"or to more than 100 times its size; make");
	free(big);
}

/* Whatever a byte is changed to: read or refused, and never with more than it holds. */
TEST(a_changed_or_missing_byte_is_read_or_refused)
{
	static const struct put puts[] = { { "a.pem", "first", 0, NULL },
					   { "b/c.pem", "second", 0, NULL } };
	AUTO(buf) zip = { 0 };

	make_zip(puts, 2, DEFLATED, &zip);
	for (size_t i = 0; i < zip.len; i += 3) {
		AUTO(pem_zip) z = { 0 };
		AUTO(pem_zip) cut = { 0 };
		struct buf less = { .data = zip.data, .len = i };
		struct err e = { 0 };

		zip.data[i] ^= 0x41;
		assert_true(read_zip(&zip, &z, &e) ? z.count <= 2 : e.code == ERR_INPUT);
		zip.data[i] ^= 0x41;
		e = (struct err){ 0 };
		assert_false(read_zip(&less, &cut, &e));
		assert_int_equal(e.code, ERR_INPUT);
	}
}

/* CERTFLEET_CORPORA: a folder that holds archives/files/... */
TEST(names_may_have_any_end_where_the_content_tells)
{
	static const struct put puts[] = { { .name = "leaf.crt", .content = "x" },
					   { .name = "key", .content = "y" } };
	AUTO(buf) zip = { 0 };
	AUTO(pem_zip) z = { 0 };
	struct err e = { 0 };

	make_zip(puts, 2, DEFLATED, &zip);
	must(pem_zip_read((struct bytes){ buf_text(&zip), zip.len }, false, &z, &e), &e);
	assert_int_equal(z.count, 2);
	assert_string_equal(z.names[0], "leaf.crt");
}

TEST(archives_of_other_projects_are_read_or_refused_in_words)
{
	const char *root = getenv("CERTFLEET_CORPORA");
	char path[1024];
	size_t seen = 0;

	snprintf(path, sizeof(path), "%s/archives/files", root ? root : "");

	DIR *dir = root ? opendir(path) : NULL;

	if (!dir) {
		print_message("SKIPPED: no archives below $CERTFLEET_CORPORA\n");
		skip();
	}
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		AUTO(buf) zip = { 0 };
		AUTO(pem_zip) z = { 0 };
		struct err e = { 0 };

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/archives/files/%s", root, d->d_name);
		must(fs_read(path, 1 << 20, &zip, &e), &e);
		/* none of them is of files alone */
		if (read_zip(&zip, &z, &e) || e.code != ERR_INPUT || !strstr(e.text, "; ") ||
		    strstr(e.text, "unexpectedly"))
			fail_msg("%s: %zu files, %s", d->d_name, z.count, e.text);
		seen++;
	}
	closedir(dir);
	assert_true(seen > 0);
}
