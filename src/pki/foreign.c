/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/foreign.h"

#include "base/alloc.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/key.h"
#include "pki/pem.h"
#include "json/record.h"

#include <limits.h>
#include <string.h>

enum {
	REMEMBERED = 65536,         /* cache slots; the home of an entry is two bytes of its hash */
	PLACES = 16,                /* slots where an entry may be: its home and those after it */
	FACT_LIMIT = 2048,          /* bytes of one escaped string */
	ANSWER_LIMIT = 1024 * 1024, /* bytes of the response for one item */
	TYPED_SPANS = 2,            /* spans per item: kind, bytes */
	PAIR_SPANS = 3,             /* spans before the certificates: time, key, anchor */
	CLIMB_SPANS = 4,            /* spans before the chain: time, leaf, top, anchor */
};

/* Cache entry: the decoder's response for the input with this SHA-256. */
struct read_before {
	struct read_before *older;
	uint8_t of[SHA256_BYTES];
	char *text;
};

/* Slots are never emptied; where all places are taken, the entry at home is replaced. */
static struct read_before *before[REMEMBERED];
static struct read_before *latest;

/* ---- facts as JSON ---- */

static const struct member san_members[] = {
	NUMBER_MEMBER("kind", struct san, kind, NAME_DNS, NAME_EMAIL),
	SHOWN_MEMBER("value", struct san, value, .most = FACT_LIMIT),
	{ 0 },
};

static const struct member facts_members[] = {
	FINGERPRINT_MEMBER("spki", struct cert_facts, spki),
	SHOWN_MEMBER("serial", struct cert_facts, serial, .most = FACT_LIMIT),
	SHOWN_MEMBER("subject", struct cert_facts, subject, .most = FACT_LIMIT),
	SHOWN_MEMBER("issuer", struct cert_facts, issuer, .most = FACT_LIMIT),
	SHOWN_MEMBER("key", struct cert_facts, key, .most = FACT_LIMIT),
	NUMBER_MEMBER("not_before", struct cert_facts, not_before, INT64_MIN, INT64_MAX),
	NUMBER_MEMBER("not_after", struct cert_facts, not_after, INT64_MIN, INT64_MAX),
	LIST_MEMBER("names", struct cert_facts, names, name_count, san_members,
		    .most = NAMES_LIMIT),
	NUMBER_MEMBER("purpose", struct cert_facts, purpose, 0, PURPOSE_SERVER | PURPOSE_CLIENT),
	FLAG_MEMBER("ca", struct cert_facts, is_ca),
	SHOWN_MEMBER("own_id", struct cert_facts, own_id, .absent = ABSENT_OMITTED,
		     .most = FACT_LIMIT),
	SHOWN_MEMBER("signer_id", struct cert_facts, signer_id, .absent = ABSENT_OMITTED,
		     .most = FACT_LIMIT),
	{ 0 },
};

static void record_write(const struct member *members, const void *thing, struct buf *out)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_encode(members, thing);

	buf_puts(out, json_to_text(json, &a));
}

void facts_write(const struct cert_facts *f, struct buf *out)
{
	record_write(facts_members, f, out);
}

static bool bad_answer(struct err *e)
{
	return err_set(e, ERR_INPUT, "the decoding process ended unexpectedly");
}

/* The text is untrusted: crafted input may have compromised the decoder. */
bool facts_read(struct span text, struct der der, struct arena *a, struct cert_facts *out,
		struct err *e)
{
	char digest[SHA256_TEXT];
	struct cert_facts f = { 0 };
	struct err ignored = { 0 };
	AUTO(json) json = text.len < ANSWER_LIMIT ? json_parse(text.bytes, text.len) : NULL;

	if (!json_decode(facts_members, json, a, &f, &ignored))
		return bad_answer(e);
	sha256_text(der.bytes, der.len, digest);
	f.fingerprint = arena_strdup(a, digest);
	*out = f;
	return true;
}

/* ---- hashes of keys, and failures ---- */

struct key_fact {
	const char *spki;
};

static const struct member key_fact_members[] = {
	FINGERPRINT_MEMBER("spki", struct key_fact, spki),
	{ 0 },
};

struct decode_failure {
	int code;
	const char *error;
};

static const struct member decode_failure_members[] = {
	NUMBER_MEMBER("code", struct decode_failure, code, INT_MIN, INT_MAX),
	SHOWN_MEMBER("error", struct decode_failure, error, .most = FACT_LIMIT),
	{ 0 },
};

/* ---- decoder process ---- */

static bool describe_cert(struct span in, struct buf *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { 0 };

	if (!cert_read_facts((struct der){ in.bytes, in.len }, &a, &facts, e))
		return false;
	facts_write(&facts, out);
	return true;
}

static bool describe_key(struct span in, struct buf *out, struct err *e)
{
	AUTO(secret) key = { 0 };
	char spki[65];

	if (!pem_read_key(in.bytes, in.len, &key, e) || !key_spki(&key, spki, e))
		return false;

	const struct key_fact fact = { spki };

	record_write(key_fact_members, &fact, out);
	return true;
}

/* Response: one JSON text per item, in request order. */
bool foreign_decode_facts(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	for (size_t i = 0; i + 1 < count; i += TYPED_SPANS) {
		AUTO(buf) text = { 0 };
		struct err why = { 0 };
		bool is_cert = in[i].len == 1 && *(const char *)in[i].bytes == FOREIGN_CERT;
		bool good = is_cert ? describe_cert(in[i + 1], &text, &why)
				    : describe_key(in[i + 1], &text, &why);

		const struct decode_failure failure = { (int)why.code, why.text };

		if (!good)
			record_write(decode_failure_members, &failure, &text);
		span_add(answer, buf_text(&text), text.len);
	}
	return count % TYPED_SPANS == 0 || bad_answer(e);
}

/* Response: SHA-256 hex of the SubjectPublicKeyInfo, then the key as PKCS#8. */
bool foreign_decode_key(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	AUTO(secret) key = { 0 };
	char spki[65];

	if (count != 1)
		return bad_answer(e);
	if (!pem_read_key(in->bytes, in->len, &key, e) || !key_spki(&key, spki, e))
		return false;
	span_add(answer, spki, strlen(spki));
	span_add(answer, key.bytes, key.len);
	return true;
}

static struct der der_of(struct span s)
{
	return (struct der){ s.bytes, s.len };
}

static bool time_of(struct span s, int64_t *out)
{
	if (s.len != sizeof(*out))
		return false;
	memcpy(out, s.bytes, sizeof(*out));
	return true;
}

/* Response: the facts of the leaf. */
bool foreign_decode_pair(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	struct der certs[CHAIN_LIMIT];
	struct cert_set set = { .certs = certs };
	AUTO(pair) pair = { 0 };
	AUTO(secret) key = { 0 };
	int64_t now = 0;

	if (count <= PAIR_SPANS || count - PAIR_SPANS > CHAIN_LIMIT || !time_of(in[0], &now))
		return bad_answer(e);
	secret_copy(&key, in[1].bytes, in[1].len);
	set.anchor = der_of(in[2]);
	for (size_t i = PAIR_SPANS; i < count; i++)
		certs[set.count++] = der_of(in[i]);
	if (!pair_from_parts(&key, &set, &pair, e) || !pair_lint(&pair, now, e))
		return false;
	facts_write(&pair.facts, answer);
	return true;
}

/* Response: "yes" or "no". */
bool foreign_decode_complete(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	struct der above[CHAIN_LIMIT];
	struct der ends[2];
	struct cert_set set = { .certs = ends, .count = 2 };
	size_t found = 0;
	int64_t at = 0;

	if (count < CLIMB_SPANS || !time_of(in[0], &at))
		return bad_answer(e);
	ends[0] = der_of(in[1]);
	ends[1] = der_of(in[2]);
	set.anchor = der_of(in[3]);
	for (size_t i = CLIMB_SPANS; i < count && found < CHAIN_LIMIT; i++)
		above[found++] = der_of(in[i]);
	buf_puts(answer, presented_is_complete(above, found, &set, at) ? "yes" : "no");
	return true;
}

/* ---- cache ---- */

/* The slot of the entry, else the one that it is due to take. */
static struct read_before **place_of(const uint8_t of[SHA256_BYTES])
{
	const size_t home = of[0] | of[1] << 8;

	for (size_t i = home; i < home + PLACES; i++) {
		struct read_before **place = &before[i % REMEMBERED];

		if (!*place || !memcmp((*place)->of, of, SHA256_BYTES))
			return place;
	}
	return &before[home];
}

/* NULL: not cached. */
static const char *recall(const uint8_t of[SHA256_BYTES])
{
	const struct read_before *b = *place_of(of);

	return b && !memcmp(b->of, of, SHA256_BYTES) ? b->text : NULL;
}

static void foreign_remember(const uint8_t of[SHA256_BYTES], const void *text, size_t len)
{
	struct read_before **place = place_of(of);
	struct read_before *b = *place;

	if (!b) {
		b = xcalloc(1, sizeof(*b));
		b->older = latest;
		latest = b;
	}
	free(b->text);
	memcpy(b->of, of, SHA256_BYTES);
	b->text = xcalloc(1, len + 1);
	memcpy(b->text, text, len);
	*place = b;
}

void foreign_export(struct secret *out)
{
	AUTO(buf) list = { .limit = FOREIGN_EXPORT_LIMIT };
	size_t whole = 0; /* bytes of complete entries */

	for (const struct read_before *b = latest; b; b = b->older) {
		span_add(&list, b->of, SHA256_BYTES);
		span_add(&list, b->text, strlen(b->text));
		if (list.failed)
			break;
		whole = list.len;
	}
	secret_copy(out, buf_text(&list), whole);
}

void foreign_import(const struct secret *list)
{
	struct span rest = { list->bytes, list->len };
	struct span of = { 0 };
	struct span text = { 0 };

	while (span_take(&rest, &of) && of.len == SHA256_BYTES && span_take(&rest, &text))
		foreign_remember(of.bytes, text.bytes, text.len);
}

/* A key's PEM block alone, so that one key in several files has one cache entry. */
static struct foreign trimmed(const struct foreign *f)
{
	gnutls_datum_t text = { (unsigned char *)f->bytes, (unsigned)f->len };
	struct pem_block block;
	size_t at = 0;

	while (f->kind == FOREIGN_KEY && pem_next(text, &at, &block))
		if (pem_is_key(&block))
			return (struct foreign){ FOREIGN_KEY, block.text.data, block.text.size };
	return *f;
}

static void foreign_hash_of(const struct foreign *f, uint8_t out[SHA256_BYTES])
{
	const char kind = (char)f->kind;
	const struct bytes pieces[] = { { &kind, 1 }, { f->bytes, f->len } };

	sha256_pieces(pieces, 2, out);
}

/* Items for one decoder process. */
struct lot {
	struct foreign items[FOREIGN_AT_ONCE];
	uint8_t of[FOREIGN_AT_ONCE][SHA256_BYTES];
	size_t count;
};

static bool lot_has(const struct lot *l, const uint8_t of[SHA256_BYTES])
{
	for (size_t i = 0; i < l->count; i++)
		if (!memcmp(l->of[i], of, SHA256_BYTES))
			return true;
	return false;
}

static bool ask_facts(const struct foreign *items, size_t count, struct secret *answer,
		      struct err *e)
{
	static const char kinds[FOREIGN_KIND_COUNT] = { FOREIGN_CERT, FOREIGN_KEY };
	struct span in[TYPED_SPANS * FOREIGN_AT_ONCE];

	for (size_t i = 0; i < count; i++) {
		const struct foreign *f = &items[i];

		in[TYPED_SPANS * i] = (struct span){ &kinds[f->kind], 1 };
		in[TYPED_SPANS * i + 1] = (struct span){ f->bytes, f->len };
	}

	const struct decode d = { .fn = foreign_decode_facts,
				  .in = in,
				  .count = TYPED_SPANS * count,
				  .lasts_a_stop = true };

	return decoder_run(&d, answer, e);
}

static bool decode_batch(const struct foreign *items, const uint8_t (*of)[SHA256_BYTES],
			 size_t count, struct err *e)
{
	AUTO(secret) answer = { 0 };
	struct span text = { 0 };

	if (!ask_facts(items, count, &answer, e))
		return false;

	struct span rest = { answer.bytes, answer.len };

	for (size_t i = 0; i < count; i++) {
		if (!span_take(&rest, &text) || text.len > ANSWER_LIMIT)
			return bad_answer(e);
		foreign_remember(of[i], text.bytes, text.len);
	}
	return true;
}

static void foreign_read_all(struct lot *l)
{
	struct err e = { 0 };
	struct err ignored = { 0 };
	bool crashed =
		l->count && !decode_batch(l->items, l->of, l->count, &e) && e.code == ERR_INPUT;

	/* One process per item: an item that crashes its decoder does not fail the others. */
	for (size_t i = 0; crashed && i < l->count; i++)
		(void)!decode_batch(&l->items[i], &l->of[i], 1, &ignored);
	l->count = 0;
}

void foreign_learn(const struct foreign *list, size_t count)
{
	struct lot *l = xcalloc(1, sizeof(*l));

	for (size_t i = 0; i < count; i++) {
		struct foreign f = trimmed(&list[i]);
		uint8_t *of = l->of[l->count];

		foreign_hash_of(&f, of);
		if (recall(of) || lot_has(l, of) || !f.len)
			continue;
		l->items[l->count++] = f;
		if (l->count == FOREIGN_AT_ONCE)
			foreign_read_all(l);
	}
	foreign_read_all(l);
	free(l);
}

/* The decoder's response for `whole`, cached or decoded now. */
static bool find_text(const struct foreign *whole, struct span *out, struct err *e)
{
	struct foreign f = trimmed(whole);
	uint8_t of[1][SHA256_BYTES];
	const char *text = NULL;

	foreign_hash_of(&f, of[0]);
	if (!recall(of[0]) && !decode_batch(&f, of, 1, e))
		return false;
	text = recall(of[0]);
	*out = (struct span){ text, strlen(text) };
	return true;
}

/* ---- requests to the decoder ---- */

static bool error_read(struct span text, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_parse(text.bytes, text.len);
	struct decode_failure failure = { 0 };
	struct err ignored = { 0 };
	bool known = false;

	if (!json_decode(decode_failure_members, json, &a, &failure, &ignored))
		return false;
	known = failure.code > ERR_NONE && failure.code < ERR_COUNT;
	err_set(e, known ? (enum err_code)failure.code : ERR_INPUT, "%s", failure.error);
	return true;
}

bool foreign_cert(struct der der, struct arena *a, struct cert_facts *out, struct err *e)
{
	const struct foreign f = { FOREIGN_CERT, der.bytes, der.len };
	struct span text = { 0 };

	if (der.len > CERTIFICATE_LIMIT)
		return err_set(e, ERR_INPUT, "a certificate has more than %d bytes",
			       CERTIFICATE_LIMIT);
	if (!find_text(&f, &text, e) || error_read(text, e))
		return false;
	return facts_read(text, der, a, out, e);
}

bool foreign_key_spki(const void *pem, size_t len, char spki[65], struct err *e)
{
	const struct foreign f = { FOREIGN_KEY, pem, len };
	AUTO(arena) a = { 0 };
	AUTO(json) json = NULL;
	struct span text = { 0 };
	struct key_fact fact = { 0 };
	struct err ignored = { 0 };

	if (!find_text(&f, &text, e) || error_read(text, e))
		return false;
	json = json_parse(text.bytes, text.len);
	if (!json_decode(key_fact_members, json, &a, &fact, &ignored) || !*fact.spki)
		return bad_answer(e);
	memcpy(spki, fact.spki, FINGERPRINT_TEXT);
	return true;
}

bool foreign_key(const void *pem, size_t len, struct secret *key, char spki[65], struct err *e)
{
	const struct foreign whole = { FOREIGN_KEY, pem, len };
	const struct foreign f = trimmed(&whole);
	const struct span in = { f.bytes, f.len };
	const struct decode d = {
		.fn = foreign_decode_key, .in = &in, .count = 1, .lasts_a_stop = true
	};
	AUTO(secret) answer = { 0 };
	struct span hash = { 0 };
	struct span bytes = { 0 };

	if (!decoder_run(&d, &answer, e))
		return false;

	struct span rest = { answer.bytes, answer.len };

	if (!span_take(&rest, &hash) || !span_take(&rest, &bytes) || rest.len ||
	    hash.len != FINGERPRINT_TEXT - 1 || !bytes.len)
		return bad_answer(e);
	memcpy(spki, hash.bytes, hash.len);
	spki[hash.len] = '\0';
	if (!text_is_fingerprint(spki))
		return bad_answer(e);
	secret_copy(key, bytes.bytes, bytes.len);
	return true;
}

static void remember_text(enum foreign_kind kind, const void *bytes, size_t len, const void *text,
			  size_t text_len)
{
	const struct foreign whole = { kind, bytes, len };
	const struct foreign f = trimmed(&whole);
	uint8_t of[SHA256_BYTES];

	foreign_hash_of(&f, of);
	foreign_remember(of, text, text_len);
}

/* Leaf and key of a pair need not be decoded again when they are read back. */
static void remember_pair(const struct pair *p, const struct secret *facts)
{
	const struct key_fact fact = { p->facts.spki };
	AUTO(secret) pem = { 0 };
	AUTO(buf) text = { 0 };

	pem_add_key(&pem, &p->key);
	record_write(key_fact_members, &fact, &text);
	remember_text(FOREIGN_CERT, p->set.certs[0].bytes, p->set.certs[0].len, facts->bytes,
		      facts->len);
	remember_text(FOREIGN_KEY, pem.bytes, pem.len, buf_text(&text), text.len);
}

bool foreign_pair(const struct secret *pkcs8, const struct cert_set *set, int64_t now,
		  struct pair *out, struct err *e)
{
	struct span in[PAIR_SPANS + CHAIN_LIMIT] = {
		{ &now, sizeof(now) },
		{ pkcs8->bytes, pkcs8->len },
		{ set->anchor.bytes, set->anchor.len },
	};
	const struct decode d = { .fn = foreign_decode_pair,
				  .in = in,
				  .count = PAIR_SPANS + set->count };
	AUTO(secret) answer = { 0 };
	AUTO(pair) p = { 0 };

	if (set->count == 0 || set->count > CHAIN_LIMIT)
		return err_set(e, ERR_INPUT, "a pair has 1 to %d certificates, not %zu",
			       CHAIN_LIMIT, set->count);
	for (size_t i = 0; i < set->count; i++)
		in[PAIR_SPANS + i] = (struct span){ set->certs[i].bytes, set->certs[i].len };
	if (!decoder_run(&d, &answer, e))
		return false;
	p.set = cert_set_copy(set, &p.arena);
	if (!facts_read((struct span){ answer.bytes, answer.len }, p.set.certs[0], &p.arena,
			&p.facts, e))
		return false;
	secret_copy(&p.key, pkcs8->bytes, pkcs8->len);
	remember_pair(&p, &answer);
	*out = TAKE(p);
	return true;
}

static bool ask_complete(const struct span *in, size_t count)
{
	const struct decode d = {
		.fn = foreign_decode_complete, .in = in, .count = count, .lasts_a_stop = true
	};
	struct bytes pieces[2 * (CLIMB_SPANS + CHAIN_LIMIT)];
	uint8_t of[SHA256_BYTES];
	AUTO(secret) answer = { 0 };
	struct err ignored = { 0 };

	for (size_t i = 0; i < count; i++) {
		pieces[2 * i] = (struct bytes){ &in[i].len, sizeof(in[i].len) };
		pieces[2 * i + 1] = (struct bytes){ in[i].bytes, in[i].len };
	}
	sha256_pieces(pieces, 2 * count, of);
	if (!recall(of)) {
		if (!decoder_run(&d, &answer, &ignored) || answer.len > 3)
			return false;
		foreign_remember(of, answer.bytes, answer.len);
	}
	return !strcmp(recall(of), "yes");
}

bool foreign_is_complete(const struct der *above, size_t count, const struct cert_set *set,
			 int64_t at)
{
	struct span in[CLIMB_SPANS + CHAIN_LIMIT];
	size_t n = 0;

	if (set->count == 0)
		return false;

	const struct der *top = &set->certs[set->count - 1];

	in[n++] = (struct span){ &at, sizeof(at) };
	in[n++] = (struct span){ set->certs[0].bytes, set->certs[0].len };
	in[n++] = (struct span){ top->bytes, top->len };
	in[n++] = (struct span){ set->anchor.bytes, set->anchor.len };
	for (size_t i = 0; i < count && i < CHAIN_LIMIT; i++)
		in[n++] = (struct span){ above[i].bytes, above[i].len };
	return ask_complete(in, n);
}
