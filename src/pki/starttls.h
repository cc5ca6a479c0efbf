/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said in the clear before a handshake: the dialogues of protocols
 * that begin without TLS and switch to it when asked (STARTTLS).
 *
 * Nothing here waits: a dialogue goes on whenever its socket is ready, and
 * its deadline is the handshake's.  What the server says is limited to
 * STARTTLS_LIMIT bytes in all.  It may not speak out of turn: what stands
 * behind an answer, above all behind the go-ahead, could be from anybody on
 * the way, and is refused (the lesson of CVE-2011-0411).
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
	STARTTLS_AGREED, /* the next byte is the handshake's */
	STARTTLS_FAILED
};

struct starttls;

/* Over a connected socket, which stays the caller's. */
struct starttls *starttls_open(enum starttls_kind kind, int fd, struct arena *a);
void starttls_close(struct starttls *s);
AUTO_TYPE(starttls, struct starttls *, starttls_close)

/* What to poll for. */
short starttls_events(const struct starttls *s);
/* Goes on as far as it can; *why is in the arena, when it failed. */
enum starttls_result starttls_advance(struct starttls *s, const char **why);

#endif
