/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_server.h"

#include "base/alloc.h"
#include "pki/gnutls_handle.h"
#include "pki/key.h"
#include "pki/pair.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

enum {
	IDENTITIES = 4, /* the current one, and older ones of running handshakes */
};

/* One revision of key and chain, as GnuTLS handles. */
struct server_identity {
	struct tls_server *server;
	uint64_t revision; /* 0: empty */
	gnutls_pcert_st certs[CHAIN_LIMIT];
	unsigned count;
	gnutls_privkey_t key; /* signs through the holder */
	gnutls_pk_algorithm_t kind;
	unsigned bits;
};

struct tls_server {
	struct tls_key_holder holder;
	struct tls_clients clients;
	struct server_identity identities[IDENTITIES];
	size_t current;
};

/* ---- private key behind callbacks ---- */

static int tls_server_ask_to_sign(const struct server_identity *i, gnutls_sign_algorithm_t how,
				  bool hashed, const gnutls_datum_t *text,
				  gnutls_datum_t *signature)
{
	AUTO(arena) a = { 0 };
	struct tls_key_holder *holder = &i->server->holder;
	const struct tls_signing what = {
		.revision = i->revision,
		.algorithm = (int)how,
		.hashed = hashed,
		.text = { text->data, text->size },
	};
	struct der made = { 0 };

	if (!holder->sign(holder->ctx, &what, &a, &made) || !made.len)
		return GNUTLS_E_PK_SIGN_FAILED;
	signature->data = gnutls_malloc(made.len);
	if (!signature->data)
		abort();
	memcpy(signature->data, made.bytes, made.len);
	signature->size = (unsigned)made.len;
	return 0;
}

static int sign_text(gnutls_privkey_t key, gnutls_sign_algorithm_t how, void *ctx, unsigned flags,
		     const gnutls_datum_t *text, gnutls_datum_t *signature)
{
	(void)key;
	(void)flags;
	return tls_server_ask_to_sign(ctx, how, false, text, signature);
}

static int sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t how, void *ctx, unsigned flags,
		     const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	(void)key;
	(void)flags;
	return tls_server_ask_to_sign(ctx, how, true, hash, signature);
}

static int tls_key_describe(gnutls_privkey_t key, unsigned flags, void *ctx)
{
	const struct server_identity *i = ctx;

	(void)key;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return (int)i->kind;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)i->bits;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return (int)gnutls_sign_supports_pk_algorithm(GNUTLS_FLAGS_TO_SIGN_ALGO(flags),
							      i->kind);
	return -1;
}

/* ---- identities ---- */

static void identity_clear(struct server_identity *i)
{
	for (unsigned k = 0; k < i->count; k++)
		gnutls_pcert_deinit(&i->certs[k]);
	if (i->key)
		gnutls_privkey_deinit(i->key);
	*i = (struct server_identity){ 0 };
}

static bool identity_fill(struct server_identity *i)
{
	AUTO(arena) a = { 0 };
	struct tls_key_holder *holder = &i->server->holder;
	struct tls_identity now = { 0 };

	if (!holder->identity(holder->ctx, &a, &now) || !now.set.count ||
	    now.set.count > CHAIN_LIMIT)
		return false;
	i->revision = now.revision;
	for (size_t k = 0; k < now.set.count; k++) {
		gnutls_datum_t der = datum_of(now.set.certs[k]);

		if (gnutls_pcert_import_x509_raw(&i->certs[k], &der, GNUTLS_X509_FMT_DER, 0) < 0)
			return false;
		i->count++;
	}
	i->kind =
		(gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(i->certs[0].pubkey, &i->bits);
	return gnutls_privkey_init(&i->key) >= 0 &&
	       gnutls_privkey_import_ext4(i->key, i, sign_text, sign_hash, NULL, NULL,
					  tls_key_describe, 0) >= 0;
}

/* The identity of the current revision; a new one replaces the oldest. */
static const struct server_identity *identity_now(struct tls_server *s)
{
	uint64_t revision = 0;
	struct server_identity *next = NULL;

	if (!s->holder.revision(s->holder.ctx, &revision) || !revision)
		return NULL;
	if (s->identities[s->current].revision == revision)
		return &s->identities[s->current];
	next = &s->identities[(s->current + 1) % IDENTITIES];
	identity_clear(next);
	next->server = s;
	if (!identity_fill(next)) {
		identity_clear(next);
		return NULL;
	}
	s->current = (s->current + 1) % IDENTITIES;
	return next;
}

/* ---- sessions ---- */

static int choose_certificate(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
			      const gnutls_pk_algorithm_t *kinds, int kind_count,
			      gnutls_pcert_st **certs, unsigned *count, gnutls_privkey_t *key)
{
	const struct tls_session *conn = gnutls_session_get_ptr(session);
	const struct server_identity *i = identity_now(conn->server);

	(void)names;
	(void)name_count;
	(void)kinds;
	(void)kind_count;
	if (!i)
		return -1;
	*certs = (gnutls_pcert_st *)i->certs;
	*count = i->count;
	*key = i->key;
	return 0;
}

static bool is_allowed_client(gnutls_session_t session, const struct client_auth *clients)
{
	AUTO(arena) a = { 0 };
	struct der chain[CHAIN_LIMIT];
	struct client caller = { 0 };
	struct err ignored = { 0 };
	unsigned count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);

	if (!clients || !shown || !count || count > CHAIN_LIMIT)
		return false;
	for (unsigned i = 0; i < count; i++)
		chain[i] = (struct der){ shown[i].data, shown[i].size };
	return client_auth_check(clients, chain, count, &a, &caller, &ignored);
}

/*
 * Hook on CertificateVerify, before the client's signature is verified: an
 * unauthorized client could present a key whose verification takes seconds.
 * Called for our own message too.
 */
static int before_proof(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
			const gnutls_datum_t *message)
{
	struct tls_session *conn = gnutls_session_get_ptr(session);
	const struct tls_clients *allowed = &conn->server->clients;

	(void)type;
	(void)when;
	(void)message;
	if (!incoming)
		return 0;
	conn->known = is_allowed_client(session, allowed->now(allowed->ctx));
	return conn->known ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* Verify hook: the client has proven possession of its key. */
static int after_proof(gnutls_session_t session)
{
	struct tls_session *conn = gnutls_session_get_ptr(session);

	conn->admitted = conn->known;
	return conn->admitted ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

bool tls_session_is_authorized(const struct tls_session *conn, const struct client_auth *clients)
{
	return is_allowed_client(conn->session, clients);
}

struct tls_server *tls_server_new(const struct tls_key_holder *holder,
				  const struct tls_clients *clients)
{
	struct tls_server *s = xcalloc(1, sizeof(*s));

	s->holder = *holder;
	s->clients = *clients;
	return s;
}

void tls_server_free(struct tls_server *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < IDENTITIES; i++)
		identity_clear(&s->identities[i]);
	free(s);
}

void tls_server_take(struct tls_server *s, void *session, struct tls_session *conn)
{
	conn->server = s;
	conn->session = session;
	conn->known = false;
	conn->admitted = false;
	gnutls_session_set_ptr(session, conn);
	gnutls_handshake_set_max_packet_length(session, TLS_HANDSHAKE_LIMIT);
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY,
					   GNUTLS_HOOK_PRE, before_proof);
	gnutls_session_set_verify_function(session, after_proof);
}

void *tls_server_callback(void)
{
	return (void *)(uintptr_t)choose_certificate;
}

/* ---- key holder's side ---- */

struct tls_key {
	gnutls_privkey_t key;
};

bool tls_key_open(const struct secret *pkcs8, struct tls_key **out, struct err *e)
{
	AUTO(tls_key) k = xcalloc(1, sizeof(*k));

	if (!key_open(pkcs8, &k->key, e))
		return false;
	*out = TAKE(k);
	return true;
}

void tls_key_close(struct tls_key *k)
{
	if (!k)
		return;
	if (k->key)
		gnutls_privkey_deinit(k->key);
	free(k);
}

/* TLS 1.3 signature schemes for CertificateVerify (RFC 8446, section 4.2.3). */
static const struct scheme {
	gnutls_sign_algorithm_t algorithm;
	gnutls_pk_algorithm_t kind;
	unsigned bits;   /* of an ECDSA key; 0: any */
	size_t hash_len; /* bytes; 0: the key hashes by itself */
} schemes[] = {
	{ GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, GNUTLS_PK_ECDSA, 256, 32 },
	{ GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, GNUTLS_PK_ECDSA, 384, 48 },
	{ GNUTLS_SIGN_ECDSA_SECP521R1_SHA512, GNUTLS_PK_ECDSA, 521, 64 },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, 0, 32 },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, 0, 48 },
	{ GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, GNUTLS_PK_RSA, 0, 64 },
	{ GNUTLS_SIGN_RSA_PSS_SHA256, GNUTLS_PK_RSA_PSS, 0, 32 },
	{ GNUTLS_SIGN_RSA_PSS_SHA384, GNUTLS_PK_RSA_PSS, 0, 48 },
	{ GNUTLS_SIGN_RSA_PSS_SHA512, GNUTLS_PK_RSA_PSS, 0, 64 },
	{ GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_PK_EDDSA_ED25519, 0, 0 },
	{ GNUTLS_SIGN_EDDSA_ED448, GNUTLS_PK_EDDSA_ED448, 0, 0 },
};

/* 64 spaces, context string, a zero byte, and the transcript hash (SHA-256 or SHA-384). */
static bool is_of_a_handshake(struct der text)
{
	static const char head[] =
		"                                                                TLS 1.3, server CertificateVerify";

	return (text.len == sizeof(head) + 32 || text.len == sizeof(head) + 48) &&
	       !memcmp(text.bytes, head, sizeof(head));
}

static bool is_what_scheme_signs(const struct scheme *s, const struct tls_signing *what)
{
	if (!s->hash_len)
		return !what->hashed && is_of_a_handshake(what->text);
	return what->hashed ? what->text.len == s->hash_len : is_of_a_handshake(what->text);
}

/* Whether `what` is a TLS 1.3 server signature by this key. */
static bool may_sign(gnutls_privkey_t key, const struct tls_signing *what)
{
	unsigned bits = 0;
	int kind = gnutls_privkey_get_pk_algorithm(key, &bits);

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		const struct scheme *s = &schemes[i];

		if ((int)s->algorithm == what->algorithm && (int)s->kind == kind &&
		    (!s->bits || s->bits == bits))
			return is_what_scheme_signs(s, what);
	}
	return false;
}

bool tls_key_sign(const struct tls_key *k, const struct tls_signing *what, struct arena *a,
		  struct der *signature, struct err *e)
{
	AUTO(datum) made = { 0 };
	gnutls_datum_t text = datum_of(what->text);
	gnutls_sign_algorithm_t how = (gnutls_sign_algorithm_t)what->algorithm;
	unsigned char *copy = NULL;
	int rc = 0;

	if (!may_sign(k->key, what))
		return err_set(e, ERR_INPUT,
			       "refused to sign: not a TLS 1.3 CertificateVerify of this key");
	rc = what->hashed ? gnutls_privkey_sign_hash2(k->key, how, 0, &text, &made)
			  : gnutls_privkey_sign_data2(k->key, how, 0, &text, &made);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot sign a handshake");
	copy = arena_alloc(a, made.size);
	memcpy(copy, made.data, made.size);
	*signature = (struct der){ copy, made.size };
	return true;
}
