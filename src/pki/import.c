/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/import.h"

#include "base/alloc.h"
#include "base/text.h"
#include "pki/cert.h"
#include "pki/foreign.h"
#include "pki/import_parse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_SPANS = 4, /* spans before the files: kind, rules, time, password */
	FILE_SPANS = 2, /* spans per file: name, bytes */

	WIZARD_RSA_BITS = 2048,
};

static bool import_read_file(struct import_parse *f, const struct import_input *in, size_t i,
			     struct err *e)
{
	const struct secret *p = in->password;
	const char *password = p && p->len ? (const char *)p->bytes : NULL;
	gnutls_datum_t bytes = datum_of_secret(&in->files[i]);

	switch (in->kind) {
	case IMPORT_FILE:
		return import_parse_read_any(f, bytes, password, e);
	case IMPORT_PEM:
		return import_parse_read_pem(f, bytes, password, e);
	case IMPORT_ZIP:
		return in->wizard ? import_parse_read_pem(f, bytes, password, e)
				  : import_parse_read_any(f, bytes, password, e);
	case IMPORT_DER:
		return import_parse_read_der(f, bytes, password, e);
	case IMPORT_PKCS12:
		return found_read_pkcs12(f, bytes, password, e);
	case IMPORT_NONE:
		break;
	}
	return err_set(e, ERR_INPUT, "nothing is to be imported");
}

/* ---- decoder process ---- */

static bool import_wizard_key(const struct pair *p, struct err *e)
{
	AUTO(crt) leaf = NULL;
	AUTO(pubkey) pub = NULL;
	unsigned bits = 0;

	if (!cert_open(p->set.certs[0], &leaf, e) || !cert_public(leaf, &pub, e))
		return false;
	if (gnutls_pubkey_get_pk_algorithm(pub, &bits) == GNUTLS_PK_RSA && bits >= WIZARD_RSA_BITS)
		return true;
	return err_set(
		e, ERR_INPUT,
		"its key is %s, and AppMon takes RSA keys of at least %d bits alone; get a certificate for a key of rsa-2048 or more",
		p->facts.key, WIZARD_RSA_BITS);
}

static void views_release(struct import_input *in)
{
	free((void *)in->names);
	free((void *)in->files);
}
AUTO_STRUCT(views, struct import_input, views_release)

/* Rebuilds the input from the request's spans; names and bytes are borrowed. */
static bool import_read_request(const struct span *in, size_t count, struct secret *password,
				struct import_input *out)
{
	size_t files = (count - HEAD_SPANS) / FILE_SPANS;
	struct secret *bytes = NULL;
	const char **names = NULL;

	if (count < HEAD_SPANS + FILE_SPANS || in[0].len != sizeof(out->kind) ||
	    in[1].len != sizeof(out->wizard) || in[2].len != sizeof(out->at))
		return false;
	memcpy(&out->kind, in[0].bytes, in[0].len);
	memcpy(&out->wizard, in[1].bytes, in[1].len);
	memcpy(&out->at, in[2].bytes, in[2].len);
	secret_copy(password, in[3].bytes, in[3].len);
	out->password = password;
	out->files = bytes = xcalloc(files, sizeof(*bytes));
	out->names = names = xcalloc(files, sizeof(*names));
	for (const struct span *s = in + HEAD_SPANS; s + 1 < in + count; s += FILE_SPANS) {
		const char *name = s[0].bytes;

		/* the span includes the terminating NUL */
		if (!s[0].len || name[s[0].len - 1])
			return false;
		names[out->file_count] = name;
		bytes[out->file_count].bytes = (unsigned char *)s[1].bytes;
		bytes[out->file_count++].len = s[1].len;
	}
	return true;
}

bool import_decode(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	AUTO(import_parse) f = { 0 };
	AUTO(secret) password = { 0 };
	AUTO(views) input = { 0 };
	AUTO(pair) pair = { 0 };
	AUTO(buf) facts = { 0 };
	const struct secret *key = NULL;
	struct cert_set set = { 0 };
	struct err flaw = { 0 };

	if (!import_read_request(in, count, &password, &input))
		return err_set(e, ERR_INPUT, "nothing is to be imported");
	f.kind = input.kind;
	f.wizard = input.wizard;
	for (size_t i = 0; i < input.file_count; i++) {
		if (import_read_file(&f, &input, i, e))
			continue;
		if (input.file_count > 1 || input.kind == IMPORT_ZIP)
			err_in(e, "'%s'", text_escaped(&f.arena, input.names[i]));
		return false;
	}
	if (!import_parse_pair(&f, &key, &set, e) || !pair_from_parts(key, &set, &pair, e) ||
	    (input.wizard && !import_wizard_key(&pair, e)))
		return false;
	if (input.at)
		(void)!pair_lint(&pair, input.at, &flaw);

	/* key, anchor, facts of the leaf, pair_lint() failure or "", certificates */
	facts_write(&pair.facts, &facts);
	span_add(answer, pair.key.bytes, pair.key.len);
	span_add(answer, pair.set.anchor.bytes, pair.set.anchor.len);
	span_add(answer, buf_text(&facts), facts.len);
	span_add(answer, flaw.text, flaw.code ? strlen(flaw.text) : 0);
	for (size_t i = 0; i < pair.set.count; i++)
		span_add(answer, pair.set.certs[i].bytes, pair.set.certs[i].len);
	return true;
}

/* ---- parent process ---- */

/* `flaw` points into the answer. */
static bool import_read_answer(const struct secret *answer, struct pair *out, struct span *flaw,
			       struct err *e)
{
	struct der certs[CHAIN_LIMIT];
	struct cert_set set = { .certs = certs };
	struct span rest = { answer->bytes, answer->len };
	struct span key = { 0 };
	struct span anchor = { 0 };
	struct span facts = { 0 };
	struct span cert = { 0 };
	AUTO(pair) p = { 0 };

	bool whole = span_take(&rest, &key) && span_take(&rest, &anchor) &&
		     span_take(&rest, &facts) && span_take(&rest, flaw) && key.len &&
		     anchor.len <= CERTIFICATE_LIMIT;

	while (whole && set.count < CHAIN_LIMIT && span_take(&rest, &cert) && cert.len &&
	       cert.len <= CERTIFICATE_LIMIT)
		certs[set.count++] = (struct der){ cert.bytes, cert.len };
	if (!whole || !set.count || rest.len)
		return err_set(e, ERR_INPUT, "the decoding process ended unexpectedly");
	set.anchor = (struct der){ anchor.bytes, anchor.len };
	p.set = cert_set_copy(&set, &p.arena);
	if (!facts_read(facts, p.set.certs[0], &p.arena, &p.facts, e))
		return false;
	secret_copy(&p.key, key.bytes, key.len);
	*out = TAKE(p);
	return true;
}

/* GnuTLS takes lengths as unsigned int and passwords as C strings. */
static bool check_input(const struct import_input *in, struct err *e)
{
	const struct secret *p = in->password;

	for (size_t i = 0; i < in->file_count; i++)
		if (in->files[i].len > INPUT_FILE_LIMIT)
			return err_set(e, ERR_INPUT, "a file has more than %d bytes",
				       INPUT_FILE_LIMIT);
	if (in->wizard && in->kind != IMPORT_ZIP && in->file_count > 1)
		return err_set(
			e, ERR_INPUT,
			"these are %zu files, and AppMon's import wizard takes exactly one; put them into one PEM file, or into a ZIP",
			in->file_count);
	if (p && p->len && memchr(p->bytes, '\0', p->len))
		return err_set(e, ERR_INPUT, "its password holds a NUL byte");
	return true;
}

/* Whether the error begins with the file of several that the decoder refused. */
static bool names_file(const struct import_input *in, const struct err *e, struct arena *a)
{
	for (size_t i = 0; i < in->file_count; i++) {
		const char *named = arena_printf(a, "'%s': ", text_escaped(a, in->names[i]));

		if (!strncmp(e->text, named, strlen(named)))
			return true;
	}
	return false;
}

static bool name_import(const struct import_input *in, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *name = text_escaped(&a, in->names[0]);

	/* A refusal by GnuTLS is still a defect of the input. */
	if (e->code == ERR_CRYPTO)
		e->code = ERR_INPUT;
	if (in->archive)
		return err_in(e, "cannot import '%s'", text_escaped(&a, in->archive));
	if (names_file(in, e, &a))
		return err_set(e, e->code, "cannot import %s", arena_strdup(&a, e->text));
	if (in->file_count == 1)
		return err_in(e, "cannot import '%s'", name);
	return err_in(e, "cannot import '%s' and %zu more", name, in->file_count - 1);
}

static bool import_ask_decoder(const struct import_input *in, struct secret *answer, struct err *e)
{
	size_t count = HEAD_SPANS + FILE_SPANS * in->file_count;
	struct span *spans = xcalloc(count, sizeof(*spans));
	struct span *next = spans + HEAD_SPANS;
	const struct decode d = { .fn = import_decode, .in = spans, .count = count };

	spans[0] = (struct span){ &in->kind, sizeof(in->kind) };
	spans[1] = (struct span){ &in->wizard, sizeof(in->wizard) };
	spans[2] = (struct span){ &in->at, sizeof(in->at) };
	if (in->password)
		spans[3] = (struct span){ in->password->bytes, in->password->len };
	for (size_t i = 0; i < in->file_count; i++) {
		*next++ = (struct span){ in->names[i], strlen(in->names[i]) + 1 };
		*next++ = (struct span){ in->files[i].bytes, in->files[i].len };
	}

	bool good = decoder_run(&d, answer, e);

	free(spans);
	return good;
}

bool import_read_linted(const struct import_input *in, struct pair *out, const char **refusal,
			struct err *e)
{
	AUTO(secret) answer = { 0 };
	AUTO(pair) found = { 0 };
	AUTO(buf) shown = { 0 };
	struct span flaw = { 0 };

	assert(in->file_count > 0);
	if (!check_input(in, e) || !import_ask_decoder(in, &answer, e) ||
	    !import_read_answer(&answer, &found, &flaw, e))
		return name_import(in, e);
	text_escape_whole(&shown, flaw.bytes, flaw.len);
	*refusal = flaw.len ? arena_strdup(&found.arena, buf_text(&shown)) : NULL;
	*out = TAKE(found);
	return true;
}

bool import_read(const struct import_input *in, struct pair *out, struct err *e)
{
	const char *none = NULL;

	assert(!in->at);
	return import_read_linted(in, out, &none, e);
}
