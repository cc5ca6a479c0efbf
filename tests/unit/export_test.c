/* SPDX-License-Identifier: Apache-2.0 */
#include "install_fixture.h"
#include "test.h"

#include "pki/export.h"
#include "pki/import.h"

static const struct secret password = { (unsigned char *)"s\xc3\xa9same", 7 };

static bool export(const struct pair *p, const struct secret *with, struct secret *out,
		   struct err *e)
{
	return export_pkcs12(
		&(const struct export_order){
			.set = &p->set, .key = &p->key, .password = with, .name = "site" },
		out, e);
}

static bool import(const struct secret *der, const struct secret *with, struct pair *out,
		   struct err *e)
{
	const char *name = "x.p12";

	return import_read(&(const struct import_input){ .kind = IMPORT_PKCS12,
							 .names = &name,
							 .files = der,
							 .file_count = 1,
							 .password = with },
			   out, e);
}

TEST(what_is_exported_can_be_imported)
{
	AUTO(secret) der = { 0 };
	AUTO(pair) pair = { 0 };
	struct err e = { 0 };

	must(export(&old_pair, &password, &der, &e), &e);
	must(import(&der, &password, &pair, &e), &e);
	assert_string_equal(pair.facts.fingerprint, old_pair.facts.fingerprint);
	assert_int_equal(pair.set.count, old_pair.set.count);
	assert_memory_equal(pair.key.bytes, old_pair.key.bytes, pair.key.len);
}

TEST(nobody_opens_it_without_the_password)
{
	const struct secret wrong = { (unsigned char *)"sesame", 6 };
	AUTO(secret) der = { 0 };
	AUTO(pair) pair = { 0 };
	struct err e = { 0 };

	must(export(&old_pair, &password, &der, &e), &e);
	assert_false(import(&der, &wrong, &pair, &e));
	assert_false(import(&der, NULL, &pair, &e));
	/* not even the certificates are open */
	assert_null(
		memmem(der.bytes, der.len, old_pair.set.certs[0].bytes, old_pair.set.certs[0].len));
}

TEST(a_password_that_is_none_is_refused)
{
	const struct secret empty = { (unsigned char *)"", 0 };
	const struct secret cut = { (unsigned char *)"a\0b", 3 };
	AUTO(secret) der = { 0 };
	struct err e = { 0 };

	assert_false(export(&old_pair, &empty, &der, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_false(export(&old_pair, &cut, &der, &e));
	assert_null(der.bytes);
}

TEST_GROUP(make_pairs, drop_pairs)
