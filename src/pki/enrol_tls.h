/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS 1.3 connection between two that do not know each other's
 * certificates yet, but share a secret: the certificate of the side that
 * listens is thrown away afterwards and proves nothing.  What both bind their
 * proofs to is the exporter value of this one connection (RFC 9266), which
 * somebody between them cannot have twice.
 *
 * Over it go messages, each with its length before it (4 bytes, the highest
 * first).  enrol_tls_advance() never waits; the rest waits until a deadline and,
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

#define ENROL_TLS_PROTOCOL "certfleet-enrol-1" /* for ALPN */

enum {
	ENROL_TLS_BINDING_BYTES = 32,
	ENROL_TLS_CONNECT_MS = 10000, /* handshake included */
};

struct enrol_tls;
void enrol_tls_close(struct enrol_tls *l);
AUTO_TYPE(enrol_tls, struct enrol_tls *, enrol_tls_close)

/* ---- the side that listens ---- */

/* A key and a certificate that live as long as this. */
struct enrol_tls_host;
MUST_CHECK bool enrol_tls_host_new(struct enrol_tls_host **out, struct err *e);
void enrol_tls_host_free(struct enrol_tls_host *h);
AUTO_TYPE(enrol_tls_host, struct enrol_tls_host *, enrol_tls_host_free)

/* Owns `fd`, which is nonblocking; the handshake has not begun. */
struct enrol_tls *enrol_tls_accept(const struct enrol_tls_host *host, int fd);

enum enrol_tls_state {
	ENROL_TLS_WAITS, /* for its socket, see enrol_tls_fd() and enrol_tls_events() */
	ENROL_TLS_MESSAGE,
	ENROL_TLS_ENDED,
};

/* Goes on until a message of at most `limit` bytes is there. */
enum enrol_tls_state enrol_tls_advance(struct enrol_tls *l, size_t limit, struct err *e);
/* That message; `out` must be empty. */
void enrol_tls_take(struct enrol_tls *l, struct secret *out);
int enrol_tls_fd(const struct enrol_tls *l);
short enrol_tls_events(const struct enrol_tls *l);

/* ---- the side that connects ---- */

struct enrol_tls_target {
	const char *host;
	uint16_t port;
};

/* A link whose handshake is done, within ENROL_TLS_CONNECT_MS. */
MUST_CHECK bool enrol_tls_connect(const struct enrol_tls_target *to, struct enrol_tls **out,
				  struct err *e);

/* ---- both ---- */

/* ENROL_TLS_BINDING_BYTES; once the handshake is done. */
const uint8_t *enrol_tls_binding(const struct enrol_tls *l);
/* From now on a stop does not end its waits. */
void enrol_tls_persist(struct enrol_tls *l);
MUST_CHECK bool enrol_tls_send(struct enrol_tls *l, const struct secret *message, int64_t end_ms,
			       struct err *e);

struct enrol_tls_wait {
	size_t limit; /* bytes of the message */
	int64_t end_ms;
};
/* `out` must be empty. */
MUST_CHECK bool enrol_tls_receive(struct enrol_tls *l, const struct enrol_tls_wait *wait,
				  struct secret *out, struct err *e);

#endif
