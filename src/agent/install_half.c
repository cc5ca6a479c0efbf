/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install_half.h"

#include "agent/agent_identity.h"
#include "agent/allow_files.h"
#include "agent/ipc.h"
#include "agent/signer_cache.h"
#include "agent/worker.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORKERS = 64,                   /* as many as the network half requests at a time */
	UNREAD = 64,                    /* unread answers before no more requests are read */
	UNREAD_BYTES = 2 * 1024 * 1024, /* of unread answers; one more may come on top */
	POLL_MS = 1000,                 /* longest delay until a deadline is noticed */
};

/* A request that a worker executes. */
struct child_job {
	struct worker worker;
	const struct agent_component *component;
	enum route route;
	uint32_t number;
	bool awaited; /* the client still waits */
	int seconds;  /* until the client is told to ask again */
	int64_t end_ms;
	uint64_t grants; /* revision of the grants at its start */
};

struct install_half {
	const struct agent_config *config;
	struct agent_identity self;
	struct allow_files *grants;
	struct signer_cache *signers;
	struct child_job jobs[WORKERS];
	agent_note_fn *note;
	void *note_ctx;
	char closed[sizeof(((struct err *)0)->text)]; /* last error in the log */
};

/* ---- life cycle ---- */

bool install_half_open(const struct agent_config *config, struct install_half **out, struct err *e)
{
	AUTO(install_half) h = xcalloc(1, sizeof(*h));

	h->config = config;
	if (!fs_make_private_dir(config->state, e))
		return err_in(e, "cannot use '%s'", config->state);
	if (!agent_identity_read(&h->self, config, e))
		return false;
	if (!allow_files_open(config, &h->grants, e))
		return false;
	h->signers =
		signer_cache_new(allow_files_config(h->grants), allow_files_authority(h->grants));
	*out = TAKE(h);
	return true;
}

void install_half_close(struct install_half *h)
{
	struct worker *workers[WORKERS];

	if (!h)
		return;
	for (size_t i = 0; i < WORKERS; i++)
		workers[i] = &h->jobs[i].worker;
	workers_stop(workers, WORKERS);
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

static void install_half_report(const struct install_half *h, const char *text)
{
	if (h->note)
		h->note(h->note_ctx, text);
}

/* ---- allowed clients ---- */

/* The same error is noted once. */
static void note_grants(struct install_half *h, const struct err *why)
{
	AUTO(arena) a = { 0 };

	if (why->code && !strcmp(h->closed, why->text))
		return;
	memcpy(h->closed, why->text, sizeof(h->closed));
	if (why->code)
		install_half_report(
			h, arena_printf(&a, "all clients are refused until this is mended: %s",
					why->text));
	else
		install_half_report(h, "who may call and give orders was read again");
}

static void refresh_grants(struct install_half *h)
{
	struct err why = { 0 };
	bool changed = allow_files_refresh(h->grants, &why);

	if (changed)
		signer_cache_forget(h->signers);
	if (changed || why.code)
		note_grants(h, &why);
}

/* ---- what is asked ---- */

static struct child_job *free_job(struct install_half *h)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (!h->jobs[i].worker.pid)
			return &h->jobs[i];
	return NULL;
}

/* Orders of one component run one after the other; inspections run at any time. */
static bool is_busy(const struct install_half *h, const struct ipc_request *q)
{
	for (size_t i = 0; i < WORKERS; i++) {
		const struct child_job *j = &h->jobs[i];

		if (j->worker.pid && j->component == q->component && route_has_order(j->route) &&
		    route_has_order(q->route))
			return true;
	}
	return false;
}

static void begin_job(struct ipc_request *q, uint64_t grants, struct child_job *j,
		      struct response *out)
{
	struct worker worker = { 0 };
	struct err e = { 0 };

	if (!worker_begin(ipc_request_serve, q, &worker, &e)) {
		response_problem(PROBLEM_BUSY, e.text, out);
		return;
	}
	*j = (struct child_job){ .worker = worker,
				 .component = q->component,
				 .route = q->route,
				 .number = q->number,
				 .awaited = true,
				 .seconds = ipc_request_seconds(q),
				 .grants = grants };
	j->end_ms = clock_mono_ms() + j->seconds * INT64_C(1000);
}

/* `out` without a body afterwards: the answer comes later. */
static void install_half_execute(struct install_half *h, struct ipc_request *q,
				 struct response *out)
{
	struct child_job *j = NULL;

	if (is_busy(h, q)) {
		response_problem(PROBLEM_BUSY, "another request is in progress", out);
		return;
	}
	if (!q->component && q->route != ROUTE_COMPONENTS) {
		response_problem(PROBLEM_UNKNOWN_COMPONENT, q->name, out);
		return;
	}
	j = free_job(h);
	if (j)
		begin_job(q, allow_files_revision(h->grants), j, out);
	else
		response_problem(PROBLEM_BUSY, "the agent is busy with other requests", out);
}

/* ---- the request channel ---- */

static bool post_answer(struct ipc *c, uint32_t number, const struct response *a, struct err *e)
{
	AUTO(message) m = { .kind = MESSAGE_ANSWER, .number = number };
	struct fields f = fields_begin(&m.body, 8 + a->body.len);

	fields_put_number(&f, (uint64_t)a->status);
	fields_put(&f, a->body.bytes, a->body.len);
	return ipc_post(c, &m, e);
}

static bool install_half_take_request(struct install_half *h, struct ipc *c, struct err *e)
{
	AUTO(message) m = { 0 };
	AUTO(ipc_request)
	q = { .config = h->config, .signers = h->signers, .spki = h->self.spki };
	AUTO(response) a = { 0 };
	bool whole = false;

	if (!ipc_take(c, &m, &whole, e))
		return false;
	if (!whole)
		return true;
	if (!ipc_request_read(&m, &q, e))
		return false;
	refresh_grants(h);
	install_half_execute(h, &q, &a);
	return !a.body.bytes || post_answer(c, q.number, &a, e);
}

static bool end_job(struct install_half *h, struct child_job *j, struct ipc *c, struct err *e)
{
	AUTO(response) a = { 0 };
	struct err why = { 0 };

	if (!worker_end(&j->worker, &a))
		response_problem(PROBLEM_CANNOT, "the order's process ended without an answer", &a);
	/* a worker that began before a change knows nothing of it */
	if (j->grants == allow_files_revision(h->grants))
		signer_cache_remember(h->signers, &a.signer);
	/* what a worker cannot do for this process */
	if (a.status == 200 && j->route == ROUTE_ACTIVATE &&
	    agent_identity_is(h->config, j->component) &&
	    !agent_identity_read(&h->self, h->config, &why))
		response_problem(PROBLEM_FAILED, why.text, &a);
	return !j->awaited || post_answer(c, j->number, &a, e);
}

/* The order goes on, and a repeated request gets its result. */
static bool end_waiting(struct child_job *j, struct ipc *c, struct err *e)
{
	AUTO(response) a = { 0 };
	AUTO(arena) text = { 0 };

	j->awaited = false;
	response_problem(
		PROBLEM_BUSY,
		arena_printf(
			&text,
			"the order takes longer than %d seconds, and goes on; check the disk of this host",
			j->seconds),
		&a);
	return post_answer(c, j->number, &a, e);
}

static bool end_late_jobs(struct install_half *h, struct ipc *c, struct err *e)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < WORKERS; i++) {
		struct child_job *j = &h->jobs[i];

		if (j->worker.pid && j->awaited && now >= j->end_ms && !end_waiting(j, c, e))
			return false;
	}
	return true;
}

/* ---- the handshake channel ---- */

static void put_identity(const struct agent_identity *s, struct secret *out)
{
	struct fields f;
	size_t room = 8;

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
static void put_signature(const struct agent_identity *s, struct message *m, struct secret *out)
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
	if (!f.failed && agent_identity_sign(s, &what, &a, &signature, &ignored))
		secret_copy(out, signature.bytes, signature.len);
}

static size_t caller_room(const struct allowed_client *c)
{
	return 16 + strlen(c->spki ? c->spki : c->name);
}

/* Closed grants have an empty list and an empty CA. */
static void put_grants(const struct allow_files *g, struct secret *out)
{
	const struct agent_config *c = allow_files_config(g);
	const struct buf *authority = allow_files_authority(g);
	struct fields f;
	size_t room = 16 + authority->len;

	for (size_t i = 0; i < c->client_count; i++)
		room += caller_room(&c->clients[i]);
	f = fields_begin(out, room);
	fields_put_number(&f, allow_files_revision(g));
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

static bool answer_handshake(struct install_half *h, struct message *m, struct secret *out,
			     struct err *e)
{
	const struct agent_identity *s = &h->self;
	struct fields f;

	switch ((enum message_kind)m->kind) {
	case MESSAGE_REVISION:
		refresh_grants(h);
		f = fields_begin(out, 16);
		fields_put_number(&f, s->revision);
		fields_put_number(&f, allow_files_revision(h->grants));
		return true;
	case MESSAGE_GRANTS:
		put_grants(h->grants, out);
		return true;
	case MESSAGE_IDENTITY:
		put_identity(s, out);
		return true;
	case MESSAGE_SIGN:
		put_signature(s, m, out);
		return true;
	case MESSAGE_REQUEST:
	case MESSAGE_ANSWER:
	case MESSAGE_HELLO:
	case MESSAGE_ENROL_HELLO:
	case MESSAGE_GRANT:
	case MESSAGE_LEFT:
		break;
	}
	return err_set(e, ERR_REMOTE, "refused a malformed request of the agent's network process");
}

static bool take_handshake(struct install_half *h, struct ipc *c, struct err *e)
{
	AUTO(message) m = { 0 };
	AUTO(message) back = { 0 };
	bool whole = false;

	if (!ipc_take(c, &m, &whole, e))
		return false;
	if (!whole)
		return true;
	back.kind = m.kind;
	back.number = m.number;
	return answer_handshake(h, &m, &back.body, e) && ipc_post(c, &back, e);
}

/* ---- the loop ---- */

enum {
	POLL_REQUESTS,
	POLL_HANDSHAKES,
	POLL_JOBS
};

/* The two channels to the current network half. */
struct ends {
	struct ipc requests;
	struct ipc handshakes;
};

static void ends_release(struct ends *n)
{
	ipc_release(&n->requests);
	ipc_release(&n->handshakes);
}
AUTO_STRUCT(ends, struct ends, ends_release)

static bool install_half_has_room(const struct ipc *c)
{
	return c->waiting < UNREAD && c->queued < UNREAD_BYTES;
}

/* A network half that does not read its answers can send no more requests. */
static struct pollfd polled(const struct ipc *c)
{
	int events = (install_half_has_room(c) ? POLLIN : 0) | (c->queue ? POLLOUT : 0);

	return (struct pollfd){ c->fd, (short)events, 0 };
}

/* Answers of workers then wait in their pipes, too. */
static void list_polled(const struct install_half *h, const struct ends *n, struct pollfd *fds)
{
	bool room = install_half_has_room(&n->requests);

	fds[POLL_REQUESTS] = polled(&n->requests);
	fds[POLL_HANDSHAKES] = polled(&n->handshakes);
	for (size_t i = 0; i < WORKERS; i++) {
		const struct worker *w = &h->jobs[i].worker;

		fds[POLL_JOBS + i] = (struct pollfd){ w->pid && room ? w->pipe : -1, POLLIN, 0 };
	}
}

/* Handshakes first: they are short, and the network half blocks during one. */
static bool serve(struct install_half *h, struct ends *n, const struct pollfd *fds, struct err *e)
{
	const short any = POLLIN | POLLHUP | POLLERR;

	if (!ipc_flush(&n->handshakes, e) || !ipc_flush(&n->requests, e))
		return false;
	if (fds[POLL_HANDSHAKES].revents & any && !take_handshake(h, &n->handshakes, e))
		return false;
	for (size_t i = 0; i < WORKERS; i++)
		if (fds[POLL_JOBS + i].revents && install_half_has_room(&n->requests) &&
		    !end_job(h, &h->jobs[i], &n->requests, e))
			return false;
	return !(fds[POLL_REQUESTS].revents & any) || install_half_take_request(h, &n->requests, e);
}

bool install_half_run(struct install_half *h, const struct channels *c, struct err *e)
{
	AUTO(ends)
	n = { ipc_of(c->requests), ipc_of(c->handshakes) };
	struct pollfd fds[POLL_JOBS + WORKERS];

	n.requests.from = FROM_NETWORK;
	n.handshakes.from = FROM_NETWORK;
	/* answers to questions of one that has ended are nobody's */
	for (size_t i = 0; i < WORKERS; i++)
		h->jobs[i].awaited = false;
	while (!stop_requested()) {
		list_polled(h, &n, fds);
		if (poll(fds, POLL_JOBS + WORKERS, POLL_MS) > 0 && !serve(h, &n, fds, e))
			return false;
		agent_identity_drop_old(&h->self);
		if (!end_late_jobs(h, &n.requests, e))
			return false;
	}
	return true;
}
