/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own pair while an enrolment makes it.  The key stays in
 * "KEY.enrolling" until the certificate is in its place, and then gets its
 * name: a key that has its name is never touched, and an enrolment that was
 * cut short leaves nothing that could be taken for a pair.
 */
#ifndef AGENT_ENROL_KEY_H
#define AGENT_ENROL_KEY_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "model/enrolment.h"

#include <stdbool.h>
#include <sys/types.h>

struct enrol_key;

/* No key yet.  ERR_INPUT when there is one already, or a certificate. */
MUST_CHECK bool enrol_key_begin(const struct agent_config *c, struct enrol_key **out,
				struct err *e);
/* An unfinished key is removed. */
void enrol_key_free(struct enrol_key *o);
AUTO_TYPE(enrol_key, struct enrol_key *, enrol_key_free)

/* An earlier enrolment was cut short at its very end, and is ended now. */
bool enrol_key_is_complete(const struct enrol_key *o);
/*
 * Makes the key, and its signing request in `a`; a key that an earlier
 * enrolment left is replaced.
 */
MUST_CHECK bool enrol_key_request(struct enrol_key *o, struct arena *a, struct der *csr,
				  struct err *e);
/* Checks that they belong together, and writes. */
MUST_CHECK bool enrol_key_finish(struct enrol_key *o, const struct grant *g, struct err *e);

/* ---- agent/reception.c ---- */

/*
 * The half of an enrolment that talks to the network: shakes hands with
 * whoever comes and carries messages between them and the half that knows the
 * token, has the key and writes.  It knows neither, and proves nothing: what
 * it could forge, the other half refuses.
 *
 * Until somebody has proven to know the token only handshakes and messages of
 * one fixed length are read, and those who come without it cannot keep the
 * operator out.
 */

struct reception_start {
	int listener;     /* taken over, as the channel is */
	int channel;      /* to the other half, */
	pid_t other;      /* which is this process */
	const char *user; /* whom to become (agent/confine.h) */
};

/*
 * In a process of its own, which it confines first: until the receipt of a
 * grant is delivered or the other half has ended. Deaf to stops: the other half
 * decides.
 */
MUST_CHECK bool reception_run(const struct reception_start *start, struct err *e);

#endif
