/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/enrol_message.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "wire/json.h"

#include <string.h>

#define PURPOSE "certfleet-enrol-1"
#define OPERATOR PURPOSE " operator"
#define AGENT PURPOSE " agent"
#define GRANT PURPOSE " grant"
#define RECEIPT PURPOSE " receipt"

_Static_assert((int)PROOF_BYTES == (int)SHA256_BYTES, "a proof is one HMAC");

/* ---- proofs ---- */

static struct bytes text_bytes(const char *text)
{
	return (struct bytes){ text, strlen(text) };
}

static struct bytes token_bytes(const struct enrol_auth *b)
{
	return (struct bytes){ b->token->bytes, b->token->len };
}

static void prove_operator(const struct enrol_auth *b, uint8_t out[PROOF_BYTES])
{
	const struct bytes pieces[] = {
		text_bytes(OPERATOR),
		{ b->binding, b->binding_len },
	};

	hmac_sha256(token_bytes(b), pieces, 2, out);
}

static void prove_agent(const struct enrol_auth *b, struct der csr, uint8_t out[PROOF_BYTES])
{
	uint8_t digest[SHA256_BYTES];
	const struct bytes pieces[] = {
		text_bytes(AGENT),
		{ b->binding, b->binding_len },
		{ digest, sizeof(digest) },
	};

	sha256(csr.bytes, csr.len, digest);
	hmac_sha256(token_bytes(b), pieces, 3, out);
}

void enrol_hello_write(const struct enrol_auth *b, struct secret *out)
{
	secret_alloc(out, PROOF_BYTES);
	prove_operator(b, out->bytes);
}

bool enrol_hello_holds(const struct enrol_auth *b, const struct secret *hello)
{
	uint8_t expected[PROOF_BYTES];

	prove_operator(b, expected);
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

/* ---- what goes with a proof of its own ---- */

static void prove_text(const struct enrol_auth *b, const char *purpose, struct bytes text,
		       uint8_t out[PROOF_BYTES])
{
	const struct bytes pieces[] = {
		text_bytes(purpose),
		{ b->binding, b->binding_len },
		text,
	};

	hmac_sha256(token_bytes(b), pieces, 3, out);
}

static void write_proven(const struct enrol_auth *b, const char *purpose, const json_t *json,
			 struct secret *out)
{
	AUTO(secret) text = { 0 };

	json_to_secret(json, &text);
	secret_alloc(out, PROOF_BYTES + text.len);
	prove_text(b, purpose, (struct bytes){ text.bytes, text.len }, out->bytes);
	memcpy(out->bytes + PROOF_BYTES, text.bytes, text.len);
}

/* *out: what the proof is of, parsed; NULL when that is no JSON. */
static bool read_proven(const struct enrol_auth *b, const char *purpose,
			const struct secret *message, json_t **out, struct err *e)
{
	uint8_t expected[PROOF_BYTES];
	struct bytes text = { 0 };

	if (message->len >= PROOF_BYTES) {
		text = (struct bytes){ message->bytes + PROOF_BYTES, message->len - PROOF_BYTES };
		prove_text(b, purpose, text, expected);
	}
	if (message->len < PROOF_BYTES || !bytes_equal(message->bytes, expected, PROOF_BYTES))
		return err_set(e, ERR_CRYPTO,
			       "what arrived was not written by who knows the token");
	*out = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	return true;
}

/* ---- what is granted ---- */

/* Escaped, because what is no UTF-8 is no JSON. */
static json_t *texts_json(const char *const *texts, size_t count)
{
	AUTO(arena) a = { 0 };
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(text_escaped(&a, texts[i])));
	return list;
}

void enrol_grant_write(const struct enrol_auth *b, const struct grant *g, struct secret *out)
{
	const struct trust_grant *to = &g->admission;
	AUTO(json) json = json_pack("{so ss so}", "certificates",
				    json_ders(g->certs, g->cert_count), "authority", to->authority,
				    "allow", texts_json(to->allow, to->allow_count));

	write_proven(b, GRANT, json, out);
}

void enrol_refusal_write(const struct enrol_auth *b, const char *why, struct secret *out)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_pack("{ss}", "refused", text_escaped(&a, why));

	write_proven(b, GRANT, json, out);
}

/* Up to `most` texts into `out`; false when there is anything else. */
static bool read_texts(const json_t *json, size_t most, struct arena *a, const char **out)
{
	size_t count = json_array_size(json);

	if (!json_is_array(json) || count > most)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *text = json_array_get(json, i);

		if (!json_is_string(text))
			return false;
		out[i] = arena_strdup(a, json_string_value(text));
	}
	return true;
}

static bool read_admission(const json_t *json, struct arena *a, struct trust_grant *out)
{
	const json_t *authority = json_object_get(json, "authority");
	const json_t *allow = json_object_get(json, "allow");
	const char **list = arena_array(a, ENROL_ALLOW, sizeof(*list));

	if (!json_is_string(authority) || !read_texts(allow, ENROL_ALLOW, a, list))
		return false;
	out->authority = arena_strdup(a, json_string_value(authority));
	out->allow = list;
	out->allow_count = json_array_size(allow);
	return true;
}

bool enrol_grant_read(const struct enrol_auth *b, const struct secret *message, struct arena *a,
		      struct grant *out, struct err *e)
{
	AUTO(json) json = NULL;
	const json_t *refused = NULL;
	struct grant g = { 0 };

	if (!read_proven(b, GRANT, message, &json, e))
		return false;
	refused = json_object_get(json, "refused");
	if (json_is_string(refused))
		return err_set(e, ERR_REMOTE, "the operator refuses: %s",
			       text_escaped(a, json_string_value(refused)));
	if (!json_read_ders(json_object_get(json, "certificates"), ENROL_CERTIFICATES, a, &g.certs,
			    &g.cert_count) ||
	    !read_admission(json, a, &g.admission))
		return err_set(e, ERR_REMOTE, "the operator's grant is malformed");
	*out = g;
	return true;
}

/* ---- what became of it ---- */

void enrol_receipt_write(const struct enrol_auth *b, const struct receipt *r, struct secret *out)
{
	AUTO(json) json = json_pack("{sb so}", "written", r->written, "notes",
				    texts_json(r->notes, r->note_count));

	write_proven(b, RECEIPT, json, out);
}

bool enrol_receipt_read(const struct enrol_auth *b, const struct secret *message, struct arena *a,
			struct receipt *out, struct err *e)
{
	AUTO(json) json = NULL;
	const json_t *written = NULL;
	const json_t *notes = NULL;
	struct receipt r = { 0 };

	if (!read_proven(b, RECEIPT, message, &json, e))
		return false;
	written = json_object_get(json, "written");
	notes = json_object_get(json, "notes");
	r.written = json_is_true(written);
	r.note_count = json_array_size(notes);
	if (!json_is_boolean(written) || !read_texts(notes, RECEIPT_NOTES, a, r.notes))
		return err_set(e, ERR_REMOTE, "the agent's receipt is malformed");
	for (size_t i = 0; i < r.note_count; i++)
		r.notes[i] = text_escaped(a, r.notes[i]);
	*out = r;
	return true;
}
