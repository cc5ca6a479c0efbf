/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enrolment of an agent that has no certificate yet: makes its key, waits
 * for the operator with the same token (wire/enrol_message.h), and writes the
 * granted certificate and trust.
 *
 * Two processes.  The network half (agent/reception.c) is confined like an
 * agent's and has neither key nor token; this one trusts only messages proven
 * with the token.  INVITE_FAILURES wrong proofs end the enrolment.
 */
#ifndef AGENT_ENROL_HOST_H
#define AGENT_ENROL_HOST_H

#include "agent/halves.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/agent_config.h"

#include <stdbool.h>
#include <stdint.h>

typedef void agent_tell_fn(void *ctx, const char *text);

struct agent_enrolment {
	struct agent_config *config; /* its list of clients may be read from a file */
	struct secret *token;        /* TOKEN_BYTES */
	int64_t wait;                /* seconds until the enrolment gives up */
	agent_ready_fn *ready;
	agent_tell_fn *tell; /* progress messages */
	void *ctx;
};

/* True: the agent has its own pair and can be started. */
MUST_CHECK bool agent_enrol(const struct agent_enrolment *how, struct err *e);

#endif
