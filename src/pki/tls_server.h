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
#include "pki/client_auth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Without the finite fields, which cost a server a second a handshake. */
#define TLS_SERVER_PRIORITIES                                     \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:" \
	"+GROUP-SECP256R1:+GROUP-SECP384R1:%NO_TICKETS"

enum {
	TLS_HANDSHAKE_LIMIT = 32 * 1024, /* bytes of one message of it */
};

/* What a handshake wants signed; the algorithm is GnuTLS's number. */
struct tls_signing {
	uint64_t revision; /* of the key */
	int algorithm;
	bool hashed; /* `text` is the hash that goes with the algorithm */
	struct der text;
};

/* What is shown: certificates, leaf first, of one revision of the key. */
struct tls_identity {
	uint64_t revision;
	struct cert_set set;
};

/* Where the key is; each answers in `a`, and false ends the handshake. */
struct tls_key_holder {
	void *ctx;
	/* The revision of the key in use, from 1. */
	bool (*revision)(void *ctx, uint64_t *out);
	bool (*identity)(void *ctx, struct arena *a, struct tls_identity *out);
	bool (*sign)(void *ctx, const struct tls_signing *what, struct arena *a,
		     struct der *signature);
};

/* Who may call now, asked in each handshake; NULL: nobody. */
struct tls_callers {
	void *ctx;
	const struct client_auth *(*now)(void *ctx);
};

struct tls_server;

struct tls_server *tls_server_new(const struct tls_key_holder *holder,
				  const struct tls_callers *callers);
void tls_server_free(struct tls_server *s);
AUTO_TYPE(tls_server, struct tls_server *, tls_server_free)

/* One session; stays where it is as long as that. */
struct tls_session {
	struct tls_server *server;
	void *session;
	bool known;    /* it shows the certificate of one of the callers */
	bool admitted; /* and has proven that it is its own */
};

/* Sets up a session that has not begun its handshake. */
void tls_server_take(struct tls_server *s, void *session, struct tls_session *conn);
/* Whether one that was admitted would be by what holds now. */
bool tls_session_is_authorized(const struct tls_session *conn, const struct client_auth *callers);
/* What the HTTP library wants as its certificate callback. */
void *tls_server_callback(void);

/*
 * The other side: signs what a handshake of TLS 1.3 wants of a server, by the
 * scheme of TLS 1.3 that fits the key and by no other: never PKCS#1 v1.5, never
 * SHA-1 or another hash than the scheme's.  Text is that of a CertificateVerify
 * (RFC 8446, section 4.4.3); but what GnuTLS asks for is a hash of it already,
 * unless the key hashes by itself, and which text was hashed cannot be told.
 */
struct tls_key;
MUST_CHECK bool tls_key_open(const struct secret *pkcs8, struct tls_key **out, struct err *e);
void tls_key_close(struct tls_key *k);
AUTO_TYPE(tls_key, struct tls_key *, tls_key_close)
MUST_CHECK bool tls_key_sign(const struct tls_key *k, const struct tls_signing *what,
			     struct arena *a, struct der *signature, struct err *e);

#endif
