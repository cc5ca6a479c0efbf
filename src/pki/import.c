/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/import.h"

#include "base/sandbox.h"
#include "base/text.h"
#include "base/vec.h"
#include "pki/found.h"

#include <assert.h>
#include <string.h>

/*
 * The child answers with records: one letter, a length of four bytes, most
 * significant first, and the bytes.
 */
enum record {
	RECORD_KEY = 'K',
	RECORD_CERT = 'C',
	RECORD_ANCHOR = 'A',
};
enum {
	RECORD_HEAD = 5
};

static void add_record(struct buf *out, enum record kind, const void *bytes,
		       size_t len)
{
	buf_putc(out, (char)kind);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(out, (char)(len >> shift & 0xff));
	buf_add(out, bytes, len);
}

static bool take_record(struct der *in, enum record *kind, struct der *out)
{
	size_t len = 0;

	if (in->len < RECORD_HEAD)
		return false;
	for (size_t i = 1; i < RECORD_HEAD; i++)
		len = len << 8 | in->bytes[i];
	if (len > in->len - RECORD_HEAD)
		return false;
	*kind = in->bytes[0];
	*out = (struct der){ in->bytes + RECORD_HEAD, len };
	*in = (struct der){ out->bytes + len, in->len - RECORD_HEAD - len };
	return true;
}

static const char *file_name(const struct import_input *in, size_t i,
			     struct found *f)
{
	return text_escaped(&f->arena, in->names[i]);
}

static bool read_file(struct found *f, const struct import_input *in, size_t i,
		      struct err *e)
{
	const struct secret *p = in->password;
	const char *password = p && p->len ? (const char *)p->bytes : NULL;
	gnutls_datum_t bytes = datum_of_secret(&in->files[i]);

	switch (in->kind) {
	case IMPORT_PEM:
		return found_read_pem(f, bytes, password, e);
	case IMPORT_PKCS12:
		return found_read_pkcs12(f, bytes, password, e);
	case IMPORT_NONE:
		break;
	}
	return err_set(e, ERR_INPUT, "nothing is to be imported");
}

static bool read_files(struct found *f, const struct import_input *in,
		       struct err *e)
{
	for (size_t i = 0; i < in->file_count; i++)
		if (!read_file(f, in, i, e))
			return in->file_count > 1
				       ? err_in(e, "'%s'", file_name(in, i, f))
				       : false;
	return true;
}

/* Runs in the child. */
static bool decode(void *ctx, struct buf *answer, struct err *e)
{
	const struct import_input *in = ctx;
	AUTO(found) f = { 0 };
	const struct secret *key = NULL;
	struct cert_set set = { 0 };

	if (!read_files(&f, in, e))
		return false;
	if (!found_pair(&f, &key, &set, e))
		return false;
	add_record(answer, RECORD_KEY, key->bytes, key->len);
	for (size_t i = 0; i < set.count; i++)
		add_record(answer, RECORD_CERT, set.certs[i].bytes,
			   set.certs[i].len);
	if (set.anchor.len)
		add_record(answer, RECORD_ANCHOR, set.anchor.bytes,
			   set.anchor.len);
	return true;
}

static bool read_answer(const struct secret *answer, struct pair *out,
			struct err *e)
{
	struct der certs[CHAIN_LIMIT];
	struct cert_set set = { .certs = certs };
	struct der rest = { answer->bytes, answer->len };
	struct der bytes = { 0 };
	enum record kind = RECORD_KEY;
	AUTO(secret) key = { 0 };

	while (take_record(&rest, &kind, &bytes)) {
		if (kind == RECORD_KEY && !key.bytes)
			secret_copy(&key, bytes.bytes, bytes.len);
		else if (kind == RECORD_CERT && set.count < CHAIN_LIMIT)
			certs[set.count++] = bytes;
		else if (kind == RECORD_ANCHOR && !set.anchor.len)
			set.anchor = bytes;
		else
			break;
	}
	if (!key.bytes || rest.len)
		return err_set(e, ERR_INPUT, "its decoding ended unexpectedly");
	return pair_from_parts(&key, &set, out, e);
}

/* GnuTLS measures in unsigned int, and reads passwords as C strings. */
static bool check_input(const struct import_input *in, struct err *e)
{
	const struct secret *p = in->password;

	for (size_t i = 0; i < in->file_count; i++)
		if (in->files[i].len > INPUT_FILE_LIMIT)
			return err_set(e, ERR_INPUT,
				       "a file has more than %d bytes",
				       INPUT_FILE_LIMIT);
	if (p && p->len && memchr(p->bytes, '\0', p->len))
		return err_set(e, ERR_INPUT, "its password holds a NUL byte");
	return true;
}

static bool name_import(const struct import_input *in, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *name = text_escaped(&a, in->names[0]);

	/* What a library refuses is still a mistake in the input. */
	if (e->code == ERR_CRYPTO)
		e->code = ERR_INPUT;
	if (in->file_count == 1)
		return err_in(e, "cannot import '%s'", name);
	return err_in(e, "cannot import '%s' and %zu more", name,
		      in->file_count - 1);
}

bool import_read(const struct import_input *in, struct pair *out, struct err *e)
{
	AUTO(secret) answer = { 0 };

	assert(in->file_count > 0);
	if (check_input(in, e) && sandbox_run(decode, (void *)in, &answer, e) &&
	    read_answer(&answer, out, e))
		return true;
	return name_import(in, e);
}
