/* SPDX-License-Identifier: Apache-2.0 */
/* Real servers: what is known of them after a handshake. */
#include "test.h"
#include "tls_fixture.h"

#include "base/fs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>

extern char **environ;

enum {
	START_TRIES = 1500
};

/* A program on a port of its own, with its files in a directory. */
struct server {
	char directory[64];
	pid_t pid;
	uint16_t port;
};

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

static void write_file(const struct server *s, const char *name, const void *bytes, size_t len)
{
	char path[128];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	must(fs_replace(path, bytes, len, FS_PRIVATE, &e), &e);
}

/* Writes NAME.pem and NAME.key. */
static void write_pair(const struct server *s, const char *name, const struct pair *p)
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
	assert_int_equal(posix_spawnp(&s->pid, argv[0], &files, NULL, (char **)argv, environ), 0);
	posix_spawn_file_actions_destroy(&files);

	bool is_up = is_listening(s->port);

	for (int i = 0; i < START_TRIES && !is_up; i++) {
		poll(NULL, 0, 20);
		is_up = is_listening(s->port);
	}
	assert_true(is_up);
}

static void server_stop(struct server *s)
{
	static const char *const names[] = { "a.pem", "a.key", "b.pem", "b.key" };
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
	static const char *const names[] = { "a.pem", "a.key", "b.pem", "b.key" };
	const char *argv[16] = { "gnutls-serv", "--echo", "--quiet", "-p", port };
	size_t n = 5;

	server_prepare(s);
	write_pair(s, "a", a);
	if (b)
		write_pair(s, "b", b);
	snprintf(port, sizeof(port), "%u", s->port);
	for (size_t i = 0; i < (b ? 4 : 2); i++) {
		snprintf(files[i], sizeof(files[i]), "%s/%s", s->directory, names[i]);
		argv[n++] = i % 2 ? "--x509keyfile" : "--x509certfile";
		argv[n++] = files[i];
	}
	server_run(s, argv);
}

TEST(a_server_is_known_by_the_leaf_it_proves)
{
	AUTO(pair) ca = { 0 };
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };
	struct certificate c = made_certificate();

	make_authority(SHOP_CA, KEY_ECDSA_P256, NOW, &ca);
	make_leaf(&c, &ca, NOW, &pair);
	serve(&s, &pair, NULL);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = s.port,
			       .server_name = "shop.example.com" };

	probe_one(&p, &a);
	server_stop(&s);
	assert_null(p.error);
	assert_true(p.completed);
	assert_string_equal(p.leaf.fingerprint, pair.facts.fingerprint);
	assert_int_equal(p.chain_count, 1);
	assert_string_equal(p.chains[0].digest, chain_digest(pair.set.certs, pair.set.count, &a));
	assert_int_equal(p.leaf.not_after, pair.facts.not_after);
	assert_null(p.other.fingerprint);
}

TEST(every_kind_of_key_can_be_asked_for)
{
	static const enum key_type kinds[][2] = {
		{ KEY_RSA_2048, KEY_ECDSA_P256 },
		{ KEY_ECDSA_P384, KEY_ED25519 },
	};

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
			{ .host = "127.0.0.1", .port = s.port, .key = first.facts.key },
			{ .host = "127.0.0.1", .port = s.port, .key = second.facts.key },
		};

		must(tls_probe_all(p, 2, &a, &e), &e);
		server_stop(&s);
		assert_true(p[0].completed && p[1].completed);
		assert_string_equal(p[0].leaf.fingerprint, first.facts.fingerprint);
		assert_string_equal(p[1].leaf.fingerprint, second.facts.fingerprint);
	}
}

TEST(a_server_without_the_kind_says_what_it_has)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };

	make_kind(KEY_RSA_2048, &pair);
	serve(&s, &pair, NULL);
	struct tls_probe p = { .host = "127.0.0.1", .port = s.port, .key = "ecdsa-p256" };

	probe_one(&p, &a);
	server_stop(&s);
	assert_true(p.completed);
	assert_string_equal(p.leaf.fingerprint, pair.facts.fingerprint);
}

TEST(a_name_is_tried_on_every_address_that_answers)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct server s = { 0 };

	make_kind(KEY_ECDSA_P256, &pair);
	serve(&s, &pair, NULL);
	struct tls_probe p = { .host = "localhost", .port = s.port };

	probe_one(&p, &a);
	server_stop(&s);
	if (!p.completed)
		fail_msg("%s", p.error);
	assert_string_equal(p.leaf.fingerprint, pair.facts.fingerprint);
	assert_null(p.other.fingerprint);
}

TEST(a_closed_port_is_not_completed)
{
	AUTO(arena) a = { 0 };
	struct tls_probe p = { .host = "127.0.0.1", .port = free_port() };

	probe_one(&p, &a);
	assert_false(p.completed);
	assert_null(p.leaf.fingerprint);
	assert_non_null(strstr(p.error, "Connection refused"));
}

TEST(a_name_that_nobody_knows_is_not_completed)
{
	AUTO(arena) a = { 0 };
	struct tls_probe p = { .host = "nobody.invalid", .port = 443, .timeout_ms = SHORT_MS };

	probe_one(&p, &a);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "cannot find the address of"));
}
