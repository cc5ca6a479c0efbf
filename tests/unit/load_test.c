/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every tests/config/NAME.case: it holds the files of one fleet, main
 * file first, and either the exact diagnostics or the canonical text.
 *
 *	--- file certfleet.yaml
 *	--- file hosts.csv
 *	--- diagnostics  (or: --- canonical)
 */
#include "config/load.h"
#include "test.h"

#include "base/alloc.h"
#include "base/fs.h"

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CASE_LIMIT = 1024 * 1024,
	PATH_ROOM = 512
};

static const char cases[] = "tests/config";
static char home[PATH_ROOM];

/* Stands in for pki/: attributes divided by commas, CN wherever it is. */
static bool simple_subject(const char *text, struct arena *a, const char **canonical,
			   const char **cn, struct err *e)
{
	const char *found = strstr(text, "CN=");

	if (!strchr(text, '='))
		return err_set(e, ERR_INPUT, "no '='");
	*canonical = arena_strdup(a, text);
	*cn = NULL;
	if (found)
		*cn = arena_strndup(a, found + 3, strcspn(found + 3, ","));
	return true;
}

static void remove_tree(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		char inner[2 * PATH_ROOM];

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
		if (unlink(inner) < 0)
			remove_tree(inner);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static char *make_directory(void)
{
	static char path[PATH_ROOM];
	const char *tmp = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/load-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	return path;
}

static void leave_directory(const char *path)
{
	assert_int_equal(chdir(home), 0);
	remove_tree(path);
}

static void write_file(const char *name, const char *text, size_t len)
{
	struct err e = { 0 };
	AUTO(arena) a = { 0 };

	assert_true(fs_make_dirs(fs_dirname(&a, name), 0755, &e));
	assert_true(fs_replace(name, text, len, FS_PUBLIC, &e));
}

/* Loads `name` and gives what there is to say: diagnostics, or the fleet. */
static bool outcome(const char *name, struct buf *out)
{
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	struct err e = { 0 };
	bool good = load_fleet(name, simple_subject, &fleet, &diags, &e);

	if (!good && e.code != ERR_INPUT)
		buf_printf(out, "%s\n", e.text);
	diag_render(&diags, out);
	if (good)
		fleet_canonical(&fleet, out);
	else
		assert_null(fleet.name);
	return good;
}

static void run_case(void **state)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };
	char main_file[PATH_ROOM] = "";
	const char *expected = NULL;
	bool good = false;

	assert_true(fs_read(*state, CASE_LIMIT, &text, &e));

	char *path = make_directory();
	char *at = text.data;

	while (at && !strncmp(at, "--- file ", 9)) {
		char name[PATH_ROOM] = "";
		char *body = strchr(at, '\n') + 1;
		char *end = strstr(body - 1, "\n--- ");

		assert_non_null(end);
		snprintf(name, sizeof(name), "%.*s", (int)(body - at - 10), at + 9);
		write_file(name, body, (size_t)(end + 1 - body));
		if (!*main_file)
			snprintf(main_file, sizeof(main_file), "%s", name);
		at = end + 1;
	}
	if (!strncmp(at, "--- diagnostics\n", 16))
		expected = at + 16;
	else if (!strncmp(at, "--- canonical\n", 14))
		expected = at + 14;
	good = outcome(main_file, &out);
	leave_directory(path);
	assert_non_null(expected);
	assert_string_equal(buf_text(&out), expected);
	assert_int_equal(good, at[4] == 'c');
}

static const char start[] = "certfleet: 1\n"
			    "fleet: f\n"
			    "backup: {passphrase: {env: CERTFLEET_P}}\n"
			    "certificates:\n"
			    "  a: {subject: CN=a.example, issuer: self}\n";

static bool loads(const struct buf *text, struct buf *out)
{
	char *path = make_directory();

	write_file("certfleet.yaml", buf_text(text), text->len);

	bool good = outcome("certfleet.yaml", out);

	leave_directory(path);
	return good;
}

TEST(the_checkout_does_not_show_in_the_canonical_text)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) one = { 0 };
	AUTO(buf) other = { 0 };

	buf_puts(&text, start);
	buf_puts(&text, "issuers:\n"
			"  i: {subject: CN=i, publish: ../up/i.pem}\n"
			"  k: {subject: CN=k, publish: down/k.pem}\n");

	char *path = make_directory();

	write_file("x/fleet.yaml", text.data, text.len);
	write_file("y/z/fleet.yaml", text.data, text.len);
	assert_true(outcome("x/fleet.yaml", &one));
	assert_int_equal(chdir("y"), 0);
	assert_true(outcome("z/fleet.yaml", &other));
	leave_directory(path);
	assert_string_equal(one.data, other.data);
	assert_non_null(strstr(one.data, "publish=../up/i.pem\n"));
	assert_non_null(strstr(one.data, "publish=down/k.pem\n"));
}

TEST(comments_and_order_do_not_show_in_the_canonical_text)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) one = { 0 };
	AUTO(buf) other = { 0 };

	buf_puts(&text, start);
	buf_puts(&text, "roles: {r: {offline: defer}, q: {}}\n");
	assert_true(loads(&text, &one));
	text.len = 0;
	buf_puts(&text, "# of two\nroles:\n  q: {}\n  r:\n"
			"    offline: 'defer'\n");
	buf_puts(&text, start);
	assert_true(loads(&text, &other));
	assert_string_equal(one.data, other.data);
}

TEST(deep_flow_is_refused_at_once)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };

	for (size_t i = 0; i < 1000000; i++)
		buf_putc(&text, '[');
	assert_false(loads(&text, &out));
	assert_non_null(strstr(out.data, "certfleet.yaml:1:65: more than 64 levels"));
}

TEST(aliases_of_aliases_hit_the_limit)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };

	buf_puts(&text, "x-a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n");
	for (int i = 1; i < 9; i++) {
		buf_printf(&text, "x-a%d: &a%d [*a%d", i, i, i - 1);
		for (int k = 0; k < 9; k++)
			buf_printf(&text, ", *a%d", i - 1);
		buf_puts(&text, "]\n");
	}
	assert_false(loads(&text, &out));
	assert_non_null(strstr(out.data, "aliases expand to more than 1000000 nodes"));
}

TEST(bytes_that_are_no_text_are_refused_where_they_stand)
{
	static const struct {
		const char *bytes;
		const char *message;
	} bad[] = {
		{ "\xff", "certfleet.yaml:6:6: not valid UTF-8" },
		{ "\xc2\x85", "certfleet.yaml:6:6: a line break that only" },
		{ "\xe2\x80\xa8", "certfleet.yaml:6:6: a line break that only" },
		{ "\x07", "certfleet.yaml:6:6: a control character" },
		{ "\rb", "certfleet.yaml:6:6: a carriage return" },
		{ "\xed\xa0\x80", "certfleet.yaml:6:6: not valid UTF-8" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(buf) text = { 0 };
		AUTO(buf) out = { 0 };

		buf_puts(&text, start);
		buf_printf(&text, "x-a: %s\n", bad[i].bytes);
		assert_false(loads(&text, &out));
		assert_non_null(strstr(out.data, bad[i].message));
	}
}

TEST(columns_count_bytes_behind_other_letters)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };

	buf_puts(&text, "x-ä: öü\n");
	buf_puts(&text, start);
	buf_puts(&text, "roles: {r: {offline: defer, ö: 1}}\n");
	assert_false(loads(&text, &out));
	assert_non_null(strstr(out.data, "certfleet.yaml:7:29: unknown key 'ö'\n"));
}

TEST(a_byte_order_mark_is_no_text)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };

	buf_puts(&text, "\xef\xbb\xbf");
	buf_puts(&text, start);
	buf_puts(&text, "role: {}\n");
	assert_false(loads(&text, &out));
	assert_non_null(
		strstr(out.data, "certfleet.yaml:6:1: unknown key 'role', did you mean 'roles'?"));
}

TEST(a_missing_file_is_no_diagnostic)
{
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	struct err e = { 0 };

	assert_false(load_fleet("/nonexistent/certfleet.yaml", simple_subject, &fleet, &diags, &e));
	assert_int_equal(e.code, ERR_MISSING);
	assert_int_equal(diags.errors, 0);
}

TEST(a_directory_is_not_read)
{
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	struct err e = { 0 };

	assert_false(load_fleet("/tmp", simple_subject, &fleet, &diags, &e));
}

TEST(an_include_through_a_link_to_the_outside_is_refused)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };
	char *path = make_directory();

	buf_puts(&text, start);
	buf_puts(&text, "include: [link.yaml]\n");
	write_file("in/certfleet.yaml", text.data, text.len);
	write_file("out.yaml", "certfleet: 1\n", 13);
	assert_int_equal(symlink("../out.yaml", "in/link.yaml"), 0);
	assert_false(outcome("in/certfleet.yaml", &out));
	leave_directory(path);
	assert_non_null(strstr(out.data, "in/certfleet.yaml:6:11: "));
}

TEST(mistakes_beyond_the_limit_are_counted)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };

	buf_puts(&text, start);
	buf_puts(&text, "components:\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "  c%d: {certificate: b}\n", i);
	assert_false(loads(&text, &out));
	assert_non_null(strstr(out.data, "and 800 more\n"));
}

TEST(a_file_with_many_components_loads)
{
	AUTO(buf) text = { 0 };
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	struct err e = { 0 };
	char *path = make_directory();

	buf_puts(&text, start);
	buf_puts(&text, "components:\n");
	for (int i = 9999; i >= 0; i--)
		buf_printf(
			&text,
			"  c%05d: {certificate: a, deliver: {files: {directory: /t/%d}}, verify: {tls: \"a.example:%d\"}}\n",
			i, i, 1 + i);
	write_file("certfleet.yaml", text.data, text.len);
	assert_true(load_fleet("certfleet.yaml", simple_subject, &fleet, &diags, &e));
	leave_directory(path);
	assert_int_equal(fleet.component_count, 10000);
	assert_string_equal(fleet.components[17].name, "c00017");
	assert_int_equal(fleet.components[17].verify->port, 18);
	assert_string_equal(fleet.roles[0].name, "");
	assert_ptr_equal(fleet.components[17].role, &fleet.roles[0]);
	assert_int_equal(fleet.certificates[0].issuer->kind, ISSUER_SELF);
}

TEST(relative_paths_become_absolute)
{
	AUTO(buf) text = { 0 };
	AUTO(fleet) fleet = { 0 };
	AUTO(diags) diags = { 0 };
	AUTO(arena) a = { 0 };
	struct err e = { 0 };
	char *path = make_directory();

	buf_puts(&text, start);
	buf_puts(&text, "include: [sub/more.yaml]\n");
	write_file("certfleet.yaml", text.data, text.len);
	text.len = 0;
	buf_puts(
		&text,
		"certfleet: 1\ncomponents:\n  c: {certificate: a, deliver: {files: {directory: out}}}\n");
	write_file("sub/more.yaml", text.data, text.len);
	assert_true(load_fleet("certfleet.yaml", simple_subject, &fleet, &diags, &e));
	assert_string_equal(fleet.components[0].deliver.files.directory,
			    arena_printf(&a, "%s/sub/out", fleet.directory));
	assert_string_equal(fleet.state.path, arena_printf(&a, "%s/.certfleet", fleet.directory));
	assert_int_equal(fleet.source_count, 2);
	assert_string_equal(fleet.sources[1].path, "sub/more.yaml");
	leave_directory(path);
}

TEST(one_path_is_one_however_it_is_written)
{
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };
	char *path = make_directory();

	buf_puts(&text, start);
	buf_printf(&text,
		   "components:\n"
		   "  c: {certificate: a, deliver: {files: {directory: ../out}}}\n"
		   "  d: {certificate: a, deliver: {files: {directory: %s//./out/}}}\n",
		   path);
	write_file("sub/certfleet.yaml", text.data, text.len);
	assert_false(outcome("sub/certfleet.yaml", &out));
	leave_directory(path);
	assert_non_null(strstr(out.data, "is already written by component 'c';"));
}

TEST(the_kept_schema_is_the_printed_one)
{
	AUTO(buf) kept = { 0 };
	AUTO(buf) printed = { 0 };
	struct err e = { 0 };

	assert_true(fs_read("schemas/fleet.schema.json", CASE_LIMIT, &kept, &e));
	schema_print(&printed);
	assert_string_equal(printed.data, kept.data);
}

TEST(the_examples_are_valid)
{
	DIR *d = opendir("examples");
	size_t count = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		AUTO(buf) out = { 0 };
		char path[2 * PATH_ROOM];
		size_t len = strlen(e->d_name);

		if (len < 6 || strcmp(e->d_name + len - 5, ".yaml"))
			continue;
		snprintf(path, sizeof(path), "examples/%s", e->d_name);
		if (!outcome(path, &out))
			fail_msg("%s", buf_text(&out));
		count++;
	}
	closedir(d);
	assert_true(count > 0);
}

static int by_test_name(const void *a, const void *b)
{
	return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

static size_t list_cases(struct CMUnitTest *tests, size_t room)
{
	DIR *d = opendir(cases);
	size_t count = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e && count < room; e = readdir(d)) {
		size_t len = strlen(e->d_name);
		char path[2 * PATH_ROOM];

		if (len < 6 || strcmp(e->d_name + len - 5, ".case"))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", home, cases, e->d_name);
		tests[count++] = (struct CMUnitTest){
			.name = xstrdup(e->d_name),
			.test_func = run_case,
			.initial_state = xstrdup(path),
		};
	}
	if (d)
		closedir(d);
	qsort(tests, count, sizeof(*tests), by_test_name);
	return count;
}

int main(void)
{
	enum {
		CASES = 500,
		LEAST_CASES = 55
	};
	static struct CMUnitTest from_files[CASES];

	if (!getcwd(home, sizeof(home)))
		return 1;

	size_t count = list_cases(from_files, CASES);
	int failed = _cmocka_run_group_tests("cases", from_files, count, NULL, NULL);

	for (size_t i = 0; i < count; i++) {
		free((void *)from_files[i].name);
		free(from_files[i].initial_state);
	}
	if (count < LEAST_CASES)
		return 1;
	return test_run() + failed;
}
