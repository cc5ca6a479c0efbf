/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_prober.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "pki/tls_conn.h"
#include "pki/tls_lookup.h"
#include "pki/tls_queue.h"

#include <poll.h>
#include <sys/queue.h>

enum {
	STOP_POLL_MS = 100, /* delay until a stop is noticed */
	LOOKUP_POLL_MS = 5, /* a lookup has no descriptor to poll */
};

/* The handshake with one address of a probe. */
struct attempt {
	struct tls_turn turn; /* first: tls_queue_take() returns a pointer to it */
	struct inquiry *inquiry;
	struct tls_outcome outcome;
};

/* A running probe: its lookup, then its attempts. */
struct inquiry {
	LIST_ENTRY(inquiry) among;
	STAILQ_ENTRY(inquiry) next; /* in `asked` or in `ended` */
	struct tls_probe *probe;
	struct arena *arena; /* the caller's */
	struct name_lookup *lookup;
	int64_t deadline; /* of the lookup */
	struct attempt *attempts;
	size_t count;
	size_t open; /* unfinished attempts */
};

/* One of the concurrent handshakes. */
struct slot {
	struct tls_conn *conn; /* NULL: free */
	struct attempt *attempt;
	int64_t deadline;
};

LIST_HEAD(inquiries, inquiry);
STAILQ_HEAD(inquiry_row, inquiry);

struct tls_prober {
	struct tls_client *client;
	struct inquiries all;
	struct inquiry_row asked;
	struct inquiry *questions[TLS_PROBES_AT_ONCE];
	struct tls_queue queue;
	struct slot slots[TLS_PROBES_AT_ONCE];
	struct inquiry_row ended;
};

bool tls_prober_new(struct tls_prober **out, struct err *e)
{
	AUTO(tls_prober) p = xcalloc(1, sizeof(*p));

	STAILQ_INIT(&p->asked);
	STAILQ_INIT(&p->ended);
	if (!tls_client_new(&p->client, e))
		return false;
	*out = TAKE(p);
	return true;
}

static void prober_forget(struct inquiry *i)
{
	LIST_REMOVE(i, among);
	lookup_close(i->lookup);
	free(i->attempts);
	free(i);
}

void tls_prober_free(struct tls_prober *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++)
		tls_conn_close(p->slots[i].conn);
	while (!LIST_EMPTY(&p->all))
		prober_forget(LIST_FIRST(&p->all));
	tls_queue_release(&p->queue);
	tls_client_free(p->client);
	free(p);
}

void tls_prober_ask(struct tls_prober *p, struct tls_probe *probe, struct arena *a)
{
	struct inquiry *i = xcalloc(1, sizeof(*i));

	i->probe = probe;
	i->arena = a;
	LIST_INSERT_HEAD(&p->all, i, among);
	STAILQ_INSERT_TAIL(&p->asked, i, next);
}

static int64_t timeout_of(const struct inquiry *i)
{
	int64_t ms = i->probe->timeout_ms;

	return ms > 0 ? ms : TLS_HANDSHAKE_MS;
}

/* ---- name lookups ---- */

static void fail_lookup(const struct inquiry *i, const char *reason)
{
	i->probe->error = arena_printf(i->arena, "cannot find the address of '%s': %s",
				       text_escaped(i->arena, i->probe->host), reason);
}

static void prober_check(struct tls_prober *p, struct inquiry *i)
{
	struct tls_verdict v = { .arena = i->arena };

	for (size_t k = 0; k < i->count; k++)
		tls_verdict_add(&v, i->probe, tls_turn_address(&i->attempts[k].turn),
				&i->attempts[k].outcome);
	tls_verdict_end(&v, i->probe);
	STAILQ_INSERT_TAIL(&p->ended, i, next);
}

static void try_all(struct tls_prober *p, struct inquiry *i, const union tls_address *found,
		    size_t count)
{
	i->attempts = xcalloc(count, sizeof(*i->attempts));
	i->count = i->open = count;
	for (size_t k = 0; k < count; k++) {
		i->attempts[k].inquiry = i;
		tls_queue_add(&p->queue, &i->attempts[k].turn, &found[k]);
	}
	if (count == 0)
		prober_check(p, i);
}

/* Handles a lookup that is done or timed out; false: still pending. */
static bool prober_take_answer(struct tls_prober *p, struct inquiry *i)
{
	union tls_address found[LOOKUP_ADDRESSES];
	const char *reason = "no answer in time";
	size_t count = 0;

	if (lookup_is_done(i->lookup))
		count = lookup_result(i->lookup, found, &reason);
	else if (clock_mono_ms() < i->deadline)
		return false;
	lookup_close(TAKE(i->lookup));
	if (count == 0)
		fail_lookup(i, reason);
	try_all(p, i, found, count);
	return true;
}

static struct inquiry *next_asked(struct tls_prober *p)
{
	struct inquiry *i = STAILQ_FIRST(&p->asked);

	if (!i)
		return NULL;
	STAILQ_REMOVE_HEAD(&p->asked, next);
	i->lookup = lookup_start(i->probe->host, i->probe->port);
	i->deadline = clock_mono_ms() + timeout_of(i);
	return i;
}

/* Starts and finishes lookups; numeric addresses are done at once.  True: some pending. */
static bool look_up(struct tls_prober *p)
{
	bool is_waiting = false;

	for (size_t k = 0; k < TLS_PROBES_AT_ONCE; k++) {
		struct inquiry **i = &p->questions[k];

		if (!*i)
			*i = next_asked(p);
		while (*i && prober_take_answer(p, *i))
			*i = next_asked(p);
		is_waiting |= *i != NULL;
	}
	return is_waiting;
}

/* ---- handshakes ---- */

static void dial(struct tls_prober *p, struct slot *s, struct attempt *a)
{
	const struct tls_probe *probe = a->inquiry->probe;
	struct tls_target target = {
		.address = tls_turn_address(&a->turn),
		.server_name = probe->server_name,
		.key = probe->key,
		.starttls = probe->starttls,
	};

	*s = (struct slot){
		.conn = tls_conn_open(p->client, &target, a->inquiry->arena),
		.attempt = a,
		.deadline = clock_mono_ms() + timeout_of(a->inquiry),
	};
}

/* Fills free slots from the queue, and the poll set from all slots. */
static size_t prober_prepare(struct tls_prober *p, struct pollfd *fds, size_t *slots)
{
	size_t count = 0;

	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++) {
		struct slot *s = &p->slots[i];
		struct tls_turn *turn = s->conn ? NULL : tls_queue_take(&p->queue);

		if (turn)
			dial(p, s, (struct attempt *)turn);
		if (!s->conn)
			continue;
		fds[count] = (struct pollfd){
			.fd = tls_conn_fd(s->conn),
			.events = tls_conn_events(s->conn),
		};
		slots[count++] = i;
	}
	return count;
}

static void end_attempt(struct tls_prober *p, const struct attempt *a)
{
	if (--a->inquiry->open == 0)
		prober_check(p, a->inquiry);
}

static void prober_hang_up(struct tls_prober *p, struct slot *s)
{
	tls_conn_close(TAKE(s->conn));
	tls_queue_end(&p->queue, &s->attempt->turn);
	end_attempt(p, s->attempt);
}

/* Fails all waiting attempts at an unreachable address, instead of retrying each. */
static void drop_others(struct tls_prober *p, const struct attempt *like)
{
	for (struct tls_turn *t = tls_turn_drop(&like->turn); t; t = tls_turn_drop(&like->turn)) {
		struct attempt *a = (struct attempt *)t;

		a->outcome = like->outcome;
		a->outcome.error = arena_strdup(a->inquiry->arena, like->outcome.error);
		end_attempt(p, a);
	}
}

/*
 * Timeout.  A server that accepted the connection but is slow gets no limit of
 * parallel handshakes any more: its waiting attempts would time out one after
 * the other.
 */
static void expire(struct tls_prober *p, struct slot *s)
{
	struct attempt *a = s->attempt;

	tls_conn_expire(s->conn, timeout_of(a->inquiry), &a->outcome);
	if (tls_conn_is_open(s->conn))
		tls_queue_lift(&p->queue, &a->turn);
	else
		drop_others(p, a);
	prober_hang_up(p, s);
}

static void advance(struct tls_prober *p, struct slot *s, bool is_ready, int64_t now)
{
	if (is_ready && tls_conn_advance(s->conn, &s->attempt->outcome))
		prober_hang_up(p, s);
	else if (now >= s->deadline)
		expire(p, s);
}

static int poll_ms(const struct tls_prober *p, int64_t ms, int64_t now)
{
	for (size_t i = 0; i < TLS_PROBES_AT_ONCE; i++) {
		const struct slot *s = &p->slots[i];

		if (!s->conn)
			continue;
		/* No socket: the attempt has failed already. */
		if (tls_conn_fd(s->conn) < 0)
			return 0;
		if (s->deadline - now < ms)
			ms = s->deadline - now;
	}
	return ms < 0 ? 0 : (int)ms;
}

/* Polls for at most `ms`, and advances the ready handshakes. */
static void go_on(struct tls_prober *p, int64_t ms)
{
	struct pollfd fds[TLS_PROBES_AT_ONCE];
	size_t slots[TLS_PROBES_AT_ONCE];
	bool is_looking_up = look_up(p);
	size_t count = prober_prepare(p, fds, slots);

	if (!STAILQ_EMPTY(&p->ended))
		return;
	if (is_looking_up && ms > LOOKUP_POLL_MS)
		ms = LOOKUP_POLL_MS;
	if (poll(fds, count, poll_ms(p, ms, clock_mono_ms())) < 0)
		return;

	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < count; i++)
		advance(p, &p->slots[slots[i]], fds[i].revents || fds[i].fd < 0, now);
}

static struct tls_probe *take_ended(struct tls_prober *p)
{
	struct inquiry *i = STAILQ_FIRST(&p->ended);

	if (!i)
		return NULL;

	struct tls_probe *probe = i->probe;

	STAILQ_REMOVE_HEAD(&p->ended, next);
	prober_forget(i);
	return probe;
}

bool tls_prober_next(struct tls_prober *p, int64_t wait_ms, struct tls_probe **out, struct err *e)
{
	int64_t end = clock_mono_ms() + wait_ms;

	for (;;) {
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "probing was stopped as asked");

		struct tls_probe *ended = take_ended(p);
		int64_t left = end - clock_mono_ms();

		if (ended || left <= 0) {
			*out = ended;
			return true;
		}
		go_on(p, left < STOP_POLL_MS ? left : STOP_POLL_MS);
	}
}
