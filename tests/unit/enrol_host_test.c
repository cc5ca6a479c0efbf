/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that enrols, and everybody who may come to it meanwhile. */
#include "agent/trust_grant.h"
#include "base/clock.h"
#include "drivers/enrol_client.h"
#include "enrol_fixture.h"
#include "pki/csr.h"
#include "pki/enrol_tls.h"
#include "pki_fixture.h"
#include "test.h"
#include "wire/enrol_message.h"

/* A host, and the authority that may sign for it. */
struct pairing {
	struct host host;
	struct pair ca;
};

static int setup(void **state)
{
	struct pairing *p = calloc(1, sizeof(*p));

	host_init(&p->host);
	make_authority(SHOP_CA, KEY_ECDSA_P256, clock_now(), &p->ca);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pairing *p = *state;

	host_release(&p->host);
	pair_release(&p->ca);
	free(p);
	return 0;
}

static const struct pair *ca_of(const struct host *h)
{
	return &((const struct pairing *)h)->ca;
}

/* ---- the operator ---- */

static bool meet(struct host *h, const struct secret *token, struct enrol_client **out,
		 struct err *e)
{
	const struct enrol_client_target to = { "127.0.0.1", h->config.port, token };

	return enrol_client_open(&to, out, e);
}

static const char *authority_pem(struct host *h)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, ca_of(h)->set.certs, 1);
	return arena_strdup(&h->config.arena, buf_text(&pem));
}

#define ENTRY   \
	"spki:" \
	"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static void sign(struct host *h, struct der spki, struct arena *a, struct cert_set *out)
{
	const struct certificate c = made_certificate();
	const struct leaf_request r = { &c, spki, clock_now() };
	AUTO(authority) by = NULL;
	struct err e = { 0 };

	must(authority_open(&ca_of(h)->key, &ca_of(h)->set, &by, &e), &e);
	must(issue_for(&r, by, a, out, &e), &e);
}

/* What the agent is given, for the key of its request. */
static struct grant grant_for(struct host *h, struct der csr)
{
	static const char *const allow[] = { ENTRY };
	struct arena *a = &h->config.arena;
	struct der spki = { 0 };
	struct cert_set set = { 0 };
	struct err e = { 0 };

	must(csr_read(csr, a, &spki, &e), &e);
	sign(h, spki, a, &set);
	return (struct grant){ set.certs, set.count, { authority_pem(h), allow, 1 } };
}

static bool accept_agent(struct host *h, struct receipt *r, struct err *e)
{
	AUTO(enrol_client) agent = NULL;
	struct grant g = { 0 };

	if (!meet(h, &h->token, &agent, e))
		return false;
	g = grant_for(h, enrol_client_csr(agent));
	return enrol_client_grant(agent, &g, &h->config.arena, r, e);
}

static void assert_enrols(struct host *h, struct receipt *r)
{
	struct err e = { 0 };

	must(accept_agent(h, r, &e), &e);
	assert_true(r->written);
	host_end(h);
	if (!h->enrolled)
		fail_msg("%s", h->error.text);
}

/* ---- it works ---- */

TEST(an_agent_gets_its_pair_and_whom_to_obey)
{
	struct host *h = *state;
	struct receipt r = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };
	struct cert_set set = { 0 };
	struct err e = { 0 };
	struct stat st;

	host_start(h);
	assert_true(host_has(h, "agent.key.enrolling"));
	assert_false(host_has(h, "agent.key"));
	assert_enrols(h, &r);
	assert_int_equal(r.note_count, 0);

	const char *key_pem = host_text(h, "agent.key");
	const char *pem = host_text(h, "agent.pem");

	must(pem_read_key(key_pem, strlen(key_pem), &key, &e), &e);
	must(pem_read_certs(pem, strlen(pem), &a, &set.certs, &set.count, &e), &e);
	must(pair_from_parts(&key, &set, &pair, &e), &e);
	must(pair_lint(&pair, clock_now(), &e), &e);
	assert_int_equal(stat(host_path(h, "agent.key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(host_path(h, "agent.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_false(host_has(h, "agent.key.enrolling"));
	assert_string_equal(host_text(h, "operators.pem"), authority_pem(h));
	must(trust_grant_read(&h->config, &e), &e);
	assert_int_equal(h->config.client_count, 1);
	assert_string_equal(h->config.clients[0].spki, &ENTRY[5]);
}

TEST(what_an_earlier_one_left_is_replaced)
{
	struct host *h = *state;
	struct receipt r = { 0 };

	host_put(h, "agent.key.enrolling", "half a key");
	host_start(h);
	assert_enrols(h, &r);
	assert_null(strstr(host_text(h, "agent.key"), "half a key"));
	assert_false(host_has(h, "agent.key.enrolling"));
}

/* Killed between the two last renames. */
TEST(one_that_was_cut_short_at_its_end_is_ended)
{
	struct host *h = *state;
	struct receipt r = { 0 };
	const char *key = NULL;

	host_start(h);
	assert_enrols(h, &r);
	key = host_text(h, "agent.key");
	assert_int_equal(rename(host_path(h, "agent.key"), host_path(h, "agent.key.enrolling")), 0);
	host_start(h);
	host_end(h);
	assert_true(h->enrolled);
	assert_string_equal(host_text(h, "agent.key"), key);
	assert_false(host_has(h, "agent.key.enrolling"));
}

TEST(an_agent_with_a_key_or_a_certificate_is_left_alone)
{
	static const char *const names[] = { "agent.key", "agent.pem" };
	struct host *h = *state;

	for (size_t i = 0; i < 2; i++) {
		host_put(h, names[i], "what is there");
		host_start(h);
		host_end(h);
		assert_false(h->enrolled);
		assert_int_equal(h->error.code, ERR_INPUT);
		assert_string_equal(host_text(h, names[i]), "what is there");
		assert_false(host_has(h, "agent.key.enrolling"));
		assert_int_equal(unlink(host_path(h, names[i])), 0);
	}
}

/* ---- what is there already ---- */

TEST(nobody_more_is_let_in)
{
	struct host *h = *state;
	struct receipt r = { 0 };
	AUTO(pair) other = { 0 };
	AUTO(buf) pem = { 0 };

	make_authority(SHOP_CA, KEY_ECDSA_P256, clock_now(), &other);
	pem_add_certs(&pem, other.set.certs, 1);
	host_put(h, "operators.pem", buf_text(&pem));
	host_put(h, "allow", "# ours\nCN=ops,O=Example\n");
	host_start(h);
	assert_enrols(h, &r);
	assert_string_equal(host_text(h, "operators.pem"), buf_text(&pem));
	assert_string_equal(host_text(h, "allow"), "# ours\nCN=ops,O=Example\n");
	assert_int_equal(r.note_count, 2);
	assert_non_null(strstr(r.notes[0], "operators.pem' does not hold"));
	assert_non_null(strstr(r.notes[1], "add \"" ENTRY "\" to it"));
	assert_non_null(strstr(h->told, "does not hold"));
}

TEST(what_already_lets_the_operator_in_needs_no_word)
{
	struct host *h = *state;
	struct receipt r = { 0 };

	host_put(h, "operators.pem", authority_pem(h));
	host_put(h, "allow", "CN=ops\n" ENTRY "\n");
	host_start(h);
	assert_enrols(h, &r);
	assert_int_equal(r.note_count, 0);
	assert_string_equal(host_text(h, "allow"), "CN=ops\n" ENTRY "\n");
}

TEST(a_list_in_the_configuration_stays_as_it_is)
{
	static const struct allowed_client ours[] = { { .name = "CN=ops" } };
	struct host *h = *state;
	struct receipt r = { 0 };

	h->config.allow_file = NULL;
	h->config.clients = ours;
	h->config.client_count = 1;
	host_start(h);
	assert_enrols(h, &r);
	assert_int_equal(r.note_count, 1);
	assert_non_null(strstr(r.notes[0], "'allow' of the agent's"));
	assert_false(host_has(h, "allow"));
}

TEST(a_list_that_is_none_is_refused)
{
	static const char *const bad[] = { "", "# nobody\n", "spki:12\n", "ops\n" };
	struct host *h = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = { 0 };

		host_put(h, "allow", bad[i]);
		assert_false(trust_grant_read(&h->config, &e));
		assert_int_equal(e.code, ERR_INPUT);
	}
}

/* ---- those without the token ---- */

TEST(five_wrong_tokens_end_it)
{
	struct host *h = *state;

	host_start(h);
	for (int i = 0; i < INVITE_FAILURES; i++) {
		AUTO(secret) token = { 0 };
		AUTO(enrol_client) agent = NULL;
		struct err e = { 0 };

		token_make(&token);
		assert_false(meet(h, &token, &agent, &e));
		assert_int_equal(e.code, ERR_CRYPTO);
	}
	host_end(h);
	assert_false(h->enrolled);
	assert_int_equal(h->error.code, ERR_CRYPTO);
	assert_nothing_is_left(h);
}

TEST(four_wrong_tokens_do_not)
{
	struct host *h = *state;
	struct receipt r = { 0 };

	host_start(h);
	for (int i = 1; i < INVITE_FAILURES; i++) {
		AUTO(secret) token = { 0 };
		AUTO(enrol_client) agent = NULL;
		struct err e = { 0 };

		token_make(&token);
		assert_false(meet(h, &token, &agent, &e));
	}
	assert_enrols(h, &r);
	assert_non_null(strstr(h->told, "(4 of 5)"));
}

/* A raw connection of somebody else's making. */
static struct enrol_tls *connect_raw(struct host *h)
{
	const struct enrol_tls_target to = { "127.0.0.1", h->config.port };
	struct enrol_tls *l = NULL;
	struct err e = { 0 };

	must(enrol_tls_connect(&to, &l, &e), &e);
	return l;
}

static struct enrol_auth auth_of(struct host *h, const struct enrol_tls *l)
{
	return (struct enrol_auth){ &h->token, enrol_tls_binding(l), ENROL_TLS_BINDING_BYTES };
}

/* The proof of one connection is worth nothing on another. */
TEST(a_proof_of_another_connection_does_not_hold)
{
	struct host *h = *state;
	AUTO(enrol_tls) one = NULL;
	AUTO(enrol_tls) other = NULL;
	AUTO(secret) hello = { 0 };
	AUTO(secret) answer = { 0 };
	struct receipt r = { 0 };
	struct err e = { 0 };
	const struct enrol_tls_wait wait = { ENROL_REQUEST_LIMIT, clock_mono_ms() + PATIENCE_MS };

	host_start(h);
	one = connect_raw(h);
	other = connect_raw(h);

	const struct enrol_auth auth = auth_of(h, one);

	enrol_hello_write(&auth, &hello);
	must(enrol_tls_send(other, &hello, wait.end_ms, &e), &e);
	assert_false(enrol_tls_receive(other, &wait, &answer, &e));
	assert_enrols(h, &r);
	assert_non_null(strstr(h->told, "(1 of 5)"));
}

/* Who stands between has two connections, and neither proof holds on both. */
struct between {
	struct host *host;
	int listener;
	uint16_t port;
	pthread_t thread;
};

static void pass_on(struct enrol_tls *from, struct enrol_tls *to)
{
	const struct enrol_tls_wait wait = { ENROL_GRANT_LIMIT, clock_mono_ms() + PATIENCE_MS };
	AUTO(secret) message = { 0 };
	struct err e = { 0 };

	if (enrol_tls_receive(from, &wait, &message, &e))
		(void)!enrol_tls_send(to, &message, wait.end_ms, &e);
}

static void *stand_between(void *ctx)
{
	struct between *b = ctx;
	AUTO(enrol_tls_host) posing = NULL;
	AUTO(enrol_tls) caller = NULL;
	AUTO(enrol_tls) agent = NULL;
	struct err e = { 0 };

	must(enrol_tls_host_new(&posing, &e), &e);
	caller = enrol_tls_accept(posing, accept4(b->listener, NULL, NULL, SOCK_NONBLOCK));
	agent = connect_raw(b->host);
	pass_on(caller, agent);
	pass_on(agent, caller);
	return NULL;
}

TEST(who_stands_between_fails_on_both_sides)
{
	struct host *h = *state;
	struct between b = { .host = h };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	AUTO(enrol_client) agent = NULL;
	struct receipt r = { 0 };
	struct err e = { 0 };

	host_start(h);
	b.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b.listener, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(b.listener, (void *)&in, &len), 0);
	assert_int_equal(listen(b.listener, 1), 0);
	assert_int_equal(pthread_create(&b.thread, NULL, stand_between, &b), 0);

	const struct enrol_client_target to = { "127.0.0.1", ntohs(in.sin_port), &h->token };

	assert_false(enrol_client_open(&to, &agent, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	pthread_join(b.thread, NULL);
	close(b.listener);
	assert_enrols(h, &r);
	assert_non_null(strstr(h->told, "intercepted (1 of 5)"));
}

/* An answer that was changed on its way, though by one bit. */
static void *change_answer(void *ctx)
{
	struct between *b = ctx;
	AUTO(enrol_tls_host) posing = NULL;
	AUTO(enrol_tls) caller = NULL;
	AUTO(secret) hello = { 0 };
	AUTO(secret) answer = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(arena) a = { 0 };
	struct der csr = { 0 };
	struct err e = { 0 };
	const struct enrol_tls_wait wait = { ENROL_HELLO_LIMIT, clock_mono_ms() + PATIENCE_MS };

	must(enrol_tls_host_new(&posing, &e), &e);
	caller = enrol_tls_accept(posing, accept4(b->listener, NULL, NULL, SOCK_NONBLOCK));
	must(enrol_tls_receive(caller, &wait, &hello, &e), &e);

	const struct enrol_auth auth = auth_of(b->host, caller);

	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	must(csr_make(&key, &a, &csr, &e), &e);
	enrol_request_write(&auth, csr, &answer);
	answer.bytes[answer.len - 1] ^= 1;
	must(enrol_tls_send(caller, &answer, wait.end_ms, &e), &e);
	return NULL;
}

TEST(an_answer_that_was_changed_is_refused)
{
	struct between b = { .host = *state };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	AUTO(enrol_client) agent = NULL;
	struct err e = { 0 };

	b.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b.listener, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(b.listener, (void *)&in, &len), 0);
	assert_int_equal(listen(b.listener, 1), 0);
	assert_int_equal(pthread_create(&b.thread, NULL, change_answer, &b), 0);

	const struct enrol_client_target to = { "127.0.0.1", ntohs(in.sin_port), &b.host->token };

	assert_false(enrol_client_open(&to, &agent, &e));
	assert_int_equal(e.code, ERR_CRYPTO);
	pthread_join(b.thread, NULL);
	close(b.listener);
}

TEST(strangers_do_not_keep_the_operator_out)
{
	enum {
		STRANGERS = 160 /* ten seconds for sixteen at a time: too long */
	};
	struct host *h = *state;
	struct receipt r = { 0 };
	int fds[STRANGERS];
	int64_t begin = clock_mono_ms();
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(h->config.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	host_start(h);
	for (int i = 0; i < STRANGERS; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fds[i], (void *)&in, sizeof(in)), 0);
		(void)!send(fds[i], "\x16", 1, MSG_NOSIGNAL);
	}
	assert_enrols(h, &r);
	assert_true(clock_mono_ms() - begin < PATIENCE_MS);
	for (int i = 0; i < STRANGERS; i++)
		close(fds[i]);
	assert_string_equal(h->told, "");
}

TEST(without_an_operator_it_ends)
{
	struct host *h = *state;
	AUTO(enrol_client) agent = NULL;
	struct err e = { 0 };

	h->wait = 1;
	host_start(h);
	host_end(h);
	assert_false(h->enrolled);
	assert_int_equal(h->error.code, ERR_REMOTE);
	assert_non_null(strstr(h->error.text, "within 1 second"));
	assert_nothing_is_left(h);
	assert_false(meet(h, &h->token, &agent, &e));
	assert_int_equal(e.code, ERR_REMOTE);
}

/* ---- operators that fail after their proof ---- */

TEST(an_operator_who_breaks_off_may_come_again)
{
	struct host *h = *state;
	struct receipt r = { 0 };
	struct err e = { 0 };
	const struct err why = { ERR_IO, "no disk today" };

	host_start(h);
	{
		AUTO(enrol_client) agent = NULL;

		must(meet(h, &h->token, &agent, &e), &e);
	}
	{
		AUTO(enrol_client) agent = NULL;

		must(meet(h, &h->token, &agent, &e), &e);
		enrol_client_refuse(agent, &why);
	}
	assert_enrols(h, &r);
	assert_non_null(strstr(h->told, "no disk today"));
	assert_null(strstr(h->told, "of 5"));
}

TEST(a_certificate_for_another_key_is_not_written)
{
	struct host *h = *state;
	AUTO(enrol_client) agent = NULL;
	AUTO(secret) key = { 0 };
	struct arena *a = &h->config.arena;
	struct receipt r = { 0 };
	struct err e = { 0 };
	struct der csr = { 0 };
	struct grant g = { 0 };

	host_start(h);
	must(meet(h, &h->token, &agent, &e), &e);
	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	must(csr_make(&key, a, &csr, &e), &e);
	g = grant_for(h, csr);
	must(enrol_client_grant(agent, &g, a, &r, &e), &e);
	host_end(h);
	assert_false(r.written);
	assert_int_equal(r.note_count, 1);
	assert_non_null(strstr(r.notes[0], "cannot use the certificate"));
	assert_false(h->enrolled);
	assert_nothing_is_left(h);
}

TEST(what_is_allowed_must_make_sense)
{
	static const char *const allow[] = { ENTRY "\nCN=mallory" };
	struct host *h = *state;
	AUTO(enrol_client) agent = NULL;
	struct receipt r = { 0 };
	struct err e = { 0 };
	struct grant g = { 0 };

	host_start(h);
	must(meet(h, &h->token, &agent, &e), &e);
	g = grant_for(h, enrol_client_csr(agent));
	g.admission.allow = allow;
	must(enrol_client_grant(agent, &g, &h->config.arena, &r, &e), &e);
	host_end(h);
	assert_false(r.written);
	assert_false(host_has(h, "allow"));
	assert_nothing_is_left(h);
}

/* ---- two at once ---- */

struct rival {
	struct host *host;
	pthread_t thread;
	bool done;
};

static void *accept_as_rival(void *ctx)
{
	struct rival *v = ctx;
	struct host *h = v->host;
	AUTO(enrol_client) agent = NULL;
	AUTO(arena) a = { 0 };
	static const char *const allow[] = { ENTRY };
	struct cert_set set = { 0 };
	struct der spki = { 0 };
	struct receipt r = { 0 };
	struct err e = { 0 };
	AUTO(buf) pem = { 0 };

	if (!meet(h, &h->token, &agent, &e) || !csr_read(enrol_client_csr(agent), &a, &spki, &e))
		return NULL;
	sign(h, spki, &a, &set);
	pem_add_certs(&pem, ca_of(h)->set.certs, 1);

	const struct grant g = { set.certs, set.count, { buf_text(&pem), allow, 1 } };

	v->done = enrol_client_grant(agent, &g, &a, &r, &e) && r.written;
	return NULL;
}

TEST(of_two_at_once_one_succeeds)
{
	struct host *h = *state;
	struct rival rivals[2] = { { .host = h }, { .host = h } };

	host_start(h);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&rivals[i].thread, NULL, accept_as_rival, &rivals[i]), 0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(rivals[i].thread, NULL);
	host_end(h);
	assert_true(h->enrolled);
	assert_int_equal(rivals[0].done + rivals[1].done, 1);
}

TEST_EACH(setup, teardown)
