/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process that decodes strangers' bytes answers: it may have been
 * taken over by them, so its answer is one of a stranger.
 */
#include "harness.h"

#include "agent/signer_cache.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/entries.h"
#include "pki/csr.h"
#include "pki/foreign.h"
#include "pki/import.h"

static void import(void)
{
	AUTO(secret) file = secret_of("a", 1);
	AUTO(pair) pair = { 0 };
	static const char *const names[] = { "a.pem" };
	const struct import_input in = {
		.kind = IMPORT_PEM, .names = names, .files = &file, .file_count = 1
	};
	struct err e = { 0 };

	TRY(import_read(&in, &pair, &e));
}

static void read_csr(void)
{
	AUTO(arena) a = { 0 };
	struct der spki = { 0 };
	struct err e = { 0 };

	TRY(csr_read((struct der){ (const unsigned char *)"a", 1 }, &a, &spki, &e));
}

static void read_bundle(void)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) passphrase = secret_of("correct horse battery staple", 28);
	AUTO(bundle) open = { 0 };
	AUTO(bundle) sealed = { 0 };
	AUTO(bundle) exact = { 0 };
	struct bundle_head head = { 0 };
	struct err e = { 0 };

	TRY(bundle_read("a", 1, NULL, &open, &e));
	e = (struct err){ 0 };
	TRY(bundle_read("a", 1, &passphrase, &sealed, &e));
	e = (struct err){ 0 };
	TRY(bundle_read_head("a", 1, &a, &head, &e));
	e = (struct err){ 0 };
	TRY(bundle_read_exact("a", 1, NULL, &exact, &e));
}

static void find_signer(void)
{
	static const struct buf authority;
	static const struct agent_config config;
	const struct order_request r = { .signer = fuzz_pair()->set.certs, .signer_count = 1 };
	AUTO(signer_cache) signers = signer_cache_new(&config, &authority);
	struct signer who = { 0 };
	struct err e = { 0 };

	if (signer_cache_find(signers, &r, FUZZ_NOW, &who, &e))
		HOLDS(who.spki_len <= SIGNER_SPKI_LIMIT);
}

/* Bytes that nothing is remembered of. */
static struct der new_bytes(void)
{
	static uint64_t number;

	number++;
	return (struct der){ (const unsigned char *)&number, sizeof(number) };
}

static void read_foreign(void)
{
	const struct cert_set *set = &fuzz_pair()->set;
	AUTO(arena) a = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(pair) pair = { 0 };
	struct cert_facts facts = { 0 };
	struct der der = new_bytes();
	char spki[65];
	struct err e = { 0 };

	if (foreign_cert(der, &a, &facts, &e))
		HOLDS(text_is_fingerprint(facts.fingerprint) && facts.subject);
	der = new_bytes();
	e = (struct err){ 0 };
	if (foreign_key_spki(der.bytes, der.len, spki, &e))
		HOLDS(text_is_fingerprint(spki));
	e = (struct err){ 0 };
	if (foreign_key(der.bytes, der.len, &key, spki, &e))
		HOLDS(key.len && text_is_fingerprint(spki));
	e = (struct err){ 0 };
	TRY(foreign_pair(&fuzz_pair()->key, set, FUZZ_NOW, &pair, &e));
	der = new_bytes();
	(void)foreign_is_complete(&der, 1, set, FUZZ_NOW);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	const struct secret answer = { (unsigned char *)bytes, len };

	fuzz_answer = &answer;
	import();
	read_csr();
	read_bundle();
	find_signer();
	read_foreign();
	fuzz_answer = NULL;
}

/* ---- seeds ---- */

static void add(struct buf *out, char kind, const void *bytes, size_t len)
{
	buf_putc(out, kind);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(out, (char)(len >> shift & 0xff));
	buf_add(out, bytes, len);
}

/* As the decoder would write it. */
static void seed_foreign(void)
{
	const struct pair *p = fuzz_pair();
	AUTO(secret) pem = { 0 };
	AUTO(buf) text = { 0 };
	AUTO(buf) out = { 0 };
	struct span in[2] = { { "\0", 1 }, { p->set.certs[0].bytes, p->set.certs[0].len } };
	struct err e = { 0 };

	HOLDS(foreign_decode_facts(in, 2, &out, &e));
	seed(out.data, out.len);
	pem_add_key(&pem, &p->key);
	in[1] = (struct span){ pem.bytes, pem.len };
	HOLDS(foreign_decode_key(&in[1], 1, &text, &e));
	seed(text.data, text.len);
	facts_write(&p->facts, &text);
	seed(text.data, text.len);
}

void fuzz_seeds(void)
{
	const struct pair *p = fuzz_pair();
	AUTO(buf) pair = { 0 };
	AUTO(buf) frames = { 0 };

	add(&pair, 'K', p->key.bytes, p->key.len);
	add(&pair, 'C', p->set.certs[0].bytes, p->set.certs[0].len);
	add(&pair, 'A', p->set.anchor.bytes, p->set.anchor.len);
	seed(pair.data, pair.len);
	entries_frame(&frames, "manifest.json", 2);
	buf_add(&frames, "{}", 3);
	seed(frames.data, frames.len);
	seed_text("01234567spki");
	seed_foreign();
}
