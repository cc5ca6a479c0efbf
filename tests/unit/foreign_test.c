/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "pki/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Without a descriptor for its pipe no decoder starts: only what is known is told. */
static void forbid_decoding(bool forbidden)
{
	static struct rlimit before;
	struct rlimit none;

	if (!forbidden) {
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		return;
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

struct told {
	bool leaf, key, other;
	char spki[65];
};

static struct told ask_without_decoder(const struct pair *p, const struct pair *other)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) pem = { 0 };
	struct cert_facts facts = { 0 };
	struct told out = { 0 };
	struct err e = { 0 };

	pem_add_key(&pem, &p->key);
	forbid_decoding(true);
	out.leaf = foreign_cert(p->set.certs[0], &a, &facts, &e) &&
		   !strcmp(facts.fingerprint, p->facts.fingerprint) &&
		   !strcmp(facts.subject, p->facts.subject);
	out.key = foreign_key_spki(pem.bytes, pem.len, out.spki, &e);
	out.other = foreign_cert(other->set.certs[0], &a, &facts, &e);
	forbid_decoding(false);
	return out;
}

TEST(what_a_checked_pair_has_shown_is_not_decoded_again)
{
	const struct certificate c = made_certificate();
	AUTO(pair) ca = { 0 };
	AUTO(pair) made = { 0 };
	AUTO(pair) other = { 0 };
	AUTO(pair) checked = { 0 };
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &made);
	make_leaf(&c, &ca, NOW, &other);
	must(foreign_pair(&made.key, &made.set, NOW, &checked, &e), &e);

	const struct told told = ask_without_decoder(&made, &other);

	assert_true(told.leaf);
	assert_true(told.key);
	assert_string_equal(told.spki, made.facts.spki);
	assert_false(told.other);
}

/* Decodes a pair in a child, and returns what the child passes on. */
static void decode_elsewhere(const struct pair *p, struct secret *out)
{
	AUTO(secret) list = { 0 };
	AUTO(pair) read_back = { 0 };
	struct err e = { 0 };
	unsigned char bytes[FOREIGN_EXPORT_LIMIT];
	int ends[2];
	ssize_t len = 0;

	assert_int_equal(pipe(ends), 0);

	pid_t pid = fork();

	if (pid == 0) {
		if (!foreign_pair(&p->key, &p->set, NOW, &read_back, &e))
			_exit(1);
		foreign_export(&list);
		_exit(write(ends[1], list.bytes, list.len) != (ssize_t)list.len);
	}
	close(ends[1]);
	len = read(ends[0], bytes, sizeof(bytes));
	close(ends[0]);
	assert_int_equal(test_wait(pid), 0);
	assert_true(len > 0);
	secret_copy(out, bytes, (size_t)len);
}

TEST(what_another_process_has_decoded_is_not_decoded_again)
{
	const struct certificate c = made_certificate();
	AUTO(pair) ca = { 0 };
	AUTO(pair) made = { 0 };
	AUTO(pair) other = { 0 };
	AUTO(secret) list = { 0 };
	AUTO(secret) cut = { 0 };

	make_authority("CN=Test CA", KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &made);
	make_leaf(&c, &ca, NOW, &other);
	decode_elsewhere(&made, &list);
	/* a list that is cut off in the middle is not read beyond its end */
	secret_copy(&cut, list.bytes, 50);
	foreign_import(&cut);
	assert_false(ask_without_decoder(&made, &other).key);
	foreign_import(&list);

	const struct told told = ask_without_decoder(&made, &other);

	assert_true(told.leaf);
	assert_true(told.key);
	assert_string_equal(told.spki, made.facts.spki);
	assert_false(told.other);
}

TEST(as_many_items_as_a_large_bundle_has_are_all_kept)
{
	enum {
		MANY = 10000,
		TEXT = 16
	};
	char(*texts)[TEXT] = calloc(MANY, TEXT);
	struct foreign *list = calloc(MANY, sizeof(*list));
	size_t kept = 0;

	assert_non_null(texts);
	assert_non_null(list);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(texts[i], TEXT, "no cert %zu", i);
		list[i] = (struct foreign){ FOREIGN_CERT, texts[i], strlen(texts[i]) };
	}
	foreign_learn(list, MANY);
	forbid_decoding(true);
	for (size_t i = 0; i < MANY; i++) {
		AUTO(arena) a = { 0 };
		struct cert_facts facts = { 0 };
		struct err e = { 0 };

		assert_false(
			foreign_cert((struct der){ list[i].bytes, list[i].len }, &a, &facts, &e));
		/* what is not kept cannot be decoded either */
		kept += e.code != ERR_IO;
	}
	forbid_decoding(false);
	assert_int_equal(kept, MANY);
	free(list);
	free(texts);
}
