/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS server side of an agent, on sessions that its HTTP library made:
 * TLS 1.3 only, a client certificate is required, and who is not one of the
 * callers is refused within the handshake, before a byte of HTTP is read.
 * The private key is somewhere else: each handshake asks for a signature.
 *
 * A session is passed as the void pointer that the HTTP library hands out.
 */
#ifndef PKI_TLS_SERVER_H
#define PKI_TLS_SERVER_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/certs.h"
#include "pki/callers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_SERVER_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS"

/* What a handshake wants signed, in GnuTLS's numbers. */
struct tls_signing {
	uint64_t revision; /* of the key */
	int algorithm;
	bool hashed; /* `text` is a hash already */
	struct der text;
};

/* Where the key is; each answers in `a`, and false ends the handshake. */
struct tls_key_holder {
	void *ctx;
	/* The revision of the key in use, from 1. */
	bool (*revision)(void *ctx, uint64_t *out);
	/* Its certificates, leaf first. */
	bool (*certificates)(void *ctx, struct arena *a, struct cert_set *out);
	bool (*sign)(void *ctx, const struct tls_signing *what, struct arena *a,
		     struct der *signature);
};

struct tls_server;

/* The callers are borrowed. */
struct tls_server *tls_server_new(const struct tls_key_holder *holder,
				  const struct callers *callers);
void tls_server_free(struct tls_server *s);
AUTO_TYPE(tls_server, struct tls_server *, tls_server_free)

/* One session; stays where it is as long as that. */
struct tls_guest {
	struct tls_server *server;
	bool admitted; /* it proved to be one of the callers */
};

/* Sets up a session that has not begun its handshake. */
void tls_server_take(struct tls_server *s, void *session,
		     struct tls_guest *guest);
/* What the HTTP library wants as its certificate callback. */
void *tls_server_callback(void);

/* The other side: signs what a handshake wants. */
struct tls_key;
MUST_CHECK bool tls_key_open(const struct secret *pkcs8, struct tls_key **out,
			     struct err *e);
void tls_key_close(struct tls_key *k);
AUTO_TYPE(tls_key, struct tls_key *, tls_key_close)
MUST_CHECK bool tls_key_sign(const struct tls_key *k,
			     const struct tls_signing *what, struct arena *a,
			     struct der *signature, struct err *e);

#endif
