/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS 1.3 connection between two that do not know each other's
 * certificates yet, but share a secret: the certificate of the side that
 * listens is thrown away afterwards and proves nothing.  What both bind their
 * proofs to is the exporter value of this one connection (RFC 9266), which
 * somebody between them cannot have twice.
 *
 * Over it go messages, each with its length before it (4 bytes, the highest
 * first).  link_advance() never waits; the rest waits until a deadline and,
 * unless the link persists, no longer than until a stop is asked for.
 */
#ifndef PKI_ENROL_TLS_H
#define PKI_ENROL_TLS_H

#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_PROTOCOL "certfleet-enrol-1" /* for ALPN */

enum {
	LINK_BINDING_BYTES = 32,
	LINK_CONNECT_MS = 10000, /* handshake included */
};

struct link;
void link_close(struct link *l);
AUTO_TYPE(link, struct link *, link_close)

/* ---- the side that listens ---- */

/* A key and a certificate that live as long as this. */
struct link_host;
MUST_CHECK bool link_host_new(struct link_host **out, struct err *e);
void link_host_free(struct link_host *h);
AUTO_TYPE(link_host, struct link_host *, link_host_free)

/* Owns `fd`, which is nonblocking; the handshake has not begun. */
struct link *link_accept(const struct link_host *host, int fd);

enum link_state {
	LINK_WAITS, /* for its socket, see link_fd() and link_events() */
	LINK_MESSAGE,
	LINK_ENDED,
};

/* Goes on until a message of at most `limit` bytes is there. */
enum link_state link_advance(struct link *l, size_t limit, struct err *e);
/* That message; `out` must be empty. */
void link_take(struct link *l, struct secret *out);
int link_fd(const struct link *l);
short link_events(const struct link *l);

/* ---- the side that connects ---- */

struct link_target {
	const char *host;
	uint16_t port;
};

/* A link whose handshake is done, within LINK_CONNECT_MS. */
MUST_CHECK bool link_connect(const struct link_target *to, struct link **out, struct err *e);

/* ---- both ---- */

/* LINK_BINDING_BYTES; once the handshake is done. */
const uint8_t *link_binding(const struct link *l);
/* From now on a stop does not end its waits. */
void link_persist(struct link *l);
MUST_CHECK bool link_send(struct link *l, const struct secret *message, int64_t end_ms,
			  struct err *e);

struct link_wait {
	size_t limit; /* bytes of the message */
	int64_t end_ms;
};
/* `out` must be empty. */
MUST_CHECK bool link_receive(struct link *l, const struct link_wait *wait, struct secret *out,
			     struct err *e);

#endif
