/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS client handshake with one address: connect, STARTTLS, TLS.
 * Non-blocking; advanced whenever the socket is ready.
 */
#ifndef PKI_TLS_CONN_H
#define PKI_TLS_CONN_H

#include "base/arena.h"
#include "base/err.h"
#include "model/certs.h"
#include "model/fleet.h"
#include "pki/tls.h"
#include "pki/tls_lookup.h"

#include <stdbool.h>
#include <stdint.h>

/* State shared by all handshakes: credentials without trust anchors, and priorities. */
struct tls_client;
MUST_CHECK bool tls_client_new(struct tls_client **out, struct err *e);
void tls_client_free(struct tls_client *c);
AUTO_TYPE(tls_client, struct tls_client *, tls_client_free)

/* Address, and parameters of the handshake. */
struct tls_target {
	const union tls_address *address;
	const char *server_name; /* SNI; NULL: none */
	const char *key;         /* key type to ask for; NULL: any */
	enum starttls_kind starttls;
};

/* The result of a handshake; strings in the arena of tls_conn_open(). */
struct tls_outcome {
	bool completed;
	/*
	 * Connection refused, or no route to the address.  Not set on a
	 * timeout: the server may still answer other clients.
	 */
	bool unreachable;
	struct tls_leaf leaf;
	struct tls_chain chain;
	const char *error;
};

struct tls_conn;
struct tls_conn *tls_conn_open(struct tls_client *client, const struct tls_target *target,
			       struct arena *a);
void tls_conn_close(struct tls_conn *c);
AUTO_TYPE(tls_conn, struct tls_conn *, tls_conn_close)

int tls_conn_fd(const struct tls_conn *c);
/* Events to poll for. */
short tls_conn_events(const struct tls_conn *c);
/* Whether the TCP connection is established. */
bool tls_conn_is_open(const struct tls_conn *c);
/* Advances as far as the socket allows; true: finished, result in *out. */
bool tls_conn_advance(struct tls_conn *c, struct tls_outcome *out);
/* Fills *out for a timeout after `after_ms`. */
void tls_conn_expire(struct tls_conn *c, int64_t after_ms, struct tls_outcome *out);

#endif
