/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/driver.h"

#include "base/alloc.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "drivers/api_identity.h"
#include "drivers/driver_table.h"
#include "drivers/files.h"
#include "drivers/order_sign.h"
#include "pki/foreign.h"
#include "remote/batch.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct driver *const drivers[] = {
	[DRIVER_FILES] = &files_driver, [DRIVER_HAPROXY] = &haproxy_driver,
	[DRIVER_AGENT] = &agent_driver, [DRIVER_CADDY] = &caddy_driver,
	[DRIVER_ETCD] = &etcd_driver,   [DRIVER_HTTP] = &http_driver,
	[DRIVER_SFTP] = &sftp_driver,
};
_Static_assert(sizeof(drivers) / sizeof(*drivers) == DRIVER_KIND_COUNT,
	       "every driver needs its row");

struct drivers {
	struct drivers_options options;
	struct batch *batch; /* NULL: no conversation yet */
	struct identities *identities;
	struct order_signer *orderer; /* NULL: no request to an agent yet */
	struct arena arena;
	VEC(const struct secret *) told; /* secrets handed to conversations */
	void *peers;                     /* tree, see tsearch(3) */
};

/* An agent, and the last key it has proven. */
struct peer {
	const char *origin;
	char spki[FINGERPRINT_TEXT];
};

struct drivers *drivers_new(const struct drivers_options *o)
{
	struct drivers *d = xcalloc(1, sizeof(*d));

	d->options = *o;
	d->identities = identities_new();
	return d;
}

static void driver_keep_node(void *node)
{
	(void)node; /* peers are allocated in the arena */
}

void drivers_free(struct drivers *d)
{
	if (!d)
		return;
	batch_free(d->batch);
	identities_free(d->identities);
	order_signer_close(d->orderer);
	tdestroy(d->peers, driver_keep_node);
	arena_release(&d->arena);
	free(d);
}

/* The driver of a job: `activate` selects its own, independent of delivery. */
static const struct driver *driver_for(const struct component *c, enum driver_verb verb)
{
	const struct driver *own = drivers[c->deliver.kind];

	if (verb != DRIVER_ACTIVATE)
		return own;
	switch (c->activate.kind) {
	case ACTIVATE_NONE:
		return own;
	case ACTIVATE_COMMAND:
		return own->runs_commands ? own : &files_driver;
	case ACTIVATE_SIGNAL:
		return &files_driver;
	case ACTIVATE_HTTP:
		return &call_driver;
	}
	return own;
}

bool driver_takes_pair(const struct component *c)
{
	return drivers[c->deliver.kind]->takes_pair;
}

/* Abort, activate and revert finish work already begun, so they run despite a stop. */
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

bool visit_secret(const struct visit *v, const struct secret_ref *ref, const struct secret **out,
		  struct err *e)
{
	struct drivers *d = v->drivers;
	const struct drivers_options *o = &d->options;

	if (!o->secret(o->ctx, ref, out, e)) {
		if (e->code != ERR_STOPPED)
			e->code = ERR_INPUT;
		return false;
	}
	vec_each (known, &d->told)
		if (*known == *out)
			return true;
	VEC_PUSH(&d->told, &d->arena, *out);
	return true;
}

const struct secret *const *visit_secrets(const struct visit *v, size_t *count)
{
	*count = v->drivers->told.count;
	return v->drivers->told.items;
}

bool visit_identity(const struct visit *v, const struct http_access *a, const struct identity **out,
		    struct err *e)
{
	return identities_find(v->drivers->identities, v, a, out, e);
}

static bool next_turn(void *ctx, struct exchange *x);

static void driver_forget(struct visit *v)
{
	if (v->driver->forget && v->memory)
		v->driver->forget(v);
	v->memory = NULL;
}

/* Restarts the conversation at the driver's next origin when this one did not answer. */
static bool begin_elsewhere(struct visit *v)
{
	const char *origin = NULL;

	if (!v->reply || v->reply->error.code != ERR_REMOTE || !v->driver->next_origin)
		return false;
	origin = v->driver->next_origin(v->job->component, v->origin + 1);
	if (!origin)
		return false;
	driver_forget(v);
	v->origin++;
	v->stage = 0;
	v->reply = NULL;
	batch_add(v->drivers->batch, origin, next_turn, v);
	return true;
}

bool visit_orderer(const struct visit *v, const struct order_signer **out, struct err *e)
{
	struct drivers *d = v->drivers;

	if (!d->orderer && !order_signer_open(&d->options.access->agent, &d->orderer, e))
		return false;
	*out = d->orderer;
	return true;
}

static int compare_peers(const void *a, const void *b)
{
	return strcmp(((const struct peer *)a)->origin, ((const struct peer *)b)->origin);
}

const char *visit_peer(const struct visit *v)
{
	const struct component *c = v->job->component;
	const struct peer wanted = { .origin = v->driver->origin(c) };
	struct peer **found = tfind(&wanted, &v->drivers->peers, compare_peers);

	return found ? (*found)->spki : NULL;
}

void visit_learn_peer(const struct visit *v, const char *spki)
{
	struct drivers *d = v->drivers;
	const struct component *c = v->job->component;
	struct peer *new = ARENA_NEW(&d->arena, struct peer);
	struct peer **slot = NULL;

	new->origin = arena_strdup(&d->arena, v->driver->origin(c));
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
	if (begin_elsewhere(v))
		return false;
	switch (v->driver->turns[verb](v, x, &e)) {
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
	driver_forget(v);
	return false;
}

static void add_visit(struct drivers *d, struct job *j, struct arena *a)
{
	const struct driver *driver = driver_for(j->component, j->verb);
	struct visit *v = ARENA_NEW(a, struct visit);

	if (!d->batch)
		d->batch = batch_new();
	v->drivers = d;
	v->job = j;
	v->driver = driver;
	v->arena = a;
	if (driver->prepare && !driver->prepare(v, &j->error)) {
		driver_forget(v);
		return;
	}
	batch_add(d->batch, driver->origin(j->component), next_turn, v);
}

/* ---- jobs ---- */

static void call(const struct driver *driver, struct job *j)
{
	j->began = !only_reads(j->verb);
	j->done = driver->verbs[j->verb](j, &j->error);
}

/* The jobs' pairs in the form in which they will be read back. */
struct outgoing {
	struct foreign *list;
	struct secret *keys;
	size_t jobs;
};

static void outgoing_release(struct outgoing *o)
{
	for (size_t i = 0; i < o->jobs; i++)
		secret_release(&o->keys[i]);
	free(o->keys);
	free(o->list);
}
AUTO_STRUCT(outgoing, struct outgoing, outgoing_release)

/*
 * Pairs read back are decoded as untrusted input; decoding them here together
 * turns a thousand decoder runs into a few.
 */
static void learn_pairs(const struct job *jobs, size_t count)
{
	AUTO(outgoing) o = {
		.list = xcalloc(2 * count + 1, sizeof(*o.list)),
		.keys = xcalloc(count + 1, sizeof(*o.keys)),
	};
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct job *j = &jobs[i];
		struct secret *pem = &o.keys[o.jobs];

		if (!j->set || !j->set->count || !j->key || !j->key->len)
			continue;
		o.jobs++;
		pem_add_key(pem, j->key);
		o.list[n++] = (struct foreign){ FOREIGN_CERT, j->set->certs[0].bytes,
						j->set->certs[0].len };
		o.list[n++] = (struct foreign){ FOREIGN_KEY, pem->bytes, pem->len };
	}
	foreign_learn(o.list, n);
}

/* Jobs for probe_all(). */
struct probed {
	struct job **jobs;
	size_t count;
};

static void driver_start(struct drivers *d, struct job *j, struct arena *a, struct probed *probed)
{
	const struct driver *driver = driver_for(j->component, j->verb);

	j->error = (struct err){ 0 };
	j->done = false;
	j->began = false;
	if (stop_requested() && begins_something(j->verb))
		err_set(&j->error, ERR_STOPPED, "not begun: certfleet was told to stop");
	else if (driver->turns[j->verb])
		add_visit(d, j, a);
	else if (j->verb == DRIVER_PROBE && driver->probe_all)
		probed->jobs[probed->count++] = j;
	else
		call(driver, j);
}

void drivers_run(struct drivers *d, struct job *jobs, size_t count)
{
	AUTO(arena) a = { 0 };
	struct probed probed = { arena_array(&a, count, sizeof(struct job *)), 0 };

	learn_pairs(jobs, count);
	for (size_t i = 0; i < count; i++)
		driver_start(d, &jobs[i], &a, &probed);
	/* only the driver for local files has probe_all */
	if (probed.count)
		files_driver.probe_all(probed.jobs, probed.count);
	if (d->batch)
		batch_run(d->batch);
}

bool driver_takes_orders(const struct component *c)
{
	return drivers[c->deliver.kind]->takes_orders;
}
