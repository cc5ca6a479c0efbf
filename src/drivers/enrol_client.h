/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's side of an enrolment (wire/enrol_message.h): connects to an agent
 * that waits for one, proves to know the token, has the agent prove it, and
 * gives it what it shall have.
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
 * An agent that has proven to know the token.  ERR_CRYPTO: somebody answered
 * who does not, or stands between; every other failure says nothing of the
 * token.
 */
MUST_CHECK bool enrol_client_open(const struct enrol_client_target *to, struct enrol_client **out,
				  struct err *e);
/* The request it sent, which lives as long as this; not decoded yet. */
struct der enrol_client_csr(const struct enrol_client *en);

/* Notes in `a`; a stop is too late from here on. */
MUST_CHECK bool enrol_client_grant(struct enrol_client *en, const struct grant *grant,
				   struct arena *a, struct receipt *out, struct err *e);
/* Tells it why not; whether that arrives does not matter. */
void enrol_client_refuse(struct enrol_client *en, const struct err *why);

#endif
