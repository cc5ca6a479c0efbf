/* SPDX-License-Identifier: Apache-2.0 */
/* One request of a conversation, from its connection to its response. */
#include "base/clock.h"
#include "base/stop.h"
#include "remote/batch_internal.h"
#include "remote/client.h"

#include <string.h>

enum {
	FIRST_BACKOFF_MS = 500,
	SSH_RETRIES = 5, /* 15.5 s in all, OpenSSH's first penalty */
};

/* ---- waits ---- */

static enum loop_persistence persistence_of(const struct exchange *x, bool persists)
{
	if (!persists)
		return LOOP_STOPS;
	return x->goes_on ? LOOP_FINISHES : LOOP_PERSISTS;
}

/* A stop lets nothing begin but what goes back, and cuts off what only reads. */
static bool exchange_may_begin(const struct exchange *x, struct err *e)
{
	loop_persist(persistence_of(x, x->goes_back));
	if (loop_is_stopped())
		return err_set(e, ERR_STOPPED, "not done: certfleet was told to stop");
	loop_persist(persistence_of(x, x->goes_back || !x->reads));
	return true;
}

/* A wait has ended without what was waited for. */
static bool not_answered(const struct exchange *x, struct err *e)
{
	if (!loop_is_stopped())
		return client_expired(x, x->timeout_ms, e);
	if (!x->goes_on || !stop_insisted())
		return exchange_may_begin(x, e);
	return err_set(e, ERR_STOPPED,
		       "not waited for: certfleet was told to stop; it goes on there");
}

/* Waits before a retry, when there is time for one. */
static bool has_time(int64_t wait_ms, int64_t end_ms)
{
	return wait_ms < end_ms - clock_mono_ms();
}

static bool wait_for_retry(const struct exchange *x, int64_t wait_ms, struct err *e)
{
	loop_persist(persistence_of(x, x->goes_back));
	loop_sleep(clock_mono_ms() + wait_ms);
	return exchange_may_begin(x, e);
}

/* Has curl run the transfer or, unless it is HTTP, connect. */
static bool transfer(const struct conversation *c, struct exchange *x, int64_t end_ms,
		     struct http_client *client, struct err *e)
{
	if (!client_open(client, x, c->batch->multi, e))
		return false;
	client->task = loop_current();
	if (!loop_wait(-1, 0, end_ms))
		return not_answered(x, e);
	return !client->rc || client_answer(client, x, e);
}

/* ---- HTTP and lines ---- */

/* The time to wait before the server's answer is asked for again; -1: it stands. */
static int64_t retry_ms(const struct http_client *client, unsigned retries, int64_t end_ms)
{
	int64_t wait_s = client_retry_after(client);

	/* Compared in seconds: the peer's unlimited value could overflow in milliseconds. */
	if (wait_s < 0 || wait_s > (end_ms - clock_mono_ms()) / 1000 || retries == EXCHANGE_RETRIES)
		return -1;
	return wait_s ? wait_s * 1000 : (int64_t)FIRST_BACKOFF_MS << retries;
}

static bool request_http(const struct conversation *c, struct exchange *x, int64_t end_ms,
			 struct err *e)
{
	for (unsigned retries = 0;; retries++) {
		AUTO(http_client) client = { 0 };
		int64_t wait_ms = 0;

		if (!transfer(c, x, end_ms, &client, e))
			return false;
		wait_ms = retry_ms(&client, retries, end_ms);
		if (wait_ms < 0 || !has_time(wait_ms, end_ms))
			return client_answer(&client, x, e);
		client_close(&client);
		if (!wait_for_retry(x, wait_ms, e))
			return false;
	}
}

static bool request_text(const struct conversation *c, struct exchange *x, int64_t end_ms,
			 struct err *e)
{
	AUTO(http_client) client = { 0 };

	if (!transfer(c, x, end_ms, &client, e))
		return false;
	if (!client_lines(&client, end_ms))
		return not_answered(x, e);
	return client_answer(&client, x, e);
}

/* ---- SSH ---- */

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
	a->turn.free = 1;
	a->next = h->accounts;
	h->accounts = a;
	return a;
}

/* Takes the socket that curl has connected. */
static bool connect_ssh(const struct conversation *c, struct exchange *x, int64_t end_ms,
			struct ssh **out, struct err *e)
{
	AUTO(http_client) client = { 0 };
	int fd = -1;

	if (!transfer(c, x, end_ms, &client, e))
		return false;
	return client_take_socket(&client, &fd, e) && ssh_open(fd, x->ssh->login, out, e);
}

static bool log_in_ssh(const struct conversation *c, struct exchange *x, int64_t end_ms,
		       struct ssh **out, struct err *e)
{
	for (unsigned retries = 0;; retries++) {
		AUTO(ssh) s = NULL;
		int64_t wait_ms = (int64_t)FIRST_BACKOFF_MS << retries;

		if (!connect_ssh(c, x, end_ms, &s, e))
			return false;
		if (ssh_log_in(s, end_ms, e)) {
			*out = TAKE(s);
			return true;
		}
		if (ssh_gave_up(s))
			return not_answered(x, e);
		if (!ssh_was_dropped(s) || retries == SSH_RETRIES || !has_time(wait_ms, end_ms))
			return false;
		ssh_close(TAKE(s));
		*e = (struct err){ 0 };
		if (!wait_for_retry(x, wait_ms, e))
			return false;
	}
}

/* The time of the request begins anew after a wait for another conversation's login. */
static bool open_ssh(const struct conversation *c, struct exchange *x, struct ssh **out,
		     struct err *e)
{
	struct account *a = batch_find_account(c->batch, c->host, x->ssh->login);
	bool first = false;
	bool good = false;

	semaphore_take(&a->turn);
	first = !a->accepted && !a->refusal.code;
	if (!first)
		semaphore_give(&a->turn);
	if (a->refusal.code) {
		*e = a->refusal;
		return false;
	}
	good = exchange_may_begin(x, e) &&
	       log_in_ssh(c, x, clock_mono_ms() + x->timeout_ms, out, e);
	if (!first)
		return good;
	a->accepted = good;
	if (!good && e->code != ERR_STOPPED)
		a->refusal = *e;
	semaphore_give(&a->turn);
	return good;
}

/*
 * A kept connection that the server has closed fails only when it is used: unless
 * the request has begun, another one takes its place.
 */
static bool request_ssh(const struct conversation *c, struct exchange *x, int64_t end_ms,
			struct err *e)
{
	AUTO(ssh) s = ssh_pool_take(&c->batch->ssh, x->ssh->login);
	bool kept = s != NULL;
	bool good = kept && ssh_request(s, x->ssh, end_ms, e);

	if (kept && !good && !ssh_gave_up(s) && !ssh_has_begun(s)) {
		ssh_close(TAKE(s));
		*e = (struct err){ 0 };
		kept = false;
	}
	if (!kept) {
		if (!open_ssh(c, x, &s, e))
			return false;
		good = ssh_request(s, x->ssh, end_ms, e);
	}
	if (good)
		ssh_pool_put(&c->batch->ssh, TAKE(s));
	else if (ssh_gave_up(s))
		return not_answered(x, e);
	return good;
}

/* ---- all kinds ---- */

bool batch_request(struct conversation *c, struct exchange *x, struct err *e)
{
	int64_t end_ms = 0;

	if (x->origin && strcmp(x->origin, c->host->origin) != 0) {
		semaphore_give(&c->host->places);
		c->host = batch_find_host(c->batch, x->origin);
		semaphore_take(&c->host->places);
	}
	x->origin = c->host->origin;
	if (!x->timeout_ms)
		x->timeout_ms = x->bulk ? EXCHANGE_BULK_MS : EXCHANGE_TIMEOUT_MS;
	end_ms = clock_mono_ms() + x->timeout_ms;
	if (!exchange_may_begin(x, e))
		return false;
	switch (x->kind) {
	case EXCHANGE_HTTP:
		return request_http(c, x, end_ms, e);
	case EXCHANGE_LINES:
		return request_text(c, x, end_ms, e);
	case EXCHANGE_SSH:
		return request_ssh(c, x, end_ms, e);
	}
	return false;
}
