/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS server side of an agent, on sessions made by its HTTP library: TLS
 * 1.3 only, client certificate required.  An unauthorized client is refused
 * within the handshake, before a byte of HTTP is read.  The private key is in
 * another process, which signs for each handshake.
 *
 * A session is passed as the HTTP library's void pointer.
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

/* Without finite field groups, which cost a server a second per handshake. */
#define TLS_SERVER_PRIORITIES                                     \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X25519:" \
	"+GROUP-SECP256R1:+GROUP-SECP384R1:%NO_TICKETS"

enum {
	TLS_HANDSHAKE_LIMIT = 32 * 1024, /* bytes of one handshake message */
};

/* A signing request of a handshake; `algorithm` is GnuTLS's number. */
struct tls_signing {
	uint64_t revision; /* of the key */
	int algorithm;
	bool hashed; /* `text` is a hash already, by the algorithm's hash function */
	struct der text;
};

/* The chain to present, leaf first, for one revision of the key. */
struct tls_identity {
	uint64_t revision;
	struct cert_set set;
};

/* The holder of the key.  Callbacks allocate in `a`; false fails the handshake. */
struct tls_key_holder {
	void *ctx;
	/* Revision of the current key, from 1. */
	bool (*revision)(void *ctx, uint64_t *out);
	bool (*identity)(void *ctx, struct arena *a, struct tls_identity *out);
	bool (*sign)(void *ctx, const struct tls_signing *what, struct arena *a,
		     struct der *signature);
};

/* The client_auth in force, asked for in each handshake; NULL: no client allowed. */
struct tls_clients {
	void *ctx;
	const struct client_auth *(*now)(void *ctx);
};

struct tls_server;

struct tls_server *tls_server_new(const struct tls_key_holder *holder,
				  const struct tls_clients *clients);
void tls_server_free(struct tls_server *s);
AUTO_TYPE(tls_server, struct tls_server *, tls_server_free)

/* One session; must stay in place until the session ends. */
struct tls_session {
	struct tls_server *server;
	void *session;
	bool known;    /* the presented certificate is authorized */
	bool admitted; /* `known`, and the client proved possession of the key */
};

/* Sets up a session before its handshake. */
void tls_server_take(struct tls_server *s, void *session, struct tls_session *conn);
/* Whether an admitted client is authorized by `callers` too (the list may have changed). */
bool tls_session_is_authorized(const struct tls_session *conn, const struct client_auth *clients);
/* The certificate callback for the HTTP library. */
void *tls_server_callback(void);

/*
 * The key holder's side: signs for TLS 1.3 server handshakes only, with the TLS
 * 1.3 scheme that fits the key: never PKCS#1 v1.5, never SHA-1 or another hash
 * than the scheme's.  A text must be the content of a CertificateVerify (RFC
 * 8446, section 4.4.3).  GnuTLS sends a hash instead, except for keys that hash
 * by themselves (EdDSA); the hashed text cannot be verified.
 */
struct tls_key;
MUST_CHECK bool tls_key_open(const struct secret *pkcs8, struct tls_key **out, struct err *e);
void tls_key_close(struct tls_key *k);
AUTO_TYPE(tls_key, struct tls_key *, tls_key_close)
MUST_CHECK bool tls_key_sign(const struct tls_key *k, const struct tls_signing *what,
			     struct arena *a, struct der *signature, struct err *e);

#endif
