/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AppMon Server itself: what it tells of its collectors, and its restart.
 *
 * The restart is judged by the body of the answer, and proven by a version that
 * goes away and comes back.  An answer that is lost may be the restart: what
 * follows tells.
 */
#include "drivers/appmon_session.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "model/appmon_seen.h"
#include "model/version.h"

#include <string.h>

enum {
	ATTEMPTS = 3, /* of one that only reads, while answers are lost at once */
	ATTEMPT_WAIT_MS = 300,
	AT_ONCE_MS = 2000,
	ASK_TIMEOUT_MS = 30000,
	PROOF_TIMEOUT_MS = 5000,
	FIRST_POLL_MS = 50,
	LONGEST_POLL_MS = 500,
	GONE_TIMES = 2,   /* one answer alone may be lost */
	STANDS_TIMES = 3, /* answers in a row, STANDS_MS apart */
	STANDS_MS = 300,
};

#define JSON_RESTART "/api/v2/server/restart"
#define LEGACY_RESTART "/rest/management/server/restart"
#define JSON_SINCE "7.0"

static bool server_get(const struct driver_session *v, const char *path, enum appmon_form wanted,
		       struct appmon_reply *out, struct err *e)
{
	const struct appmon_request r = { .method = "GET",
					  .path = path,
					  .wanted = wanted,
					  .purpose = APPMON_ASKS,
					  .timeout_ms = ASK_TIMEOUT_MS };

	for (int i = 1;; i++) {
		int64_t began = clock_mono_ms();

		if (appmon_ask(appmon_of(v), v->conversation, &r, v->job->arena, out, e))
			return true;
		/* after a start the Server may lose answers for a moment */
		if (out->status || i == ATTEMPTS || e->code == ERR_STOPPED ||
		    clock_mono_ms() - began > AT_ONCE_MS)
			return false;
		loop_sleep(clock_mono_ms() + ATTEMPT_WAIT_MS);
		*e = (struct err){ 0 };
	}
}

/* ---- probe ---- */

static void server_take_list(const struct appmon_document *list,
			     const struct appmon_document *archive, struct arena *a,
			     struct appmon_seen *out)
{
	struct collector_seen *rows = arena_array(a, list->collector_count, sizeof(*rows));

	for (size_t i = 0; i < list->collector_count; i++) {
		const struct appmon_collector *c = &list->collectors[i];

		rows[i] = (struct collector_seen){
			.name = c->name,
			.host = c->host,
			.version = c->version,
			.connected = c->connected,
			.embedded = c->embedded,
			.started = appmon_started(archive, c->name, c->host),
		};
	}
	out->collectors = rows;
	out->count = list->collector_count;
}

/* Whether the list has only one collector of that name, as rows are sorted. */
static struct collector_seen *only_one(struct appmon_seen *s, const char *name)
{
	struct collector_seen *found = NULL;

	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->collectors[i].name, name) != 0)
			continue;
		if (found)
			return NULL;
		found = (struct collector_seen *)&s->collectors[i];
	}
	return found;
}

static void server_take_agents(const struct appmon_document *d, struct appmon_seen *out)
{
	out->agents_told = true;
	for (size_t i = 0; i < d->agents_count; i++) {
		const struct appmon_agents *of = &d->agents[i];
		struct collector_seen *c =
			of->host ? (struct collector_seen *)appmon_seen_collector(out, of->name,
										  of->host)
				 : only_one(out, of->name);

		if (c)
			c->agents += of->count;
	}
}

static bool server_denied(const struct appmon_reply *r, struct appmon_seen *out)
{
	out->denied = r->denied;
	return out->denied != NULL;
}

/* Only the list has to be there. */
static bool server_probe(struct driver_session *v, struct err *e)
{
	struct arena *a = v->job->arena;
	struct appmon_seen *out = v->job->appmon;
	struct appmon_reply version = { 0 };
	struct appmon_reply list = { 0 };
	struct appmon_reply agents = { 0 };
	struct appmon_reply archive = { 0 };
	struct err ignored = { 0 };

	if (!server_get(v, APPMON_VERSION_PATH, APPMON_RESULT, &version, e))
		return server_denied(&version, out) && false;
	out->version = version.document.value;
	if (!server_get(v, APPMON_LIST_PATH, APPMON_COLLECTORS, &list, e))
		return server_denied(&list, out) && false;
	appmon_sort(&list.document);
	if (out->wants_starts &&
	    server_get(v, APPMON_ARCHIVE_PATH, APPMON_ARCHIVE, &archive, &ignored))
		appmon_sort(&archive.document);
	server_take_list(&list.document, &archive.document, a, out);
	if (out->wants_agents &&
	    server_get(v, APPMON_AGENTS_PATH, APPMON_AGENTS, &agents, &ignored))
		server_take_agents(&agents.document, out);
	return true;
}

/* ---- restart ---- */

struct server_restart {
	struct driver_session *v;
	int64_t end_ms;
	struct err last; /* of the last answer that was none */
};

/* Whether it answers now, whatever it thinks of the account. */
static bool server_answers(struct server_restart *s)
{
	const struct appmon_request r = { .method = "GET",
					  .path = APPMON_VERSION_PATH,
					  .wanted = APPMON_RESULT,
					  .purpose = APPMON_PROVES,
					  .timeout_ms = PROOF_TIMEOUT_MS };
	AUTO(arena) a = { 0 };
	struct appmon_reply reply = { 0 };
	struct err e = { 0 };

	if (appmon_ask(appmon_of(s->v), s->v->conversation, &r, &a, &reply, &e) || reply.denied)
		return true;
	s->last = e;
	return false;
}

/* Polls until so many answers in a row are as wanted; false: time is over. */
static bool server_await(struct server_restart *s, bool wanted, int times, int64_t end_ms)
{
	int64_t wait_ms = FIRST_POLL_MS;

	for (int row = 0; row < times;) {
		row = server_answers(s) == wanted ? row + 1 : 0;
		if (row == times)
			break;
		if (clock_mono_ms() + wait_ms > end_ms || s->last.code == ERR_STOPPED)
			return false;
		loop_sleep(clock_mono_ms() + wait_ms);
		wait_ms = wanted ? STANDS_MS : wait_ms * 11 / 10;
		wait_ms = wait_ms < LONGEST_POLL_MS ? wait_ms : LONGEST_POLL_MS;
	}
	return true;
}

static bool server_refused(const struct appmon_reply *reply, struct err *e)
{
	if (reply->document.form == APPMON_RESULT && reply->document.value && !e->code)
		err_set(e, ERR_REMOTE, "it refused to restart: its answer says '%.100s'",
			reply->document.value);
	return err_remedy(e, APPMON_BY_HAND);
}

/*
 * Orders the restart by the interface that this version has, else by the other.  True:
 * it was taken, or what became of it is not known.
 */
static bool server_order(struct server_restart *s, const char *version, struct err *e)
{
	bool json_first = version_compare(version, JSON_SINCE) >= 0;
	const char *const paths[] = { json_first ? JSON_RESTART : LEGACY_RESTART,
				      json_first ? LEGACY_RESTART : JSON_RESTART };
	struct appmon_request r = { .method = "POST",
				    .wanted = APPMON_RESULT,
				    .purpose = APPMON_ORDERS,
				    .timeout_ms = ASK_TIMEOUT_MS };

	driver_began(s->v->job);
	for (int i = 0; i < 2; i++) {
		struct appmon_reply reply = { 0 };

		r.path = paths[i];
		*e = (struct err){ 0 };
		if (appmon_ask(appmon_of(s->v), s->v->conversation, &r, s->v->arena, &reply, e))
			return appmon_succeeded(&reply.document) || server_refused(&reply, e);
		if (reply.status == APPMON_NOT_FOUND && i == 0)
			continue;
		if (e->code == ERR_STOPPED)
			return false;
		/* the connection ends with the Server, and half an answer tells nothing */
		if (!reply.status || reply.status == 200)
			break;
		return server_refused(&reply, e);
	}
	s->last = *e;
	*e = (struct err){ 0 };
	return true;
}

static bool server_fail(const struct server_restart *s, const char *what, struct err *e)
{
	char text[DURATION_TEXT];
	int64_t timeout = s->v->job->component->activate.timeout;

	if (s->last.code == ERR_STOPPED) {
		*e = s->last;
		return false;
	}
	err_set(e, ERR_REMOTE, "the AppMon Server %s within %s%s%.300s", what,
		duration_words(timeout, text), s->last.code ? ": " : "", s->last.text);
	return err_remedy(e, APPMON_BY_HAND);
}

/* Whether an order that an earlier run may have sent is carried out. */
static bool server_was_ordered(struct server_restart *s)
{
	int64_t left = s->v->job->ordered + APPMON_HEED_S - clock_now();

	if (!s->v->job->ordered || left <= 0 || left > APPMON_HEED_S)
		return false;
	return server_await(s, false, GONE_TIMES, clock_mono_ms() + left * 1000);
}

static bool server_activate(struct driver_session *v, struct err *e)
{
	struct server_restart s = {
		.v = v,
		.end_ms = clock_mono_ms() + v->job->component->activate.timeout * 1000,
	};
	struct appmon_reply version = { 0 };

	if (server_was_ordered(&s)) {
		driver_began(v->job);
	} else {
		if (!server_get(v, APPMON_VERSION_PATH, APPMON_RESULT, &version, e))
			return err_in(e, "cannot restart the AppMon Server");
		s.last = (struct err){ 0 };
		if (!server_order(&s, version.document.value, e))
			return err_in(e, "cannot restart the AppMon Server");
		if (!server_await(&s, false, GONE_TIMES, s.end_ms))
			return server_fail(&s, "was ordered to restart, but did not", e);
	}
	return server_await(&s, true, STANDS_TIMES, s.end_ms) ||
	       server_fail(&s, "restarted, but did not come back", e);
}

const struct driver appmon_driver = {
	.sessions = { [DRIVER_PROBE] = server_probe, [DRIVER_ACTIVATE] = server_activate },
	.prepare = appmon_open,
	.forget = appmon_close,
};
