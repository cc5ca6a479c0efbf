/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One handshake with one address, advanced whenever its socket is ready:
 * connecting, what must be said in the clear before (STARTTLS), TLS.
 * Nothing here waits.
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

/* What all handshakes share: credentials without trust, and priorities. */
struct tls_client;
MUST_CHECK bool tls_client_new(struct tls_client **out, struct err *e);
void tls_client_free(struct tls_client *c);
AUTO_TYPE(tls_client, struct tls_client *, tls_client_free)

/* Whom to ask, and for what. */
struct tls_target {
	const union tls_address *address;
	const char *server_name; /* NULL: none */
	const char *key;         /* NULL: any kind */
	enum starttls_kind starttls;
};

/* What became of it; strings in the arena of tls_conn_open(). */
struct tls_outcome {
	bool completed;
	/*
	 * Not completed, and for sure: it refuses, or no way leads there.
	 * What only does not answer could still serve others.
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
/* What to poll for. */
short tls_conn_events(const struct tls_conn *c);
/* Whether somebody accepted it. */
bool tls_conn_is_open(const struct tls_conn *c);
/* Goes on as far as it can; true: it has ended, *out says how. */
bool tls_conn_advance(struct tls_conn *c, struct tls_outcome *out);
/* It ran out of time. */
void tls_conn_expire(struct tls_conn *c, int64_t after_ms, struct tls_outcome *out);

#endif
