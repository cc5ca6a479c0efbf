/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment of agents, operator side: an invite with a token that is shown
 * once, and its acceptance, in which an issuer with `use: agents` signs the key
 * of the agent that proves knowledge of the token.
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
	const char *issuer; /* NULL: the only issuer with `use: agents` */
	int64_t life;       /* of the invite, seconds */
	int64_t validity;   /* of the certificate, seconds */
};

struct invited {
	struct invite invite;
	struct secret token; /* TOKEN_BYTES; the only copy */
};
void invited_release(struct invited *i);
AUTO_STRUCT(invited, struct invited, invited_release)

/* Makes an invite and records it in the state.  Strings in `a`; `out` must be empty. */
MUST_CHECK bool enrol_invite(struct engine *en, const struct invitation *how, struct arena *a,
			     struct invited *out, struct err *e);

/*
 * Clients the agent shall accept, when they differ from certfleet's own
 * identity at `access: {agent: ...}`.
 */
struct grant_spec {
	const char *client_ca;    /* PEM file; NULL: the CA that signed our certificate */
	const char *const *allow; /* empty: the key of our certificate */
	size_t allow_count;
};

struct acceptance {
	const char *host;
	uint16_t port;
	const char *invite; /* its id */
	const struct secret *token;
	struct grant_spec spec;
	bool again; /* an agent that is enrolled already, whose host was set up anew */
};

struct enrol_result {
	struct enrolled agent;
	struct receipt receipt;
};

/*
 * Enrols an agent.  Before the certificate is in the state, a failure leaves
 * the invite in place, with its failure count.  Afterwards the invite is used
 * up, and a failure means that the agent may not have the certificate.  Strings
 * in `a`.
 */
MUST_CHECK bool enrol_accept(struct engine *en, const struct acceptance *what, struct arena *a,
			     struct enrol_result *out, struct err *e);

#endif
