/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install_half.h"

#include "agent/agent_identity.h"
#include "agent/agent_state.h"
#include "agent/signer_cache.h"
#include "agent/trust_grant.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WORKERS = 64,                   /* as many as the network half requests at a time */
	UNREAD = 64,                    /* unread answers before no more requests are read */
	UNREAD_BYTES = 2 * 1024 * 1024, /* of unread answers; one more may come on top */
	POLL_MS = 1000,                 /* longest delay until a deadline is noticed */
	CLOSE_POLL_MS = 20,
	LINGER_MS = 200, /* for the last answer to be sent */
};

/* A request that a worker executes. */
struct child_job {
	struct worker worker;
	const struct agent_component *component;
	enum route route;
	uint32_t number;
	bool awaited;    /* the client still waits */
	int64_t end_ms;  /* of its wait; the worker goes on */
	uint64_t grants; /* revision of the grants at its start */
};

/* Handshakes first: they are short, and the network half blocks during one. */
enum half_channel {
	HANDSHAKES,
	REQUESTS,
	CHANNELS
};

struct install_half {
	const struct agent_config *config;
	struct ipc channels[CHANNELS]; /* to the current network half */
	struct agent_identity self;
	struct allow_files *grants;
	struct signer_cache *signers;
	struct child_job jobs[WORKERS];
	/*
	 * What the worker of a stage has decoded, for each component.  It is not
	 * looked at here, and passed only to the workers of the orders that follow,
	 * which check the files that the same worker wrote; an inspection decodes
	 * for itself.
	 */
	struct secret *facts;
	bool answers_late; /* an activation ended after a stop */
	agent_note_fn *note;
	void *note_ctx;
	char closed[sizeof(((struct err *)0)->text)]; /* last error in the log */
};

/* ---- life cycle ---- */

bool install_half_open(const struct agent_config *config, struct install_half **out, struct err *e)
{
	AUTO(install_half) h = xcalloc(1, sizeof(*h));

	h->config = config;
	h->facts = xcalloc(config->component_count + 1, sizeof(*h->facts));
	if (!fs_make_private_dir(config->state, e))
		return err_in(e, "cannot use '%s'", config->state);
	if (!agent_identity_read(&h->self, config, e))
		return false;
	agent_files_clean(config);
	fs_clear_leftovers(config->state, "");
	if (!allow_files_open(config, &h->grants, e))
		return false;
	h->signers =
		signer_cache_new(allow_files_config(h->grants), allow_files_authority(h->grants));
	*out = TAKE(h);
	return true;
}

/* In its time: later it is ended like any other. */
static bool is_activating(const struct child_job *j)
{
	return j->worker.pid && j->route == ROUTE_ACTIVATE && clock_mono_ms() < j->end_ms;
}

static bool half_is_activating(const struct install_half *h)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (is_activating(&h->jobs[i]))
			return true;
	return false;
}

/*
 * Commands would be killed with this process by a service manager: they get their
 * time, but for a second stop.  Their answers are dropped.
 */
static void wait_for_activations(struct install_half *h)
{
	while (half_is_activating(h) && !stop_insisted()) {
		for (size_t i = 0; i < WORKERS; i++) {
			struct child_job *j = &h->jobs[i];
			struct pollfd fd = { is_activating(j) ? j->worker.pipe : -1, POLLIN, 0 };
			AUTO(response) ignored = { 0 };

			if (fd.fd >= 0 && poll(&fd, 1, CLOSE_POLL_MS) > 0)
				worker_end(&j->worker, &ignored);
		}
	}
}

void install_half_close(struct install_half *h)
{
	struct worker *workers[WORKERS];

	if (!h)
		return;
	wait_for_activations(h);
	for (size_t i = 0; i < WORKERS; i++)
		workers[i] = &h->jobs[i].worker;
	workers_stop(workers, WORKERS);
	for (size_t i = 0; i < h->config->component_count; i++)
		secret_release(&h->facts[i]);
	free(h->facts);
	signer_cache_free(h->signers);
	agent_identity_release(&h->self);
	allow_files_free(h->grants);
	free(h);
}

void install_half_note(struct install_half *h, agent_note_fn *note, void *ctx)
{
	h->note = note;
	h->note_ctx = ctx;
}

/* ---- allowed clients ---- */

/* The same error is noted once. */
static void refresh_grants(struct install_half *h)
{
	AUTO(arena) a = { 0 };
	struct err why = { 0 };
	bool changed = allow_files_refresh(h->grants, &why);

	if (changed)
		signer_cache_forget(h->signers);
	if (why.code ? !strcmp(h->closed, why.text) : !changed)
		return;
	memcpy(h->closed, why.text, sizeof(h->closed));
	if (h->note)
		h->note(h->note_ctx,
			why.code ? arena_printf(&a,
						"all clients are refused until this is mended: %s",
						why.text)
				 : "who may call and give orders was read again");
}

/* ---- requests ---- */

static bool post_response(struct install_half *h, uint32_t number, const struct response *a,
			  struct err *e)
{
	AUTO(message) m = { .kind = MESSAGE_ANSWER, .number = number };
	struct fields f = fields_begin(&m.body, 8 + a->body.len);

	fields_put_number(&f, (uint64_t)a->status);
	fields_put(&f, a->body.bytes, a->body.len);
	return ipc_post(&h->channels[REQUESTS], &m, e);
}

/* Orders of one component run one after the other; inspections run at any time. */
static bool begin_job(struct install_half *h, struct message *m, struct err *e)
{
	AUTO(half_request)
	q = { .config = h->config, .signers = h->signers, .spki = h->self.spki, .facts = h->facts };
	AUTO(response) refusal = { 0 };
	struct worker worker = { 0 };
	struct child_job *room = NULL;
	bool busy = false;
	struct err why = { 0 };

	if (!half_request_read(m, &q, e))
		return false;
	refresh_grants(h);
	for (size_t i = 0; i < WORKERS; i++) {
		struct child_job *j = &h->jobs[i];

		if (!j->worker.pid)
			room = j;
		else if (j->component == q.component && route_has_order(j->route) &&
			 route_has_order(q.route))
			busy = true;
	}
	if (stop_requested())
		response_problem(PROBLEM_BUSY, "the agent is stopping", &refusal);
	else if (busy)
		response_problem(PROBLEM_BUSY, "another request is in progress", &refusal);
	else if (!q.component && q.route != ROUTE_COMPONENTS)
		response_problem(PROBLEM_UNKNOWN_COMPONENT, q.name, &refusal);
	else if (!room)
		response_problem(PROBLEM_BUSY, "the agent is busy with other requests", &refusal);
	else if (!worker_begin(half_request_serve, &q, &worker, &why))
		response_problem(PROBLEM_BUSY, why.text, &refusal);
	else
		*room = (struct child_job){
			.worker = worker,
			.component = q.component,
			.route = q.route,
			.number = q.number,
			.awaited = true,
			.end_ms = clock_mono_ms() +
				  half_request_seconds(q.route, q.component) * INT64_C(1000),
			.grants = allow_files_revision(h->grants),
		};
	return worker.pid || post_response(h, q.number, &refusal, e);
}

static bool end_job(struct install_half *h, struct child_job *j, struct err *e)
{
	AUTO(response) a = { 0 };
	struct err why = { 0 };

	if (!worker_end(&j->worker, &a))
		response_problem(PROBLEM_CANNOT, "the order's process ended without an answer", &a);
	/* a worker that began before a change knows nothing of it */
	if (j->grants == allow_files_revision(h->grants))
		signer_cache_remember(h->signers, &a.signer);
	if (j->route == ROUTE_STAGE) {
		struct secret *facts = &h->facts[j->component - h->config->components];

		secret_release(facts);
		*facts = TAKE(a.facts);
	}
	/* what a worker cannot do for this process */
	if (a.status == 200 && j->route == ROUTE_ACTIVATE &&
	    agent_identity_is(h->config, j->component) &&
	    !agent_identity_read(&h->self, h->config, &why))
		response_problem(PROBLEM_FAILED, why.text, &a);
	h->answers_late |= j->awaited && stop_requested();
	return !j->awaited || post_response(h, j->number, &a, e);
}

/* The orders go on, and a repeated request gets the result. */
static bool end_late_waits(struct install_half *h, struct err *e)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < WORKERS; i++) {
		struct child_job *j = &h->jobs[i];
		AUTO(response) a = { 0 };
		AUTO(arena) text = { 0 };

		if (!j->worker.pid || !j->awaited || now < j->end_ms)
			continue;
		j->awaited = false;
		response_problem(
			PROBLEM_BUSY,
			arena_printf(
				&text,
				"the order takes longer than %d seconds, and goes on; check the disk of this host",
				half_request_seconds(j->route, j->component)),
			&a);
		if (!post_response(h, j->number, &a, e))
			return false;
	}
	return true;
}

/* ---- handshakes ---- */

static void answer_revision(struct install_half *h, struct message *m, struct secret *out)
{
	struct fields f = fields_begin(out, 16);

	(void)m;
	refresh_grants(h);
	fields_put_number(&f, h->self.revision);
	fields_put_number(&f, allow_files_revision(h->grants));
}

static void answer_identity(struct install_half *h, struct message *m, struct secret *out)
{
	const struct agent_identity *s = &h->self;
	struct fields f;
	size_t room = 8;

	(void)m;
	for (size_t i = 0; i < s->set.count; i++)
		room += 8 + s->set.certs[i].len;
	f = fields_begin(out, room);
	fields_put_number(&f, s->revision);
	for (size_t i = 0; i < s->set.count; i++) {
		fields_put_number(&f, s->set.certs[i].len);
		fields_put(&f, s->set.certs[i].bytes, s->set.certs[i].len);
	}
}

/* An empty answer refuses. */
static void answer_sign(struct install_half *h, struct message *m, struct secret *out)
{
	AUTO(arena) a = { 0 };
	struct fields f = fields_of(&m->body);
	struct tls_signing what = {
		.revision = fields_number(&f),
		.algorithm = (int)fields_number(&f),
		.hashed = fields_number(&f) != 0,
	};
	struct der signature = { 0 };
	struct err ignored = { 0 };

	what.text.bytes = fields_rest(&f, &what.text.len);
	if (!f.failed && agent_identity_sign(&h->self, &what, &a, &signature, &ignored))
		secret_copy(out, signature.bytes, signature.len);
}

/* Closed grants have an empty list and an empty CA. */
static void answer_grants(struct install_half *h, struct message *m, struct secret *out)
{
	const struct agent_config *c = allow_files_config(h->grants);
	const struct buf *authority = allow_files_authority(h->grants);
	struct fields f;
	size_t room = 16 + authority->len;

	(void)m;
	for (size_t i = 0; i < c->client_count; i++)
		room += 16 + strlen(c->clients[i].spki ? c->clients[i].spki : c->clients[i].name);
	f = fields_begin(out, room);
	fields_put_number(&f, allow_files_revision(h->grants));
	fields_put_number(&f, c->client_count);
	for (size_t i = 0; i < c->client_count; i++) {
		const struct allowed_client *who = &c->clients[i];
		const char *text = who->spki ? who->spki : who->name;

		fields_put_number(&f, who->spki != NULL);
		fields_put_number(&f, strlen(text));
		fields_put(&f, text, strlen(text));
	}
	fields_put(&f, authority->data, authority->len);
}

/* What is answered at once, on the channel for handshakes; NULL: refused. */
static void (*const answers[MESSAGE_KIND_COUNT])(struct install_half *h, struct message *m,
						 struct secret *out) = {
	[MESSAGE_REVISION] = answer_revision,
	[MESSAGE_IDENTITY] = answer_identity,
	[MESSAGE_SIGN] = answer_sign,
	[MESSAGE_GRANTS] = answer_grants,
};

/* ---- the loop ---- */

static bool half_take_message(struct install_half *h, enum half_channel from, struct err *e)
{
	AUTO(message) m = { 0 };
	AUTO(message) back = { 0 };
	bool whole = false;

	if (!ipc_take(&h->channels[from], &m, &whole, e))
		return false;
	if (!whole)
		return true;
	if (from == REQUESTS)
		return begin_job(h, &m, e);
	if (!answers[m.kind])
		return err_set(e, ERR_REMOTE,
			       "refused a malformed request of the agent's network process");
	back.kind = m.kind;
	back.number = m.number;
	answers[m.kind](h, &m, &back.body);
	return ipc_post(&h->channels[HANDSHAKES], &back, e);
}

static bool install_half_has_room(const struct ipc *c)
{
	return c->waiting < UNREAD && c->queued < UNREAD_BYTES;
}

/*
 * A network half that does not read its answers can send no more requests, and
 * the answers of workers then wait in their pipes, too.
 */
static bool install_half_step(struct install_half *h, struct err *e)
{
	const struct ipc *requests = &h->channels[REQUESTS];
	struct pollfd fds[CHANNELS + WORKERS];

	for (size_t i = 0; i < CHANNELS; i++) {
		const struct ipc *c = &h->channels[i];
		int events = (install_half_has_room(c) ? POLLIN : 0) | (c->queue ? POLLOUT : 0);

		fds[i] = (struct pollfd){ c->fd, (short)events, 0 };
	}
	for (size_t i = 0; i < WORKERS; i++) {
		const struct worker *w = &h->jobs[i].worker;
		bool waits = w->pid && install_half_has_room(requests);

		fds[CHANNELS + i] = (struct pollfd){ waits ? w->pipe : -1, POLLIN, 0 };
	}
	if (poll(fds, CHANNELS + WORKERS, POLL_MS) <= 0)
		return true;
	for (size_t i = 0; i < CHANNELS; i++)
		if (!ipc_flush(&h->channels[i], e))
			return false;
	if (fds[HANDSHAKES].revents & ~POLLOUT && !half_take_message(h, HANDSHAKES, e))
		return false;
	for (size_t i = 0; i < WORKERS; i++)
		if (fds[CHANNELS + i].revents && install_half_has_room(requests) &&
		    !end_job(h, &h->jobs[i], e))
			return false;
	return !(fds[REQUESTS].revents & ~POLLOUT) || half_take_message(h, REQUESTS, e);
}

bool install_half_run(struct install_half *h, const struct channels *c, struct err *e)
{
	bool good = true;

	h->channels[HANDSHAKES] = ipc_of(c->handshakes);
	h->channels[REQUESTS] = ipc_of(c->requests);
	for (size_t i = 0; i < CHANNELS; i++)
		h->channels[i].from = FROM_NETWORK;
	/* an earlier network half has exited with its requests */
	for (size_t i = 0; i < WORKERS; i++)
		h->jobs[i].awaited = false;
	while (good && (!stop_requested() || (!stop_insisted() && half_is_activating(h)))) {
		good = install_half_step(h, e) && end_late_waits(h, e);
		agent_identity_drop_old(&h->self);
	}
	/* the network half exits with its channels, whatever it has to send */
	if (good && h->answers_late)
		usleep(LINGER_MS * 1000);
	for (size_t i = 0; i < CHANNELS; i++)
		ipc_release(&h->channels[i]);
	return good;
}
