/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of other projects' tests, with what those expect of a reader.  Each is
 * read in a child with the limits of the decoder (256 MiB, 5 s): one that crosses
 * them is a miss, whatever was expected.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/sandbox.h"
#include "corpus_fixture.h"
#include "pki/import.h"
#include "pki/import_parse.h"
#include "test.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One case, with its file read. */
struct sample {
	const char *kind;
	const char *password; /* NULL: none */
	struct secret bytes;
};

static bool is_kind(const struct sample *s, const char *begin)
{
	return strncmp(s->kind, begin, strlen(begin)) == 0;
}

/* In the child: whether at least what the kind promises was found. */
static bool decode_sample(void *ctx, struct buf *answer, struct err *e)
{
	struct sample *s = ctx;
	AUTO(import_parse) f = { 0 };
	gnutls_datum_t bytes = datum_of_secret(&s->bytes);

	buf_puts(answer, "decoded");
	if (!import_parse_read_any(&f, bytes, s->password, e))
		return false;
	if (strstr(s->kind, "-key") && f.key_count == 0)
		return err_set(e, ERR_INPUT, "no key");
	if (strstr(s->kind, "-cert") && f.certs.count == 0)
		return err_set(e, ERR_INPUT, "no certificate");
	if (f.key_count + f.certs.count == 0)
		return err_set(e, ERR_INPUT, "nothing in it");
	return true;
}

static void read_sample(const struct corpus_case *c, const char *name, struct secret *out)
{
	char path[1200];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", c->folder, name);
	must(fs_read_secret(path, INPUT_FILE_LIMIT, out, &e), &e);
}

static bool import_sample_pair(const struct corpus_case *c, struct err *e)
{
	const char *names[] = { c->name, corpus_field(c->row, "key_file") };
	struct secret files[2] = { 0 };
	AUTO(pair) pair = { 0 };

	read_sample(c, names[0], &files[0]);
	read_sample(c, names[1], &files[1]);
	struct import_input in = {
		.kind = IMPORT_FILE, .names = names, .files = files, .file_count = 2
	};
	bool ok = import_read(&in, &pair, e);

	secret_release(&files[0]);
	secret_release(&files[1]);
	return ok;
}

static bool import_sample(const struct corpus_case *c, struct err *e)
{
	const char *password = corpus_field(c->row, "password");
	struct sample s = { .kind = corpus_field(c->row, "kind"),
			    .password = *password ? password : NULL };
	const struct sandbox_work work = { decode_sample, &s, SANDBOX_SECONDS };
	AUTO(secret) answer = { 0 };

	if (is_kind(&s, "pair"))
		return import_sample_pair(c, e);
	read_sample(c, c->name, &s.bytes);

	bool ok = sandbox_work(&work, &answer, e);

	secret_release(&s.bytes);
	return ok;
}

static void judge_import(struct corpus_case *c)
{
	const char *expect = corpus_field(c->row, "expect");
	struct err e = { 0 };

	c->name = corpus_field(c->row, "file");

	bool accepted = import_sample(c, &e);
	bool over = !accepted && (strstr(e.text, "signal") || strstr(e.text, "processor time"));

	c->right = !over && (!strcmp(expect, "nocrash") || accepted == !strcmp(expect, "accept"));
	snprintf(c->got, sizeof(c->got), "%s expected, %s%s", expect,
		 accepted ? "accepted" : "refused: ", e.text);
}

TEST(imports_agree_with_the_tests_of_other_projects)
{
	struct corpus_score s = { 0 };

	corpus_score("import", "index.jsonl", judge_import, &s);
	/* a date with an offset, which openssl reads, but no client accepts */
	assert_in_range(corpus_misses(&s, "scored"), 0, 1);
	assert_int_equal(corpus_misses(&s, "nocrash"), 0);
}
