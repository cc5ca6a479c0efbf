/* SPDX-License-Identifier: Apache-2.0 */
#include "install_half_fixture.h"

static int end_of(enum err_code code)
{
	return code == ERR_MISSING  ? ENDED_ALONE
	       : code == ERR_REMOTE ? ENDED_NONSENSE
				    : ENDED_BADLY;
}

__attribute__((noreturn)) static void be_half(int requests, int handshakes)
{
	const struct channels c = { requests, handshakes };
	struct install_half *h = NULL;
	struct err e = { 0 };
	bool good = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stop_install();
	if (!install_half_open(&config, &h, &e)) {
		fprintf(stderr, "%s\n", e.text);
		_exit(ENDED_BADLY);
	}
	good = install_half_run(h, &c, &e);
	install_half_close(h);
	if (!good && end_of(e.code) == ENDED_BADLY)
		fprintf(stderr, "%s\n", e.text);
	_exit(good ? ENDED_AS_ASKED : end_of(e.code));
}

struct half half_begin(void)
{
	struct half h = { 0 };
	struct err e = { 0 };
	int requests[2];
	int handshakes[2];

	must(ipc_pair(requests, &e) && ipc_pair(handshakes, &e), &e);
	fflush(NULL);
	h.pid = fork();
	if (h.pid == 0) {
		close(requests[0]);
		close(handshakes[0]);
		be_half(requests[1], handshakes[1]);
	}
	assert_true(h.pid > 0);
	close(requests[1]);
	close(handshakes[1]);
	h.requests = ipc_of(requests[0]);
	h.handshakes = ipc_of(handshakes[0]);
	return h;
}

int half_wait(struct half *h)
{
	int status = test_wait(h->pid);

	ipc_release(&h->requests);
	ipc_release(&h->handshakes);
	if (WIFSIGNALED(status))
		fail_msg("it was killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

void half_leave(struct half *h)
{
	ipc_release(&h->requests);
	ipc_release(&h->handshakes);
	assert_int_equal(half_wait(h), ENDED_ALONE);
}

void post_request(struct half *h, enum route route, const char *name, const struct secret *body)
{
	AUTO(message) m = { .kind = MESSAGE_REQUEST, .number = ++h->asked };
	size_t name_len = strlen(name);
	size_t body_len = body ? body->len : 0;
	struct fields f = fields_begin(&m.body, 16 + name_len + body_len);
	struct err e = { 0 };

	fields_put_number(&f, route);
	fields_put_number(&f, name_len);
	fields_put(&f, name, name_len);
	fields_put(&f, body ? body->bytes : NULL, body_len);
	must(ipc_post(&h->requests, &m, &e), &e);
}

struct reply read_reply(struct half *h)
{
	AUTO(message) m = { 0 };
	AUTO(json) json = NULL;
	struct fields f;
	struct reply r = { 0 };
	const unsigned char *body = NULL;
	const char *type = NULL;
	size_t len = 0;
	struct err e = { 0 };

	must(ipc_wait(&h->requests, clock_mono_ms() + PATIENCE_MS, &m, &e), &e);
	assert_int_equal(m.kind, MESSAGE_ANSWER);
	f = fields_of(&m.body);
	r.number = m.number;
	r.status = (int)fields_number(&f);
	body = fields_rest(&f, &len);
	r.text = arena_strndup(&test_arena, (const char *)body, len);
	json = json_loadb((const char *)body, len, 0, NULL);
	assert_non_null(json);
	type = json_string_value(json_object_get(json, "type"));
	if (type)
		snprintf(r.problem, sizeof(r.problem), "%s",
			 type + strlen("urn:certfleet:problem:"));
	return r;
}

struct reply ask(struct half *h, enum route route, const char *name, const struct secret *body)
{
	struct reply r;

	post_request(h, route, name, body);
	r = read_reply(h);
	assert_int_equal(r.number, h->asked);
	return r;
}

/* With `p`, when that is not NULL; `out` must be empty. */
static void body_of(const struct order_request *signed_order, const struct pair *p,
		    struct secret *out)
{
	struct order_request r = *signed_order;

	r.has_pair = p != NULL;
	if (p)
		r.set = p->set;
	order_request_write(&r, p ? &p->key : NULL, out);
}

void record_as(struct recorded *out, enum who who, const struct order *o, const struct pair *p)
{
	const struct order_request r = sign(who, o);

	*out = (struct recorded){ .route = route_of(o->action),
				  .component = o->component,
				  .sequence = o->sequence };
	body_of(&r, p, &out->body);
}

struct reply replay(struct half *h, const struct recorded *r)
{
	return ask(h, r->route, r->component, &r->body);
}

struct reply order(struct half *h, const struct order *o, const struct pair *p)
{
	struct recorded r = { 0 };
	struct reply got;

	record_as(&r, OPS, o, p);
	got = replay(h, &r);
	secret_release(&r.body);
	return got;
}

void wait_for_activations(size_t count)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (activations() < count && clock_mono_ms() < end_ms)
		clock_sleep_ms(5);
	assert_int_equal(activations(), count);
}

struct message ask_handshake(struct half *h, struct message *question)
{
	struct message answer = { 0 };
	struct err e = { 0 };

	question->number = ++h->asked;
	must(ipc_post(&h->handshakes, question, &e) &&
		     ipc_wait(&h->handshakes, clock_mono_ms() + PATIENCE_MS, &answer, &e),
	     &e);
	assert_int_equal(answer.number, h->asked);
	return answer;
}

uint64_t ask_revision(struct half *h)
{
	AUTO(message) question = { .kind = MESSAGE_REVISION };
	AUTO(message) answer = ask_handshake(h, &question);
	struct fields f = fields_of(&answer.body);

	return fields_number(&f);
}
