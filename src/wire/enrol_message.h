/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment messages between an agent without a certificate and an operator,
 * over a TLS connection (pki/enrol_tls.h).  Both know one token.  B is the
 * binding of the connection, CSR a PKCS#10 request:
 *
 *	1 operator  HMAC-SHA256(token, "certfleet-enrol-1 operator" + B)
 *	2 agent     HMAC-SHA256(token, "certfleet-enrol-1 agent" + B +
 *		    SHA-256(CSR)), then CSR
 *	3 operator  HMAC-SHA256(token, "certfleet-enrol-1 grant" + B + JSON),
 *		    then JSON: {"certificates": ["base64 DER"...],
 *		    "authority": "PEM", "allow": ["..."...]}, or
 *		    {"refused": "why"}
 *	4 agent     HMAC-SHA256(token, "certfleet-enrol-1 receipt" + B +
 *		    JSON), then JSON: {"written": true or false, "notes":
 *		    ["..."...]}
 *
 * The operator proves itself first, so that an agent reveals nothing to
 * strangers; after a wrong proof the receiver closes the connection.  Every
 * message has a proof of its own: on the host, the process with the connection
 * is not the one that knows the token and writes the files.
 */
#ifndef WIRE_ENROL_MESSAGE_H
#define WIRE_ENROL_MESSAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/enrolment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROOF_BYTES = 32,
	ENROL_HELLO_LIMIT = PROOF_BYTES,          /* message 1 */
	ENROL_REQUEST_LIMIT = PROOF_BYTES + 8192, /* message 2 */
	ENROL_GRANT_LIMIT = 1024 * 1024,          /* message 3, proof included */
	ENROL_RECEIPT_LIMIT = 16 * 1024,          /* message 4 */
	ENROL_CERTIFICATES = 10,
	ENROL_ALLOW = 64,
};

/* The inputs of a proof. */
struct enrol_auth {
	const struct secret *token;
	const uint8_t *binding; /* ENROL_TLS_BINDING_BYTES */
	size_t binding_len;
};

/* Every message is written to `out`, which must be empty. */
void enrol_hello_write(const struct enrol_auth *b, struct secret *out);
/* True when the proof is right; compared in constant time. */
bool enrol_hello_holds(const struct enrol_auth *b, const struct secret *hello);

void enrol_request_write(const struct enrol_auth *b, struct der csr, struct secret *out);
/* False when the proof is wrong. *csr points into the message. */
bool enrol_request_read(const struct enrol_auth *b, const struct secret *message, struct der *csr);

void enrol_grant_write(const struct enrol_auth *b, const struct grant *g, struct secret *out);
void enrol_refusal_write(const struct enrol_auth *b, const char *why, struct secret *out);
/*
 * Texts live in `a`.  ERR_CRYPTO: the proof is wrong, and nothing else was
 * read; a refusal of the operator is ERR_REMOTE.
 */
MUST_CHECK bool enrol_grant_read(const struct enrol_auth *b, const struct secret *message,
				 struct arena *a, struct grant *out, struct err *e);

/* Notes are escaped, when written and when read. */
void enrol_receipt_write(const struct enrol_auth *b, const struct receipt *r, struct secret *out);
/* Like enrol_grant_read(). */
MUST_CHECK bool enrol_receipt_read(const struct enrol_auth *b, const struct secret *message,
				   struct arena *a, struct receipt *out, struct err *e);

#endif
