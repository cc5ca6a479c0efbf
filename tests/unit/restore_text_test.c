/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/assembly.h"
#include "test.h"

#include "base/fs.h"
#include "bundle_fixture.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_program(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/usr/bin/%s", name);
	return access(path, X_OK) == 0;
}

static void put_file(const char *folder, const char *name, const struct buf *content)
{
	char path[256];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	must(fs_replace(path, content->data, content->len, FS_PRIVATE, &e), &e);
}

/* The indented lines up to step 3 are the commands. */
static void commands_of(const char *text, struct buf *out)
{
	const char *end = strstr(text, "\n3. ");

	assert_non_null(end);
	buf_puts(out, "set -e\n");
	for (const char *line = text; line < end; line++) {
		const char *next = strchr(line, '\n');

		if (strncmp(line, "    ", 4) == 0)
			buf_add(out, line + 4, (size_t)(next + 1 - line - 4));
		line = next;
	}
}

/* Without a terminal openssl asks on its standard input. */
static int run_commands(const char *folder, const char *passphrase)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && setsid -w sh ./commands >log 2>&1", folder);

	FILE *shell = popen(command, "w");

	assert_non_null(shell);
	fprintf(shell, "%s\n", passphrase);
	return pclose(shell);
}

static void assert_restored(const char *folder, const char *name, const char *content)
{
	char path[256];
	AUTO(buf) got = { 0 };
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/restore/%s", folder, name);
	must(fs_read(path, 4096, &got, &e), &e);
	assert_string_equal(buf_text(&got), content);
}

/* What is tried is what the user gets to read: the first entry, stored as it is. */
static void text_in(const struct buf *zip, struct buf *out)
{
	static const char last[] = "unpacking by hand does\nnot.\n";
	const char *begin = memmem(zip->data, zip->len, "Backup of", strlen("Backup of"));
	const char *end = memmem(zip->data, zip->len, last, strlen(last));

	assert_non_null(begin);
	assert_non_null(end);
	buf_add(out, begin, (size_t)(end + strlen(last) - begin));
}

static void prepare(char *folder, bool unencrypted)
{
	struct secret pass = SECRET_OF(PASSPHRASE);
	struct bundle b = fixture_bundle();
	AUTO(buf) zip = { 0 };
	AUTO(buf) text = { 0 };
	AUTO(buf) commands = { 0 };
	AUTO(arena) a = { 0 };
	struct err e = { 0 };

	assert_non_null(mkdtemp(folder));
	must(bundle_write(&b, &pass, unencrypted ? 0 : 1, unencrypted, &zip, &e), &e);
	put_file(folder, bundle_file_name(&b, &a), &zip);
	text_in(&zip, &text);
	commands_of(buf_text(&text), &commands);
	put_file(folder, "commands", &commands);
}

static void folder_in_tmp(char *out, size_t room)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(out, room, "%s/certfleet-restore-XXXXXX", tmp && *tmp ? tmp : "/tmp");
}

static void assert_all_restored(const char *folder)
{
	assert_restored(folder, "certificates/shop/key.pem", KEY_MARK " of shop 2\n");
	assert_restored(folder, "certificates/shop/1/key.pem", KEY_MARK " of shop 1\n");
	assert_restored(folder, "issuers/shop/key.pem", KEY_MARK " of the issuer\n");
	assert_restored(folder, "certificates/shop/leaf.pem", fixture_items[0].leaf_pem);
}

TEST(the_commands_of_the_text_restore_the_keys)
{
	char folder[128];

	if (!has_program("openssl") || !has_program("7z")) {
		print_message("SKIPPED: openssl or 7z is not installed\n");
		skip();
	}
	for (int unencrypted = 0; unencrypted < 2; unencrypted++) {
		folder_in_tmp(folder, sizeof(folder));
		prepare(folder, unencrypted);
		assert_int_equal(run_commands(folder, PASSPHRASE), 0);
		assert_all_restored(folder);
		folder_remove(folder);
	}
}

TEST(another_passphrase_restores_nothing)
{
	char folder[128];
	char path[256];

	if (!has_program("openssl") || !has_program("7z")) {
		print_message("SKIPPED: openssl or 7z is not installed\n");
		skip();
	}
	folder_in_tmp(folder, sizeof(folder));
	prepare(folder, false);
	assert_int_not_equal(run_commands(folder, OTHER_PASSPHRASE), 0);
	snprintf(path, sizeof(path), "grep -rq %s %s", KEY_MARK, folder);
	assert_int_not_equal(system(path), 0);
	folder_remove(folder);
}

TEST(the_fleet_cannot_forge_a_line)
{
	struct bundle b = { .fleet = "f\n    rm -rf /" };
	AUTO(buf) text = { 0 };

	restore_text(&b, 1, &text);
	assert_null(strstr(buf_text(&text), "\n    rm"));
}
