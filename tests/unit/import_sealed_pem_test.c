/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that only openssl reads: encrypted PEM with headers, and EC keys without their
 * public point below a password.  One key, in the forms of OpenSSL 3.0.
 */
#include "test.h"

#include "base/buf.h"
#include "base/err.h"
#include "pki/import.h"

#include <string.h>

#define HEADS "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,B8E9F1C8F3535381944FC7126590B510\n\n"

/* Password "secret"; ec -no_public -aes256 */
static const char with_headers[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"Proc-Type: 4,ENCRYPTED\n"
	"DEK-Info: AES-256-CBC,B8E9F1C8F3535381944FC7126590B510\n"
	"\n"
	"FFfpXC6sP6toc29HZXzerJo9ZrMdaB05f87N3AD5CZ3WKGebTa2vhVrNs3AzRXKe\n"
	"o3ZzslDJDsUtjA2kRW/TJA==\n"
	"-----END EC PRIVATE KEY-----\n";

/* Password "пароль𝄞"; ec -no_public | pkcs8 -topk8 -v1 PBE-SHA1-3DES */
static const char with_3des[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
				"MGgwHAYKKoZIhvcNAQwBAzAOBAirliCRcxJrWAICCAAESFg2eT3Xk1cpEmNJzWjP\n"
				"qL05eoK9hrMl9Z40FO//jq6NkAr50jFa0iOgCUcM/n8adEPDnHRntZQ1qPQQCbKK\n"
				"q1SFk1SFqSwaPw==\n"
				"-----END ENCRYPTED PRIVATE KEY-----\n";

static const char certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBWzCCAQCgAwIBAgIBATAKBggqhkjOPQQDAjAMMQowCAYDVQQDDAFhMB4XDTI2\n"
	"MTIwMTA1MDEyN1oXDTM2MTEyODA1MDEyN1owDDEKMAgGA1UEAwwBYTBZMBMGByqG\n"
	"SM49AgEGCCqGSM49AwEHA0IABOmPg4K25iYZGQx7WU/CjpdYDMXGd9cTqSv5y73y\n"
	"guErnLboKdUqpDcVc+n5YdaDPKVftM2/Gc5s4U+VFVKC3K2jUzBRMB0GA1UdDgQW\n"
	"BBTI8GzTyZSC2mUfampd/4Z/lRDK3TAfBgNVHSMEGDAWgBTI8GzTyZSC2mUfampd\n"
	"/4Z/lRDK3TAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDW3Y/+\n"
	"BkTLhZpY4RDp0CTTR+puDpc9yCJ/eSzew/EnaAIhAJR6BqaCSG8HVr9ExrZexdi1\n"
	"yk3eVLbMmyjUuoRfN/SS\n"
	"-----END CERTIFICATE-----\n";

static bool read_key(const char *key, const char *password, struct err *e)
{
	static const char *const names[] = { "site.crt", "site.key" };
	struct secret files[2] = { 0 };
	AUTO(secret) pass = { 0 };
	AUTO(pair) p = { 0 };

	secret_copy(&files[0], certificate, strlen(certificate));
	secret_copy(&files[1], key, strlen(key));
	secret_copy(&pass, password, strlen(password));
	const struct import_input in = { .kind = IMPORT_PEM,
					 .names = names,
					 .files = files,
					 .file_count = 2,
					 .password = &pass };
	bool good = import_read(&in, &p, e);

	secret_release(&files[0]);
	secret_release(&files[1]);
	return good;
}

static void refuse(const char *key, const char *words)
{
	struct err e = { 0 };

	assert_false(read_key(key, "secret", &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_says(&e, words);
}

/* `with_headers` with one text in place of another. */
static void change(struct buf *out, const char *from, const char *to)
{
	const char *at = strstr(with_headers, from);

	assert_non_null(at);
	buf_add(out, with_headers, at - with_headers);
	buf_puts(out, to);
	buf_puts(out, at + strlen(from));
}

TEST(an_ec_key_without_its_point_is_read_below_headers)
{
	struct err e = { 0 };

	must(read_key(with_headers, "secret", &e), &e);
	assert_false(read_key(with_headers, "secreT", &e));
	assert_says(&e, "its password is wrong; correct 'password'");
}

TEST(an_ec_key_without_its_point_is_read_below_3des_of_pkcs12)
{
	struct err e = { 0 };

	must(read_key(with_3des, "пароль𝄞", &e), &e);
	assert_false(read_key(with_3des, "пароль", &e));
	assert_says(&e, "its password is wrong; correct 'password'");
}

TEST(headers_may_end_in_blanks_and_have_another_case_and_more_lines)
{
	static const char *const forms[][2] = {
		{ "ENCRYPTED\n", "ENCRYPTED \r\n" },
		{ "B510\n", "B510\t\n" },
		{ "AES-256-CBC,B8E9F1C8", "aes-256-cbc,b8e9f1c8" },
		{ "B510\n", "B510\nComment: of the vendor\n" },
		{ "KEY-----\nProc", "KEY-----  \nProc" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		AUTO(buf) key = { 0 };
		struct err e = { 0 };

		change(&key, forms[i][0], forms[i][1]);
		must(read_key(buf_text(&key), "secret", &e), &e);
	}
}

/* Marks that share their dashes are no block: its END would stand before its first line. */
TEST(an_end_inside_of_its_begin_ends_no_block)
{
	refuse("-----BEGIN PRIVATE KEY------END PRIVATE KEY-----\n", "has no END line");
}

TEST(damaged_headers_are_refused_by_what_is_wrong)
{
	static const struct {
		const char *from;
		const char *to;
		const char *words;
	} rows[] = {
		{ "4,ENCRYPTED", "4,MIC-CLEAR", "'Proc-Type: 4,ENCRYPTED' is not the first line" },
		{ "Proc-Type", "X-By: us\nProc-Type", "'Proc-Type: 4,ENCRYPTED' is not the first" },
		{ "DEK-Info: AES-256-CBC,",
		  "DEK-Info: ", "'DEK-Info' with a cipher and its IV is not" },
		{ "DEK-Info: AES", "DEK-Info: A ES", "'DEK-Info' names no cipher" },
		{ "B510\n", "B5\n", "the IV in 'DEK-Info' is not as long as its cipher wants" },
		{ "B510\n", "B510B5\n", "the IV in 'DEK-Info' is not as long as its cipher wants" },
		{ "B8E9", "G8E9", "the IV in 'DEK-Info' is not hex" },
		{ "B510\n\n", "B510\n", "no empty line follows them" },
		{ "AES-256-CBC", "ARIA-256-CBC",
		  "is encrypted with 'ARIA-256-CBC', which is not supported; convert it with 'openssl pkey -aes256'" },
		{ HEADS, HEADS "\n", "line 4 of it is empty" },
		{ "zRXKe\n", "zRXKe\n\n", "line 5 of it is empty" },
		{ "zRXKe\n", "mRXK\n", "line 5 of its encrypted private key does not follow" },
		{ "zRXKe\n", "zRXKe", "line 4 of its encrypted private key does not follow" },
		{ "FFfp", "FF*p", "is not base64, so the block is damaged" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(buf) key = { 0 };

		change(&key, rows[i].from, rows[i].to);
		refuse(buf_text(&key), rows[i].words);
	}
}
