/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/enrol_tls.h"
#include "test.h"

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LIMIT = 1000,
};

/* The side that listens, in a thread: echoes one message. */
struct ssh_target {
	int listener;
	uint16_t port;
	pthread_t thread;
	uint8_t binding[ENROL_TLS_BINDING_BYTES];
	bool answered;
	struct err error;
};

static int accept_within(int listener)
{
	struct pollfd fd = { listener, POLLIN, 0 };

	if (poll(&fd, 1, PATIENCE_MS) <= 0)
		return -1;
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void *echo(void *ctx)
{
	struct ssh_target *f = ctx;
	AUTO(enrol_tls_host) host = NULL;
	AUTO(enrol_tls) l = NULL;
	AUTO(secret) message = { 0 };
	const struct enrol_tls_wait wait = { LIMIT, clock_mono_ms() + PATIENCE_MS };

	if (!enrol_tls_host_new(&host, &f->error))
		return NULL;
	l = enrol_tls_accept(host, accept_within(f->listener));
	f->answered = enrol_tls_receive(l, &wait, &message, &f->error) &&
		      enrol_tls_send(l, &message, wait.end_ms, &f->error);
	memcpy(f->binding, enrol_tls_binding(l), ENROL_TLS_BINDING_BYTES);
	return NULL;
}

static void far_start(struct ssh_target *f, void *(*fn)(void *))
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(f->listener >= 0);
	assert_int_equal(bind(f->listener, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(f->listener, (void *)&in, &len), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	f->port = ntohs(in.sin_port);
	assert_int_equal(pthread_create(&f->thread, NULL, fn, f), 0);
}

static void far_end(struct ssh_target *f)
{
	pthread_join(f->thread, NULL);
	close(f->listener);
}

static bool reach(const struct ssh_target *f, struct enrol_tls **out, struct err *e)
{
	const struct enrol_tls_target to = { "127.0.0.1", f->port };

	return enrol_tls_connect(&to, out, e);
}

static void fill(struct secret *message, size_t len)
{
	secret_alloc(message, len);
	for (size_t i = 0; i < len; i++)
		message->bytes[i] = (unsigned char)(i * 7);
}

static bool say(struct enrol_tls *l, size_t len, struct secret *answer, struct err *e)
{
	AUTO(secret) message = { 0 };
	const struct enrol_tls_wait wait = { LIMIT, clock_mono_ms() + PATIENCE_MS };

	fill(&message, len);
	return enrol_tls_send(l, &message, wait.end_ms, e) &&
	       enrol_tls_receive(l, &wait, answer, e);
}

TEST(both_ends_are_bound_to_the_same)
{
	struct ssh_target f = { 0 };
	AUTO(enrol_tls) l = NULL;
	AUTO(secret) answer = { 0 };
	AUTO(secret) expected = { 0 };
	struct err e = { 0 };

	far_start(&f, echo);
	assert_true(reach(&f, &l, &e));
	assert_true(say(l, 700, &answer, &e));
	far_end(&f);
	fill(&expected, 700);
	assert_int_equal(answer.len, 700);
	assert_memory_equal(answer.bytes, expected.bytes, 700);
	assert_memory_equal(f.binding, enrol_tls_binding(l), ENROL_TLS_BINDING_BYTES);
}

TEST(no_two_connections_are_bound_to_the_same)
{
	struct ssh_target one = { 0 };
	struct ssh_target other = { 0 };
	AUTO(enrol_tls) a = NULL;
	AUTO(enrol_tls) b = NULL;
	AUTO(secret) first = { 0 };
	AUTO(secret) second = { 0 };
	struct err e = { 0 };

	far_start(&one, echo);
	far_start(&other, echo);
	assert_true(reach(&one, &a, &e) && reach(&other, &b, &e));
	assert_true(say(a, 1, &first, &e) && say(b, 1, &second, &e));
	far_end(&one);
	far_end(&other);
	assert_memory_not_equal(enrol_tls_binding(a), enrol_tls_binding(b),
				ENROL_TLS_BINDING_BYTES);
}

TEST(an_empty_message_is_one)
{
	struct ssh_target f = { 0 };
	AUTO(enrol_tls) l = NULL;
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	far_start(&f, echo);
	assert_true(reach(&f, &l, &e));
	assert_true(say(l, 0, &answer, &e));
	far_end(&f);
	assert_int_equal(answer.len, 0);
	assert_non_null(answer.bytes);
}

TEST(a_message_over_the_limit_is_refused_by_its_head)
{
	struct ssh_target f = { 0 };
	AUTO(enrol_tls) l = NULL;
	AUTO(secret) answer = { 0 };
	struct err e = { 0 };

	far_start(&f, echo);
	assert_true(reach(&f, &l, &e));
	assert_false(say(l, LIMIT + 1, &answer, &e));
	far_end(&f);
	assert_false(f.answered);
	assert_int_equal(f.error.code, ERR_REMOTE);
	assert_non_null(strstr(f.error.text, "1001 bytes"));
}

static void *hang_up(void *ctx)
{
	close(accept_within(((struct ssh_target *)ctx)->listener));
	return NULL;
}

static void *say_garbage(void *ctx)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	int fd = accept_within(((struct ssh_target *)ctx)->listener);

	(void)!write(fd, text, sizeof(text) - 1);
	usleep(100 * 1000);
	close(fd);
	return NULL;
}

/* TLS, but not for this. */
static void *be_another_server(void *ctx)
{
	struct ssh_target *f = ctx;
	gnutls_session_t session = NULL;
	gnutls_anon_server_credentials_t anon = NULL;
	int fd = accept_within(f->listener);

	gnutls_anon_allocate_server_credentials(&anon);
	gnutls_init(&session, GNUTLS_SERVER);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_ANON, anon);
	fcntl(fd, F_SETFL, 0);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, PATIENCE_MS);
	(void)!gnutls_handshake(session);
	gnutls_deinit(session);
	gnutls_anon_free_server_credentials(anon);
	close(fd);
	return NULL;
}

TEST(a_server_that_does_not_enrol_is_an_error)
{
	static void *(*const others[])(void *) = { hang_up, say_garbage, be_another_server };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct ssh_target f = { 0 };
		AUTO(enrol_tls) l = NULL;
		struct err e = { 0 };

		far_start(&f, others[i]);
		assert_false(reach(&f, &l, &e));
		far_end(&f);
		assert_int_equal(e.code, ERR_REMOTE);
	}
}

TEST(nobody_there_is_an_error)
{
	const struct enrol_tls_target nobody = { "127.0.0.1", 1 };
	const struct enrol_tls_target nowhere = { "no-such-host.invalid", 7443 };
	AUTO(enrol_tls) l = NULL;
	struct err e = { 0 };

	assert_false(enrol_tls_connect(&nobody, &l, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_false(enrol_tls_connect(&nowhere, &l, &e));
	assert_int_equal(e.code, ERR_REMOTE);
}

/* The listening side: a client that is silent, or talks nonsense. */
TEST(a_silent_client_only_waits)
{
	AUTO(enrol_tls_host) host = NULL;
	AUTO(enrol_tls) l = NULL;
	AUTO(secret) message = { 0 };
	struct err e = { 0 };
	int ends[2];

	assert_true(enrol_tls_host_new(&host, &e));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	l = enrol_tls_accept(host, ends[0]);
	assert_int_equal(enrol_tls_advance(l, LIMIT, &e), ENROL_TLS_WAITS);
	assert_int_equal(enrol_tls_events(l), POLLIN);

	const struct enrol_tls_wait wait = { LIMIT, clock_mono_ms() + 150 };
	int64_t begin = clock_mono_ms();

	assert_false(enrol_tls_receive(l, &wait, &message, &e));
	assert_int_equal(e.code, ERR_REMOTE);
	assert_true(clock_mono_ms() - begin < PATIENCE_MS);
	close(ends[1]);
	assert_int_equal(enrol_tls_advance(l, LIMIT, &e), ENROL_TLS_ENDED);
}

TEST(a_client_that_talks_nonsense_is_left)
{
	static const char *const texts[] = { "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff\x01",
					     "\x16\x03\x01\x00\x05hello" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		AUTO(enrol_tls_host) host = NULL;
		AUTO(enrol_tls) l = NULL;
		struct err e = { 0 };
		int ends[2];
		size_t len = i ? 6 + (i == 2 ? 4 : 0) : strlen(texts[i]);

		assert_true(enrol_tls_host_new(&host, &e));
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
		l = enrol_tls_accept(host, ends[0]);
		assert_int_equal(write(ends[1], texts[i], len), (ssize_t)len);
		shutdown(ends[1], SHUT_WR);
		int turns = 1;

		while (turns < 10 && enrol_tls_advance(l, LIMIT, &e) == ENROL_TLS_WAITS)
			turns++;
		assert_true(turns < 10);
		assert_int_not_equal(e.code, ERR_NONE);
		close(ends[1]);
	}
}
