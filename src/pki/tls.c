/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls.h"

#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "pki/tls_conn.h"
#include "pki/tls_lookup.h"
#include "pki/tls_verdict.h"

#include <poll.h>
#include <string.h>

enum {
	STOP_POLL_MS = 100, /* how late a stop may be noticed */
	LOOKUP_POLL_MS = 5, /* a lookup has no descriptor to wait for */
};

/* One address of one probe. */
struct attempt {
	size_t probe;
	union tls_address address;
	struct tls_outcome outcome;
};

/* A handshake that is going on. */
struct slot {
	struct tls_conn *conn; /* NULL: free */
	size_t attempt;
	int64_t deadline;
};

/* A name that is being looked up. */
struct question {
	struct lookup *lookup; /* NULL: free */
	size_t probe;
	int64_t deadline;
};

struct batch {
	struct tls_probe *probes;
	size_t count;
	struct arena *arena;  /* the caller's */
	struct arena scratch; /* dies with the batch */
	struct tls_client *client;
	size_t asked; /* probes whose lookup was started */
	struct question questions[TLS_PROBES_AT_ONCE];
	VEC(struct attempt) attempts;
	size_t started; /* attempts that got a slot */
	struct slot slots[TLS_PROBES_AT_ONCE];
	size_t busy; /* questions and slots in use */
};

static void batch_release(struct batch *b)
{
	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++) {
		tls_conn_close(b->slots[i].conn);
		lookup_close(b->questions[i].lookup);
	}
	tls_client_free(b->client);
	arena_release(&b->scratch);
}
AUTO_STRUCT(batch, struct batch, batch_release)

static int64_t probe_timeout(const struct batch *b, size_t probe)
{
	int64_t ms = b->probes[probe].timeout_ms;

	return ms > 0 ? ms : TLS_HANDSHAKE_MS;
}

static void ask(struct batch *b, struct question *q)
{
	const struct tls_probe *p = &b->probes[b->asked];

	*q = (struct question){
		.lookup = lookup_start(p->host, p->port),
		.probe = b->asked,
		.deadline = clock_mono_ms() + probe_timeout(b, b->asked),
	};
	b->asked++;
	b->busy++;
}

static void fail_lookup(struct batch *b, size_t probe, const char *reason)
{
	struct tls_probe *p = &b->probes[probe];

	p->error = arena_printf(b->arena, "cannot find the address of '%s': %s",
				text_escaped(b->arena, p->host), reason);
}

/* Whether the question is answered, or will not be any more. */
static bool take_answer(struct batch *b, struct question *q)
{
	union tls_address found[LOOKUP_ADDRESSES];
	const char *reason = NULL;

	if (!lookup_is_done(q->lookup)) {
		if (clock_mono_ms() < q->deadline)
			return false;
		fail_lookup(b, q->probe, "no answer in time");
		return true;
	}
	size_t count = lookup_result(q->lookup, found, &reason);

	if (count == 0)
		fail_lookup(b, q->probe, reason);
	for (size_t i = 0; i < count; i++)
		VEC_PUSH(&b->attempts, &b->scratch,
			 (struct attempt){ .probe = q->probe,
					   .address = found[i] });
	return true;
}

/* Starts lookups only as fast as handshakes take their results. */
static bool look_up(struct batch *b)
{
	bool is_waiting = false;

	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++) {
		struct question *q = &b->questions[i];

		if (!q->lookup && b->asked < b->count &&
		    b->attempts.count - b->started < TLS_PROBES_AT_ONCE)
			ask(b, q);
		if (!q->lookup)
			continue;
		if (!take_answer(b, q)) {
			is_waiting = true;
			continue;
		}
		lookup_close(TAKE(q->lookup));
		b->busy--;
	}
	return is_waiting;
}

static void dial(struct batch *b, struct slot *s)
{
	const struct attempt *a = &b->attempts.items[b->started];
	const struct tls_probe *p = &b->probes[a->probe];
	union tls_address *address = ARENA_NEW(&b->scratch, union tls_address);
	struct tls_target target = { .address = address,
				     .server_name = p->server_name,
				     .key = p->key,
				     .starttls = p->starttls };

	*address = a->address;
	*s = (struct slot){
		.conn = tls_conn_open(b->client, &target, b->arena),
		.attempt = b->started++,
		.deadline = clock_mono_ms() + probe_timeout(b, a->probe),
	};
	b->busy++;
}

/* Fills free slots, and puts down what to wait for. */
static size_t fill(struct batch *b, struct pollfd *fds, size_t *slots)
{
	size_t count = 0;

	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++) {
		struct slot *s = &b->slots[i];

		if (!s->conn && b->started < b->attempts.count)
			dial(b, s);
		if (!s->conn)
			continue;
		fds[count] = (struct pollfd){
			.fd = tls_conn_fd(s->conn),
			.events = tls_conn_events(s->conn),
		};
		/* No socket: it has failed already. */
		fds[count].revents = fds[count].fd < 0 ? POLLERR : 0;
		slots[count++] = i;
	}
	return count;
}

static void advance(struct batch *b, struct slot *s, bool is_ready, int64_t now)
{
	struct attempt *a = &b->attempts.items[s->attempt];

	if (is_ready && tls_conn_advance(s->conn, &a->outcome)) {
		tls_conn_close(TAKE(s->conn));
		b->busy--;
		return;
	}
	if (now < s->deadline)
		return;
	tls_conn_expire(s->conn, probe_timeout(b, a->probe), &a->outcome);
	tls_conn_close(TAKE(s->conn));
	b->busy--;
}

static int wait_ms(const struct batch *b, bool is_looking_up, int64_t now)
{
	int64_t ms = is_looking_up ? LOOKUP_POLL_MS : STOP_POLL_MS;

	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++) {
		const struct slot *s = &b->slots[i];

		if (!s->conn)
			continue;
		if (tls_conn_fd(s->conn) < 0)
			return 0;
		if (s->deadline - now < ms)
			ms = s->deadline - now;
	}
	return ms < 0 ? 0 : (int)ms;
}

static bool run(struct batch *b, struct err *e)
{
	struct pollfd fds[TLS_PROBES_AT_ONCE];
	size_t slots[TLS_PROBES_AT_ONCE];

	while (b->asked < b->count || b->busy ||
	       b->started < b->attempts.count) {
		bool is_looking_up = look_up(b);
		size_t count = fill(b, fds, slots);

		if (stop_requested())
			return err_set(e, ERR_STOPPED,
				       "probing was stopped as asked");
		if (poll(fds, count,
			 wait_ms(b, is_looking_up, clock_mono_ms())) < 0)
			continue;
		int64_t now = clock_mono_ms();

		for (size_t i = 0; i < count; i++)
			advance(b, &b->slots[slots[i]],
				fds[i].revents || fds[i].fd < 0, now);
	}
	return true;
}

static void judge_all(struct batch *b)
{
	struct tls_verdict *verdicts =
		arena_array(&b->scratch, b->count, sizeof(*verdicts));

	vec_each (a, &b->attempts)
		tls_verdict_add(&verdicts[a->probe], &b->probes[a->probe],
				&a->outcome);
	for (size_t i = 0; i < b->count; i++)
		tls_verdict_end(&verdicts[i], &b->probes[i]);
}

bool tls_probe_all(struct tls_probe *probes, size_t count, struct arena *a,
		   struct err *e)
{
	AUTO(batch) b = { .probes = probes, .count = count, .arena = a };

	for (size_t i = 0; i < count; i++) {
		struct tls_probe *p = &probes[i];

		*p = (struct tls_probe){ .host = p->host,
					 .port = p->port,
					 .server_name = p->server_name,
					 .starttls = p->starttls,
					 .key = p->key,
					 .timeout_ms = p->timeout_ms };
	}
	if (!tls_client_new(&b.client, e) || !run(&b, e))
		return false;
	judge_all(&b);
	return true;
}
