/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment of agents, on the operator's side: an invite with a token that is
 * told once, and its acceptance, which has an issuer with `use: agents` sign
 * the key of the agent that proves to know the token.
 *
 * The engine must have been opened for an apply: both write to the state.
 */
#ifndef ENGINE_ENROL_ACCEPT_H
#define ENGINE_ENROL_ACCEPT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/enrolment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

struct invitation {
	const char *agent;
	const char *const *names; /* "dns:HOST" or "ip:ADDRESS" */
	size_t name_count;
	const char *issuer; /* NULL: the only one there is */
	int64_t life;       /* of the invite, seconds */
	int64_t validity;   /* of the certificate, seconds */
};

struct invited {
	struct invite invite;
	struct secret token; /* TOKEN_BYTES; nobody else has it */
};
void invited_release(struct invited *i);
AUTO_STRUCT(invited, struct invited, invited_release)

/* Strings in `a`; `out` must be empty. */
MUST_CHECK bool enrol_invite(struct engine *en, const struct invitation *how, struct arena *a,
			     struct invited *out, struct err *e);

/*
 * Whom the agent shall obey, when that is not who certfleet is according to
 * `access: {agent: ...}`.
 */
struct grant_wish {
	const char *client_ca;    /* a PEM file; NULL: who signed our certificate */
	const char *const *allow; /* none: the key of our certificate */
	size_t allow_count;
};

struct acceptance {
	const char *host;
	uint16_t port;
	const char *invite; /* its id */
	const struct secret *token;
	struct grant_wish wish;
};

struct enrol_result {
	struct enrolled agent;
	struct receipt receipt;
};

/*
 * Either fails and leaves the invite as it was but for the failures it
 * counts, or the certificate is in the state and the invite is used up: then
 * a failure says that the agent may not have it.  Strings in `a`.
 */
MUST_CHECK bool enrol_accept(struct engine *en, const struct acceptance *what, struct arena *a,
			     struct enrol_result *out, struct err *e);

#endif
