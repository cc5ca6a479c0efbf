/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install.h"

#include "agent/channel.h"
#include "agent/orders.h"
#include "agent/perform.h"
#include "agent/self.h"
#include "agent/worker.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "base/version.h"
#include "pki/pair.h"
#include "wire/json.h"
#include "wire/route.h"

#include <poll.h>
#include <string.h>

enum {
	WORKERS = 32,
	POLL_MS = 5000, /* a stop mostly interrupts it */
};

/* Something that is under way, and whose question it answers. */
struct job {
	struct worker worker;
	const struct agent_component *component;
	uint32_t number;
};

struct install_half {
	const struct agent_config *config;
	struct self self;
	struct buf authority;
	struct signers *signers;
	struct job jobs[WORKERS];
};

/* One question of the other half. */
struct question {
	struct install_half *half;
	uint32_t number;
	enum route route;
	const char *name;
	const struct agent_component *component; /* NULL: none has the name */
	struct secret body;
	struct order_request request;
	struct order order;
	struct ordered before;
	struct arena arena;
};

static void question_release(struct question *q)
{
	secret_release(&q->body);
	order_request_release(&q->request);
	arena_release(&q->arena);
}
AUTO_STRUCT(question, struct question, question_release)

/* ---- life ---- */

bool install_half_open(const struct agent_config *config,
		       struct install_half **out, struct err *e)
{
	AUTO(install_half) h = xcalloc(1, sizeof(*h));

	h->config = config;
	if (!fs_make_private_dir(config->state, e))
		return err_in(e, "cannot use '%s'", config->state);
	if (!self_read(&h->self, config, e))
		return false;
	if (!fs_read(config->client_ca, INPUT_FILE_LIMIT, &h->authority, e))
		return err_in(e, "cannot read who may call");
	h->signers = signers_new(config, &h->authority);
	*out = TAKE(h);
	return true;
}

void install_half_close(struct install_half *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < WORKERS; i++)
		if (h->jobs[i].worker.pid)
			worker_kill(&h->jobs[i].worker);
	signers_free(h->signers);
	self_release(&h->self);
	buf_release(&h->authority);
	free(h);
}

/* ---- answers ---- */

/* Takes the reference. */
static void answer_json(int status, json_t *document, struct answer *out)
{
	AUTO(json) json = document;

	out->status = status;
	json_to_secret(json, &out->body);
}

static void answer_problem(enum problem_kind kind, const char *detail,
			   struct answer *out)
{
	const struct problem p = { kind, detail };

	answer_json(problem_status(kind), problem_to_json(&p), out);
}

static struct agent_identity identity_of(const struct install_half *h)
{
	return (struct agent_identity){
		.spki = h->self.spki,
		.program = "certfleet " CERTFLEET_VERSION,
		.time = clock_now(),
	};
}

/* ---- what is asked ---- */

static void answer_components(struct question *q, struct answer *out)
{
	const struct agent_config *c = q->half->config;
	struct component_report *list =
		arena_array(&q->arena, c->component_count, sizeof(*list));
	struct agent_identity self = identity_of(q->half);

	for (size_t i = 0; i < c->component_count; i++)
		perform_look(c, &c->components[i], &q->arena, &list[i]);
	answer_json(200, report_all(&self, list, c->component_count), out);
}

static void answer_component(struct question *q, struct answer *out)
{
	struct component_report report;
	struct agent_identity self = identity_of(q->half);

	perform_look(q->half->config, q->component, &q->arena, &report);
	perform_ask(q->component, &q->arena, &report);
	answer_json(200, report_one(&self, &report), out);
}

static void answer_order(struct question *q, struct answer *out)
{
	const struct deed deed = {
		.config = q->half->config,
		.component = q->component,
		.order = &q->order,
		.before = &q->before,
		.request = &q->request,
		.self = &q->half->self,
	};
	struct problem problem = { 0 };

	if (perform_order(&deed, &q->arena, &problem))
		answer_json(200, json_object(), out);
	else
		answer_problem(problem.kind, problem.detail, out);
}

static void answer_question(void *ctx, struct answer *out)
{
	struct question *q = ctx;

	if (q->route == ROUTE_COMPONENTS)
		answer_components(q, out);
	else if (q->route == ROUTE_COMPONENT)
		answer_component(q, out);
	else
		answer_order(q, out);
}

/* False: it is answered already, with why not. */
static bool may_answer(struct question *q, struct answer *out)
{
	struct install_half *h = q->half;
	struct problem problem = { 0 };
	struct err e = { 0 };
	const struct order_check check = {
		.config = h->config,
		.signers = h->signers,
		.spki = h->self.spki,
		.action = route_action(q->route),
		.component = q->component,
		.request = &q->request,
		.now = clock_now(),
	};

	if (q->route == ROUTE_COMPONENTS)
		return true;
	if (!q->component) {
		answer_problem(PROBLEM_UNKNOWN_COMPONENT, q->name, out);
		return false;
	}
	if (!route_has_order(q->route))
		return true;
	if (!order_request_read(&q->body, &q->arena, &q->request, &e)) {
		answer_problem(PROBLEM_BAD_REQUEST, e.text, out);
		return false;
	}
	if (order_check(&check, &q->arena, &q->order, &q->before, &problem))
		return true;
	answer_problem(problem.kind, problem.detail, out);
	return false;
}

/* ---- what takes long ---- */

static bool takes_long(const struct question *q)
{
	const struct agent_component *c = q->component;

	if (q->route == ROUTE_COMPONENT)
		return perform_must_ask(c);
	return q->route == ROUTE_ACTIVATE && !self_is(q->half->config, c);
}

static struct job *free_job(struct install_half *h)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (!h->jobs[i].worker.pid)
			return &h->jobs[i];
	return NULL;
}

/* Looking at a component disturbs nobody. */
static bool is_busy(const struct question *q)
{
	const struct job *jobs = q->half->jobs;

	for (size_t i = 0; i < WORKERS; i++)
		if (jobs[i].worker.pid && jobs[i].component == q->component &&
		    route_has_order(q->route))
			return true;
	return false;
}

static void begin_job(struct question *q, struct job *j, struct answer *out)
{
	struct err e = { 0 };

	if (!worker_begin(answer_question, q, &j->worker, &e)) {
		answer_problem(PROBLEM_BUSY, e.text, out);
		return;
	}
	j->component = q->component;
	j->number = q->number;
}

/* Without a body afterwards: the answer comes later. */
static void deal_with(struct question *q, struct answer *out)
{
	struct job *j = NULL;

	if (!may_answer(q, out))
		return;
	if (is_busy(q)) {
		answer_problem(PROBLEM_BUSY, "something is under way", out);
		return;
	}
	if (!takes_long(q)) {
		answer_question(q, out);
		return;
	}
	j = free_job(q->half);
	if (j)
		begin_job(q, j, out);
	else
		answer_problem(PROBLEM_BUSY, "too much is under way", out);
}

/* ---- the channel of requests ---- */

static bool send_answer(int fd, uint32_t number, const struct answer *a,
			struct err *e)
{
	AUTO(message) m = { .kind = MESSAGE_ANSWER, .number = number };
	struct fields f = fields_begin(&m.body, 8 + a->body.len);

	fields_put_number(&f, (uint64_t)a->status);
	fields_put(&f, a->body.bytes, a->body.len);
	return channel_send(fd, &m, e);
}

static bool read_question(struct message *m, struct question *q, struct err *e)
{
	struct fields f = fields_of(&m->body);
	uint64_t route = fields_number(&f);
	uint64_t name_len = fields_number(&f);
	const unsigned char *name = fields_bytes(&f, name_len);
	size_t len = 0;
	const unsigned char *body = fields_rest(&f, &len);

	if (f.failed || m->kind != MESSAGE_REQUEST || route >= ROUTE_COUNT ||
	    route == ROUTE_HEALTH)
		return err_set(e, ERR_REMOTE,
			       "the other half asks what makes no sense");
	q->route = (enum route)route;
	q->number = m->number;
	q->name = arena_strndup(&q->arena, (const char *)name, name_len);
	q->component = agent_component(q->half->config, q->name);
	secret_copy(&q->body, body, len);
	return true;
}

static bool take_request(struct install_half *h, int fd, struct err *e)
{
	AUTO(message) m = { 0 };
	AUTO(question) q = { .half = h };
	AUTO(answer) a = { 0 };

	if (!channel_receive(fd, &m, e) || !read_question(&m, &q, e))
		return false;
	deal_with(&q, &a);
	return !a.body.bytes || send_answer(fd, q.number, &a, e);
}

static bool end_job(struct job *j, int fd, struct err *e)
{
	AUTO(answer) a = { 0 };

	if (!worker_end(&j->worker, &a))
		answer_problem(PROBLEM_CANNOT, "it ended without an answer",
			       &a);
	return send_answer(fd, j->number, &a, e);
}

/* ---- the channel of handshakes ---- */

static void put_certificates(const struct self *s, struct secret *out)
{
	struct fields f;
	size_t room = 0;

	for (size_t i = 0; i < s->set.count; i++)
		room += 8 + s->set.certs[i].len;
	f = fields_begin(out, room);
	for (size_t i = 0; i < s->set.count; i++) {
		fields_put_number(&f, s->set.certs[i].len);
		fields_put(&f, s->set.certs[i].bytes, s->set.certs[i].len);
	}
}

/* Left empty, it refuses. */
static void put_signature(const struct self *s, struct message *m,
			  struct secret *out)
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
	if (!f.failed && self_sign(s, &what, &a, &signature, &ignored))
		secret_copy(out, signature.bytes, signature.len);
}

static bool take_handshake(struct install_half *h, int fd, struct err *e)
{
	AUTO(message) m = { 0 };
	AUTO(message) back = { 0 };
	struct fields f;

	if (!channel_receive(fd, &m, e))
		return false;
	back.kind = m.kind;
	back.number = m.number;
	switch ((enum message_kind)m.kind) {
	case MESSAGE_REVISION:
		f = fields_begin(&back.body, 8);
		fields_put_number(&f, h->self.revision);
		break;
	case MESSAGE_CERTIFICATES:
		put_certificates(&h->self, &back.body);
		break;
	case MESSAGE_SIGN:
		put_signature(&h->self, &m, &back.body);
		break;
	case MESSAGE_REQUEST:
	case MESSAGE_ANSWER:
		return err_set(e, ERR_REMOTE,
			       "the other half asks what makes no sense");
	}
	return channel_send(fd, &back, e);
}

/* ---- the loop ---- */

enum {
	POLL_REQUESTS,
	POLL_HANDSHAKES,
	POLL_JOBS
};

static void list_polled(const struct install_half *h, const struct channels *c,
			struct pollfd *fds)
{
	fds[POLL_REQUESTS] = (struct pollfd){ c->requests, POLLIN, 0 };
	fds[POLL_HANDSHAKES] = (struct pollfd){ c->handshakes, POLLIN, 0 };
	for (size_t i = 0; i < WORKERS; i++) {
		const struct worker *w = &h->jobs[i].worker;

		fds[POLL_JOBS + i] =
			(struct pollfd){ w->pid ? w->pipe : -1, POLLIN, 0 };
	}
}

/* Handshakes first: they are short, and somebody waits inside of one. */
static bool serve(struct install_half *h, const struct channels *c,
		  const struct pollfd *fds, struct err *e)
{
	if (fds[POLL_HANDSHAKES].revents &&
	    !take_handshake(h, c->handshakes, e))
		return false;
	for (size_t i = 0; i < WORKERS; i++)
		if (fds[POLL_JOBS + i].revents &&
		    !end_job(&h->jobs[i], c->requests, e))
			return false;
	return !fds[POLL_REQUESTS].revents || take_request(h, c->requests, e);
}

bool install_half_run(struct install_half *h, const struct channels *c,
		      struct err *e)
{
	struct pollfd fds[POLL_JOBS + WORKERS];

	while (!stop_requested()) {
		list_polled(h, c, fds);
		if (poll(fds, POLL_JOBS + WORKERS, POLL_MS) <= 0)
			continue;
		if (!serve(h, c, fds, e))
			return false;
	}
	return true;
}
