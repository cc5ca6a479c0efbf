/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own pair while an enrolment makes it.  The key stays in
 * "KEY.enrolling" until the certificate is in its place, and then gets its
 * final name: a key with its final name is never touched, and an interrupted
 * enrolment leaves nothing that could be mistaken for a pair.
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

/* Makes no key yet.  ERR_INPUT when a key or a certificate exists already. */
MUST_CHECK bool enrol_key_begin(const struct agent_config *c, struct enrol_key **out,
				struct err *e);
/* Removes an unfinished key. */
void enrol_key_free(struct enrol_key *o);
AUTO_TYPE(enrol_key, struct enrol_key *, enrol_key_free)

/* True when an earlier enrolment, interrupted at its very end, is now finished. */
bool enrol_key_is_complete(const struct enrol_key *o);
/*
 * Makes the key, and its signing request in `a`; an unfinished key of an
 * earlier enrolment is replaced.
 */
MUST_CHECK bool enrol_key_request(struct enrol_key *o, struct arena *a, struct der *csr,
				  struct err *e);
/* Checks that key and certificates match, and writes them. */
MUST_CHECK bool enrol_key_finish(struct enrol_key *o, const struct grant *g, struct err *e);

/* ---- the network half of an enrolment ---- */

/*
 * The network half of an enrolment: accepts TLS handshakes from any client and
 * carries messages between the clients and the enrolling process, which has the
 * token and the key and writes the files.  The network half has neither and
 * proves nothing: the enrolling process refuses forged messages.
 *
 * Until a client has proved to know the token, only handshakes and messages of
 * one fixed length are read, and clients without the token cannot keep the
 * operator out.
 */

struct reception_start {
	int listener;     /* taken over, like the channel */
	int channel;      /* socket to the enrolling process */
	pid_t other;      /* the enrolling process */
	const char *user; /* user to become (agent/confine.h) */
};

/*
 * Runs in a process of its own, which it confines first, until the receipt of a
 * grant is delivered or the enrolling process has exited.  INT, TERM and HUP
 * are ignored: the enrolling process handles a stop.
 */
MUST_CHECK bool reception_run(const struct reception_start *start, struct err *e);

#endif
