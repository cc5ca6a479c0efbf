/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "base/text.h"
#include "pki/cert.h"

TEST(no_bytes_hold_no_certificate)
{
	AUTO(arena) a = { 0 };
	const struct der *certs = NULL;
	size_t count = 1;
	struct err e = { 0 };

	must(pem_read_certs(NULL, 0, &a, &certs, &count, &e), &e);
	assert_int_equal(count, 0);
}

TEST(pem_reads_back_as_it_was_written)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(buf) text = { 0 };
	AUTO(secret) key_text = { 0 };
	AUTO(secret) key = { 0 };
	struct certificate c = made_certificate();
	const struct der *certs = NULL;
	size_t count = 0;
	struct err e = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &leaf);
	pem_add_certs(&text, leaf.set.certs, 1);
	pem_add_certs(&text, ca.set.certs, 1);
	assert_null(strstr(text.data, "\n\n"));
	assert_int_equal(text.data[text.len - 1], '\n');
	pem_add_key(&key_text, &leaf.key);
	assert_non_null(strstr((char *)key_text.bytes, "-----BEGIN PRIVATE KEY-----\n"));
	buf_add(&text, key_text.bytes, key_text.len);
	must(pem_read_certs(text.data, text.len, &a, &certs, &count, &e), &e);
	assert_int_equal(count, 2);
	assert_int_equal(certs[1].len, ca.set.certs[0].len);
	assert_memory_equal(certs[1].bytes, ca.set.certs[0].bytes, certs[1].len);
	must(pem_read_key(text.data, text.len, &key, &e), &e);
	assert_int_equal(key.len, leaf.key.len);
	assert_memory_equal(key.bytes, leaf.key.bytes, key.len);
}

TEST(text_without_certificates_has_none)
{
	AUTO(arena) a = { 0 };
	const struct der *certs = NULL;
	size_t count = 1;
	struct err e = { 0 };

	must(pem_read_certs("hello", 5, &a, &certs, &count, &e), &e);
	assert_int_equal(count, 0);
}

TEST(more_certificates_than_the_limit_are_refused)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) text = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	struct err e = { 0 };

	for (int i = 0; i <= PEM_BLOCK_LIMIT; i++)
		buf_puts(&text, "-----BEGIN CERTIFICATE-----\nAAAA\n"
				"-----END CERTIFICATE-----\n");
	assert_false(pem_read_certs(text.data, text.len, &a, &certs, &count, &e));
	assert_says(&e, "more than 100 certificates");
}

TEST(text_without_a_key_is_refused)
{
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	assert_false(pem_read_key("hello", 5, &key, &e));
	assert_says(&e, "no private key");
}

TEST(a_damaged_certificate_is_refused)
{
	static const char text[] = "-----BEGIN CERTIFICATE-----\nA!\n"
				   "-----END CERTIFICATE-----\n";
	AUTO(arena) a = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	struct err e = { 0 };

	assert_false(pem_read_certs(text, strlen(text), &a, &certs, &count, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_null(certs);
}

TEST(bytes_that_are_no_certificate_have_no_facts)
{
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { .subject = "kept" };
	struct err e = { 0 };

	assert_false(cert_read_facts((struct der){ (unsigned char *)"hi", 2 }, &a, &facts, &e));
	assert_string_equal(facts.subject, "kept");
}

TEST(a_certificate_of_64_kib_and_more_is_refused)
{
	AUTO(secret) large = { 0 };
	AUTO(arena) a = { 0 };
	struct cert_facts facts = { 0 };
	struct err e = { 0 };

	secret_alloc(&large, CERTIFICATE_LIMIT + 1);
	assert_false(cert_read_facts((struct der){ large.bytes, large.len }, &a, &facts, &e));
	assert_says(&e, "more than 65536 bytes");
}

TEST(the_key_digest_is_that_of_its_leaf)
{
	AUTO(pair) leaf = { 0 };
	struct certificate c = made_certificate();
	char spki[FINGERPRINT_TEXT];
	struct err e = { 0 };

	make_leaf(&c, NULL, NOW, &leaf);
	must(key_spki(&leaf.key, spki, &e), &e);
	assert_string_equal(spki, leaf.facts.spki);
}

TEST(the_chain_digest_leaves_the_leaf_out)
{
	static const char nothing[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	const struct der certs[] = { { (unsigned char *)"leaf", 4 },
				     { (unsigned char *)"a", 1 },
				     { (unsigned char *)"bc", 2 } };
	AUTO(arena) a = { 0 };

	assert_string_equal(chain_digest(certs, 3, &a), abc);
	assert_string_equal(chain_digest(certs, 1, &a), nothing);
	assert_string_equal(chain_digest(NULL, 0, &a), nothing);
}

TEST(a_copied_set_does_not_share_memory)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(arena) a = { 0 };
	struct certificate c = made_certificate();

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &leaf);
	struct cert_set copy = cert_set_copy(&leaf.set, &a);

	assert_int_equal(copy.count, 1);
	assert_ptr_not_equal(copy.certs[0].bytes, leaf.set.certs[0].bytes);
	assert_memory_equal(copy.certs[0].bytes, leaf.set.certs[0].bytes, copy.certs[0].len);
	assert_ptr_not_equal(copy.anchor.bytes, leaf.set.anchor.bytes);
	assert_int_equal(copy.anchor.len, leaf.set.anchor.len);
}
