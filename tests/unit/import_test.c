/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_fixture.h"
#include "test.h"

#include "base/text.h"
#include "pki/cert.h"
#include "pki/import.h"
#include "pki/key.h"
#include "pki/pbes.h"

#include <gnutls/pkcs7.h>

enum {
	FILES_LIMIT = 4
};

/* What keytool of OpenJDK 17 writes for "-keyalg EC", password "changeit". */
static const char java_ec[] =
	"MIIDxgIBAzCCA3AGCSqGSIb3DQEHAaCCA2EEggNdMIIDWTCCASAGCSqGSIb3DQEHAaCCAREEggENMIIBCTCCAQUGCyqGSIb3DQEMCgECoIG9MIG6MGYGCSqGSIb3DQEFDTBZMDgGCSqGSIb3DQEFDDArBBQbkj3QvnrC6+b0P2X39l6IfOABQQICJxACASAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFetygRlwB/l8Ssrqpew+3QEUP4ZmjbS6bLPn6v0x2ifBtG05vdjjAxb/0VrySrZ21/hPOOY4HO5qtDf52Ffd0AlUT0rXsE6hnopFiOJzv0P+T+uAe6M5KPBF8RgoBQ8+1WMMTYwEQYJKoZIhvcNAQkUMQQeAgBhMCEGCSqGSIb3DQEJFTEUBBJUaW1lIDE3OTU0Mzg4MTg0MzcwggIxBgkqhkiG9w0BBwagggIiMIICHgIBADCCAhcGCSqGSIb3DQEHATBmBgkqhkiG9w0BBQ0wWTA4BgkqhkiG9w0BBQwwKwQUifs+kba+NMSVigmnxfLAMLj3YycCAicQAgEgMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBCwwe9Um682YPnzpEiMX0lRgIIBoBk3EK6QfqJ+1cEAPUWCKSavUz+tEfPar+SwEKFiXZrUrwQLpeH9nt6Vxz5e+kM6zGStxMF4DQvrveGWFwsd29nZjxtLWaw6xYJMQDRo6ntIo+EGNRnVx6RjHmT8kMdBsaPuemcLeZo+3PjcVhFQ3nKrWrTvTHP8cV6uGiix648yd6MX8YyDODQfk0Lsr44vBXY/imw2FHFIsbAB0ew69OBzcKBWG7sUVbo0H1RV9RG1VvzdOKTSyBtBt0r+8CvfOCkUlL0dtrT8pJpawR1Gn9kmpXNKz+QqBp1FnVDE9qI/l0qPA+9NKEqYbpstKsMRFa/+zeQg4CnYnE0IrDE3Ilcg6XjHL4G2pMxwACwYaTqfr+mZ8ghsS9bVGKgJNW0eg1i0qkiDyIBWyKWIeL5/7Er2l5R09jpfqD8LXvpmlv2b+d7qtpSpUVcXYn4rmh9euotGLqZqnMhzkPOFiLA5E17Id4JywL6q5SqNwmZjVUK3SWphxQvqqN8X3HwIomFWU2IKZkbuOVex5nhDEbZ0OETjzO2nHabcR0XItpxTbU5yME0wMTANBglghkgBZQMEAgEFAAQggaIIQDH+IIg82AQGA/OGpWo0evVmp5pnbo3VJttQ0FEEFHpJdNXVL79Irg0xRyv3ESyx+VfJAgInEA==";

/* The files of one import; release after use. */
struct files {
	struct secret bytes[FILES_LIMIT];
	size_t count;
};

static void files_release(struct files *f)
{
	for (size_t i = 0; i < f->count; i++)
		secret_release(&f->bytes[i]);
}
AUTO_STRUCT(files, struct files, files_release)

static const char *const names[] = { "a.pem", "b.pem", "c.pem", "d.pem" };

static void add_bytes(struct files *f, const void *bytes, size_t len)
{
	secret_copy(&f->bytes[f->count++], bytes, len);
}

static void add_text(struct files *f, const char *text)
{
	add_bytes(f, text, strlen(text));
}

static void add_certs(struct files *f, const struct der *certs, size_t count)
{
	AUTO(buf) text = { 0 };

	pem_add_certs(&text, certs, count);
	add_text(f, buf_text(&text));
}

static void add_key(struct files *f, const struct secret *pkcs8)
{
	pem_add_key(&f->bytes[f->count++], pkcs8);
}

/* The key in another form of GnuTLS. */
static void add_encrypted_key(struct files *f, const struct secret *pkcs8, const char *password)
{
	AUTO(x509_key) key = NULL;
	AUTO(datum) text = { 0 };
	gnutls_datum_t der = datum_of_secret(pkcs8);

	gnutls_x509_privkey_init(&key);
	assert_true(gnutls_x509_privkey_import(key, &der, GNUTLS_X509_FMT_DER) >= 0 ||
		    gnutls_x509_privkey_import_pkcs8(key, &der, GNUTLS_X509_FMT_DER, NULL,
						     GNUTLS_PKCS_PLAIN) >= 0);
	assert_true(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, password,
						      GNUTLS_PKCS_PBES2_AES_256, &text) >= 0);
	add_bytes(f, text.data, text.size);
}

/* By the rules of AppMon's import wizard, or by those of every import. */
static bool read_by(bool wizard, const struct files *f, enum import_kind kind, const char *password,
		    struct pair *out, struct err *e)
{
	AUTO(secret) pass = { 0 };
	struct import_input in = { .kind = kind,
				   .names = names,
				   .files = f->bytes,
				   .file_count = f->count,
				   .password = &pass,
				   .wizard = wizard };

	if (password)
		secret_copy(&pass, password, strlen(password));
	return import_read(&in, out, e);
}

static bool read_files(const struct files *f, enum import_kind kind, const char *password,
		       struct pair *out, struct err *e)
{
	return read_by(false, f, kind, password, out, e);
}

static void refuse_pem(const struct files *f, const char *password, const char *what)
{
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	assert_false(read_files(f, IMPORT_PEM, password, &p, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_says(&e, "cannot import '");
	assert_says(&e, what);
	assert_null(p.key.bytes);
}

static void make_pairs(struct pair *ca, struct pair *leaf)
{
	struct certificate c = made_certificate();

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, ca);
	make_leaf(&c, ca, NOW, leaf);
}

/* PKCS#12 as GnuTLS writes it. */
static void add_pkcs12(struct files *f, const struct pair *p, const char *password, unsigned flags)
{
	AUTO(pkcs12) p12 = NULL;
	AUTO(pkcs12_bag) keys = NULL;
	AUTO(pkcs12_bag) certs = NULL;
	AUTO(datum) out = { 0 };
	gnutls_datum_t key = datum_of_secret(&p->key);
	gnutls_datum_t leaf = datum_of(p->set.certs[0]);
	gnutls_datum_t root = datum_of(p->set.anchor);

	gnutls_pkcs12_init(&p12);
	gnutls_pkcs12_bag_init(&keys);
	gnutls_pkcs12_bag_init(&certs);
	assert_true(gnutls_pkcs12_bag_set_data(keys, GNUTLS_BAG_PKCS8_KEY, &key) >= 0);
	assert_true(gnutls_pkcs12_bag_set_data(certs, GNUTLS_BAG_CERTIFICATE, &root) >= 0);
	assert_true(gnutls_pkcs12_bag_set_data(certs, GNUTLS_BAG_CERTIFICATE, &leaf) >= 0);
	assert_true(gnutls_pkcs12_bag_encrypt(keys, password, flags) >= 0);
	assert_true(gnutls_pkcs12_bag_encrypt(certs, password, flags) >= 0);
	assert_true(gnutls_pkcs12_set_bag(p12, keys) >= 0);
	assert_true(gnutls_pkcs12_set_bag(p12, certs) >= 0);
	assert_true(gnutls_pkcs12_generate_mac(p12, password) >= 0);
	assert_true(gnutls_pkcs12_export2(p12, GNUTLS_X509_FMT_DER, &out) >= 0);
	add_bytes(f, out.data, out.size);
}

TEST(pem_files_in_any_order_become_a_pair)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) p = { 0 };
	AUTO(files) f = { 0 };
	struct err e = { 0 };

	make_pairs(&ca, &leaf);
	add_certs(&f, ca.set.certs, 1);
	add_key(&f, &leaf.key);
	add_certs(&f, leaf.set.certs, 1);
	must(read_files(&f, IMPORT_PEM, NULL, &p, &e), &e);
	assert_string_equal(p.facts.fingerprint, leaf.facts.fingerprint);
	assert_int_equal(p.set.count, 1);
	assert_int_equal(p.set.anchor.len, ca.set.certs[0].len);
	assert_int_equal(p.key.len, leaf.key.len);
	assert_memory_equal(p.key.bytes, leaf.key.bytes, p.key.len);
	must(pair_lint(&p, NOW, &e), &e);
}

TEST(what_stands_twice_counts_once)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) p = { 0 };
	AUTO(files) f = { 0 };
	struct err e = { 0 };

	make_pairs(&ca, &leaf);
	add_certs(&f, leaf.set.certs, 1);
	add_key(&f, &leaf.key);
	add_certs(&f, leaf.set.certs, 1);
	add_key(&f, &leaf.key);
	must(read_files(&f, IMPORT_PEM, NULL, &p, &e), &e);
	assert_int_equal(p.set.count, 1);
	assert_int_equal(p.set.anchor.len, 0);
}

TEST(two_keys_are_refused)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) f = { 0 };

	make_pairs(&ca, &leaf);
	add_certs(&f, leaf.set.certs, 1);
	add_key(&f, &leaf.key);
	add_key(&f, &ca.key);
	refuse_pem(&f, NULL, "more than one private key");
}

TEST(a_missing_part_is_named)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) no_key = { 0 };
	AUTO(files) no_cert = { 0 };
	AUTO(files) no_pem = { 0 };
	AUTO(files) foreign = { 0 };

	make_pairs(&ca, &leaf);
	add_certs(&no_key, leaf.set.certs, 1);
	refuse_pem(&no_key, NULL, "there is no private key in it");
	add_key(&no_cert, &leaf.key);
	refuse_pem(&no_cert, NULL, "there is no certificate in it");
	add_text(&no_pem, "hello\n");
	refuse_pem(&no_pem, NULL, "it holds no PEM");
	add_certs(&foreign, leaf.set.certs, 1);
	add_key(&foreign, &ca.key);
	refuse_pem(&foreign, NULL, "no certificate belongs to the private key");
}

TEST(w3_another_form_is_named_with_its_conversion)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} forms[] = {
		{ "\xfe\xed\xfe\xed\0\0\0\2", 8,
		  "is a Java keystore (JKS); convert it with 'keytool" },
		{ "\xce\xce\xce\xce\0\0\0\2", 8, "is a Java keystore (JCEKS); convert it" },
		{ "PK\3\4\x14\0", 6, "is a ZIP archive; name it in 'zip'" },
		{ "\xff\xfe-\0-\0", 6, "is UTF-16 text; convert it with 'iconv" },
		{ "<html>", 6, "is an HTML or XML document" },
		{ "ssh-ed25519 AAAA", 16, "is a public SSH key" },
		{ "", 0, "is empty" },
	};
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) cert = { 0 };
	AUTO(files) key = { 0 };
	AUTO(files) store = { 0 };
	AUTO(files) pem = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		AUTO(files) f = { 0 };

		add_bytes(&f, forms[i].bytes, forms[i].len);
		refuse_pem(&f, NULL, forms[i].words);
	}
	make_pairs(&ca, &leaf);
	add_bytes(&cert, leaf.set.certs[0].bytes, leaf.set.certs[0].len);
	refuse_pem(&cert, NULL, "is a certificate in DER; name it in 'der' or 'file'");
	add_bytes(&key, leaf.key.bytes, leaf.key.len);
	refuse_pem(&key, NULL, "is a private key in DER; name it in 'der' or 'file'");
	add_pkcs12(&store, &leaf, "right", GNUTLS_PKCS_PBES2_AES_256);
	refuse_pem(&store, NULL, "is PKCS#12; name it in 'pkcs12' or 'file'");
	add_key(&pem, &leaf.key);
	assert_false(read_files(&pem, IMPORT_PKCS12, NULL, &p, &e));
	assert_says(&e, "is PEM; name it in 'pem' or 'file'");
}

/* ---- by content ---- */

/* "openssl crl2pkcs7 -nocrl" of the certificates. */
static void add_pkcs7(struct files *f, const struct der *certs, size_t count, bool pem)
{
	gnutls_pkcs7_t p7 = NULL;
	AUTO(datum) out = { 0 };

	assert_true(gnutls_pkcs7_init(&p7) >= 0);
	for (size_t i = 0; i < count; i++) {
		gnutls_datum_t der = datum_of(certs[i]);

		assert_true(gnutls_pkcs7_set_crt_raw(p7, &der) >= 0);
	}
	assert_true(gnutls_pkcs7_export2(p7, pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER,
					 &out) >= 0);
	gnutls_pkcs7_deinit(p7);
	add_bytes(f, out.data, out.size);
}

static void add_der(struct files *f, struct der der)
{
	add_bytes(f, der.bytes, der.len);
}

TEST(files_of_all_forms_become_a_pair_by_their_content)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };

	make_pairs(&ca, &leaf);
	for (int form = 0; form < 4; form++) {
		AUTO(files) f = { 0 };
		AUTO(pair) p = { 0 };
		struct err e = { 0 };

		add_bytes(&f, leaf.key.bytes, leaf.key.len);
		if (form < 2) {
			add_pkcs7(&f, (const struct der[]){ *ca.set.certs, *leaf.set.certs }, 2,
				  form);
		} else {
			add_der(&f, *leaf.set.certs);
			form == 2 ? add_certs(&f, ca.set.certs, 1) : add_der(&f, *ca.set.certs);
		}
		must(read_files(&f, form == 0 || form == 3 ? IMPORT_DER : IMPORT_FILE, NULL, &p,
				&e),
		     &e);
		assert_string_equal(p.facts.fingerprint, leaf.facts.fingerprint);
		assert_int_equal(p.set.anchor.len, ca.set.certs[0].len);
	}
}

TEST(an_encrypted_key_in_der_needs_its_password)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	AUTO(secret) word = { 0 };
	AUTO(secret) sealed = { 0 };
	struct err e = { 0 };

	make_pairs(&ca, &leaf);
	secret_copy(&word, "right", strlen("right"));
	pkcs8_encrypt(&leaf.key, &word, &sealed);
	add_der(&f, *leaf.set.certs);
	add_bytes(&f, sealed.bytes, sealed.len);
	assert_false(read_files(&f, IMPORT_FILE, NULL, &p, &e));
	assert_says(&e, "cannot import 'b.pem': its private key is encrypted; give its 'password'");
	assert_false(read_files(&f, IMPORT_FILE, "wrong", &p, &e));
	assert_says(&e, "its password is wrong; correct 'password'");
	e = (struct err){ 0 };
	must(read_files(&f, IMPORT_FILE, "right", &p, &e), &e);
}

TEST(what_is_no_import_is_named_by_its_content)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} forms[] = {
		{ "\xfe\xed\xfe\xed\0\0\0\2", 8, "is a Java keystore (JKS); convert it" },
		{ "\x30\x82\x01\x00\x30", 5, "is DER, but not as long as it says" },
		{ "hello", 5, "is neither PEM, DER, PKCS#7 nor PKCS#12; name the file" },
		{ "PK\3\4\x14\0", 6, "is a ZIP archive; name it in 'zip', or alone in 'file'" },
	};
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) more = { 0 };
	AUTO(files) pem = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		AUTO(files) f = { 0 };

		add_bytes(&f, forms[i].bytes, forms[i].len);
		assert_false(read_files(&f, IMPORT_FILE, NULL, &p, &e));
		assert_says(&e, forms[i].words);
	}
	make_pairs(&ca, &leaf);
	add_der(&more, *leaf.set.certs);
	secret_add(&more.bytes[0], "\n", 1);
	assert_false(read_files(&more, IMPORT_FILE, NULL, &p, &e));
	assert_says(&e, "is DER, but not as long as it says; get the file again");
	add_certs(&pem, leaf.set.certs, 1);
	assert_false(read_files(&pem, IMPORT_DER, NULL, &p, &e));
	assert_says(&e, "is PEM; name it in 'pem' or 'file'");
}

TEST(two_leaves_for_one_key_are_refused)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) again = { 0 };
	AUTO(authority) by = NULL;
	AUTO(files) f = { 0 };
	struct certificate c = made_certificate();
	struct err e = { 0 };

	make_pairs(&ca, &leaf);
	must(authority_open(&ca.key, &ca.set, &by, &e), &e);
	must(issue_leaf(&c, &leaf.key, by, NOW, &again, &e), &e);
	add_certs(&f, leaf.set.certs, 1);
	add_certs(&f, again.set.certs, 1);
	add_key(&f, &leaf.key);
	refuse_pem(&f, NULL, "two certificates belong to the private key");
}

TEST(p1_a_root_above_a_hole_names_the_certificate_that_is_missing)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) root = { 0 };
	AUTO(files) f = { 0 };
	struct certificate c = made_certificate();

	make_pairs(&ca, &leaf);
	c.subject = "CN=root";
	make_leaf(&c, NULL, NOW, &root);
	add_certs(&f, leaf.set.certs, 1);
	add_certs(&f, root.set.certs, 1);
	add_key(&f, &leaf.key);
	refuse_pem(
		&f, NULL,
		"which ends at 'CN=shop.example.com': the certificate of its issuer 'CN=Shop CA,O=Example Shop,C=AT' is missing; add it");
}

TEST(a_certificate_of_no_chain_is_refused)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) stranger = { 0 };
	AUTO(files) f = { 0 };
	struct certificate c = made_certificate();

	make_pairs(&ca, &leaf);
	c.subject = "CN=stranger";
	make_leaf(&c, NULL, NOW, &stranger);
	add_certs(&f, leaf.set.certs, 1);
	add_certs(&f, stranger.set.certs, 1);
	add_key(&f, &leaf.key);
	refuse_pem(&f, NULL, "certificate 'CN=stranger' does not belong to the chain");
}

TEST(an_encrypted_key_needs_its_password)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) p = { 0 };
	AUTO(files) f = { 0 };
	struct err e = { 0 };

	make_pairs(&ca, &leaf);
	add_certs(&f, leaf.set.certs, 1);
	add_encrypted_key(&f, &leaf.key, "right");
	refuse_pem(&f, NULL, "is encrypted; give its 'password'");
	refuse_pem(&f, "wrong", "its password is wrong; correct 'password'");
	must(read_files(&f, IMPORT_PEM, "right", &p, &e), &e);
	assert_memory_equal(p.key.bytes, leaf.key.bytes, p.key.len);
}

TEST(a_damaged_block_is_refused_with_the_file_it_is_in)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) f = { 0 };

	make_pairs(&ca, &leaf);
	add_key(&f, &leaf.key);
	add_text(&f, "-----BEGIN CERTIFICATE-----\nMIIB!\n"
		     "-----END CERTIFICATE-----\n");
	refuse_pem(&f, NULL, "cannot import 'b.pem': a PEM block 'CERTIFICATE' is damaged");
}

TEST(an_empty_line_in_a_block_is_refused_with_its_number)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(pair) p = { 0 };
	AUTO(buf) text = { 0 };
	AUTO(buf) fine = { 0 };
	AUTO(buf) empty = { 0 };
	AUTO(files) good = { 0 };
	AUTO(files) bad = { 0 };
	struct err e = { 0 };

	make_pairs(&ca, &leaf);
	pem_add_certs(&text, leaf.set.certs, 1);
	buf_printf(&fine, "%s \n%s", begin, buf_text(&text) + strlen(begin));
	buf_printf(&empty, "%s%.65s \r\n%s", begin, buf_text(&text) + strlen(begin),
		   buf_text(&text) + strlen(begin) + 65);
	add_key(&good, &leaf.key);
	add_text(&good, buf_text(&fine));
	must(read_files(&good, IMPORT_PEM, NULL, &p, &e), &e);
	add_key(&bad, &leaf.key);
	add_text(&bad, buf_text(&empty));
	refuse_pem(&bad, NULL, "a PEM block 'CERTIFICATE' is damaged: line 2 of it is empty");
}

TEST(a_serial_number_that_is_not_minimal_is_refused)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) f = { 0 };
	AUTO(secret) der = { 0 };

	make_pairs(&ca, &leaf);
	secret_copy(&der, leaf.set.certs[0].bytes, leaf.set.certs[0].len);
	unsigned char *version = memmem(der.bytes, der.len, "\xa0\x03\x02\x01\x02\x02", 6);

	/* behind the tag and the length */
	assert_non_null(version);
	assert_in_range(version[6], 3, 20);
	version[7] = 0;
	version[8] &= 0x7f;
	add_key(&f, &leaf.key);
	add_certs(&f, &(const struct der){ der.bytes, der.len }, 1);
	refuse_pem(&f, NULL, "a certificate's serial number is not in its shortest form");
}

TEST(dates_in_another_form_are_refused_in_words)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) f = { 0 };
	AUTO(secret) der = { 0 };

	make_pairs(&ca, &leaf);
	secret_copy(&der, leaf.set.certs[0].bytes, leaf.set.certs[0].len);
	/* a UTCTime without its Z */
	unsigned char *date = memmem(der.bytes, der.len, "\x17\x0d", 2);

	assert_non_null(date);
	date[14] = '0';
	add_key(&f, &leaf.key);
	add_certs(&f, &(const struct der){ der.bytes, der.len }, 1);
	refuse_pem(&f, NULL, "a certificate's dates are not written as RFC 5280 has them");
}

TEST(a_block_without_its_end_is_refused)
{
	AUTO(files) f = { 0 };

	add_text(&f, "-----BEGIN CERTIFICATE-----\nMIIB\n");
	refuse_pem(&f, NULL, "has no END line");
}

TEST(more_blocks_than_the_limit_are_refused)
{
	AUTO(files) f = { 0 };
	AUTO(buf) text = { 0 };

	for (int i = 0; i <= PEM_BLOCK_LIMIT; i++)
		buf_puts(&text, "-----BEGIN X-----\nAAAA\n-----END X-----\n");
	add_text(&f, buf_text(&text));
	refuse_pem(&f, NULL, "more than 100 parts");
}

TEST(a_file_that_is_too_large_is_refused)
{
	AUTO(files) f = { .count = 1 };

	secret_alloc(&f.bytes[0], INPUT_FILE_LIMIT + 1);
	refuse_pem(&f, NULL, "more than 1048576 bytes");
}

TEST(a_password_with_a_nul_byte_is_refused)
{
	AUTO(files) f = { 0 };
	AUTO(secret) pass = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	add_text(&f, "x");
	secret_copy(&pass, "a\0b", 3);
	struct import_input in = { .kind = IMPORT_PEM,
				   .names = names,
				   .files = f.bytes,
				   .file_count = 1,
				   .password = &pass };

	assert_false(import_read(&in, &p, &e));
	assert_says(&e, "NUL byte");
}

TEST(foreign_text_cannot_forge_a_message)
{
	static const char *const odd_names[] = { "a\n\033[31mb.pem" };
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	add_text(&f, "-----BEGIN X\033[31m-----\n");
	struct import_input in = {
		.kind = IMPORT_PEM, .names = odd_names, .files = f.bytes, .file_count = 1
	};

	assert_false(import_read(&in, &p, &e));
	assert_null(strchr(e.text, '\n'));
	assert_null(strchr(e.text, '\033'));
}

/*
 * "certtool --to-p12 --null-password" of GnuTLS 3.7, with a self-signed
 * certificate; that of 3.8.9 crashes.
 */
static const char no_password[] =
	"MIIETwIBAzCCBAYGCSqGSIb3DQEHAaCCA/cEggPzMIID7zCCAngGCSqGSIb3DQEHBqCCAmkwggJlAgEAMIICXgYJKoZIhvcNAQcBMF0GCSqGSIb3DQEFDTBQMC8GCSqGSIb3DQEFDDAiBA8yi/oBg7c4D5AItlH4Fy8CAwknwDAKBggqhkiG9w0CCTAdBglghkgBZQMEAQIEEJ2DPBUV5cWK8n7PVKUkgRGAggHwyEOo+6SQgXqzKQJdL2e63c+n4pJ/VGC6TuIVXrpJ/YNwzUgs0j5BZ2NFwCc/AF190FK4cYuHmu7Wi4fORlkxEnTw2M9mb6+oqT0msXfsGg+XVLnZ1PEk+WtJkMKeZX9iesLPtRcGWfMpSDtbLERiV9f0rpK/BwM4nduDl6scLTwJ3vHKam8OU7njqgP0xtUprQ4uwhDgXgS/o6VHwh7IxFdCf1rrEe1TZeorn4zLlWOoXfv1rupdg7EmMj6e4fY+RUuORP40a+yaDEcs3qrMNHmII7kcXO7ZV7hNL8g7YpRQgsHeFulHjGIIZHGYBwRUiyldie9Ps/BM7YU0sHS5HIXhncPR6TFd7uPJIWb2nIdhBI+8GiKhpjyAXJuv9pRCoW7HCnbJR6LJZ1hW9D45NCMI6764bzqEqnt15CEkAqWUuTTrvDaLP7y3Y21sdbN9jiaa8/oULjSJqh1MkzAbipdPVbWvaQu4q5AkhE0j3dupK0eQtO4Xtsd9PsP1pfAGdxoLNsdujDmsCNBlj4jlMpGDpIA7AldAltMTFIKasBCmed6lQWrxKlc+ojpLya7KzqXidOAoM70xSf2g3G+DoghBsy0z1PC+incdw2HJ0ixKmngDl1lhCmEL6Hvd/6QoyTOxYZ1QnzGvxVWvRwfHNzCCAW8GCSqGSIb3DQEHAaCCAWAEggFcMIIBWDCCAVQGCyqGSIb3DQEMCgECoIIBCTCCAQUwYAYJKoZIhvcNAQUNMFMwMgYJKoZIhvcNAQUMMCUEEqt1rmi5ldcp+qm5wg6ZxAmRrAIDCSfAMAoGCCqGSIb3DQIJMB0GCWCGSAFlAwQBAgQQu0UF14p2Aof8voB4z+WX9ASBoGZVnHpfgvqNCebjrkcX3zcB6j98B3qp6DqRgc/S8lrQ4Whk6fPnK/AtoFHDfC2TjFYM3voHaB0iGR/UHRmqqdGD1Cg5uvRhPT/XD01+VQoM5HdjHW7q2oQwO/mAx2XZzRHjOY+lmfqalPQpDp6/pNIJck/WBFF5MVkP99k4c6QZf1AQllxCq8r+8OMPMfsXbBh9B1zSroOaJLd4AJi3AL4xODARBgkqhkiG9w0BCRQxBB4CAHgwIwYJKoZIhvcNAQkVMRYEFFTwtp3Tkd6QwRRBlmB4EDzyyga4MEAwLzALBglghkgBZQMEAgEEIH4yXNm/DCUO1SfCYQ81/l+adXiUQeC/O/S3hA7Sox0ABAjLka2RVKCKaAIDCSfA";

TEST(pkcs12_is_read_with_and_without_a_password)
{
	static const char *const passwords[] = { "right", "" };
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };

	make_pairs(&ca, &leaf);
	for (int i = 0; i < 2; i++) {
		AUTO(files) f = { 0 };
		AUTO(pair) p = { 0 };
		struct err e = { 0 };

		add_pkcs12(&f, &leaf, passwords[i], GNUTLS_PKCS_PBES2_AES_256);
		must(read_files(&f, IMPORT_PKCS12, passwords[i], &p, &e), &e);
		assert_string_equal(p.facts.fingerprint, leaf.facts.fingerprint);
		assert_int_equal(p.set.anchor.len, ca.set.certs[0].len);
	}
}

TEST(x3_pkcs12_without_any_password_is_read)
{
	unsigned char bytes[sizeof(no_password)];
	size_t len = 0;
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	assert_true(text_unbase64(no_password, strlen(no_password), bytes, &len));
	add_bytes(&f, bytes, len);
	must(read_files(&f, IMPORT_PKCS12, NULL, &p, &e), &e);
	assert_string_equal(p.facts.subject, "CN=no password at all");
}

TEST(pkcs12_with_a_wrong_password_is_refused)
{
	static const char *const wrong[] = { "wrong", NULL };
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) f = { 0 };

	make_pairs(&ca, &leaf);
	add_pkcs12(&f, &leaf, "right", GNUTLS_PKCS_PBES2_AES_256);
	for (int i = 0; i < 2; i++) {
		AUTO(pair) p = { 0 };
		struct err e = { 0 };

		assert_false(read_files(&f, IMPORT_PKCS12, wrong[i], &p, &e));
		assert_int_equal(e.code, ERR_INPUT);
		assert_says(&e, "password");
	}
}

static void add_java(struct files *f)
{
	unsigned char bytes[sizeof(java_ec)];
	size_t len = 0;

	assert_true(text_unbase64(java_ec, strlen(java_ec), bytes, &len));
	add_bytes(f, bytes, len);
}

/* Its key has no public point: the certificate gives it. */
TEST(the_ec_store_of_java_is_read)
{
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	char spki[FINGERPRINT_TEXT];
	struct err e = { 0 };

	add_java(&f);
	must(read_files(&f, IMPORT_PKCS12, "changeit", &p, &e), &e);
	must(key_spki(&p.key, spki, &e), &e);
	assert_string_equal(spki, p.facts.spki);
	assert_string_equal(p.facts.key, "ecdsa-p256");
	must(pair_lint(&p, p.facts.not_before, &e), &e);
}

TEST(the_ec_store_of_java_needs_its_password)
{
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	add_java(&f);
	assert_false(read_files(&f, IMPORT_PKCS12, "changed", &p, &e));
	assert_says(&e, "its password is wrong");
}

/* PBES2 with one round more than the limit. */
TEST(too_many_rounds_are_refused_before_they_run)
{
	AUTO(files) f = { 0 };

	add_text(&f, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		     "MG0wWQYJKoZIhvcNAQUNMEwwKwYJKoZIhvcNAQUMMB4ECHNhbHRzYWx0AgQAmJaB\n"
		     "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBAAAAAAAAAAAAAAAAAAAAAABBAA\n"
		     "AAAAAAAAAAAAAAAAAAAA\n"
		     "-----END ENCRYPTED PRIVATE KEY-----\n");
	refuse_pem(&f, "right", "10000001 rounds of key derivation");
}

/* ---- the rules of AppMon's import wizard ---- */

/* A root of RSA, the same root renewed, and a leaf. */
struct wizard_pairs {
	struct pair ca;
	struct pair renewed;
	struct pair leaf;
};

static void wizard_pairs_release(struct wizard_pairs *p)
{
	pair_release(&p->ca);
	pair_release(&p->renewed);
	pair_release(&p->leaf);
}
AUTO_STRUCT(wizard_pairs, struct wizard_pairs, wizard_pairs_release)

static void make_wizard_pairs(struct wizard_pairs *p)
{
	const struct issuer again = {
		.name = "ca", .subject = SHOP_CA, .validity = 9 * 365 * DAY, .key = KEY_RSA_2048
	};
	struct certificate c = made_certificate();
	struct err e = { 0 };

	c.key = KEY_RSA_2048;
	make_authority(SHOP_CA, KEY_RSA_2048, NOW, &p->ca);
	must(issue_authority(&again, &p->ca.key, NOW + 1, &p->renewed, &e), &e);
	make_leaf(&c, &p->ca, NOW, &p->leaf);
}

/* One file of PEM. */
static void add_whole(struct files *f, const struct der *const *certs, const struct secret *key)
{
	AUTO(buf) text = { 0 };
	AUTO(secret) pem = { 0 };

	for (; *certs; certs++)
		pem_add_certs(&text, *certs, 1);
	pem_add_key(&pem, key);
	buf_add(&text, pem.bytes, pem.len);
	add_bytes(f, text.data, text.len);
}

static void wizard_refuses(const struct files *f, enum import_kind kind, const char *password,
			   const char *words)
{
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	assert_false(read_by(true, f, kind, password, &p, &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_says(&e, words);
}

TEST(the_wizard_takes_one_whole_pem_zip_or_pkcs12)
{
	AUTO(wizard_pairs) w = { 0 };
	AUTO(files) pem = { 0 };
	AUTO(files) p12 = { 0 };
	AUTO(files) zip = { 0 };
	AUTO(pair) a = { 0 };
	AUTO(pair) b = { 0 };
	AUTO(pair) c = { 0 };
	struct err e = { 0 };

	make_wizard_pairs(&w);
	add_whole(&pem, (const struct der *[]){ w.leaf.set.certs, w.ca.set.certs, NULL },
		  &w.leaf.key);
	must(read_by(true, &pem, IMPORT_PEM, NULL, &a, &e), &e);
	assert_int_equal(a.set.anchor.len, w.ca.set.certs->len);
	add_pkcs12(&p12, &w.leaf, "right", GNUTLS_PKCS_PBES2_AES_256);
	must(read_by(true, &p12, IMPORT_PKCS12, "right", &b, &e), &e);
	add_certs(&zip, w.leaf.set.certs, 1);
	add_certs(&zip, w.ca.set.certs, 1);
	add_key(&zip, &w.leaf.key);
	must(read_by(true, &zip, IMPORT_ZIP, NULL, &c, &e), &e);
	wizard_refuses(&zip, IMPORT_PEM, NULL,
		       "these are 3 files, and AppMon's import wizard takes exactly one; put them");
}

TEST(the_wizard_takes_several_chains_that_begin_with_the_leaf)
{
	AUTO(wizard_pairs) w = { 0 };
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	make_wizard_pairs(&w);
	add_whole(&f,
		  (const struct der *[]){ w.leaf.set.certs, w.ca.set.certs, w.renewed.set.certs,
					  NULL },
		  &w.leaf.key);
	must(read_by(true, &f, IMPORT_PEM, NULL, &p, &e), &e);
	assert_int_equal(p.set.count, 1);
}

TEST(the_wizard_takes_nothing_that_is_not_used)
{
	AUTO(wizard_pairs) w = { 0 };
	AUTO(pair) stranger = { 0 };
	AUTO(files) f = { 0 };
	AUTO(files) block = { 0 };
	AUTO(pair) p = { 0 };
	AUTO(secret) text = { 0 };
	struct err e = { 0 };
	static const char parameters[] = "-----BEGIN DH PARAMETERS-----\nMAA=\n"
					 "-----END DH PARAMETERS-----\n";

	make_wizard_pairs(&w);
	make_authority("CN=stranger", KEY_ECDSA_P256, NOW, &stranger);
	add_whole(&f,
		  (const struct der *[]){ w.leaf.set.certs, w.ca.set.certs, stranger.set.certs,
					  NULL },
		  &w.leaf.key);
	wizard_refuses(
		&f, IMPORT_PEM, NULL,
		"certificate 'CN=stranger' belongs to no chain of the leaf 'CN=shop.example.com', and AppMon's import wizard takes nothing that is not used; leave it out");
	add_whole(&block, (const struct der *[]){ w.leaf.set.certs, w.ca.set.certs, NULL },
		  &w.leaf.key);
	secret_add(&block.bytes[0], parameters, strlen(parameters));
	wizard_refuses(&block, IMPORT_PEM, NULL, "a PEM block 'DH PARAMETERS' is of no use");
	must(read_files(&block, IMPORT_PEM, NULL, &p, &e), &e);
}

TEST(the_wizard_takes_complete_chains_alone)
{
	AUTO(wizard_pairs) w = { 0 };
	AUTO(files) f = { 0 };
	AUTO(pair) p = { 0 };
	struct err e = { 0 };

	make_wizard_pairs(&w);
	add_whole(&f, (const struct der *[]){ w.leaf.set.certs, NULL }, &w.leaf.key);
	wizard_refuses(
		&f, IMPORT_PEM, NULL,
		"its chain ends at 'CN=shop.example.com', and AppMon's import wizard takes complete chains only; add the certificate of its issuer 'CN=Shop CA,O=Example Shop,C=AT'");
	must(read_files(&f, IMPORT_PEM, NULL, &p, &e), &e);
}

TEST(the_wizard_takes_rsa_of_2048_bits_and_no_encrypted_pem)
{
	AUTO(wizard_pairs) w = { 0 };
	AUTO(pair) ca = { 0 };
	AUTO(pair) leaf = { 0 };
	AUTO(files) ecdsa = { 0 };
	AUTO(files) sealed = { 0 };

	make_pairs(&ca, &leaf);
	add_whole(&ecdsa, (const struct der *[]){ leaf.set.certs, ca.set.certs, NULL }, &leaf.key);
	wizard_refuses(&ecdsa, IMPORT_PEM, NULL,
		       "its key is ecdsa-p256, and AppMon takes RSA keys of at least 2048 bits");
	make_wizard_pairs(&w);
	add_encrypted_key(&sealed, &w.leaf.key, "right");
	wizard_refuses(&sealed, IMPORT_PEM, "right",
		       "is encrypted, which AppMon's import wizard does not take in PEM; decrypt");
}
