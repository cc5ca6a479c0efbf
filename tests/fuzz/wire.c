/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of agents and operators: bodies of requests, orders, reports,
 * problems, and those of an enrolment, whose proofs are made here.
 */
#include "harness.h"

#include "crypto/crypto.h"
#include "pki/pair.h"
#include "wire/enrol_message.h"
#include "wire/order.h"
#include "wire/problem.h"
#include "wire/report.h"
#include "wire/request.h"
#include "json/value.h"

#include <stdlib.h>

static const uint8_t binding[32];

static struct enrol_auth auth_of(const struct secret *token)
{
	return (struct enrol_auth){ token, binding, sizeof(binding) };
}

static void read_order(const char *text, size_t len)
{
	AUTO(arena) a = { 0 };
	struct order order = { 0 };
	struct err e = { 0 };
	const char *again = NULL;

	if (!order_read(text, len, &a, &order, &e)) {
		HOLDS(e.code != ERR_NONE);
		return;
	}
	again = order_text(&order, &a);
	HOLDS(strlen(again) == len && !memcmp(again, text, len));
}

static void read_request(const struct secret *body)
{
	AUTO(arena) a = { 0 };
	AUTO(order_request) r = { 0 };
	struct err e = { 0 };

	if (order_request_read(body, &a, &r, &e)) {
		HOLDS(r.signer_count && r.signer_count <= SIGNER_LIMIT);
		HOLDS(r.set.count <= PAIR_LIMIT);
		read_order(r.order, r.order_len);
	}
}

static void read_report(const char *text, size_t len)
{
	AUTO(arena) a = { 0 };
	struct report_identity agent = { 0 };
	struct component_report report = { 0 };
	struct problem problem = { 0 };
	struct err e = { 0 };

	if (report_read(text, len, &a, &agent, &report, &e))
		HOLDS(report.name && agent.spki);
	if (problem_from_json(text, len, &a, &problem))
		HOLDS(problem.kind < PROBLEM_COUNT && problem.detail);
}

/* As whoever knows the token would send it. */
static void prove(const struct enrol_auth *b, const char *purpose, const struct secret *body,
		  struct secret *out)
{
	const struct bytes pieces[] = {
		{ purpose, strlen(purpose) },
		{ b->binding, b->binding_len },
		{ body->bytes, body->len },
	};

	secret_alloc(out, PROOF_BYTES + body->len);
	if (body->len)
		memcpy(out->bytes + PROOF_BYTES, body->bytes, body->len);
	hmac_sha256((struct bytes){ b->token->bytes, b->token->len }, pieces, 3, out->bytes);
}

/* The proof is made for what it goes with. */
static void read_enrolment(const struct secret *body)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) token = secret_of("0123456789abcdef", 16);
	AUTO(secret) proven = { 0 };
	AUTO(secret) granted = { 0 };
	AUTO(secret) received = { 0 };
	const struct enrol_auth auth = auth_of(&token);
	const struct der sent = { body->bytes, body->len };
	struct der csr = { 0 };
	struct grant grant = { 0 };
	struct receipt receipt = { 0 };
	struct err e = { 0 };

	TRY(enrol_hello_holds(&auth, body));
	TRY(enrol_request_read(&auth, body, &csr));
	enrol_request_write(&auth, sent, &proven);
	if (enrol_request_read(&auth, &proven, &csr))
		HOLDS(csr.len == body->len);
	HOLDS(!enrol_grant_read(&auth, body, &a, &grant, &e) && e.code == ERR_CRYPTO);
	prove(&auth, "certfleet-enrol-1 grant", body, &granted);
	e = (struct err){ 0 };
	if (enrol_grant_read(&auth, &granted, &a, &grant, &e))
		HOLDS(grant.cert_count <= ENROL_CERTIFICATES &&
		      grant.admission.allow_count <= ENROL_ALLOW);
	prove(&auth, "certfleet-enrol-1 receipt", body, &received);
	e = (struct err){ 0 };
	if (enrol_receipt_read(&auth, &received, &a, &receipt, &e))
		HOLDS(receipt.note_count <= RECEIPT_NOTES);
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(secret) body = secret_of(bytes, len);
	const char *text = (const char *)body.bytes;

	read_order(text, len);
	read_request(&body);
	read_report(text, len);
	read_enrolment(&body);
}

/* ---- seeds ---- */

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void seed_json(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	seed_text(text);
	free(text);
	json_decref(json);
}

static void seed_orders(void)
{
	AUTO(arena) a = { 0 };
	const struct order order = { .action = ORDER_STAGE,
				     .agent = HASH,
				     .component = "edge/e1",
				     .lineage = "5f2c",
				     .sequence = 7,
				     .fingerprint = HASH,
				     .pair = HASH,
				     .replaces = "",
				     .expires = FUZZ_NOW + 100 };
	const struct pair *p = fuzz_pair();
	const struct der signature = { (const unsigned char *)"signed", 6 };
	AUTO(secret) body = { 0 };
	const struct order_request r = { .order = order_text(&order, &a),
					 .order_len = strlen(order_text(&order, &a)),
					 .signature = signature,
					 .signer = p->set.certs,
					 .signer_count = p->set.count,
					 .has_pair = true,
					 .set = p->set };

	seed_text(r.order);
	order_request_write(&r, &p->key, &body);
	seed(body.bytes, body.len);
	read_request(&body);
}

static void seed_enrolment(void)
{
	static const char *const allow[] = { "spki:" HASH, "CN=ops" };
	AUTO(secret) token = secret_of("0123456789abcdef", 16);
	const struct enrol_auth auth = auth_of(&token);
	const struct grant grant = { fuzz_pair()->set.certs,
				     1,
				     { "-----BEGIN CERTIFICATE-----\n", allow, 2 } };
	const struct receipt receipt = { .written = true, .notes = { "a", "b" }, .note_count = 2 };
	struct secret out[5] = { { 0 } };

	enrol_hello_write(&auth, &out[0]);
	enrol_request_write(&auth, grant.certs[0], &out[1]);
	enrol_grant_write(&auth, &grant, &out[2]);
	enrol_refusal_write(&auth, "why not", &out[3]);
	enrol_receipt_write(&auth, &receipt, &out[4]);
	for (int i = 0; i < 5; i++) {
		size_t proof = i < 2 ? 0 : PROOF_BYTES;

		seed(out[i].bytes + proof, out[i].len - proof);
		secret_release(&out[i]);
	}
}

void fuzz_seeds(void)
{
	const struct report_identity agent = { HASH, "certfleet 0.1.0", FUZZ_NOW };
	const struct component_report report = {
		.name = "edge/e1",
		.seen = { .version = "1.2",
			  .installed = HASH,
			  .chain = HASH,
			  .damage = "d",
			  .staged = "",
			  .unwritable = "u",
			  .error = "e",
			  .served = HASH,
			  .order_from = "5f2c",
			  .order_taken = 9 },
	};
	const struct problem problem = { PROBLEM_MOVED, "moved on" };

	seed_orders();
	seed_enrolment();
	seed_json(report_one(&agent, &report));
	seed_json(problem_to_json(&problem));
	seed_many("", "[", "");
	seed_many("", "{\"a\":", "");
	seed_many("[", "1,", "1]");
	seed_many("{\"a\":\"", "\\u0041", "\"}");
}
