/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restarts of collectors by their AppMon Server: those of one wave together.  One
 * conversation asks for the list again and again, which shows who is connected; an
 * order is a short conversation of its own.
 *
 * A collector that is not connected, as after the Server's restart, gets some time to
 * connect first; then its restart is ordered in any case.  Proof: not connected, then
 * connected; or a start time that changed, where the support archive is to be had.
 */
#include "drivers/appmon_session.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/stop.h"
#include "base/text.h"
#include "remote/batch.h"

#include <string.h>

enum {
	LIST_TIMEOUT_MS = 15000,
	ARCHIVE_TIMEOUT_MS = 60000,
	ORDER_TIMEOUT_MS = 15000,
	LIST_POLL_MS = 200,
	BUSY_POLL_MS = 500,      /* while orders are sent, which a long list would hold up */
	FIRST_ARCHIVE_MS = 1000, /* after an order, while the list shows no restart */
	NEXT_ARCHIVE_MS = 5000,
	LONGEST_CONNECT_MS = 30000,
};

enum order_state {
	ORDER_WAITS,
	ORDER_SENDING,
	ORDER_SENT,
	ORDER_ENDED
};

struct collector_group;

struct collector_order {
	struct collector_group *group;
	struct job *job;
	enum order_state state;
	const char *id;      /* NAME@HOST */
	const char *bare;    /* the name alone, where it is the only one; NULL */
	int64_t sent_ms;     /* when the order was answered */
	bool gone;           /* it was not connected since the order */
	bool start_asked;    /* for `before`, since it connected */
	int64_t before;      /* start time before the order; 0: unknown */
	int64_t connect_end; /* until when it may connect before the order */
	int64_t end_ms;
};

struct collector_group {
	struct driver_session *v;
	struct collector_order *orders;
	size_t count;
	struct arena arena;          /* of `list` */
	struct appmon_document list; /* the last that could be read; sorted */
	int64_t listed_ms;           /* when it was asked for */
	struct err unread;           /* code ERR_NONE: it could */
	struct arena archive_arena;
	struct appmon_document archive;
	int64_t next_archive_ms; /* 0: there is no reason to ask for it */
};

static void group_release(struct collector_group *g)
{
	arena_release(&g->arena);
	arena_release(&g->archive_arena);
}
AUTO_STRUCT(collector_group, struct collector_group, group_release)

/* ---- what the Server tells ---- */

static size_t group_count(const struct collector_group *g, enum order_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < g->count; i++)
		count += g->orders[i].state == state;
	return count;
}

static bool group_get(struct collector_group *g, const char *path, enum appmon_form wanted,
		      struct arena *a, struct appmon_document *out)
{
	struct appmon_request r = {
		.method = "GET",
		.path = path,
		.wanted = wanted,
		.purpose = group_count(g, ORDER_SENDING) || group_count(g, ORDER_SENT)
				   ? APPMON_PROVES
				   : APPMON_ASKS,
		.timeout_ms = wanted == APPMON_ARCHIVE ? ARCHIVE_TIMEOUT_MS : LIST_TIMEOUT_MS,
	};
	AUTO(arena) own = { 0 };
	struct appmon_reply reply = { 0 };
	struct err e = { 0 };

	if (!appmon_ask(appmon_of(g->v), g->v->conversation, &r, &own, &reply, &e)) {
		g->unread = wanted == APPMON_COLLECTORS ? e : g->unread;
		return false;
	}
	appmon_sort(&reply.document);
	arena_release(a);
	*a = TAKE(own);
	*out = reply.document;
	return true;
}

/* A list that cannot be read leaves nobody known to be connected. */
static void group_list(struct collector_group *g)
{
	g->unread = (struct err){ 0 };
	g->listed_ms = clock_mono_ms();
	if (!group_get(g, APPMON_LIST_PATH, APPMON_COLLECTORS, &g->arena, &g->list))
		g->list = (struct appmon_document){ 0 };
}

static bool group_archive(struct collector_group *g)
{
	return group_get(g, APPMON_ARCHIVE_PATH, APPMON_ARCHIVE, &g->archive_arena, &g->archive);
}

static const struct appmon_part *part_of(const struct collector_order *o)
{
	return &o->job->component->appmon;
}

static const struct appmon_collector *order_row(const struct collector_order *o)
{
	return appmon_find(&o->group->list, part_of(o)->name, part_of(o)->host);
}

static int64_t order_started(const struct collector_order *o)
{
	return appmon_started(&o->group->archive, part_of(o)->name, part_of(o)->host);
}

/* ---- the order ---- */

static void order_end(struct collector_order *o, bool good)
{
	o->state = ORDER_ENDED;
	o->job->done = good;
}

static void order_fail(struct collector_order *o, const struct err *e)
{
	o->job->error = *e;
	err_in(&o->job->error, "cannot restart the collector");
	err_remedy(&o->job->error, APPMON_BY_HAND);
	order_end(o, false);
}

/* Whether the collector was asked; `reply` tells otherwise. */
static bool order_send(struct collector_order *o, struct conversation *c, const char *id,
		       struct appmon_reply *reply, struct err *e)
{
	AUTO(buf) path = { 0 };
	struct appmon_request r = { .method = "POST",
				    .wanted = APPMON_RESULT,
				    .purpose = APPMON_ORDERS,
				    .timeout_ms = ORDER_TIMEOUT_MS };

	buf_puts(&path, "/rest/management/collector/");
	if (id == o->bare)
		text_percent(&path, id);
	else
		appmon_add_id(&path, id);
	buf_puts(&path, "/restart");
	r.path = buf_text(&path);
	*e = (struct err){ 0 };
	if (appmon_ask(appmon_of(o->group->v), c, &r, o->group->v->arena, reply, e))
		return appmon_succeeded(&reply->document) ||
		       err_set(e, ERR_REMOTE, "the AppMon Server says '%.100s'",
			       reply->document.value);
	/* an answer that is lost, or tells nothing, may be of a restart */
	return e->code != ERR_STOPPED && (!reply->status || reply->status == 200);
}

static void order_main(void *ctx, struct conversation *c)
{
	struct collector_order *o = ctx;
	struct appmon_reply reply = { 0 };
	struct err e = { 0 };

	driver_began(o->job);
	o->end_ms = clock_mono_ms() + o->job->component->activate.timeout * 1000;
	bool good = order_send(o, c, o->id, &reply, &e);

	if (!good && reply.status == APPMON_NOT_FOUND && o->bare)
		good = order_send(o, c, o->bare, &reply, &e);
	if (!good) {
		order_fail(o, &e);
		return;
	}
	o->state = ORDER_SENT;
	o->sent_ms = clock_mono_ms();
}

/* Rows are sorted, so that others of the name are its neighbours. */
static bool is_only_one(const struct collector_group *g, const struct appmon_collector *row)
{
	const struct appmon_collector *first = g->list.collectors;
	const struct appmon_collector *last = first + g->list.collector_count - 1;

	return (row == first || strcmp(row[-1].name, row->name) != 0) &&
	       (row == last || strcmp(row[1].name, row->name) != 0);
}

static void order_begin(struct collector_order *o, const struct appmon_collector *row)
{
	struct arena *a = o->group->v->arena;
	const struct appmon_part *p = part_of(o);

	o->id = row ? arena_strdup(a, row->id) : arena_printf(a, "%s@%s", p->name, p->host);
	o->bare = row && is_only_one(o->group, row) ? p->name : NULL;
	o->gone = false;
	o->before = order_started(o);
	o->state = ORDER_SENDING;
	driver_converse(o->group->v, order_main, o);
}

/* ---- from the wait to the proof ---- */

/* Whether an earlier run may have ordered the restart just now. */
static bool was_ordered(const struct collector_order *o)
{
	int64_t ago = clock_now() - o->job->ordered;

	return o->job->ordered && ago >= 0 && ago < APPMON_HEED_S;
}

static void order_wait(struct collector_order *o, const struct appmon_collector *row, int64_t now)
{
	bool connected = row && row->connected;
	struct err e = { 0 };

	o->gone |= !connected;
	if (!o->job->rolls_back && !stop_permits(&e)) {
		o->job->error = e;
		order_end(o, false);
	} else if (row && row->embedded && connected) {
		order_end(o, true); /* it restarts with the Server */
	} else if (connected && o->gone && was_ordered(o)) {
		driver_began(o->job);
		order_end(o, true);
	} else if (now >= o->connect_end || (connected && !was_ordered(o))) {
		order_begin(o, row);
	}
}

static void order_expire(struct collector_order *o, const struct appmon_collector *row)
{
	struct err e = { 0 };
	char text[DURATION_TEXT];

	duration_words(o->job->component->activate.timeout, text);
	if (o->group->unread.code == ERR_STOPPED)
		e = o->group->unread;
	else if (o->group->unread.code)
		err_set(&e, ERR_REMOTE, "it was ordered, but not seen within %s: %.400s", text,
			o->group->unread.text);
	else if (row && row->connected)
		err_set(&e, ERR_REMOTE, "it was ordered, but it did not restart within %s", text);
	else
		err_set(&e, ERR_REMOTE, "it was ordered, but it did not come back within %s", text);
	order_fail(o, &e);
}

static void order_prove(struct collector_order *o, const struct appmon_collector *row, int64_t now)
{
	bool connected = row && row->connected;
	int64_t started = order_started(o);
	bool other_start = started && o->before && started != o->before;

	if (o->group->listed_ms < o->sent_ms)
		return; /* that list was of before */
	if (!o->group->unread.code)
		o->gone |= !connected;
	if (connected && (o->gone || other_start)) {
		order_end(o, true);
		return;
	}
	if (connected && !o->group->next_archive_ms && o->before)
		o->group->next_archive_ms = now + FIRST_ARCHIVE_MS;
	if (now >= o->end_ms || o->group->unread.code == ERR_STOPPED)
		order_expire(o, row);
}

static void order_step(struct collector_order *o, int64_t now)
{
	const struct appmon_collector *row = order_row(o);

	switch (o->state) {
	case ORDER_WAITS:
		order_wait(o, row, now);
		return;
	case ORDER_SENT:
		order_prove(o, row, now);
		return;
	case ORDER_SENDING:
	case ORDER_ENDED:
		return;
	}
}

static void group_begin(struct collector_group *g, struct job *const *jobs)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < g->count; i++) {
		int64_t half = jobs[i]->component->activate.timeout * 500;

		g->orders[i] = (struct collector_order){
			.group = g,
			.job = jobs[i],
			.connect_end =
				now + (half < LONGEST_CONNECT_MS ? half : LONGEST_CONNECT_MS),
		};
	}
}

/*
 * The archive has no collector that is not connected, as after the Server's restart: the
 * start time of one that has connected since is asked for before its order.
 */
static void group_ask_starts(struct collector_group *g)
{
	bool wanted = false;

	for (size_t i = 0; i < g->count; i++) {
		struct collector_order *o = &g->orders[i];
		const struct appmon_collector *row = order_row(o);

		if (o->state != ORDER_WAITS || !row || !row->connected || o->start_asked)
			continue;
		o->start_asked = true;
		wanted |= !order_started(o);
	}
	/* without an archive the list alone has to do */
	if (wanted)
		(void)group_archive(g);
}

static void collectors_activate(struct driver_session *v, struct job *const *jobs, size_t count)
{
	AUTO(collector_group) g = { .v = v,
				    .orders = arena_array(v->arena, count, sizeof(*g.orders)),
				    .count = count };

	group_begin(&g, jobs);
	group_archive(&g); /* start times from before; without them the list has to do */
	while (group_count(&g, ORDER_ENDED) < count) {
		int64_t began = clock_mono_ms();
		int64_t wait_ms = 0;
		int64_t now = 0;

		group_list(&g);
		if (g.next_archive_ms && began >= g.next_archive_ms)
			g.next_archive_ms =
				group_archive(&g) ? clock_mono_ms() + NEXT_ARCHIVE_MS : INT64_MAX;
		group_ask_starts(&g);
		now = clock_mono_ms();
		for (size_t i = 0; i < count; i++)
			order_step(&g.orders[i], now);
		/* a long list is asked for less often */
		wait_ms = group_count(&g, ORDER_SENDING) ? BUSY_POLL_MS : LIST_POLL_MS;
		loop_sleep(now + (now - began > wait_ms ? now - began : wait_ms));
	}
}

const struct driver collector_driver = {
	.activate_all = collectors_activate,
	.prepare = appmon_open,
	.forget = appmon_close,
};
