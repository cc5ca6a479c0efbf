/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that mean no good, or do none: nothing they do counts as completed,
 * and none of it lasts longer than the deadline.
 */
#include "test.h"
#include "together_fixture.h"

#include "base/clock.h"
#include "pki/gnutls_handle.h"

#include <poll.h>
#include <sys/mman.h>

TEST(a_silent_listener_runs_into_the_deadline)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	struct tls_probe p = { .host = "127.0.0.1", .port = port, .timeout_ms = SHORT_MS };

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
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int peer = accept(fd, NULL, NULL);
	char room[4096];

	if (read(peer, room, sizeof(room)) > 0 && write(peer, text, strlen(text)) > 0)
		poll(NULL, 0, -1);
	_exit(0);
}

static struct tls_probe ask_babbler(const char *text, struct arena *a)
{
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	pid_t pid = babble(fd, text);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	probe_one(&p, a);
	end_process(pid);
	close(fd);
	return p;
}

TEST(garbage_is_not_completed)
{
	AUTO(arena) a = { 0 };
	struct tls_probe p = ask_babbler("HTTP/1.1 400 Bad Request\r\n\r\n", &a);

	assert_false(p.completed);
	assert_non_null(strstr(p.error, "TLS handshake"));
	assert_non_null(strstr(p.error, "in the clear"));
	assert_true(p.plain);
}

TEST(garbage_in_a_record_is_not_in_the_clear)
{
	AUTO(arena) a = { 0 };
	struct tls_probe p = ask_babbler("\x16\x03\x01\x01\x02garbage", &a);

	assert_false(p.completed);
	assert_false(p.plain);
}

/* A PostgreSQL that says `answer`, then `more` a little later, then TLS. */
static pid_t pretend_postgres(int fd, const struct pair *pair, const char *answer, const char *more)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int peer = accept(fd, NULL, NULL);
	char request[8];

	if (recv(peer, request, sizeof(request), MSG_WAITALL) != 8 ||
	    write(peer, answer, strlen(answer)) < 0)
		_exit(1);
	if (!*more)
		pretend_to(&(struct pretence){ .shown = pair, .held = pair, .peer = peer });
	poll(NULL, 0, 50);
	if (write(peer, more, strlen(more)) > 0)
		poll(NULL, 0, -1);
	_exit(0);
}

static struct tls_probe ask_postgres(const char *answer, const char *more, const struct pair *pair,
				     struct arena *a)
{
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	pid_t pid = pretend_postgres(fd, pair, answer, more);
	struct tls_probe p = { .host = "127.0.0.1",
			       .port = port,
			       .starttls = STARTTLS_POSTGRES,
			       .timeout_ms = PATIENCE_MS };

	probe_one(&p, a);
	end_process(pid);
	close(fd);
	return p;
}

TEST(a_handshake_follows_what_is_said_in_the_clear)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };

	make_kind(KEY_ECDSA_P256, &pair);
	struct tls_probe p = ask_postgres("S", "", &pair, &a);

	if (!p.completed)
		fail_msg("%s", p.error);
	assert_string_equal(p.leaf.fingerprint, pair.facts.fingerprint);
}

TEST(a_server_that_offers_no_tls_is_not_completed)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };

	make_kind(KEY_ECDSA_P256, &pair);
	struct tls_probe p = ask_postgres("N", "", &pair, &a);

	assert_false(p.completed);
	assert_non_null(strstr(p.error, "STARTTLS with 127.0.0.1"));
	assert_non_null(strstr(p.error, "does not offer TLS"));
}

/* With the go-ahead and after it: both are somebody's words in the clear. */
TEST(plaintext_after_the_go_ahead_is_refused)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) pair = { 0 };

	make_kind(KEY_ECDSA_P256, &pair);
	struct tls_probe p = ask_postgres("SELECT", "", &pair, &a);

	assert_false(p.completed);
	assert_non_null(strstr(p.error, "more than the answer"));
	p = ask_postgres("S", "R12345678", &pair, &a);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "TLS handshake"));
}

TEST(a_silent_dialogue_runs_into_the_deadline)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	struct tls_probe p = {
		.host = "127.0.0.1", .port = port, .starttls = STARTTLS_SMTP, .timeout_ms = SHORT_MS
	};

	probe_one(&p, &a);
	close(fd);
	assert_false(p.completed);
	assert_non_null(strstr(p.error, "STARTTLS with"));
	assert_non_null(strstr(p.error, "within 300 ms"));
}

TEST(a_certificate_without_its_key_is_not_completed)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) shown = { 0 };
	AUTO(pair) held = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);

	make_kind(KEY_ECDSA_P256, &shown);
	make_kind(KEY_ECDSA_P256, &held);
	pid_t pid = pretend(fd, &shown, &held);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	probe_one(&p, &a);
	end_process(pid);
	close(fd);
	assert_false(p.completed);
	assert_null(p.leaf.fingerprint);
	assert_non_null(strstr(p.error, "TLS handshake"));
}

/* The same server when it does hold the key: the test above means something. */
TEST(the_same_certificate_with_its_key_is_completed)
{
	AUTO(arena) a = { 0 };
	AUTO(pair) shown = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);

	make_kind(KEY_ECDSA_P256, &shown);
	pid_t pid = pretend(fd, &shown, &shown);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	probe_one(&p, &a);
	end_process(pid);
	close(fd);
	assert_true(p.completed);
	assert_string_equal(p.leaf.fingerprint, shown.facts.fingerprint);
}

/* ---- a server that breaks off, wherever it is ---- */

/* How much an honest server says. */
static size_t measure(const struct pair *pair)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	size_t *said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	pid_t pid = fork();

	if (pid == 0)
		pretend_to(&(struct pretence){ .shown = pair,
					       .held = pair,
					       .said = said,
					       .peer = accept(fd, NULL, NULL) });
	struct tls_probe p = { .host = "127.0.0.1", .port = port };

	probe_one(&p, &a);
	end_process(pid);
	close(fd);
	assert_true(p.completed);
	assert_true(*said > CUTS);

	size_t whole = *said;

	munmap(said, sizeof(*said));
	return whole;
}

/* None is begun only when another has ended. */
static void probe_together(struct tls_probe *probes, size_t count, struct arena *a)
{
	struct together t;
	int64_t begin = clock_mono_ms();

	together_open(&t, a);
	for (size_t i = 0; i < count; i++)
		together_add(&t, &probes[i]);
	loop_run(t.loop);
	together_close(&t);
	assert_int_equal(t.ended, count);
	assert_true(clock_mono_ms() - begin < 2 * PATIENCE_MS);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(t.ends[i].connects, count);
}

/* The first probe is of the honest one, and has time. */
static void probe_everywhere(enum mood mood, int64_t timeout_ms, struct tls_probe *probes,
			     struct arena *a)
{
	AUTO(pair) pair = { 0 };
	uint16_t port = 0;
	int fd = listen_everywhere(&port);

	make_kind(KEY_ECDSA_P256, &pair);

	size_t whole = measure(&pair);
	struct pretence p = { .shown = &pair, .held = &pair, .mood = mood };
	pid_t pid = pretend_everywhere(fd, p, whole);

	for (unsigned i = 0; i <= CUTS; i++)
		probes[i] = (struct tls_probe){
			.host = arena_printf(a, "127.0.0.%u", i + 1),
			.port = port,
			.timeout_ms = i ? timeout_ms : PATIENCE_MS,
		};
	probe_together(probes, CUTS + 1, a);
	end_group(pid);
	close(fd);
	assert_true(probes[0].completed);
	assert_string_equal(probes[0].leaf.fingerprint, pair.facts.fingerprint);
}

TEST(a_server_that_stalls_anywhere_runs_into_the_deadline)
{
	AUTO(arena) a = { 0 };
	struct tls_probe probes[CUTS + 1];

	probe_everywhere(STALLS, 2 * SHORT_MS, probes, &a);
	for (size_t i = 1; i <= CUTS; i++) {
		assert_false(probes[i].completed);
		assert_null(probes[i].leaf.fingerprint);
		assert_non_null(strstr(probes[i].error, "TLS handshake with"));
		assert_non_null(strstr(probes[i].error, "within 600 ms"));
	}
}

TEST(a_server_that_hangs_up_anywhere_is_not_completed)
{
	AUTO(arena) a = { 0 };
	struct tls_probe probes[CUTS + 1];

	probe_everywhere(HANGS_UP, PATIENCE_MS, probes, &a);
	for (size_t i = 1; i <= CUTS; i++) {
		assert_false(probes[i].completed);
		assert_non_null(strstr(probes[i].error, "TLS handshake with"));
		assert_null(strstr(probes[i].error, "within"));
	}
}

TEST(a_server_that_floods_anywhere_is_not_completed)
{
	AUTO(arena) a = { 0 };
	struct tls_probe probes[CUTS + 1];

	probe_everywhere(FLOODS, 2 * SHORT_MS, probes, &a);
	for (size_t i = 1; i <= CUTS; i++)
		assert_false(probes[i].completed);
}

TEST(a_server_that_drips_runs_into_the_deadline)
{
	AUTO(arena) a = { 0 };
	struct tls_probe probes[CUTS + 1];

	probe_everywhere(DRIPS, 2 * SHORT_MS, probes, &a);
	/* the last few have so little left that they may come to an end */
	for (size_t i = 1; i <= CUTS / 2; i++)
		assert_false(probes[i].completed);
}
