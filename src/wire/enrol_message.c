/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/enrol_message.h"

#include "crypto/crypto.h"
#include "json/record.h"

#include <string.h>

#define PURPOSE "certfleet-enrol-1"
#define OPERATOR PURPOSE " operator"
#define AGENT PURPOSE " agent"
#define GRANT PURPOSE " grant"
#define RECEIPT PURPOSE " receipt"

_Static_assert((int)PROOF_BYTES == (int)SHA256_BYTES, "a proof is one HMAC");

/* ---- proofs ---- */

/* An HMAC of the purpose, the binding, and what is said beside. */
static void prove(const struct enrol_auth *b, const char *purpose, struct bytes said,
		  uint8_t out[PROOF_BYTES])
{
	const struct bytes token = { b->token->bytes, b->token->len };
	const struct bytes pieces[] = {
		{ purpose, strlen(purpose) },
		{ b->binding, b->binding_len },
		said,
	};

	hmac_sha256(token, pieces, sizeof(pieces) / sizeof(*pieces), out);
}

static void prove_agent(const struct enrol_auth *b, struct der csr, uint8_t out[PROOF_BYTES])
{
	uint8_t digest[SHA256_BYTES];

	sha256(csr.bytes, csr.len, digest);
	prove(b, AGENT, (struct bytes){ digest, sizeof(digest) }, out);
}

void enrol_hello_write(const struct enrol_auth *b, struct secret *out)
{
	secret_alloc(out, PROOF_BYTES);
	prove(b, OPERATOR, (struct bytes){ "", 0 }, out->bytes);
}

bool enrol_hello_holds(const struct enrol_auth *b, const struct secret *hello)
{
	uint8_t expected[PROOF_BYTES];

	prove(b, OPERATOR, (struct bytes){ "", 0 }, expected);
	return hello->len == PROOF_BYTES && bytes_equal(hello->bytes, expected, PROOF_BYTES);
}

void enrol_request_write(const struct enrol_auth *b, struct der csr, struct secret *out)
{
	secret_alloc(out, PROOF_BYTES + csr.len);
	prove_agent(b, csr, out->bytes);
	memcpy(out->bytes + PROOF_BYTES, csr.bytes, csr.len);
}

bool enrol_request_read(const struct enrol_auth *b, const struct secret *message, struct der *csr)
{
	uint8_t expected[PROOF_BYTES];
	struct der rest = { 0 };

	if (message->len <= PROOF_BYTES)
		return false;
	rest = (struct der){ message->bytes + PROOF_BYTES, message->len - PROOF_BYTES };
	prove_agent(b, rest, expected);
	if (!bytes_equal(message->bytes, expected, PROOF_BYTES))
		return false;
	*csr = rest;
	return true;
}

/* ---- documents with a proof ---- */

static void write_proven(const struct enrol_auth *b, const char *purpose, const json_t *json,
			 struct secret *out)
{
	AUTO(secret) text = { 0 };

	json_to_secret(json, &text);
	secret_alloc(out, PROOF_BYTES + text.len);
	prove(b, purpose, (struct bytes){ text.bytes, text.len }, out->bytes);
	memcpy(out->bytes + PROOF_BYTES, text.bytes, text.len);
}

/* *out: the parsed document; NULL when it is not JSON. */
static bool read_proven(const struct enrol_auth *b, const char *purpose,
			const struct secret *message, json_t **out, struct err *e)
{
	uint8_t expected[PROOF_BYTES];
	struct bytes text = { 0 };

	if (message->len >= PROOF_BYTES) {
		text = (struct bytes){ message->bytes + PROOF_BYTES, message->len - PROOF_BYTES };
		prove(b, purpose, text, expected);
	}
	if (message->len < PROOF_BYTES || !bytes_equal(message->bytes, expected, PROOF_BYTES))
		return err_set(e, ERR_CRYPTO,
			       "the message was not written by a holder of the token");
	*out = json_parse(text.data, text.len);
	return true;
}

/* ---- grant ---- */

static const struct member granted_cert_item[] = {
	BYTES_MEMBER("", struct der, bytes, len, .least = 1),
	{ 0 },
};

static const struct member grant_members[] = {
	LIST_MEMBER("certificates", struct grant, certs, cert_count, granted_cert_item, .least = 1,
		    .most = ENROL_CERTIFICATES),
	TEXT_MEMBER("authority", struct grant, admission.authority),
	TEXTS_MEMBER("allow", struct grant, admission.allow, admission.allow_count,
		     .most = ENROL_ALLOW),
	{ 0 },
};

struct refusal {
	const char *why;
};

static const struct member refusal_members[] = {
	SHOWN_MEMBER("refused", struct refusal, why, .absent = ABSENT_OMITTED),
	{ 0 },
};

void enrol_grant_write(const struct enrol_auth *b, const struct grant *g, struct secret *out)
{
	AUTO(json) json = json_encode(grant_members, g);

	write_proven(b, GRANT, json, out);
}

void enrol_refusal_write(const struct enrol_auth *b, const char *why, struct secret *out)
{
	const struct refusal refusal = { why };
	AUTO(json) json = json_encode(refusal_members, &refusal);

	write_proven(b, GRANT, json, out);
}

bool enrol_grant_read(const struct enrol_auth *b, const struct secret *message, struct arena *a,
		      struct grant *out, struct err *e)
{
	AUTO(json) json = NULL;
	struct refusal refusal = { 0 };
	struct grant g = { 0 };
	struct err why = { 0 };

	if (!read_proven(b, GRANT, message, &json, e))
		return false;
	if (json_decode(refusal_members, json, a, &refusal, &why) && refusal.why)
		return err_set(e, ERR_REMOTE, "the operator refuses: %s", refusal.why);
	if (!json_decode(grant_members, json, a, &g, &why))
		return err_set(e, ERR_REMOTE, "the operator's grant is malformed: %s", why.text);
	*out = g;
	return true;
}

/* ---- receipt ---- */

struct receipt_document {
	bool written;
	const char *const *notes;
	size_t note_count;
};

static const struct member note_item[] = {
	{ .key = "", .kind = MEMBER_SHOWN },
	{ 0 },
};

static const struct member receipt_members[] = {
	FLAG_MEMBER("written", struct receipt_document, written),
	LIST_MEMBER("notes", struct receipt_document, notes, note_count, note_item,
		    .most = RECEIPT_NOTES),
	{ 0 },
};

void enrol_receipt_write(const struct enrol_auth *b, const struct receipt *r, struct secret *out)
{
	const struct receipt_document document = { r->written, r->notes, r->note_count };
	AUTO(json) json = json_encode(receipt_members, &document);

	write_proven(b, RECEIPT, json, out);
}

bool enrol_receipt_read(const struct enrol_auth *b, const struct secret *message, struct arena *a,
			struct receipt *out, struct err *e)
{
	AUTO(json) json = NULL;
	struct receipt_document document = { 0 };
	struct err why = { 0 };

	if (!read_proven(b, RECEIPT, message, &json, e))
		return false;
	if (!json_decode(receipt_members, json, a, &document, &why))
		return err_set(e, ERR_REMOTE, "the agent's receipt is malformed: %s", why.text);
	*out = (struct receipt){ .written = document.written, .note_count = document.note_count };
	for (size_t i = 0; i < document.note_count; i++)
		out->notes[i] = document.notes[i];
	return true;
}
