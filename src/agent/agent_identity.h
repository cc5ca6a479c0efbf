/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own pair: its key, kept for handshakes, and its certificates.
 * The pair may be one of the agent's components; then it is read again when
 * that component is activated.  Handshakes that began before are finished with
 * the old key.
 */
#ifndef AGENT_AGENT_IDENTITY_H
#define AGENT_AGENT_IDENTITY_H

#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "model/certs.h"
#include "pki/tls_server.h"

#include <stdbool.h>
#include <stdint.h>

struct agent_identity {
	struct arena arena;
	uint64_t revision; /* counts from 1 */
	struct cert_set set;
	const char *spki; /* SHA-256 of the key, hex */
	struct tls_key *key;
	struct tls_key *old; /* key of the previous revision, or NULL */
	int64_t old_end_ms;  /* no handshake can need `old` after this */
};

/*
 * Reads the pair from its files.  The pair in use stays when the files are
 * unusable or unchanged.
 */
MUST_CHECK bool agent_identity_read(struct agent_identity *s, const struct agent_config *c,
				    struct err *e);
/* Closes the old key when no handshake can need it any more. */
void agent_identity_drop_old(struct agent_identity *s);
void agent_identity_release(struct agent_identity *s);
AUTO_STRUCT(agent_identity, struct agent_identity, agent_identity_release)

MUST_CHECK bool agent_identity_sign(const struct agent_identity *s, const struct tls_signing *what,
				    struct arena *a, struct der *signature, struct err *e);
/* True when the component is the agent's own pair. */
bool agent_identity_is(const struct agent_config *c, const struct agent_component *which);

#endif
