/* SPDX-License-Identifier: Apache-2.0 */
/* Many probes at once: who waits for whom. */
#include "connect_count.h"
#include "test.h"
#include "together_fixture.h"

#include "base/clock.h"
#include "base/stop.h"

#include <arpa/inet.h>
#include <sys/mman.h>

enum {
	MANY = 150,
	SOME = 20,
	HELD_MS = 60, /* how long the counting server keeps them */
	HELD = 256
};

static void probe_all(struct tls_probe *probes, size_t count, struct arena *a)
{
	struct err e = { 0 };

	must(tls_probe_all(probes, count, a, &e), &e);
}

static void assert_all_complete(const struct tls_probe *probes, size_t count,
				const struct pair *pair)
{
	for (size_t i = 0; i < count; i++) {
		if (!probes[i].completed)
			fail_msg("%s", probes[i].error);
		assert_string_equal(probes[i].leaf.fingerprint, pair->facts.fingerprint);
	}
}

TEST(many_complete)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct tls_probe probes[MANY];
	uint16_t port = 0;
	int fd = listen_everywhere(&port);

	make_kind(KEY_ECDSA_P256, &pair);
	pid_t pid = pretend_everywhere(fd, (struct pretence){ .shown = &pair, .held = &pair }, 0);

	for (unsigned i = 0; i < MANY; i++)
		probes[i] = (struct tls_probe){
			.host = i % 2 ? "127.0.0.1" : arena_printf(&a, "127.1.0.%u", i + 1),
			.port = port,
		};
	probe_all(probes, MANY, &a);
	end_group(pid);
	close(fd);
	assert_all_complete(probes, MANY, &pair);
}

/* ---- how many at once ---- */

struct counts {
	size_t all;
	size_t of_one; /* of the address with most */
};

/* Connections that are open. */
struct reported_pair {
	int fds[HELD];
	int64_t since[HELD];
	size_t which[HELD];
	size_t count;
};

static void count_held(const struct reported_pair *h, struct counts *most)
{
	size_t of_one[256] = { 0 };

	for (size_t i = 0; i < h->count; i++) {
		size_t n = ++of_one[h->which[i]];

		most->of_one = n > most->of_one ? n : most->of_one;
	}
	most->all = h->count > most->all ? h->count : most->all;
}

static void let_go(struct reported_pair *h, int64_t since_ms)
{
	int64_t now = clock_mono_ms();
	size_t kept = 0;

	for (size_t i = 0; i < h->count; i++) {
		if (now - since_ms >= HELD_MS && now - h->since[i] >= HELD_MS) {
			close(h->fds[i]);
			continue;
		}
		h->fds[kept] = h->fds[i];
		h->since[kept] = h->since[i];
		h->which[kept++] = h->which[i];
	}
	h->count = kept;
}

/*
 * Keeps each connection for a while, and hangs up; none before there were
 * `enough` at a time.
 */
static pid_t count_connections(int fd, size_t enough, struct counts *most)
{
	pid_t pid = fork();
	int64_t since_ms = 0;
	struct reported_pair h = { 0 };
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (poll(&ready, 1, 5) > 0 && h.count < HELD) {
			int peer = accept(fd, NULL, NULL);

			h.fds[h.count] = peer;
			h.since[h.count] = clock_mono_ms();
			h.which[h.count++] = which_address(peer);
		}
		count_held(&h, most);
		if (most->all >= enough && !since_ms)
			since_ms = clock_mono_ms();
		if (since_ms)
			let_go(&h, since_ms);
	}
}

static struct counts count_at_once(unsigned addresses, size_t enough)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_everywhere(&port);
	struct tls_probe probes[MANY];
	struct counts *most = mmap(NULL, sizeof(*most), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = count_connections(fd, enough, most);

	for (unsigned i = 0; i < MANY; i++)
		probes[i] = (struct tls_probe){
			.host = arena_printf(&a, "127.0.0.%u", i % addresses + 1),
			.port = port,
			.timeout_ms = PATIENCE_MS,
		};
	probe_all(probes, MANY, &a);
	end_process(pid);
	close(fd);

	struct counts seen = *most;

	munmap(most, sizeof(*most));
	return seen;
}

TEST(one_address_is_asked_by_few_at_once)
{
	struct counts most = count_at_once(1, TLS_AT_ONCE_OF_ONE);

	assert_int_equal(most.of_one, TLS_AT_ONCE_OF_ONE);
}

TEST(many_addresses_are_asked_by_many_at_once)
{
	struct counts most = count_at_once(50, TLS_PROBES_AT_ONCE / 2);

	assert_in_range(most.of_one, 1, TLS_AT_ONCE_OF_ONE);
	assert_in_range(most.all, TLS_PROBES_AT_ONCE / 2, TLS_PROBES_AT_ONCE);
}

/* ---- who waits for whom ---- */

/* The connections of a full backlog stay open in `full`. */
static int listen_to_nobody(uint16_t *port, int full[SOME])
{
	int fd = listen_on(AF_INET, port);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(*port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	listen(fd, 0);
	for (size_t i = 0; i < SOME; i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(full[i], (struct sockaddr *)&at, sizeof(at));
	}
	return fd;
}

static void probe_some(struct together *t, struct tls_probe *probes, uint16_t port)
{
	for (size_t i = 0; i < SOME; i++) {
		probes[i] = (struct tls_probe){ .host = "127.0.0.1",
						.port = port,
						.timeout_ms = SHORT_MS };
		together_add(t, &probes[i]);
	}
	loop_run(t->loop);
	assert_int_equal(t->ended, SOME);
}

TEST(one_that_cannot_be_connected_to_is_not_tried_again)
{
	AUTO(arena) a = { 0 };
	struct together t;
	struct tls_probe probes[SOME];
	struct tls_probe later;
	int full[SOME];
	uint16_t port = 0;
	int fd = listen_to_nobody(&port, full);

	together_open(&t, &a);
	connects = 0;
	probe_some(&t, probes, port);
	assert_int_equal(connects, TLS_AT_ONCE_OF_ONE);
	for (size_t i = 0; i < SOME; i++) {
		assert_false(probes[i].completed);
		assert_non_null(strstr(probes[i].error, "connecting to"));
		assert_non_null(strstr(probes[i].error, "within 300 ms"));
	}
	/* what did not wait for the others is tried */
	later = (struct tls_probe){ .host = "127.0.0.1", .port = port, .timeout_ms = SHORT_MS };
	together_add(&t, &later);
	loop_run(t.loop);
	assert_int_equal(connects, TLS_AT_ONCE_OF_ONE + 1);
	together_close(&t);
	for (size_t i = 0; i < SOME; i++)
		close(full[i]);
	close(fd);
}

TEST(one_that_stalls_is_asked_the_rest_together)
{
	AUTO(arena) a = { 0 };
	struct together t;
	struct tls_probe probes[SOME];
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);

	together_open(&t, &a);
	probe_some(&t, probes, port);
	together_close(&t);
	assert_int_equal(t.ends[TLS_AT_ONCE_OF_ONE].connects, SOME);
	assert_int_equal(connects, SOME);
	for (size_t i = 0; i < SOME; i++) {
		assert_false(probes[i].completed);
		assert_non_null(strstr(probes[i].error, "TLS handshake with"));
	}
	close(fd);
}

/* Hangs up on a silent server's clients, a while after `enough` probes have ended. */
struct hang_up {
	struct together *all;
	size_t enough;
	int fd;
	size_t ended; /* just before */
};

static void hang_up_main(void *ctx)
{
	struct hang_up *h = ctx;

	while (h->all->ended < h->enough)
		loop_sleep(clock_mono_ms() + 5);
	loop_sleep(clock_mono_ms() + SHORT_MS);
	h->ended = h->all->ended;
	shutdown(h->fd, SHUT_RDWR); /* other processes have it too */
	close(h->fd);
}

/* All that wait for the silent one were asked before the others. */
TEST(one_that_stalls_holds_up_nobody_else)
{
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct together t;
	struct tls_probe probes[MANY + SOME] = { 0 };
	uint16_t silent_port = 0;
	uint16_t port = 0;
	struct hang_up h = { &t, SOME, listen_on(AF_INET, &silent_port), 0 };
	int fd = listen_everywhere(&port);

	make_kind(KEY_ECDSA_P256, &pair);
	pid_t pid = pretend_everywhere(fd, (struct pretence){ .shown = &pair, .held = &pair }, 0);

	together_open(&t, &a);
	for (unsigned i = 0; i < MANY + SOME; i++) {
		probes[i].host = i < MANY ? "127.0.0.1" : arena_printf(&a, "127.1.0.%u", i);
		probes[i].port = i < MANY ? silent_port : port;
		probes[i].timeout_ms = (i < MANY ? 10 : 1) * PATIENCE_MS;
		together_add(&t, &probes[i]);
	}
	loop_add(t.loop, NULL, hang_up_main, &h);
	loop_run(t.loop);
	together_close(&t);
	for (size_t i = 0; i < SOME; i++) {
		assert_true(t.ends[i].probe >= probes + MANY);
		assert_true(t.ends[i].probe->completed);
	}
	assert_int_equal(h.ended, SOME);
	assert_int_equal(t.ended, MANY + SOME);
	end_group(pid);
	close(fd);
}

/* Asked when probes of a silent server without a limit have every place, and many wait for one. */
static void late_main(void *ctx)
{
	struct together_task *late = ctx;

	while (connects < TLS_AT_ONCE_OF_ONE + TLS_PROBES_AT_ONCE)
		loop_sleep(clock_mono_ms() + 1);
	together_main(late);
}

TEST(one_that_stalls_is_asked_in_turn_with_others)
{
	enum {
		WAVES = 4
	};
	AUTO(pair) pair = { 0 };
	AUTO(arena) a = { 0 };
	struct together t;
	struct tls_probe probes[WAVES * TLS_PROBES_AT_ONCE] = { 0 };
	struct tls_probe other = { .host = "127.0.0.1", .timeout_ms = PATIENCE_MS };
	struct together_task late = { &t, &other };
	uint16_t silent_port = 0;
	int silent = listen_on(AF_INET, &silent_port);
	int fd = listen_on(AF_INET, &other.port);
	size_t at = 0;

	listen(silent, 2 * WAVES * TLS_PROBES_AT_ONCE);
	make_kind(KEY_ECDSA_P256, &pair);
	pid_t pid = pretend(fd, &pair, &pair);

	together_open(&t, &a);
	for (size_t i = 0; i < WAVES * TLS_PROBES_AT_ONCE; i++) {
		probes[i] = (struct tls_probe){ .host = "127.0.0.1",
						.port = silent_port,
						.timeout_ms = 2 * SHORT_MS };
		together_add(&t, &probes[i]);
	}
	loop_add(t.loop, NULL, late_main, &late);
	loop_run(t.loop);
	together_close(&t);
	while (t.ends[at].probe != &other)
		at++;
	assert_true(other.completed);
	assert_in_range(at, 0, TLS_AT_ONCE_OF_ONE + 2 * TLS_PROBES_AT_ONCE);
	end_process(pid);
	close(silent);
	close(fd);
}

/* Last of all: the flag cannot be taken back. */
TEST(a_stop_ends_the_whole)
{
	AUTO(arena) a = { 0 };
	uint16_t port = 0;
	int fd = listen_on(AF_INET, &port);
	struct tls_probe p = { .host = "127.0.0.1", .port = port };
	struct err e = { 0 };

	stop_install();
	raise(SIGTERM);
	assert_false(tls_probe_all(&p, 1, &a, &e));
	close(fd);
	assert_int_equal(e.code, ERR_STOPPED);
}
