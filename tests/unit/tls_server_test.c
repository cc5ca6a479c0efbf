/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "test.h"

#include "pki/client_auth.h"
#include "pki/tls_server.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

/* The key, where an agent has it; what it does wrong when told so. */
struct holder {
	const struct pair *pair;
	struct tls_key *key;
	struct tls_key *old;
	uint64_t revision;
	bool fails;
	unsigned signatures;
};

static bool tell_revision(void *ctx, uint64_t *out)
{
	const struct holder *h = ctx;

	*out = h->revision;
	return !h->fails;
}

static bool tell_identity(void *ctx, struct arena *a, struct tls_identity *out)
{
	const struct holder *h = ctx;

	*out = (struct tls_identity){ h->revision, cert_set_copy(&h->pair->set, a) };
	return !h->fails;
}

static bool sign_it(void *ctx, const struct tls_signing *what, struct arena *a,
		    struct der *signature)
{
	struct holder *h = ctx;
	struct tls_key *key = what->revision == h->revision ? h->key : h->old;
	struct err e = { 0 };

	h->signatures++;
	return !h->fails && key && tls_key_sign(key, what, a, signature, &e);
}

static void hold(struct holder *h, const struct pair *p)
{
	struct err e = { 0 };

	tls_key_close(h->old);
	h->old = h->key;
	h->key = NULL;
	must(tls_key_open(&p->key, &h->key, &e), &e);
	h->pair = p;
	h->revision++;
}

/* What a client shows, and whose key it signs with. */
struct shown {
	const struct der *certs;
	size_t count;
	const struct pair *key;
};

/* One connection, from both sides. */
struct talk {
	gnutls_session_t client;
	gnutls_session_t server;
	gnutls_certificate_credentials_t client_creds;
	gnutls_pcert_st certs[100];
	unsigned cert_count;
	gnutls_privkey_t key;
	struct tls_session conn;
	int fds[2];
	int client_rc;
	int server_rc;
};

static struct holder holder;
static struct client_auth *clients;
static struct tls_server *server;
static gnutls_certificate_credentials_t server_creds;

static const struct client_auth *clients_now(void *ctx)
{
	(void)ctx;
	return clients;
}

static int open_server(void **state)
{
	const struct tls_key_holder how = { &holder, tell_revision, tell_identity, sign_it };
	const struct tls_clients list = { NULL, clients_now };
	struct err e = { 0 };

	if (open_agent(state))
		return -1;
	holder = (struct holder){ 0 };
	hold(&holder, &own_pair);
	must(client_auth_new(&config, authority_pem.data, authority_pem.len, &clients, &e), &e);
	server = tls_server_new(&how, &list);
	gnutls_certificate_allocate_credentials(&server_creds);
	gnutls_certificate_set_retrieve_function2(
		server_creds, (gnutls_certificate_retrieve_function2 *)tls_server_callback());
	return 0;
}

static int close_server(void **state)
{
	gnutls_certificate_free_credentials(server_creds);
	tls_server_free(server);
	client_auth_free(clients);
	tls_key_close(holder.key);
	tls_key_close(holder.old);
	return close_agent(state);
}

/* As the HTTP library makes one. */
static void open_session(struct talk *t, const char *priorities)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, t->fds),
			 0);
	gnutls_init(&t->server, GNUTLS_SERVER | GNUTLS_NONBLOCK);
	assert_int_equal(gnutls_priority_set_direct(t->server, TLS_SERVER_PRIORITIES, NULL), 0);
	gnutls_credentials_set(t->server, GNUTLS_CRD_CERTIFICATE, server_creds);
	gnutls_transport_set_int(t->server, t->fds[0]);
	tls_server_take(server, t->server, &t->conn);
	gnutls_init(&t->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	assert_int_equal(gnutls_priority_set_direct(t->client, priorities, NULL), 0);
	gnutls_certificate_allocate_credentials(&t->client_creds);
	gnutls_credentials_set(t->client, GNUTLS_CRD_CERTIFICATE, t->client_creds);
	gnutls_transport_set_int(t->client, t->fds[1]);
	t->client_rc = GNUTLS_E_AGAIN;
	t->server_rc = GNUTLS_E_AGAIN;
}

static void close_session(struct talk *t)
{
	gnutls_deinit(t->client);
	gnutls_deinit(t->server);
	gnutls_certificate_free_credentials(t->client_creds);
	for (unsigned i = 0; i < t->cert_count; i++)
		gnutls_pcert_deinit(&t->certs[i]);
	gnutls_privkey_deinit(t->key);
	close(t->fds[0]);
	close(t->fds[1]);
}

static int show(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
		const gnutls_pk_algorithm_t *kinds, int kind_count, gnutls_pcert_st **certs,
		unsigned *count, gnutls_privkey_t *key)
{
	struct talk *t = gnutls_session_get_ptr(session);

	(void)authorities;
	(void)authority_count;
	(void)kinds;
	(void)kind_count;
	*certs = t->certs;
	*count = t->cert_count;
	*key = t->key;
	return 0;
}

static void step(struct talk *t)
{
	if (t->client_rc == GNUTLS_E_AGAIN)
		t->client_rc = gnutls_handshake(t->client);
	if (t->server_rc == GNUTLS_E_AGAIN)
		t->server_rc = gnutls_handshake(t->server);
}

static void shake_hands(struct talk *t)
{
	for (int i = 0; i < 10; i++)
		step(t);
}

#define CLIENT "NORMAL"

static void as_client(struct talk *t, const struct shown *s)
{
	gnutls_datum_t pkcs8 = { s->key->key.bytes, (unsigned)s->key->key.len };

	for (; t->cert_count < s->count; t->cert_count++) {
		const struct der *c = &s->certs[t->cert_count];
		gnutls_datum_t der = { (unsigned char *)c->bytes, (unsigned)c->len };

		gnutls_pcert_import_x509_raw(&t->certs[t->cert_count], &der, GNUTLS_X509_FMT_DER,
					     0);
	}
	gnutls_privkey_init(&t->key);
	gnutls_privkey_import_x509_raw(t->key, &pkcs8, GNUTLS_X509_FMT_DER, NULL, 0);
	gnutls_session_set_ptr(t->client, t);
	gnutls_certificate_set_retrieve_function2(t->client_creds, show);
}

static struct shown shown_by(const struct pair *p)
{
	return (struct shown){ p->set.certs, p->set.count, p };
}

/* One whole handshake; what the server says of it. */
static int talk_of(const struct pair *p, bool *admitted)
{
	struct talk t = { 0 };
	const struct shown s = p ? shown_by(p) : (struct shown){ 0 };
	int rc = 0;

	open_session(&t, CLIENT);
	if (p)
		as_client(&t, &s);
	shake_hands(&t);
	*admitted = t.conn.admitted;
	rc = t.server_rc;
	close_session(&t);
	return rc;
}

TEST(a_caller_is_let_in)
{
	struct talk t = { 0 };
	const struct shown s = shown_by(&signatories[OPS].pair);
	unsigned count = 0;
	const gnutls_datum_t *leaf = NULL;

	open_session(&t, CLIENT);
	as_client(&t, &s);
	shake_hands(&t);
	assert_int_equal(t.server_rc, 0);
	assert_int_equal(t.client_rc, 0);
	assert_true(t.conn.admitted);
	assert_int_equal(gnutls_protocol_get_version(t.server), GNUTLS_TLS1_3);
	leaf = gnutls_certificate_get_peers(t.client, &count);
	assert_int_equal(count, own_pair.set.count);
	assert_int_equal(leaf->size, own_pair.set.certs[0].len);
	assert_memory_equal(leaf->data, own_pair.set.certs[0].bytes, leaf->size);
	assert_int_equal(holder.signatures, 1);
	close_session(&t);
}

TEST(everybody_else_is_refused_in_the_handshake)
{
	static const enum who others[] = { STRANGER, SERVER, FORMER, UNLISTED };
	bool admitted = true;

	for (size_t i = 0; i < 4; i++) {
		int rc = talk_of(&signatories[others[i]].pair, &admitted);

		assert_int_equal(rc, GNUTLS_E_CERTIFICATE_ERROR);
		assert_false(admitted);
	}
	assert_int_equal(talk_of(&own_pair, &admitted), GNUTLS_E_CERTIFICATE_ERROR);
	assert_false(admitted);
}

TEST(who_shows_nothing_is_refused)
{
	bool admitted = true;

	assert_int_not_equal(talk_of(NULL, &admitted), 0);
	assert_false(admitted);
}

static int talk_with_key(enum who certs, enum who key, bool *admitted)
{
	struct talk t = { 0 };
	struct shown s = shown_by(&signatories[certs].pair);
	int rc = 0;

	s.key = &signatories[key].pair;
	open_session(&t, CLIENT);
	as_client(&t, &s);
	shake_hands(&t);
	*admitted = t.conn.admitted;
	rc = t.server_rc;
	close_session(&t);
	return rc;
}

TEST(a_certificate_without_its_key_is_refused)
{
	bool admitted = true;

	assert_int_equal(talk_with_key(OPS, UNLISTED, &admitted), GNUTLS_E_PK_SIG_VERIFY_FAILED);
	assert_false(admitted);
}

/* Or a key of its own making would cost us what it likes. */
TEST(a_strangers_signature_is_not_even_looked_at)
{
	bool admitted = true;

	assert_int_equal(talk_with_key(UNLISTED, OPS, &admitted), GNUTLS_E_CERTIFICATE_ERROR);
}

static int talk_by(const char *priorities)
{
	struct talk t = { 0 };
	const struct shown s = shown_by(&signatories[OPS].pair);
	int rc = 0;

	open_session(&t, priorities);
	as_client(&t, &s);
	shake_hands(&t);
	rc = t.server_rc;
	close_session(&t);
	return rc;
}

TEST(only_tls_1_3_and_fast_groups_are_spoken)
{
	assert_int_not_equal(talk_by("NORMAL:-VERS-ALL:+VERS-TLS1.2"), 0);
	assert_int_not_equal(talk_by("NORMAL:-GROUP-ALL:+GROUP-FFDHE8192"), 0);
	assert_int_not_equal(talk_by("NORMAL:-GROUP-ALL:+GROUP-FFDHE2048"), 0);
	assert_int_equal(talk_by("NORMAL:-GROUP-ALL:+GROUP-SECP256R1"), 0);
	assert_int_equal(talk_by("NORMAL:-GROUP-ALL:+GROUP-SECP384R1"), 0);
	assert_int_equal(talk_by("NORMAL:-GROUP-ALL:+GROUP-X25519"), 0);
}

TEST(no_session_is_resumed)
{
	struct talk t = { 0 };
	const struct shown s = shown_by(&signatories[OPS].pair);
	char byte = 0;

	open_session(&t, CLIENT);
	as_client(&t, &s);
	shake_hands(&t);
	assert_int_equal(gnutls_record_send(t.server, "x", 1), 1);
	assert_int_equal(gnutls_record_recv(t.client, &byte, 1), 1);
	assert_int_equal(gnutls_session_get_flags(t.client) & GNUTLS_SFLAGS_SESSION_TICKET, 0);
	close_session(&t);
}

TEST(a_long_message_is_refused)
{
	struct der many[100];
	struct talk t = { 0 };
	const struct shown s = { many, 100, &signatories[OPS].pair };

	for (size_t i = 0; i < 100; i++)
		many[i] = signatories[OPS].pair.set.certs[0];
	assert_true(100 * many[0].len > TLS_HANDSHAKE_LIMIT);
	open_session(&t, CLIENT);
	as_client(&t, &s);
	shake_hands(&t);
	assert_true(t.server_rc == GNUTLS_E_HANDSHAKE_TOO_LARGE ||
		    t.server_rc == GNUTLS_E_UNEXPECTED_PACKET_LENGTH);
	close_session(&t);
}

/* The server has signed, and waits for the client. */
TEST(a_handshake_under_way_survives_a_new_pair)
{
	enum {
		ROTATIONS = 6
	};
	struct talk list[ROTATIONS] = { 0 };
	const struct shown s = shown_by(&signatories[OPS].pair);
	bool admitted = false;

	for (int i = 0; i < ROTATIONS; i++) {
		open_session(&list[i], CLIENT);
		as_client(&list[i], &s);
		step(&list[i]);
		hold(&holder, i % 2 ? &own_pair : &next_pair);
		assert_int_equal(talk_of(&signatories[OPS].pair, &admitted), 0);
	}
	for (int i = 0; i < ROTATIONS; i++) {
		shake_hands(&list[i]);
		assert_int_equal(list[i].server_rc, 0);
		assert_int_equal(list[i].client_rc, 0);
		close_session(&list[i]);
	}
}

TEST(a_new_handshake_has_the_new_pair)
{
	struct talk t = { 0 };
	const struct shown s = shown_by(&signatories[OPS].pair);
	unsigned count = 0;
	const gnutls_datum_t *leaf = NULL;

	hold(&holder, &next_pair);
	open_session(&t, CLIENT);
	as_client(&t, &s);
	shake_hands(&t);
	leaf = gnutls_certificate_get_peers(t.client, &count);
	assert_memory_equal(leaf->data, next_pair.set.certs[0].bytes, leaf->size);
	close_session(&t);
}

TEST(a_holder_that_fails_ends_the_handshake_only)
{
	bool admitted = true;

	holder.fails = true;
	assert_int_not_equal(talk_of(&signatories[OPS].pair, &admitted), 0);
	assert_false(admitted);
	holder.fails = false;
	assert_int_equal(talk_of(&signatories[OPS].pair, &admitted), 0);
	assert_true(admitted);
}

/* ---- what the key signs ---- */

static bool will_sign(const char *text, size_t len, bool hashed, int algorithm)
{
	const struct tls_signing what = {
		.algorithm = algorithm,
		.hashed = hashed,
		.text = { (const unsigned char *)text, len },
	};
	struct der signature = { 0 };
	struct err e = { 0 };

	return tls_key_sign(holder.key, &what, &test_arena, &signature, &e);
}

TEST(the_key_signs_handshakes_only)
{
	char text[200];
	const size_t head = 64 + strlen("TLS 1.3, server CertificateVerify") + 1;
	const int ecdsa = GNUTLS_SIGN_ECDSA_SECP256R1_SHA256;

	memset(text, 0, sizeof(text));
	memset(text, ' ', 64);
	strcpy(text + 64, "TLS 1.3, server CertificateVerify");
	assert_true(will_sign(text, head + 32, false, ecdsa));
	assert_true(will_sign(text, head + 48, false, ecdsa));
	assert_false(will_sign(text, head, false, ecdsa));
	assert_false(will_sign(text, head + 65, false, ecdsa));
	text[3] = 'x';
	assert_false(will_sign(text, head + 32, false, ecdsa));
	text[3] = ' ';
	memcpy(text + 64, "TLS 1.3, client", 15);
	assert_false(will_sign(text, head + 32, false, ecdsa));
	assert_false(will_sign(ORDER_PURPOSE "{}", strlen(ORDER_PURPOSE) + 2, false, ecdsa));
	assert_true(will_sign(text, 32, true, ecdsa));
	assert_false(will_sign(text, 31, true, ecdsa));
	assert_false(will_sign(text, 48, true, ecdsa));
	assert_false(will_sign(text, 20, true, GNUTLS_SIGN_ECDSA_SHA1));
	assert_false(will_sign(text, 32, true, 0));
	assert_false(will_sign(text, 32, true, 9999));
	assert_false(will_sign(text, 0, true, -1));
}

/* Each key signs by the schemes of TLS 1.3 for its kind, and by no other. */
TEST(s14_only_schemes_of_tls_1_3_are_signed)
{
	static const struct {
		enum key_type type;
		int algorithm;
		size_t len;
		bool good;
	} cases[] = {
		{ KEY_ECDSA_P256, GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, 32, true },
		{ KEY_ECDSA_P256, GNUTLS_SIGN_ECDSA_SHA256, 32, false },
		{ KEY_ECDSA_P256, GNUTLS_SIGN_ECDSA_SHA384, 48, false },
		{ KEY_ECDSA_P256, GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, 48, false },
		{ KEY_ECDSA_P384, GNUTLS_SIGN_ECDSA_SECP384R1_SHA384, 48, true },
		{ KEY_ECDSA_P384, GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, 32, false },
		{ KEY_RSA_2048, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 32, true },
		{ KEY_RSA_2048, GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, 64, true },
		{ KEY_RSA_2048, GNUTLS_SIGN_RSA_SHA256, 32, false },
		{ KEY_RSA_2048, GNUTLS_SIGN_RSA_SHA512, 64, false },
		{ KEY_RSA_2048, GNUTLS_SIGN_RSA_PSS_SHA256, 32, false },
		{ KEY_ED25519, GNUTLS_SIGN_EDDSA_ED25519, 32, false },
	};
	static const char hash[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO(secret) pkcs8 = { 0 };
		struct err e = { 0 };

		must(key_generate(cases[i].type, &pkcs8, &e), &e);
		tls_key_close(holder.key);
		must(tls_key_open(&pkcs8, &holder.key, &e), &e);
		if (will_sign(hash, cases[i].len, true, cases[i].algorithm) != cases[i].good)
			fail_msg("case %zu", i);
	}
}

TEST_EACH(open_server, close_server)
TEST_GROUP(make_signatories, drop_signatories)
