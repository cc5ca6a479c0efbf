/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "wire/enrol_message.h"

#include "base/text.h"
#include "crypto/token.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const unsigned char csr_bytes[] = "what an agent wants signed";

/* One connection, seen by one side. */
struct side {
	struct secret token;
	uint8_t binding[32];
	struct enrol_auth auth;
};

static void side_init(struct side *s, unsigned token, unsigned connection)
{
	secret_alloc(&s->token, TOKEN_BYTES);
	memset(s->token.bytes, (int)token, TOKEN_BYTES);
	memset(s->binding, (int)connection, sizeof(s->binding));
	s->auth = (struct enrol_auth){ &s->token, s->binding, sizeof(s->binding) };
}

static void side_release(struct side *s)
{
	secret_release(&s->token);
}
AUTO_STRUCT(side, struct side, side_release)

static struct der csr(void)
{
	return (struct der){ csr_bytes, sizeof(csr_bytes) };
}

TEST(proofs_of_the_same_token_on_one_connection_hold)
{
	AUTO(side) s = { 0 };
	AUTO(secret) hello = { 0 };
	AUTO(secret) request = { 0 };
	struct der got = { 0 };

	side_init(&s, 1, 2);
	enrol_hello_write(&s.auth, &hello);
	assert_true(enrol_hello_holds(&s.auth, &hello));
	enrol_request_write(&s.auth, csr(), &request);
	assert_true(enrol_request_read(&s.auth, &request, &got));
	assert_int_equal(got.len, sizeof(csr_bytes));
	assert_memory_equal(got.bytes, csr_bytes, got.len);
}

/* As any other program would make them, from the text in wire/enrol_message.h. */
TEST(proofs_are_what_the_header_says)
{
	static const char hello_hex[] =
		"c40e98b75ff0fa07abddb11d84afcf978fce2c942d177b004b16de45669ee30d";
	static const char request_hex[] =
		"29e7ef1c28229b227bd39a2199522c4c1dfc9d2c373e8c082458e01b8de14078";
	AUTO(side) s = { 0 };
	AUTO(secret) hello = { 0 };
	AUTO(secret) request = { 0 };
	char hex[2 * PROOF_BYTES + 1];

	side_init(&s, 1, 2);
	enrol_hello_write(&s.auth, &hello);
	text_hex(hello.bytes, PROOF_BYTES, hex);
	assert_string_equal(hex, hello_hex);
	enrol_request_write(&s.auth, csr(), &request);
	text_hex(request.bytes, PROOF_BYTES, hex);
	assert_string_equal(hex, request_hex);
}

TEST(proofs_of_another_token_or_connection_do_not)
{
	static const unsigned others[][2] = { { 9, 2 }, { 1, 9 }, { 9, 9 } };
	AUTO(side) s = { 0 };
	AUTO(secret) hello = { 0 };
	AUTO(secret) request = { 0 };
	struct der got = { 0 };

	side_init(&s, 1, 2);
	enrol_hello_write(&s.auth, &hello);
	enrol_request_write(&s.auth, csr(), &request);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		AUTO(side) other = { 0 };

		side_init(&other, others[i][0], others[i][1]);
		assert_false(enrol_hello_holds(&other.auth, &hello));
		assert_false(enrol_request_read(&other.auth, &request, &got));
	}
}

TEST(a_proof_with_any_bit_changed_does_not_hold)
{
	AUTO(side) s = { 0 };
	AUTO(secret) hello = { 0 };

	side_init(&s, 1, 2);
	enrol_hello_write(&s.auth, &hello);
	for (size_t bit = 0; bit < 8 * hello.len; bit++) {
		hello.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(enrol_hello_holds(&s.auth, &hello));
		hello.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	assert_true(enrol_hello_holds(&s.auth, &hello));
	hello.len--;
	assert_false(enrol_hello_holds(&s.auth, &hello));
	hello.len++;
}

/* Neither the proof nor the request that it covers. */
TEST(a_request_with_any_bit_changed_does_not_hold)
{
	AUTO(side) s = { 0 };
	AUTO(secret) request = { 0 };
	struct der got = { 0 };
	size_t whole = 0;

	side_init(&s, 1, 2);
	enrol_request_write(&s.auth, csr(), &request);
	for (size_t bit = 0; bit < 8 * request.len; bit++) {
		request.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(enrol_request_read(&s.auth, &request, &got));
		request.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	whole = request.len;
	for (request.len = 0; request.len < whole; request.len++)
		assert_false(enrol_request_read(&s.auth, &request, &got));
	assert_true(enrol_request_read(&s.auth, &request, &got));
}

/* Neither side's proof can be sent back as the other's. */
TEST(a_proof_is_of_one_side_alone)
{
	AUTO(side) s = { 0 };
	AUTO(secret) hello = { 0 };
	AUTO(secret) request = { 0 };
	AUTO(secret) mirrored = { 0 };
	struct der got = { 0 };

	side_init(&s, 1, 2);
	enrol_hello_write(&s.auth, &hello);
	enrol_request_write(&s.auth, csr(), &request);
	secret_copy(&mirrored, request.bytes, request.len);
	memcpy(mirrored.bytes, hello.bytes, hello.len);
	assert_false(enrol_request_read(&s.auth, &mirrored, &got));
	request.len = PROOF_BYTES;
	assert_false(enrol_hello_holds(&s.auth, &request));
}

/* What one who knows the token could send. */
static void prove(const struct enrol_auth *b, const char *purpose, const char *text,
		  struct secret *out)
{
	size_t len = strlen(text);
	const struct bytes pieces[] = { { purpose, strlen(purpose) },
					{ b->binding, b->binding_len },
					{ text, len } };

	secret_alloc(out, PROOF_BYTES + len);
	memcpy(out->bytes + PROOF_BYTES, text, len);
	hmac_sha256((struct bytes){ b->token->bytes, b->token->len }, pieces, 3, out->bytes);
}

/* The half that has the link can change nothing of it. */
TEST(a_grant_with_any_bit_changed_is_refused)
{
	static const struct der certs[] = { { (const void *)"leaf", 4 } };
	static const char *const allow[] = { "spki:12" };
	const struct grant given = { certs, 1, { "PEM", allow, 1 } };
	AUTO(side) s = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(secret) message = { 0 };
	struct grant got = { 0 };

	side_init(&s, 1, 2);
	enrol_grant_write(&s.auth, &given, &message);
	for (size_t bit = 0; bit < 8 * message.len; bit++) {
		struct err e = { 0 };

		message.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(enrol_grant_read(&s.auth, &message, &a, &got, &e));
		assert_int_equal(e.code, ERR_CRYPTO);
		message.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	for (size_t len = message.len; len-- > 0;) {
		struct err e = { 0 };

		message.len = len;
		assert_false(enrol_grant_read(&s.auth, &message, &a, &got, &e));
		assert_int_equal(e.code, ERR_CRYPTO);
	}
}

/* Neither of another connection, nor sent back as the other kind. */
TEST(what_is_proven_is_of_one_connection_and_kind)
{
	const struct receipt receipt = { .written = true };
	AUTO(side) s = { 0 };
	AUTO(side) other = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(secret) refusal = { 0 };
	AUTO(secret) message = { 0 };
	struct receipt got = { 0 };
	struct grant grant = { 0 };
	struct err e = { 0 };

	side_init(&s, 1, 2);
	side_init(&other, 1, 3);
	enrol_refusal_write(&other.auth, "why", &refusal);
	assert_false(enrol_grant_read(&s.auth, &refusal, &a, &grant, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	enrol_receipt_write(&s.auth, &receipt, &message);
	assert_true(enrol_receipt_read(&s.auth, &message, &a, &got, &e));
	assert_false(enrol_receipt_read(&other.auth, &message, &a, &got, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	assert_false(enrol_grant_read(&s.auth, &message, &a, &grant, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
}

TEST(a_grant_comes_back_as_it_was)
{
	static const struct der certs[] = { { (const void *)"leaf", 4 },
					    { (const void *)"above", 5 } };
	static const char *const allow[] = { "spki:12", "CN=\xc3\xb6ps" };
	const struct grant given = { certs, 2, { "PEM", allow, 2 } };
	AUTO(side) s = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(secret) message = { 0 };
	struct grant got = { 0 };
	struct err e = { 0 };

	side_init(&s, 1, 2);
	enrol_grant_write(&s.auth, &given, &message);
	assert_true(enrol_grant_read(&s.auth, &message, &a, &got, &e));
	assert_int_equal(got.cert_count, 2);
	assert_int_equal(got.certs[1].len, 5);
	assert_memory_equal(got.certs[1].bytes, "above", 5);
	assert_string_equal(got.admission.authority, "PEM");
	assert_int_equal(got.admission.allow_count, 2);
	assert_string_equal(got.admission.allow[1], "CN=\xc3\xb6ps");
}

TEST(a_refusal_says_why)
{
	AUTO(side) s = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(secret) message = { 0 };
	struct grant got = { 0 };
	struct err e = { 0 };

	side_init(&s, 1, 2);
	enrol_refusal_write(&s.auth, "bad \x1b[2J\xff day", &message);
	assert_false(enrol_grant_read(&s.auth, &message, &a, &got, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_non_null(strstr(e.text, "the operator refuses: bad "));
	assert_null(strchr(e.text, '\x1b'));
}

TEST(what_is_no_grant_is_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"certificates\": [], \"authority\": \"\", \"allow\": []}",
		"{\"certificates\": [\"!\"], \"authority\": \"\", \"allow\": []}",
		"{\"certificates\": [\"AAAA\"], \"allow\": []}",
		"{\"certificates\": [\"AAAA\"], \"authority\": \"\"}",
		"{\"certificates\": [\"AAAA\"], \"authority\": \"\", \"allow\": [1]}",
		"{\"certificates\": [\"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\", \"AAAA\"], \"authority\": \"\", \"allow\": []}",
		"{\"refused\": 1}",
	};
	AUTO(side) s = { 0 };

	side_init(&s, 1, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(arena) a = { 0 };
		AUTO(secret) message = { 0 };
		struct grant got = { 0 };
		struct err e = { 0 };

		prove(&s.auth, "certfleet-enrol-1 grant", bad[i], &message);
		assert_false(enrol_grant_read(&s.auth, &message, &a, &got, &e));
		assert_int_equal(e.code, ERR_REMOTE);
	}
}

TEST(a_receipt_comes_back_with_its_notes_escaped)
{
	const struct receipt given = { .written = true,
				       .notes = { "one", "t\x1bwo" },
				       .note_count = 2 };
	static const char *const bad[] = {
		"",
		"{\"written\": 1, \"notes\": []}",
		"{\"written\": true}",
		"{\"written\": true, \"notes\": [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
	};
	AUTO(side) s = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(secret) message = { 0 };
	struct receipt got = { 0 };
	struct err e = { 0 };

	side_init(&s, 1, 2);
	enrol_receipt_write(&s.auth, &given, &message);
	assert_true(enrol_receipt_read(&s.auth, &message, &a, &got, &e));
	assert_true(got.written);
	assert_int_equal(got.note_count, 2);
	assert_string_equal(got.notes[0], "one");
	assert_null(strchr(got.notes[1], '\x1b'));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO(secret) text = { 0 };

		prove(&s.auth, "certfleet-enrol-1 receipt", bad[i], &text);
		assert_false(enrol_receipt_read(&s.auth, &text, &a, &got, &e));
		assert_int_equal(e.code, ERR_REMOTE);
	}
}
