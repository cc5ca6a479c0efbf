/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STARTTLS: the cleartext dialogues of protocols that begin without TLS and
 * switch to it on request.
 *
 * Non-blocking: a dialogue advances whenever its socket is ready, and shares the
 * handshake's deadline.  The server may send at most STARTTLS_LIMIT bytes in
 * all.  Bytes after a reply, above all after the go-ahead, could have been
 * injected by a man in the middle and are refused (CVE-2011-0411).
 */
#ifndef PKI_STARTTLS_H
#define PKI_STARTTLS_H

#include "base/arena.h"
#include "model/fleet.h"

enum {
	STARTTLS_LIMIT = 8192
};

enum starttls_result {
	STARTTLS_GOES_ON,
	STARTTLS_AGREED, /* the TLS handshake may start */
	STARTTLS_FAILED
};

struct starttls;

/* `fd`: a connected socket, still owned by the caller. */
struct starttls *starttls_open(enum starttls_kind kind, int fd, struct arena *a);
void starttls_close(struct starttls *s);
AUTO_TYPE(starttls, struct starttls *, starttls_close)

/* Events to poll for. */
short starttls_events(const struct starttls *s);
/* Advances as far as the socket allows; STARTTLS_FAILED sets *why, in the arena. */
enum starttls_result starttls_advance(struct starttls *s, const char **why);

#endif
