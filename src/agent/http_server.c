/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http_server.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "wire/problem.h"
#include "wire/route.h"
#include "json/value.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	BODY_ROOM = 8 * 1024, /* initial size */
};

/* One request, from its header to the end of its reply. */
struct server_request {
	struct arena arena;
	struct conn *conn;
	enum route route;
	const char *component;
	size_t len; /* announced length of the body */
	size_t got;
	struct secret body; /* its length is the allocated size */
	uint32_t number;    /* number of the message to the installing half */
	bool answered;
	int status;
	struct secret reply;
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct tls_server *tls;
	struct conn_table *conns;
	struct ipc *requests;
	uint32_t last_number;
	size_t bodies; /* bytes of all request bodies in memory */
	struct MHD_Connection *waiting[HTTP_REQUESTS];
	struct server_request *asked[HTTP_REQUESTS];
};

/* ---- connections ---- */

/*
 * libmicrohttpd reports a connection within MHD_add_connection() or later, in
 * its next run; the socket tells which one it is.  A connection that is not in
 * the table would be served without a check of its certificate, so it is shut
 * down.
 */
static void attach(struct http_server *h, struct MHD_Connection *c, void **slot)
{
	int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct conn *g = conn_table_arriving(h->conns, fd);

	if (!g) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	g->attached = true;
	*slot = g;
	tls_server_take(h->tls,
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session,
			&g->tls);
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **slot,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http_server *h = ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		attach(h, c, slot);
	} else if (*slot) {
		conn_table_leave(h->conns, *slot);
		*slot = NULL;
	}
}

void http_take(struct http_server *h, struct conn *g)
{
	int fd = g->fd;

	if (MHD_add_connection(h->daemon, fd, (const struct sockaddr *)&g->address,
			       g->address_len) == MHD_YES)
		return;
	/*
	 * The library has closed the socket; a connection it had reported has
	 * left the table already.
	 */
	g = conn_table_arriving(h->conns, fd);
	if (g)
		conn_table_leave(h->conns, g);
}

/* ---- replies ---- */

/* The bytes belong to the request, which lives until the reply is sent. */
static enum MHD_Result reply(struct MHD_Connection *c, struct server_request *r)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		r->reply.len, r->reply.bytes, MHD_RESPMEM_PERSISTENT);
	const char *type = r->status < 300 ? "application/json" : PROBLEM_TYPE;
	enum MHD_Result done = MHD_NO;

	if (!response)
		return MHD_NO;
	conn_table_phase(r->conn, CONN_REPLY);
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (r->status == 503)
		MHD_add_response_header(response, "Retry-After", "1");
	if (r->status == 405)
		MHD_add_response_header(response, "Allow", route_method(r->route));
	done = MHD_queue_response(c, (unsigned)r->status, response);
	MHD_destroy_response(response);
	return done;
}

static void set_problem(struct server_request *r, enum problem_kind kind, const char *detail)
{
	const struct problem p = { kind, detail };
	AUTO(json) json = problem_to_json(&p);

	secret_release(&r->reply);
	json_to_secret(json, &r->reply);
	r->status = problem_status(kind);
	r->answered = true;
}

/* ---- requests to the installing half ---- */

/* Suspends the connection; on_request() is called again when the answer has arrived. */
static void http_server_hand_over(struct http_server *h, struct MHD_Connection *c,
				  struct server_request *r)
{
	AUTO(message) m = { .kind = MESSAGE_REQUEST, .number = ++h->last_number };
	size_t len = strlen(r->component);
	struct err ignored = { 0 };
	struct fields f;
	size_t place = 0;

	while (place < HTTP_REQUESTS && h->asked[place])
		place++;
	if (place == HTTP_REQUESTS) {
		set_problem(r, PROBLEM_BUSY, "the agent is busy with other requests");
		return;
	}
	f = fields_begin(&m.body, 16 + len + r->got);
	fields_put_number(&f, r->route);
	fields_put_number(&f, len);
	fields_put(&f, r->component, len);
	fields_put(&f, r->body.bytes, r->got);
	secret_release(&r->body);
	r->number = m.number;
	if (!ipc_post(h->requests, &m, &ignored)) {
		set_problem(r, PROBLEM_CANNOT, "the agent's installing process takes no request");
		return;
	}
	h->waiting[place] = c;
	h->asked[place] = r;
	conn_table_phase(r->conn, CONN_WORK);
	MHD_suspend_connection(c);
}

void http_take_answer(struct http_server *h, struct message *m)
{
	struct fields f = fields_of(&m->body);
	uint64_t status = fields_number(&f);
	size_t len = 0;
	const unsigned char *body = fields_rest(&f, &len);
	struct server_request *r = NULL;
	size_t place = 0;

	while (place < HTTP_REQUESTS && (!h->asked[place] || h->asked[place]->number != m->number))
		place++;
	if (place == HTTP_REQUESTS)
		return;
	r = TAKE(h->asked[place]);
	if (f.failed || status < 200 || status > 599) {
		set_problem(r, PROBLEM_CANNOT, "no answer");
	} else {
		secret_copy(&r->reply, body, len);
		r->status = (int)status;
		r->answered = true;
	}
	MHD_resume_connection(h->waiting[place]);
}

/* ---- requests of clients ---- */

/* False: a problem is set as reply, and the connection ends with it. */
static bool http_server_begin_request(struct MHD_Connection *c, struct server_request *r,
				      const char *method, const char *path)
{
	struct problem problem = { 0 };
	size_t len = 0;

	if (!http_header_read(c, &len, &problem)) {
		set_problem(r, problem.kind, problem.detail);
		return false;
	}
	switch (route_find(method, path, &r->arena, &r->route, &r->component)) {
	case ROUTE_FOUND:
		r->len = len;
		break;
	case ROUTE_WRONG_METHOD:
		set_problem(r, PROBLEM_WRONG_METHOD, "");
		break;
	case ROUTE_UNKNOWN:
		set_problem(r, PROBLEM_UNKNOWN_PATH, "");
		break;
	}
	return true;
}

/* The body of a refused request is read to its end and dropped. */
static void take_body(struct http_server *h, struct server_request *r, const char *bytes,
		      size_t len)
{
	size_t room = r->body.len ? r->body.len : BODY_ROOM;

	if (r->answered || len > r->len - r->got)
		return;
	if (h->bodies + len > HTTP_BODIES) {
		set_problem(r, PROBLEM_BUSY, "the agent is busy with other requests");
		return;
	}
	/* grows with what is received, because announcing a long body costs a client nothing */
	if (r->got + len > r->body.len) {
		AUTO(secret) before = TAKE(r->body);

		while (room < r->got + len)
			room *= 2;
		secret_alloc(&r->body, room < r->len ? room : r->len);
		if (r->got)
			memcpy(r->body.bytes, before.bytes, r->got);
	}
	memcpy(r->body.bytes + r->got, bytes, len);
	r->got += len;
	h->bodies += len;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *bytes,
				  size_t *len, void **slot)
{
	struct http_server *h = ctx;
	struct server_request *r = *slot;

	(void)version;
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		*slot = r;
		r->conn = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
				  ->socket_context;
		if (!http_server_begin_request(c, r, method, path))
			return reply(c, r);
		conn_table_phase(r->conn, r->answered ? CONN_DROP : CONN_BODY);
		return MHD_YES;
	}
	if (*len) {
		take_body(h, r, bytes, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!r->answered && r->route == ROUTE_HEALTH) {
		AUTO(json) json = json_pack("{ss}", "status", "ok");

		json_to_secret(json, &r->reply);
		r->status = 200;
		r->answered = true;
	} else if (!r->answered) {
		http_server_hand_over(h, c, r);
	}
	return r->answered ? reply(c, r) : MHD_YES;
}

static void on_end(void *ctx, struct MHD_Connection *c, void **slot,
		   enum MHD_RequestTerminationCode why)
{
	struct http_server *h = ctx;
	struct server_request *r = *slot;

	(void)c;
	(void)why;
	if (!r)
		return;
	conn_table_phase(r->conn, CONN_IDLE);
	h->bodies -= r->got;
	secret_release(&r->body);
	secret_release(&r->reply);
	arena_release(&r->arena);
	free(r);
	*slot = NULL;
}

/* ---- life cycle ---- */

static void say_nothing(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	(void)format;
	(void)args;
}

/* Component names are decoded by the route, not by the library. */
static size_t keep_escapes(void *ctx, struct MHD_Connection *c, char *text)
{
	(void)ctx;
	(void)c;
	return strlen(text);
}

static struct MHD_Daemon *http_server_listen(struct http_server *h)
{
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)say_nothing, NULL },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, h },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_end, h },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_server_callback() },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)TLS_SERVER_PRIORITIES },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_ROOM, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT,
		  CONN_UNAUTHENTICATED_LIMIT + CONN_AUTHENTICATED_LIMIT + CONN_CLOSING_LIMIT,
		  NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(MHD_USE_TLS | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
					MHD_USE_ERROR_LOG,
				0, NULL, NULL, on_request, h, MHD_OPTION_ARRAY, options,
				MHD_OPTION_END);
}

bool http_new(struct tls_server *tls, struct ipc *requests, struct conn_table *conns,
	      struct http_server **out, struct err *e)
{
	AUTO(http_server) h = xcalloc(1, sizeof(*h));

	h->tls = tls;
	h->conns = conns;
	h->requests = requests;
	h->daemon = http_server_listen(h);
	if (!h->daemon)
		return err_set(e, ERR_IO, "cannot start the HTTP server");
	*out = TAKE(h);
	return true;
}

void http_free(struct http_server *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < HTTP_REQUESTS; i++)
		if (h->asked[i])
			MHD_resume_connection(h->waiting[i]);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	free(h);
}

void http_watch(struct http_server *h, struct sockets *s, int *wait_ms)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	MHD_get_fdset(h->daemon, &s->reads, &s->writes, &s->errors, &s->highest);
	if (MHD_get_timeout(h->daemon, &wait) == MHD_YES && wait < (unsigned)*wait_ms)
		*wait_ms = (int)wait;
}

void http_run(struct http_server *h, const struct sockets *s)
{
	MHD_run_from_select(h->daemon, &s->reads, &s->writes, &s->errors);
}
