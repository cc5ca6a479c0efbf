/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of other projects' tests, with what those expect.  Runs where the
 * collection is: $CERTFLEET_CORPORA or ../shared/corpora.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/sandbox.h"
#include "pki/import.h"
#include "pki/import_parse.h"
#include "test.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_LIMIT = 4096
};

/* Where GnuTLS is known to differ, and why that stands. */
static const char *const known[][2] = {
	{ "imp-0104", "a time without seconds is no DER (RFC 5280, 4.1.2.5)" },
};

struct tally {
	unsigned right;
	unsigned wrong;
	unsigned contested_right;
	unsigned contested_wrong;
	unsigned known;
	unsigned skipped;
};

/* One line of the index, with its file read. */
struct sample {
	const char *kind;
	const char *password;
	struct secret bytes;
};

static const char *folder(void)
{
	const char *set = getenv("CERTFLEET_CORPORA");

	return set ? set : "../shared/corpora";
}

static bool is_pkcs12(const struct sample *s)
{
	return strcmp(s->kind, "pkcs12") == 0;
}

/* In the child: whether at least what the kind promises was found. */
static bool decode_sample(void *ctx, struct buf *answer, struct err *e)
{
	struct sample *s = ctx;
	AUTO(import_parse) f = { 0 };
	gnutls_datum_t bytes = datum_of_secret(&s->bytes);
	const char *password = s->password && *s->password ? s->password : NULL;

	buf_puts(answer, "decoded");
	if (!(is_pkcs12(s) ? found_read_pkcs12(&f, bytes, password, e)
			   : import_parse_read_pem(&f, bytes, password, e)))
		return false;
	if (strcmp(s->kind, "pem-key") == 0 && f.key_count == 0)
		return err_set(e, ERR_INPUT, "no key");
	if (strcmp(s->kind, "pem-cert") == 0 && f.certs.count == 0)
		return err_set(e, ERR_INPUT, "no certificate");
	if (f.key_count + f.certs.count == 0)
		return err_set(e, ERR_INPUT, "nothing in it");
	return true;
}

static void read_sample(const char *name, struct secret *out)
{
	char path[1024];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/import/%s", folder(), name);
	must(fs_read_secret(path, INPUT_FILE_LIMIT, out, &e), &e);
}

static bool import_sample_pair(const char *cert, const char *key, struct err *e)
{
	const char *names[] = { cert, key };
	struct secret files[2] = { 0 };
	AUTO(pair) pair = { 0 };

	read_sample(cert, &files[0]);
	read_sample(key, &files[1]);
	struct import_input in = {
		.kind = IMPORT_PEM, .names = names, .files = files, .file_count = 2
	};
	bool ok = import_read(&in, &pair, e);

	secret_release(&files[0]);
	secret_release(&files[1]);
	return ok;
}

static const char *field(json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static bool try_row(json_t *row, struct err *e)
{
	struct sample s = { .kind = field(row, "kind"), .password = field(row, "password") };
	AUTO(secret) answer = { 0 };

	if (strcmp(s.kind, "pair") == 0)
		return import_sample_pair(field(row, "file"), field(row, "key_file"), e);
	read_sample(field(row, "file"), &s.bytes);

	const struct sandbox_work work = { decode_sample, &s, SANDBOX_SECONDS };
	bool ok = sandbox_work(&work, &answer, e);

	secret_release(&s.bytes);
	return ok;
}

static bool is_known(const char *id)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i][0], id) == 0)
			return true;
	return false;
}

static void judge_row(json_t *row, struct tally *t)
{
	const char *expect = field(row, "expect");
	bool is_scored = strcmp(field(row, "tier"), "contested") != 0;
	struct err e = { 0 };

	if (strncmp(field(row, "kind"), "der-", 4) == 0) {
		t->skipped++;
		return;
	}
	bool accepted = try_row(row, &e);
	bool crashed = !accepted && strstr(e.text, "signal") != NULL;
	bool right = !crashed && (strcmp(expect, "nocrash") == 0 ||
				  accepted == (strcmp(expect, "accept") == 0));

	if (!right && is_known(field(row, "id"))) {
		t->known++;
		return;
	}
	(is_scored ? right ? &t->right : &t->wrong
	 : right   ? &t->contested_right
		   : &t->contested_wrong)[0]++;
	if (!right)
		print_message("%s %s: %s expected, %s%s%s\n", field(row, "id"), field(row, "file"),
			      expect, is_scored ? "" : "(contested) ",
			      accepted ? "accepted" : "refused: ", accepted ? "" : e.text);
}

TEST(agrees_with_the_tests_of_other_projects)
{
	char path[1024];
	char line[LINE_LIMIT];
	struct tally t = { 0 };

	snprintf(path, sizeof(path), "%s/import/index.jsonl", folder());
	FILE *index = fopen(path, "re");

	if (!index) {
		print_message("SKIPPED: there is no '%s'\n", path);
		skip();
	}
	while (fgets(line, sizeof(line), index)) {
		json_t *row = json_loads(line, 0, NULL);

		assert_non_null(row);
		judge_row(row, &t);
		json_decref(row);
	}
	fclose(index);
	print_message(
		"%u of %u scored and %u of %u contested agree, %u known to differ, %u of other kinds left out\n",
		t.right, t.right + t.wrong, t.contested_right,
		t.contested_right + t.contested_wrong, t.known, t.skipped);
	assert_int_equal(t.wrong, 0);
}
