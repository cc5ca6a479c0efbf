/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/driver.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "drivers/api_identity.h"
#include "drivers/driver_table.h"
#include "drivers/files.h"
#include "drivers/order_sign.h"
#include "drivers/pair_directory.h"
#include "install/supervisor.h"
#include "model/http_spec.h"
#include "pki/foreign.h"
#include "remote/batch.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct driver *const driver_rows[DRIVER_KIND_COUNT] = {
	[DRIVER_FILES] = &files_driver,     [DRIVER_HAPROXY] = &haproxy_driver,
	[DRIVER_AGENT] = &agent_driver,     [DRIVER_CADDY] = &caddy_driver,
	[DRIVER_ETCD] = &etcd_driver,       [DRIVER_HTTP] = &http_driver,
	[DRIVER_SFTP] = &sftp_driver,       [DRIVER_COMMAND] = &command_driver,
	[DRIVER_HANDOFF] = &handoff_driver,
};

/* Activations among the sessions that run. */
struct activating {
	size_t count;
	int64_t until; /* UTC seconds */
};

struct drivers {
	struct drivers_options options;
	struct batch *batch; /* NULL: no session yet */
	struct identities *identities;
	struct order_signer *order_signer; /* NULL: no request to an agent yet */
	struct activating activating;
	struct arena arena;
	VEC(const struct secret *) secrets; /* handed to sessions */
	void *peers;                        /* tree, see tsearch(3) */
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

const char *driver_records(const char *private_directory, struct arena *a)
{
	return arena_printf(a, "%s/activations", private_directory ? private_directory : ".");
}

bool drivers_clean(const struct drivers *d, struct err *e)
{
	return pair_directory_remove(d->options.private_directory, e);
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
	order_signer_close(d->order_signer);
	tdestroy(d->peers, driver_keep_node);
	arena_release(&d->arena);
	free(d);
}

/* The driver of a job: `activate` selects its own, independent of delivery. */
static const struct driver *driver_for(const struct component *c, enum driver_verb verb)
{
	const struct driver *own = driver_rows[c->deliver.kind];

	if (verb != DRIVER_ACTIVATE)
		return own;
	switch (c->activate.kind) {
	case ACTIVATE_NONE:
		return own;
	case ACTIVATE_RELOAD:
	case ACTIVATE_COMMAND:
	case ACTIVATE_UNIT:
		return own->runs_commands ? own : &files_driver;
	case ACTIVATE_SIGNAL:
		return &files_driver;
	case ACTIVATE_HTTP:
		return &call_driver;
	case ACTIVATE_APPMON:
		return c->appmon.kind == APPMON_COLLECTOR ? &collector_driver : &appmon_driver;
	}
	return own;
}

static const struct driver *job_driver(const struct job *j)
{
	if (j->target)
		return j->target->http ? &notify_http_driver : &notify_command_driver;
	return j->appmon ? &appmon_driver : driver_for(j->component, j->verb);
}

bool job_mends(const struct job *j)
{
	return j->replaces && !strcmp(j->replaces, j->fingerprint);
}

bool driver_takes_pair(const struct component *c)
{
	return driver_rows[c->deliver.kind]->takes_pair;
}

/* Abort, revert and what follows them go back, so they run despite a stop. */
static bool begins_something(const struct job *j)
{
	switch (j->verb) {
	case DRIVER_PROBE:
	case DRIVER_STAGE:
	case DRIVER_COMMIT:
	case DRIVER_REMOVE:
	case DRIVER_READ:
		return true;
	case DRIVER_ACTIVATE:
		return !j->rolls_back;
	case DRIVER_NOTIFY:
		return !j->stopped;
	case DRIVER_ABORT:
	case DRIVER_REVERT:
	case DRIVER_VERB_COUNT:
		break;
	}
	return false;
}

static bool only_reads(enum driver_verb verb)
{
	return verb == DRIVER_PROBE || verb == DRIVER_READ || verb == DRIVER_NOTIFY;
}

void driver_began(struct job *j)
{
	if (!j->began)
		j->began_ms = clock_mono_ms();
	j->began = true;
}

/* ---- sessions ---- */

void request_lines(struct exchange *ask, const char *text)
{
	ask->kind = EXCHANGE_LINES;
	secret_copy(&ask->body, text, strlen(text));
}

const struct fleet_access *driver_access(const struct driver_session *v)
{
	return v->drivers->options.access;
}

bool driver_secret(const struct driver_session *v, const struct secret_ref *ref,
		   const struct secret **out, struct err *e)
{
	struct drivers *d = v->drivers;
	const struct drivers_options *o = &d->options;

	if (!o->secret(o->ctx, ref, out, e))
		return false;
	vec_each (known, &d->secrets)
		if (*known == *out)
			return true;
	VEC_PUSH(&d->secrets, &d->arena, *out);
	return true;
}

const struct secret *const *driver_secrets(const struct driver_session *v, size_t *count)
{
	*count = v->drivers->secrets.count;
	return v->drivers->secrets.items;
}

bool driver_identity(const struct driver_session *v, const struct http_access *a,
		     const struct identity **out, struct err *e)
{
	return identities_find(v->drivers->identities, v, a, out, e);
}

static void driver_forget(struct driver_session *v)
{
	if (v->driver->forget && v->memory)
		v->driver->forget(v);
	v->memory = NULL;
}

bool driver_order_signer(const struct driver_session *v, const struct order_signer **out,
			 struct err *e)
{
	struct drivers *d = v->drivers;

	if (!d->order_signer && !order_signer_open(&d->options.access->agent, &d->order_signer, e))
		return false;
	*out = d->order_signer;
	return true;
}

static int compare_peers(const void *a, const void *b)
{
	return strcmp(((const struct peer *)a)->origin, ((const struct peer *)b)->origin);
}

const char *driver_peer(const struct driver_session *v)
{
	const struct component *c = v->job->component;
	const struct peer wanted = { .origin = v->driver->origin(c) };
	struct peer **found = tfind(&wanted, &v->drivers->peers, compare_peers);

	return found ? (*found)->spki : NULL;
}

void driver_learn_peer(const struct driver_session *v, const char *spki)
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

bool driver_request(struct driver_session *v, struct exchange *x, struct err *e)
{
	x->reads |= only_reads(v->job->verb);
	if (!x->reads)
		driver_began(v->job);
	x->goes_back = !begins_something(v->job);
	x->goes_on = v->job->verb == DRIVER_ACTIVATE;
	x->origin = v->origin;
	return batch_request(v->conversation, x, e);
}

static void session_main(void *ctx, struct conversation *c)
{
	struct driver_session *v = ctx;
	struct err e = { 0 };

	v->conversation = c;
	v->job->done = v->driver->sessions[v->job->verb](v, &e);
	v->drivers->activating.count -= v->job->verb == DRIVER_ACTIVATE;
	if (!v->job->done)
		v->job->error = e;
	driver_forget(v);
}

static void tell_stopping(void *ctx)
{
	const struct drivers *d = ctx;
	const struct drivers_options *o = &d->options;

	if (d->activating.count && o->stopping)
		o->stopping(o->ctx, d->activating.count, d->activating.until);
}

static void activating_add(struct activating *a, const struct component *c)
{
	int64_t until = clock_now() + c->role->restart.timeout;

	if (!a->count || until > a->until)
		a->until = until;
	a->count++;
}

static const char *job_origin(const struct drivers *d, const struct job *j)
{
	const struct driver *driver = job_driver(j);

	if (j->target)
		return j->target->http->request.url.origin;
	return driver->origin ? driver->origin(j->component) : d->options.access->appmon.origin;
}

/* False: it fails with the error of the job. */
static bool driver_prepare(struct drivers *d, struct job *j, struct arena *a,
			   struct driver_session *v)
{
	const struct driver *driver = job_driver(j);

	if (!d->batch)
		d->batch = batch_new();
	batch_on_stop(d->batch, tell_stopping, d);
	*v = (struct driver_session){ .drivers = d, .job = j, .driver = driver, .arena = a };
	v->origin = job_origin(d, j);
	if (!driver->prepare || driver->prepare(v, &j->error))
		return true;
	driver_forget(v);
	return false;
}

static void driver_add_session(struct drivers *d, struct job *j, struct arena *a)
{
	struct driver_session *v = ARENA_NEW(a, struct driver_session);

	if (!driver_prepare(d, j, a, v))
		return;
	if (j->verb == DRIVER_ACTIVATE)
		activating_add(&d->activating, j->component);
	batch_add(d->batch, v->origin, session_main, v);
}

void driver_converse(struct driver_session *v, void (*run)(void *ctx, struct conversation *c),
		     void *ctx)
{
	batch_add(v->drivers->batch, v->origin, run, ctx);
}

/* Jobs that are activated together. */
struct job_group {
	struct driver_session session;
	struct job **jobs;
	size_t count;
};

static void group_main(void *ctx, struct conversation *c)
{
	struct job_group *g = ctx;
	struct driver_session *v = &g->session;

	v->conversation = c;
	v->driver->activate_all(v, g->jobs, g->count);
	v->drivers->activating.count -= g->count;
	driver_forget(v);
}

static void driver_add_group(struct drivers *d, struct job **jobs, size_t count, struct arena *a)
{
	struct job_group *g = ARENA_NEW(a, struct job_group);

	if (!count)
		return;
	*g = (struct job_group){ .jobs = jobs, .count = count };
	if (!driver_prepare(d, jobs[0], a, &g->session)) {
		for (size_t i = 1; i < count; i++)
			jobs[i]->error = jobs[0]->error;
		return;
	}
	for (size_t i = 0; i < count; i++)
		activating_add(&d->activating, jobs[i]->component);
	batch_add(d->batch, g->session.origin, group_main, g);
}

/* ---- jobs ---- */

static void call(const struct driver *driver, struct job *j)
{
	if (!only_reads(j->verb))
		driver_began(j);
	j->done = driver->calls[j->verb](j, &j->error);
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

/* Whether the job is a command on this host that activates, for a supervisor. */
static bool is_supervised(const struct driver *driver, const struct job *j, struct supervised *out)
{
	return j->verb == DRIVER_ACTIVATE && driver->supervised && driver->supervised(j, out);
}

static void supervised_begin(struct job *j, struct supervisor *out)
{
	struct supervised what = { 0 };

	*out = (struct supervisor){ .pidfd = -1 };
	j->began_ms = clock_mono_ms();
	j->began = is_supervised(job_driver(j), j, &what) &&
		   (j->rolls_back || stop_permits(&j->error)) &&
		   supervisor_begin(&what, out, &j->error);
}

/* The first ones run while `d->batch` does. */
static void run_supervised(struct drivers *d, struct job *const *jobs, size_t count)
{
	struct supervisor list[SUPERVISED_LIMIT];
	size_t at = 0;

	do {
		size_t some = count - at < SUPERVISED_LIMIT ? count - at : SUPERVISED_LIMIT;

		for (size_t i = 0; i < some; i++)
			supervised_begin(jobs[at + i], &list[i]);
		if (at == 0 && d->batch)
			batch_run(d->batch);
		supervisors_wait(list, some, d->options.stopping, d->options.ctx);
		for (size_t i = 0; i < some; i++)
			if (jobs[at + i]->began)
				jobs[at + i]->done = supervisor_end(&list[i], &jobs[at + i]->error);
		at += some;
	} while (at < count);
}

void drivers_run(struct drivers *d, struct job *jobs, size_t count)
{
	AUTO(arena) a = { 0 };
	struct job **files = arena_array(&a, count, sizeof(*files));
	struct job **supervised = arena_array(&a, count, sizeof(*supervised));
	struct job **group = arena_array(&a, count, sizeof(*group));
	size_t group_count = 0;
	size_t file_count = 0;
	size_t supervised_count = 0;
	struct supervised what = { 0 };

	learn_pairs(jobs, count);
	for (size_t i = 0; i < count; i++) {
		struct job *j = &jobs[i];
		const struct driver *driver = job_driver(j);

		j->error = (struct err){ 0 };
		j->done = false;
		j->began = false;
		j->began_ms = 0;
		j->directory = d->options.directory;
		j->private_directory = d->options.private_directory;
		if (begins_something(j) && !stop_permits(&j->error))
			continue;
		if (is_supervised(driver, j, &what))
			supervised[supervised_count++] = j;
		else if (driver->files_verbs & 1U << j->verb)
			files[file_count++] = j;
		else if (driver->activate_all)
			group[group_count++] = j;
		else if (driver->sessions[j->verb])
			driver_add_session(d, j, &a);
		else
			call(driver, j);
	}
	driver_add_group(d, group, group_count, &a);
	files_run(files, file_count);
	run_supervised(d, supervised, supervised_count);
}

bool driver_activates_here(const struct component *c)
{
	return driver_for(c, DRIVER_ACTIVATE) == &files_driver;
}

bool driver_takes_orders(const struct component *c)
{
	return driver_rows[c->deliver.kind]->takes_orders;
}
