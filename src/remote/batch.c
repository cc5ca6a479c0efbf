/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/batch.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/stop.h"
#include "remote/client.h"
#include "remote/ssh_session.h"

#include <assert.h>
#include <search.h>
#include <string.h>
#include <sys/resource.h>

enum {
	LONGEST_POLL_MS = 200, /* delay until a stop is noticed */
	FIRST_BACKOFF_MS = 500,
	SSH_RETRIES = 5,   /* 15.5 s in all, OpenSSH's first penalty */
	OTHER_FILES = 128, /* descriptors reserved for other uses than connections */
};

enum stage {
	STAGE_IDLE,     /* queued, or waiting before a retry */
	STAGE_TRANSFER, /* HTTP: curl's transfer; other kinds: curl connects */
	STAGE_SOCKET,   /* lines or SSH on the connected socket */
	STAGE_ANSWERED,
};

struct batch_session {
	struct batch_session *next;
	struct host *host;
	batch_next_fn *ask;
	void *ctx;
	struct exchange x;
	struct http_client client;
	struct ssh *ssh;
	bool kept;               /* `ssh` is a reused connection */
	struct account *account; /* SSH: login of this exchange */
	enum stage stage;
	enum socket_turn waits_for;
	int64_t end_ms;   /* deadline of this exchange */
	int64_t begin_ms; /* earliest start (backoff) */
	unsigned retries;
};

struct host_queue {
	struct batch_session *first;
	struct batch_session *last;
};

/* An SSH login: the first conversation tries it, the others wait for its outcome. */
struct account {
	struct account *next;
	struct ssh_login login; /* strings in the batch's arena */
	const struct batch_session *trying;
	bool accepted;
	struct err refusal;
};

/* An origin, with its conversations beyond BATCH_HOST_LIMIT in `waiting`. */
struct host {
	const char *origin;
	struct account *accounts;
	unsigned active;
	struct host_queue waiting;
};

struct batch {
	CURLM *multi;
	struct ssh_pool ssh; /* idle connections */
	struct arena arena;  /* freed after each run */
	void *hosts;         /* tree, see tsearch(3) */
	size_t host_count;
	struct host_queue ready;
	struct batch_session *running[BATCH_FLEET_LIMIT];
	size_t count;
};

/* ---- life ---- */

struct batch *batch_new(void)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	client_global();
	b->multi = curl_multi_init();
	if (!b->multi)
		abort();
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	ssh_pool_release(&b->ssh);
	curl_multi_cleanup(b->multi);
	arena_release(&b->arena);
	free(b);
}

/* ---- queues ---- */

static void line_push(struct host_queue *l, struct batch_session *t)
{
	t->next = NULL;
	if (l->last)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
}

static struct batch_session *line_pop(struct host_queue *l)
{
	struct batch_session *t = l->first;

	if (!t)
		return NULL;
	l->first = t->next;
	if (!l->first)
		l->last = NULL;
	return t;
}

static int compare_hosts(const void *a, const void *b)
{
	return strcmp(((const struct host *)a)->origin, ((const struct host *)b)->origin);
}

static struct host *find_host(struct batch *b, const char *origin)
{
	struct host wanted = { .origin = origin };
	struct host **found = tfind(&wanted, &b->hosts, compare_hosts);

	if (found)
		return *found;

	struct host *h = ARENA_NEW(&b->arena, struct host);

	h->origin = arena_strdup(&b->arena, origin);
	if (!tsearch(h, &b->hosts, compare_hosts))
		abort();
	b->host_count++;
	return h;
}

void batch_add(struct batch *b, const char *origin, batch_next_fn *next, void *ctx)
{
	struct batch_session *t = ARENA_NEW(&b->arena, struct batch_session);

	t->host = find_host(b, origin);
	t->ask = next;
	t->ctx = ctx;
	if (t->host->active == BATCH_HOST_LIMIT) {
		line_push(&t->host->waiting, t);
		return;
	}
	t->host->active++;
	line_push(&b->ready, t);
}

/* ---- one exchange ---- */

/* Hands over the response or error and gets the next request; false: no more. */
static bool ask_next(struct batch_session *t)
{
	t->stage = STAGE_IDLE;
	t->begin_ms = 0;
	t->retries = 0;
	if (!t->ask(t->ctx, &t->x)) {
		exchange_clear(&t->x);
		return false;
	}
	t->x.origin = t->host->origin;
	if (!t->x.timeout_ms)
		t->x.timeout_ms = EXCHANGE_TIMEOUT_MS;
	t->end_ms = clock_mono_ms() + t->x.timeout_ms;
	return true;
}

/* Pools a connection only after a complete exchange: an aborted one is in an unknown state. */
static void drop_client(struct batch *b, struct batch_session *t)
{
	if (t->ssh && t->stage == STAGE_SOCKET && t->waits_for == SOCKET_DONE)
		ssh_pool_put(&b->ssh, t->ssh);
	else
		ssh_close(t->ssh);
	t->ssh = NULL;
	if (!t->client.easy)
		return;
	curl_multi_remove_handle(b->multi, t->client.easy);
	client_close(&t->client);
}

/* Takes the socket that curl has connected, for lines or SSH. */
static void begin_socket(struct batch_session *t)
{
	int fd = -1;

	if (t->x.kind == EXCHANGE_SSH && !t->ssh &&
	    (!client_take_socket(&t->client, &fd, &t->x.error) ||
	     !ssh_open(fd, t->x.ssh->login, &t->ssh, &t->x.error)))
		t->stage = STAGE_ANSWERED;
	else
		t->stage = STAGE_SOCKET;
	t->waits_for = SOCKET_WAIT_BOTH;
}

static const char *batch_own_text(struct batch *b, const char *text)
{
	return text ? arena_strdup(&b->arena, text) : NULL;
}

static struct account *batch_find_account(struct batch *b, struct host *h,
					  const struct ssh_login *login)
{
	for (struct account *a = h->accounts; a; a = a->next)
		if (ssh_login_equal(&a->login, login))
			return a;

	struct account *a = ARENA_NEW(&b->arena, struct account);

	a->login = *login;
	a->login.user = batch_own_text(b, login->user);
	a->login.host = batch_own_text(b, login->host);
	a->login.known_hosts = batch_own_text(b, login->known_hosts);
	a->login.host_key = batch_own_text(b, login->host_key);
	a->next = h->accounts;
	h->accounts = a;
	return a;
}

/* False: another conversation is trying this login, or was refused (x.error). */
static bool may_log_in(struct batch *b, struct batch_session *t)
{
	struct account *a = batch_find_account(b, t->host, t->x.ssh->login);

	t->account = a;
	if (a->refusal.code) {
		t->x.error = a->refusal;
		return false;
	}
	if (!a->accepted && a->trying && a->trying != t) {
		t->end_ms = clock_mono_ms() + t->x.timeout_ms;
		return false;
	}
	if (!a->accepted)
		a->trying = t;
	return true;
}

static void batch_start(struct batch *b, struct batch_session *t)
{
	int64_t left_ms = 0;

	if (t->x.kind == EXCHANGE_SSH)
		t->ssh = ssh_pool_take(&b->ssh, t->x.ssh->login);
	t->kept = t->ssh != NULL;
	if (t->kept) {
		begin_socket(t);
		return;
	}
	if (t->x.kind == EXCHANGE_SSH && !may_log_in(b, t))
		return;
	left_ms = t->end_ms - clock_mono_ms();
	if (!client_open(&t->client, &t->x, left_ms > 0 ? left_ms : 1, &t->x.error))
		return;
	t->stage = STAGE_TRANSFER;
	curl_easy_setopt(t->client.easy, CURLOPT_PRIVATE, t);
	if (curl_multi_add_handle(b->multi, t->client.easy) != CURLM_OK)
		abort();
}

/* Schedules a retry; false: not enough time left. */
static bool again_after(struct batch *b, struct batch_session *t, int64_t wait_ms)
{
	const int64_t now_ms = clock_mono_ms();

	if (wait_ms >= t->end_ms - now_ms)
		return false;
	t->retries++;
	t->begin_ms = now_ms + wait_ms;
	t->stage = STAGE_IDLE;
	drop_client(b, t);
	return true;
}

static int64_t backoff_ms(const struct batch_session *t)
{
	return (int64_t)FIRST_BACKOFF_MS << t->retries;
}

/* Schedules a retry when the HTTP server asked for one and time is left. */
static bool begin_again(struct batch *b, struct batch_session *t)
{
	int64_t wait_s = client_retry_after(&t->client);

	/* Compared in seconds: the peer's unlimited value could overflow in milliseconds. */
	if (wait_s < 0 || wait_s > (t->end_ms - clock_mono_ms()) / 1000 ||
	    t->retries == EXCHANGE_RETRIES)
		return false;
	return again_after(b, t, wait_s ? wait_s * 1000 : backoff_ms(t));
}

static bool is_stopped(const struct batch_session *t)
{
	return stop_requested() && !t->x.goes_back && (t->x.reads || t->stage == STAGE_IDLE);
}

/* Retries on a new connection: a pooled one closed by the server fails only on use. */
static bool needs_another(struct batch_session *t)
{
	if (!t->kept || ssh_has_begun(t->ssh))
		return false;
	ssh_close(TAKE(t->ssh));
	t->stage = STAGE_IDLE;
	return true;
}

/* Schedules a retry when the SSH server closed before its banner and time is left. */
static bool begin_later(struct batch *b, struct batch_session *t)
{
	return ssh_was_dropped(t->ssh) && t->retries < SSH_RETRIES &&
	       again_after(b, t, backoff_ms(t));
}

/* Advances lines or SSH; true: finished. */
static bool carry_socket(struct batch *b, struct batch_session *t)
{
	struct err e = { 0 };

	t->waits_for = t->ssh ? ssh_turn(t->ssh, t->x.ssh, &e) : client_lines(&t->client, &e);
	if (t->ssh && t->account && ssh_is_ready(t->ssh))
		t->account->accepted = true;
	switch (t->waits_for) {
	case SOCKET_WAIT_IN:
	case SOCKET_WAIT_OUT:
	case SOCKET_WAIT_BOTH:
		return false;
	case SOCKET_DONE:
		if (!t->ssh)
			client_answer(&t->client, CURLE_OK, &t->x);
		break;
	case SOCKET_FAILED:
		if (needs_another(t))
			return false;
		if (t->ssh && begin_later(b, t))
			return false;
		t->x.error = e;
		break;
	}
	return true;
}

/* Advances the exchange; true: finished. */
static bool carry_on(struct batch *b, struct batch_session *t)
{
	if (is_stopped(t))
		return !err_set(&t->x.error, ERR_STOPPED, "not done: certfleet was told to stop");
	if (clock_mono_ms() >= t->end_ms && t->stage != STAGE_IDLE)
		return !err_set(&t->x.error, ERR_REMOTE, "'%s' did not answer within %d seconds",
				t->host->origin, (int)(t->x.timeout_ms / 1000));
	if (t->stage == STAGE_IDLE && clock_mono_ms() >= t->begin_ms)
		batch_start(b, t);
	if (t->x.error.code)
		return true;
	return t->stage == STAGE_SOCKET && carry_socket(b, t);
}

/* ---- all conversations ---- */

/* Publishes the outcome of the first login attempt to the other conversations. */
static void leave_account(struct batch_session *t)
{
	struct account *a = TAKE(t->account);

	if (!a || a->trying != t)
		return;
	a->trying = NULL;
	if (!a->accepted && t->x.error.code != ERR_STOPPED)
		a->refusal = t->x.error;
}

static void batch_drop(struct batch *b, struct batch_session *t)
{
	struct batch_session *other = line_pop(&t->host->waiting);

	if (other)
		line_push(&b->ready, other);
	else
		t->host->active--;
}

/* Ends the current exchange; false: the conversation has ended too. */
static bool batch_advance(struct batch *b, struct batch_session *t)
{
	leave_account(t);
	drop_client(b, t);
	if (ask_next(t))
		return true;
	batch_drop(b, t);
	return false;
}

static void batch_prepare(struct batch *b)
{
	while (b->count < BATCH_FLEET_LIMIT) {
		struct batch_session *t = line_pop(&b->ready);

		if (!t)
			return;
		if (ask_next(t))
			b->running[b->count++] = t;
		else
			batch_drop(b, t);
	}
}

/* Handles the transfers that curl has finished. */
static void take_transfers(struct batch *b)
{
	CURLMsg *m = NULL;
	int left = 0;

	while ((m = curl_multi_info_read(b->multi, &left))) {
		struct batch_session *t = NULL;
		CURLcode rc = m->data.result;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		if (!rc && t->x.kind != EXCHANGE_HTTP) {
			begin_socket(t);
			continue;
		}
		if (!rc && begin_again(b, t))
			continue;
		client_answer(&t->client, rc, &t->x);
		t->stage = STAGE_ANSWERED;
	}
}

/* Advances every conversation once; true: some made progress, so do not poll yet. */
static bool step_all(struct batch *b)
{
	size_t kept = 0;
	bool moved = false;

	for (size_t i = 0; i < b->count; i++) {
		struct batch_session *t = b->running[i];
		enum stage before = t->stage;
		bool ended = t->stage == STAGE_ANSWERED || carry_on(b, t);

		moved |= ended || t->stage != before;
		if (!ended || batch_advance(b, t))
			b->running[kept++] = t;
	}
	b->count = kept;
	return moved;
}

static struct curl_waitfd what_is_waited_for(const struct batch_session *t)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	short events = 0;

	if (t->ssh)
		fd = ssh_socket(t->ssh);
	else
		curl_easy_getinfo(t->client.easy, CURLINFO_ACTIVESOCKET, &fd);
	if (t->waits_for != SOCKET_WAIT_OUT)
		events |= CURL_WAIT_POLLIN;
	if (t->waits_for != SOCKET_WAIT_IN)
		events |= CURL_WAIT_POLLOUT;
	return (struct curl_waitfd){ .fd = fd, .events = events };
}

static void wait_for_something(struct batch *b)
{
	struct curl_waitfd fds[BATCH_FLEET_LIMIT];
	unsigned count = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->running[i]->stage == STAGE_SOCKET)
			fds[count++] = what_is_waited_for(b->running[i]);
	curl_multi_poll(b->multi, fds, count, LONGEST_POLL_MS, NULL);
}

static void batch_keep_node(void *node)
{
	(void)node; /* hosts are allocated in the arena */
}

/* Keeps one connection per origin, as far as the descriptor limit allows. */
static void keep_connections(const struct batch *b)
{
	struct rlimit files = { .rlim_cur = 0 };
	size_t room = 0;

	getrlimit(RLIMIT_NOFILE, &files);
	room = files.rlim_cur > 4 * OTHER_FILES ? files.rlim_cur - 2 * OTHER_FILES : OTHER_FILES;
	curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS,
			  (long)(b->host_count + BATCH_FLEET_LIMIT < room
					 ? b->host_count + BATCH_FLEET_LIMIT
					 : room));
}

void batch_run(struct batch *b)
{
	keep_connections(b);
	for (batch_prepare(b); b->count; batch_prepare(b)) {
		int active = 0;

		curl_multi_perform(b->multi, &active);
		take_transfers(b);
		if (!step_all(b) && b->count)
			wait_for_something(b);
	}
	tdestroy(b->hosts, batch_keep_node);
	b->hosts = NULL;
	b->host_count = 0;
	arena_release(&b->arena);
	b->arena = (struct arena){ 0 };
}
