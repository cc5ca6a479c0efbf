/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STARTTLS: the cleartext dialogues of protocols that begin without TLS and
 * switch to it on request.
 *
 * A dialogue shares the handshake's deadline.  The server may send at most
 * STARTTLS_LIMIT bytes in all.  Bytes after a reply, above all after the
 * go-ahead, could have been injected by a man in the middle and are refused
 * (CVE-2011-0411).
 */
#ifndef PKI_STARTTLS_H
#define PKI_STARTTLS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	STARTTLS_LIMIT = 8192
};

/*
 * On a task of base/loop.h, over a connected socket, until the TLS handshake may start.
 * False: *why, in the arena, or NULL when the deadline or a stop ended a wait.
 */
struct starttls_ask {
	enum starttls_kind kind;
	const char *name; /* XMPP: the domain; NULL: none */
	int fd;
	int64_t end_ms;
};
MUST_CHECK bool starttls_agree(const struct starttls_ask *ask, struct arena *a, const char **why);

#endif
