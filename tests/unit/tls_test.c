/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_made.h"

#include "base/fs.h"
#include "base/stop.h"
#include "pki/cert.h"
#include "pki/key.h"
#include "pki/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

extern char **environ;

enum {
	SHORT_MS = 300,
	START_TRIES = 200,
	MANY = 150
};

/* A program on a port of its own, with its files in a directory. */
struct server {
	char directory[64];
	pid_t pid;
	uint16_t port;
};

static int listen_on(int family, uint16_t *port)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons(*port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(*port),
				   .sin6_addr = in6addr_loopback };
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);
	struct sockaddr *at = family == AF_INET ? (struct sockaddr *)&v4
						: (struct sockaddr *)&v6;

	if (fd < 0 || bind(fd, at, len) || listen(fd, 64) ||
	    getsockname(fd, at, &len)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

static uint16_t free_port(void)
{
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);

	assert_true(fd >= 0);
	close(fd);
	return port;
}

static bool is_listening(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_up = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return is_up;
}

static void write_file(const struct server *s, const char *name,
		       const void *bytes, size_t len)
{
	char path[128];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	MUST(fs_replace(path, bytes, len, FS_PRIVATE, &e), &e);
}

/* Writes NAME.pem and NAME.key. */
static void write_pair(const struct server *s, const char *name,
		       const struct pair *p)
{
	AUTO(buf) certs = { 0 };
	AUTO(secret) key = { 0 };
	char file[64];

	pem_add_certs(&certs, p->set.certs, p->set.count);
	pem_add_key(&key, &p->key);
	snprintf(file, sizeof(file), "%s.pem", name);
	write_file(s, file, certs.data, certs.len);
	snprintf(file, sizeof(file), "%s.key", name);
	write_file(s, file, key.bytes, key.len);
}

static void server_prepare(struct server *s)
{
	const char *under = getenv("TMPDIR");

	snprintf(s->directory, sizeof(s->directory), "%s/certfleet-tls-XXXXXX",
		 under && strlen(under) < 30 ? under : "/tmp");
	assert_non_null(mkdtemp(s->directory));
	s->port = free_port();
}

static void server_run(struct server *s, const char *const *argv)
{
	posix_spawn_file_actions_t files;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&s->pid, argv[0], &files, NULL,
				      (char **)argv, environ),
			 0);
	posix_spawn_file_actions_destroy(&files);
	for (int i = 0; i < START_TRIES && !is_listening(s->port); i++)
		poll(NULL, 0, 20);
	assert_true(is_listening(s->port));
}

static void server_stop(struct server *s)
{
	static const char *const names[] = { "a.pem", "a.key", "b.pem",
					     "b.key" };
	char path[128];

	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->directory, names[i]);
		unlink(path);
	}
	rmdir(s->directory);
}

/* gnutls-serv with the pair `a`, and with `b` where that is not NULL. */
static void serve(struct server *s, const struct pair *a, const struct pair *b)
{
	char port[8];
	char files[4][128];
	static const char *const names[] = { "a.pem", "a.key", "b.pem",
					     "b.key" };
	const char *argv[16] = { "gnutls-serv", "--echo", "--quiet", "-p",
				 port };
	size_t n = 5;

	server_prepare(s);
	write_pair(s, "a", a);
	if (b)
		write_pair(s, "b", b);
	snprintf(port, sizeof(port), "%u", s->port);
	for (size_t i = 0; i < (b ? 4 : 2); i++) {
		snprintf(files[i], sizeof(files[i]), "%s/%s", s->directory,
			 names[i]);
		argv[n++] = i % 2 ? "--x509keyfile" : "--x509certfile";
		argv[n++] = files[i];
	}
	server_run(s, argv);
}

static void make_kind(enum key_type type, struct pair *out)
{
	struct certificate c = made_certificate();

	c.key = type;
	make_leaf(&c, NULL, out);
}

static void probe_one(struct tls_probe *p, struct arena *a)
{
	struct err e = { 0 };

	MUST(tls_probe_all(p, 1, a, &e), &e);
}

static void a_server_is_known_by_the_leaf_it_proves(void **state)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };
	struct certificate c = made_certificate();

	(void)state;
	make_authority_at(KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, &pair);
	serve(&s, &pair, NULL);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = s.port,
			       .server_name = "shop.example.com" };

	probe_one(&p, &a);
	server_stop(&s);
	assert_null(p.error);
	assert_true(p.completed);
	assert_string_equal(p.fingerprint, pair.facts.fingerprint);
	assert_string_equal(p.chain,
			    chain_digest(pair.set.certs, pair.set.count, &a));
	assert_int_equal(p.not_after, pair.facts.not_after);
	assert_null(p.other);
}

static void every_kind_of_key_can_be_asked_for(void **state)
{
	static const enum key_type kinds[][2] = {
		{ KEY_RSA_2048, KEY_ECDSA_P256 },
		{ KEY_ECDSA_P384, KEY_ED25519 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		AUTO(pair) first = { 0 };
		AUTO(pair) second = { 0 };
		AUTO(arena) a = { 0 };
		struct server s = { 0 };
		struct err e = { 0 };

		make_kind(kinds[i][0], &first);
		make_kind(kinds[i][1], &second);
		serve(&s, &first, &second);
		struct tls_probe p[] = {
			{ .host = "127.0.0.1",
			  .port = s.port,
			  .key = first.facts.key },
			{ .host = "127.0.0.1",
			  .port = s.port,
			  .key = second.facts.key },
		};

		MUST(tls_probe_all(p, 2, &a, &e), &e);
		server_stop(&s);
		assert_true(p[0].completed && p[1].completed);
		assert_string_equal(p[0].fingerprint, first.facts.fingerprint);
		assert_string_equal(p[1].fingerprint, second.facts.fingerprint);
	}
}

static void a_server_without_the_kind_says_what_it_has(void **state)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };

	(void)state;
	make_kind(KEY_RSA_2048, &pair);
	serve(&s, &pair, NULL);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = s.port,
			       .key = "ecdsa-p256" };

	probe_one(&p, &a);
	server_stop(&s);
	assert_true(p.completed);
	assert_string_equal(p.fingerprint, pair.facts.fingerprint);
}

static void many_are_asked_at_the_same_time(void **state)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };
	struct tls_probe probes[MANY];
	struct err e = { 0 };

	(void)state;
	make_kind(KEY_ECDSA_P256, &pair);
	serve(&s, &pair, NULL);
	for (size_t i = 0; i < MANY; i++)
		probes[i] = (struct tls_probe){ .host = "127.0.0.1",
						.port = s.port };
	MUST(tls_probe_all(probes, MANY, &a, &e), &e);
	server_stop(&s);
	for (size_t i = 0; i < MANY; i++) {
		if (!probes[i].completed)
			fail_msg("%s", probes[i].error);
		assert_string_equal(probes[i].fingerprint,
				    pair.facts.fingerprint);
	}
}

static void a_name_is_tried_on_every_address_that_answers(void **state)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };

	(void)state;
	make_kind(KEY_ECDSA_P256, &pair);
	serve(&s, &pair, NULL);
	struct tls_probe p = { .host = "localhost", .port = s.port };

	probe_one(&p, &a);
	server_stop(&s);
	if (!p.completed)
		fail_msg("%s", p.error);
	assert_string_equal(p.fingerprint, pair.facts.fingerprint);
	assert_null(p.other);
}

static void a_closed_port_is_not_completed(void **state)
{
	AUTO(arena) a = { 0 };
	struct tls_probe p = { .host = "127.0.0.1", .port = free_port() };

	(void)state;
	probe_one(&p, &a);
	assert_false(p.completed);
	assert_null(p.fingerprint);
	assert_non_null(strstr(p.error, "Connection refused"));
}

static void a_name_that_nobody_knows_is_not_completed(void **state)
{
	AUTO(arena) a = { 0 };
	struct tls_probe p = { .host = "nobody.invalid",
			       .port = 443,
			       .timeout_ms = SHORT_MS };

	(void)state;
	probe_one(&p, &a);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "cannot find the address of"));
}

static void a_silent_listener_runs_into_the_deadline(void **state)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = port,
			       .timeout_ms = SHORT_MS };

	(void)state;
	probe_one(&p, &a);
	close(fd);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "within 300 ms"));
}

/* Answers the first connection with `text`, in a process of its own. */
static pid_t babble(int fd, const char *text)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	int peer = accept(fd, NULL, NULL);
	char room[4096];

	if (read(peer, room, sizeof(room)) > 0 &&
	    write(peer, text, strlen(text)) > 0)
		poll(NULL, 0, 2000);
	_exit(0);
}

static void garbage_is_not_completed(void **state)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	pid_t pid = babble(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	(void)state;
	probe_one(&p, &a);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "TLS handshake"));
}

/*
 * A server that presents one certificate and holds the key of another, as
 * one does whose files were replaced one by one.
 */
static void pretend_to(int peer, const struct pair *shown,
		       const struct pair *held)
{
	AUTO(credentials) credentials = NULL;
	AUTO(session) session = NULL;
	AUTO(crt) crt = NULL;
	AUTO(privkey) key = NULL;
	gnutls_pcert_st pcert;
	struct err e = { 0 };

	if (!key_open(&held->key, &key, &e) ||
	    !cert_open(shown->set.certs[0], &crt, &e))
		_exit(1);
	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_certificate_set_flags(credentials,
				     GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	gnutls_pcert_import_x509(&pcert, crt, 0);
	gnutls_certificate_set_key(credentials, NULL, 0, &pcert, 1, key);
	gnutls_init(&session, GNUTLS_SERVER);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, peer);
	gnutls_handshake(session);
	_exit(0);
}

static pid_t pretend(int fd, const struct pair *shown, const struct pair *held)
{
	pid_t pid = fork();

	if (pid == 0)
		pretend_to(accept(fd, NULL, NULL), shown, held);
	return pid;
}

/* A PostgreSQL that says `answer`, then `more` a little later, then TLS. */
static pid_t pretend_postgres(int fd, const struct pair *pair,
			      const char *answer, const char *more)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	int peer = accept(fd, NULL, NULL);
	char request[8];

	if (recv(peer, request, sizeof(request), MSG_WAITALL) != 8 ||
	    write(peer, answer, strlen(answer)) < 0)
		_exit(1);
	if (!*more)
		pretend_to(peer, pair, pair);
	poll(NULL, 0, 50);
	if (write(peer, more, strlen(more)) > 0)
		poll(NULL, 0, 2000);
	_exit(0);
}

static struct tls_probe ask_postgres(const char *answer, const char *more,
				     const struct pair *pair, struct arena *a)
{
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	pid_t pid = pretend_postgres(fd, pair, answer, more);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = port,
			       .starttls = STARTTLS_POSTGRES,
			       .timeout_ms = 5000 };

	probe_one(&p, a);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	return p;
}

static void a_handshake_follows_what_is_said_in_the_clear(void **state)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };

	(void)state;
	make_kind(KEY_ECDSA_P256, &pair);
	struct tls_probe p = ask_postgres("S", "", &pair, &a);

	if (!p.completed)
		fail_msg("%s", p.error);
	assert_string_equal(p.fingerprint, pair.facts.fingerprint);
}

static void a_server_that_offers_no_tls_is_not_completed(void **state)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };

	(void)state;
	make_kind(KEY_ECDSA_P256, &pair);
	struct tls_probe p = ask_postgres("N", "", &pair, &a);

	assert_false(p.completed);
	assert_non_null(strstr(p.error, "STARTTLS with 127.0.0.1"));
	assert_non_null(strstr(p.error, "does not offer TLS"));
}

/* With the go-ahead and after it: both are somebody's words in the clear. */
static void plaintext_after_the_go_ahead_is_refused(void **state)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };

	(void)state;
	make_kind(KEY_ECDSA_P256, &pair);
	struct tls_probe p = ask_postgres("SELECT", "", &pair, &a);

	assert_false(p.completed);
	assert_non_null(strstr(p.error, "more than was asked"));
	p = ask_postgres("S", "R12345678", &pair, &a);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "TLS handshake"));
}

static void a_silent_dialogue_runs_into_the_deadline(void **state)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = port,
			       .starttls = STARTTLS_SMTP,
			       .timeout_ms = SHORT_MS };

	(void)state;
	probe_one(&p, &a);
	close(fd);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "STARTTLS with"));
	assert_non_null(strstr(p.error, "within 300 ms"));
}

static void a_certificate_without_its_key_is_not_completed(void **state)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) shown = { 0 };
	AUTO(pair) held = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);

	(void)state;
	make_kind(KEY_ECDSA_P256, &shown);
	make_kind(KEY_ECDSA_P256, &held);
	pid_t pid = pretend(fd, &shown, &held);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	probe_one(&p, &a);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	assert_false(p.completed);
	assert_null(p.fingerprint);
	assert_non_null(strstr(p.error, "TLS handshake"));
}

/* The same server when it does hold the key: the test above means something. */
static void the_same_certificate_with_its_key_is_completed(void **state)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) shown = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);

	(void)state;
	make_kind(KEY_ECDSA_P256, &shown);
	pid_t pid = pretend(fd, &shown, &shown);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	probe_one(&p, &a);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	assert_true(p.completed);
	assert_string_equal(p.fingerprint, shown.facts.fingerprint);
}

/* Last of all: the flag cannot be taken back. */
static void a_stop_ends_the_whole(void **state)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };
	struct err e = { 0 };

	(void)state;
	stop_install();
	raise(SIGTERM);
	assert_false(tls_probe_all(&p, 1, &a, &e));
	close(fd);
	assert_int_equal(e.code, ERR_STOPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_known_by_the_leaf_it_proves),
		cmocka_unit_test(every_kind_of_key_can_be_asked_for),
		cmocka_unit_test(a_server_without_the_kind_says_what_it_has),
		cmocka_unit_test(many_are_asked_at_the_same_time),
		cmocka_unit_test(a_name_is_tried_on_every_address_that_answers),
		cmocka_unit_test(a_closed_port_is_not_completed),
		cmocka_unit_test(a_name_that_nobody_knows_is_not_completed),
		cmocka_unit_test(a_silent_listener_runs_into_the_deadline),
		cmocka_unit_test(garbage_is_not_completed),
		cmocka_unit_test(
			a_certificate_without_its_key_is_not_completed),
		cmocka_unit_test(
			the_same_certificate_with_its_key_is_completed),
		cmocka_unit_test(a_handshake_follows_what_is_said_in_the_clear),
		cmocka_unit_test(a_server_that_offers_no_tls_is_not_completed),
		cmocka_unit_test(plaintext_after_the_go_ahead_is_refused),
		cmocka_unit_test(a_silent_dialogue_runs_into_the_deadline),
		cmocka_unit_test(a_stop_ends_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
