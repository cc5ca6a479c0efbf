/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS 1.3 connection of an enrolment.  The peers do not know each other's
 * certificates yet but share a secret; the server certificate is ephemeral and
 * proves nothing.  Both sides bind their proofs to the exporter value of this
 * connection (tls-exporter, RFC 9266): a man in the middle has two connections
 * and so two values.
 *
 * Messages are length-prefixed (4 bytes, big-endian).  enrol_tls_advance() never
 * blocks; the other calls block until a deadline or, before
 * enrol_tls_persist(), until a stop is requested.
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

/* ---- server side ---- */

/* An ephemeral key and self-signed certificate, made anew for each host. */
struct enrol_tls_host;
MUST_CHECK bool enrol_tls_host_new(struct enrol_tls_host **out, struct err *e);
void enrol_tls_host_free(struct enrol_tls_host *h);
AUTO_TYPE(enrol_tls_host, struct enrol_tls_host *, enrol_tls_host_free)

/* Takes ownership of `fd`, which must be nonblocking; starts no handshake yet. */
struct enrol_tls *enrol_tls_accept(const struct enrol_tls_host *host, int fd);

enum enrol_tls_state {
	ENROL_TLS_WAITS, /* poll enrol_tls_fd() for enrol_tls_events() */
	ENROL_TLS_MESSAGE,
	ENROL_TLS_ENDED,
};

/* Handshake, then one message of at most `limit` bytes, as far as the socket allows. */
enum enrol_tls_state enrol_tls_advance(struct enrol_tls *l, size_t limit, struct err *e);
/* Moves the received message to `out`, which must be empty. */
void enrol_tls_take(struct enrol_tls *l, struct secret *out);
int enrol_tls_fd(const struct enrol_tls *l);
short enrol_tls_events(const struct enrol_tls *l);

/* ---- client side ---- */

struct enrol_tls_target {
	const char *host;
	uint16_t port;
};

/* Connects and completes the handshake within ENROL_TLS_CONNECT_MS. */
MUST_CHECK bool enrol_tls_connect(const struct enrol_tls_target *to, struct enrol_tls **out,
				  struct err *e);

/* ---- both sides ---- */

/* The exporter value, ENROL_TLS_BINDING_BYTES long; valid after the handshake. */
const uint8_t *enrol_tls_binding(const struct enrol_tls *l);
/* From now on a requested stop does not interrupt waiting. */
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
