/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/driver.h"

#include "base/alloc.h"
#include "base/stop.h"
#include "base/text.h"
#include "drivers/agent.h"
#include "drivers/files.h"
#include "drivers/haproxy.h"
#include "drivers/orderer.h"
#include "drivers/sftp.h"
#include "drivers/table.h"
#include "remote/batch.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

static const struct driver *const drivers[] = {
	[DRIVER_FILES] = &files_driver,
	[DRIVER_HAPROXY] = &haproxy_driver,
	[DRIVER_AGENT] = &agent_driver,
	[DRIVER_SFTP] = &sftp_driver,
};
_Static_assert(sizeof(drivers) / sizeof(*drivers) == DRIVER_KIND_COUNT,
	       "every driver needs its row");

struct drivers {
	struct drivers_options options;
	struct batch *batch; /* NULL: nothing was reached over a socket yet */
	struct orderer *orderer; /* NULL: no agent was talked to yet */
	struct arena arena;
	void *peers; /* tsearch(3) */
};

/* An agent, and the key it was seen to have. */
struct peer {
	const char *origin;
	char spki[FINGERPRINT_TEXT];
};

struct drivers *drivers_new(const struct drivers_options *o)
{
	struct drivers *d = xcalloc(1, sizeof(*d));

	d->options = *o;
	return d;
}

static void keep_node(void *node)
{
	(void)node; /* peers live in the arena */
}

void drivers_free(struct drivers *d)
{
	if (!d)
		return;
	batch_free(d->batch);
	orderer_close(d->orderer);
	tdestroy(d->peers, keep_node);
	arena_release(&d->arena);
	free(d);
}

static const struct driver *driver_of(const struct component *c)
{
	return drivers[c->deliver.kind];
}

/* Activating and putting back end what was begun, so a stop lets them. */
static bool begins_something(enum driver_verb verb)
{
	switch (verb) {
	case DRIVER_PROBE:
	case DRIVER_STAGE:
	case DRIVER_COMMIT:
	case DRIVER_REMOVE:
	case DRIVER_READ:
		return true;
	case DRIVER_ABORT:
	case DRIVER_ACTIVATE:
	case DRIVER_REVERT:
	case DRIVER_VERB_COUNT:
		break;
	}
	return false;
}

static bool only_reads(enum driver_verb verb)
{
	return verb == DRIVER_PROBE || verb == DRIVER_READ;
}

/* ---- conversations ---- */

void ask_lines(struct exchange *ask, const char *text)
{
	ask->kind = EXCHANGE_LINES;
	secret_copy(&ask->body, text, strlen(text));
}

enum turn no_reply(const struct visit *v, struct err *e)
{
	*e = v->reply->error;
	return TURN_FAILED;
}

const struct fleet_access *visit_access(const struct visit *v)
{
	return v->drivers->options.access;
}

bool visit_secret(const struct visit *v, const struct secret_ref *ref,
		  const struct secret **out, struct err *e)
{
	const struct drivers_options *o = &v->drivers->options;

	return o->secret(o->ctx, ref, out, e);
}

bool visit_orderer(const struct visit *v, const struct orderer **out,
		   struct err *e)
{
	struct drivers *d = v->drivers;

	if (!d->orderer &&
	    !orderer_open(&d->options.access->agent, &d->orderer, e))
		return false;
	*out = d->orderer;
	return true;
}

static int compare_peers(const void *a, const void *b)
{
	return strcmp(((const struct peer *)a)->origin,
		      ((const struct peer *)b)->origin);
}

const char *visit_peer(const struct visit *v)
{
	const struct component *c = v->job->component;
	const struct peer wanted = { .origin = driver_of(c)->origin(c) };
	struct peer **found = tfind(&wanted, &v->drivers->peers, compare_peers);

	return found ? (*found)->spki : NULL;
}

void visit_learn_peer(const struct visit *v, const char *spki)
{
	struct drivers *d = v->drivers;
	const struct component *c = v->job->component;
	struct peer *new = ARENA_NEW(&d->arena, struct peer);
	struct peer **slot = NULL;

	new->origin = arena_strdup(&d->arena, driver_of(c)->origin(c));
	slot = tsearch(new, &d->peers, compare_peers);
	if (!slot)
		abort();
	snprintf((*slot)->spki, sizeof((*slot)->spki), "%s", spki);
}

static bool next_turn(void *ctx, struct exchange *x)
{
	struct visit *v = ctx;
	enum driver_verb verb = v->job->verb;
	AUTO(exchange) reply = TAKE(*x);
	struct err e = { 0 };

	v->reply = reply.origin ? &reply : NULL;
	switch (driver_of(v->job->component)->turns[verb](v, x, &e)) {
	case TURN_ASK:
		x->reads |= only_reads(verb);
		v->job->began |= !x->reads;
		x->goes_back = !begins_something(verb);
		return true;
	case TURN_DONE:
		v->job->done = true;
		break;
	case TURN_FAILED:
		v->job->error = e;
		break;
	}
	return false;
}

static void add_visit(struct drivers *d, struct job *j, struct arena *a)
{
	const struct driver *driver = driver_of(j->component);
	struct visit *v = ARENA_NEW(a, struct visit);

	if (!d->batch)
		d->batch = batch_new();
	v->drivers = d;
	v->job = j;
	v->arena = a;
	batch_add(d->batch, driver->origin(j->component), next_turn, v);
}

/* ---- jobs ---- */

static void call(const struct driver *driver, struct job *j)
{
	j->began = !only_reads(j->verb);
	j->done = driver->verbs[j->verb](j, &j->error);
}

static void begin(struct drivers *d, struct job *j, struct arena *a)
{
	const struct driver *driver = driver_of(j->component);

	j->error = (struct err){ 0 };
	j->done = false;
	j->began = false;
	if (stop_requested() && begins_something(j->verb))
		err_set(&j->error, ERR_STOPPED,
			"not begun, because a stop was asked for");
	else if (driver->turns[j->verb])
		add_visit(d, j, a);
	else
		call(driver, j);
}

void drivers_run(struct drivers *d, struct job *jobs, size_t count)
{
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < count; i++)
		begin(d, &jobs[i], &a);
	if (d->batch)
		batch_run(d->batch);
}

bool driver_takes_orders(const struct component *c)
{
	return driver_of(c)->takes_orders;
}

enum activation driver_activation(const struct component *c)
{
	return component_activation(c);
}
