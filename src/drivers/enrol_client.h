/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's side of an enrolment (wire/enrol_message.h): connects to a
 * waiting agent, mutually proves knowledge of the token, and sends the agent its
 * certificate and the trust settings for its clients (the grant).
 */
#ifndef DRIVERS_ENROL_CLIENT_H
#define DRIVERS_ENROL_CLIENT_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "model/enrolment.h"

#include <stdbool.h>
#include <stdint.h>

struct enrol_client;
void enrol_client_close(struct enrol_client *en);
AUTO_TYPE(enrol_client, struct enrol_client *, enrol_client_close)

struct enrol_client_target {
	const char *host;
	uint16_t port;
	const struct secret *token; /* TOKEN_BYTES */
};

/*
 * Connects to an agent, which must prove that it knows the token.  ERR_CRYPTO:
 * the peer did not prove it (another token, or a man in the middle); any other
 * error says nothing about the token.
 */
MUST_CHECK bool enrol_client_open(const struct enrol_client_target *to, struct enrol_client **out,
				  struct err *e);
/* The agent's signing request, undecoded; valid until enrol_client_close(). */
struct der enrol_client_csr(const struct enrol_client *en);

/* Sends the grant and waits for the receipt, even after a stop.  Strings in `a`. */
MUST_CHECK bool enrol_client_grant(struct enrol_client *en, const struct grant *grant,
				   struct arena *a, struct receipt *out, struct err *e);
/* Sends a refusal with its reason, without checking that it arrives. */
void enrol_client_refuse(struct enrol_client *en, const struct err *why);

#endif
