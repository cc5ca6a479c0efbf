/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http.h"

#include "agent/channel.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "wire/json.h"
#include "wire/problem.h"
#include "wire/request.h"
#include "wire/route.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>

/* One request, from its header to the end of its reply. */
struct request {
	struct arena arena;
	struct guest *guest;
	enum route route;
	const char *component;
	struct secret body; /* its length is the room */
	size_t got;
	bool refused;    /* it gets a problem, whatever comes */
	uint32_t number; /* while the other half has it */
	bool answered;
	int status;
	struct secret reply;
};

struct http {
	struct MHD_Daemon *daemon;
	struct tls_server *tls;
	struct door *door;
	int requests; /* the channel */
	struct guest *arriving;
	uint32_t last_number;
	struct MHD_Connection *waiting[HTTP_REQUESTS];
	struct request *asked[HTTP_REQUESTS];
};

static void request_free(struct request *r)
{
	secret_release(&r->body);
	secret_release(&r->reply);
	arena_release(&r->arena);
	free(r);
}

/* ---- connections ---- */

static struct guest *guest_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **slot,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http *h = ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

		*slot = TAKE(h->arriving);
		tls_server_take(h->tls, info->tls_session,
				&((struct guest *)*slot)->tls);
	} else if (*slot) {
		door_leave(h->door, *slot);
		*slot = NULL;
	}
}

void http_take(struct http *h, struct guest *g)
{
	h->arriving = g;
	(void)MHD_add_connection(h->daemon, g->fd,
				 (const struct sockaddr *)&g->address,
				 g->address_len);
	/* refused before it began; the library has closed the socket */
	if (h->arriving)
		door_leave(h->door, TAKE(h->arriving));
}

/* ---- replies ---- */

static enum MHD_Result reply(struct MHD_Connection *c, struct request *r)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		r->reply.len, r->reply.bytes, MHD_RESPMEM_MUST_COPY);
	const char *type = r->status < 300 ? "application/json" : PROBLEM_TYPE;
	enum MHD_Result done = MHD_NO;

	if (!response)
		return MHD_NO;
	door_phase(r->guest, GUEST_REPLY);
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (r->status == 503)
		MHD_add_response_header(response, "Retry-After", "1");
	if (r->status == 405)
		MHD_add_response_header(response, "Allow",
					route_method(r->route));
	done = MHD_queue_response(c, (unsigned)r->status, response);
	MHD_destroy_response(response);
	return done;
}

static void set_problem(struct request *r, enum problem_kind kind,
			const char *detail)
{
	const struct problem p = { kind, detail };
	AUTO(json) json = problem_to_json(&p);

	secret_release(&r->reply);
	json_to_secret(json, &r->reply);
	r->status = problem_status(kind);
	r->answered = true;
}

static void set_healthy(struct request *r)
{
	AUTO(json) json = json_pack("{ss}", "status", "ok");

	json_to_secret(json, &r->reply);
	r->status = 200;
	r->answered = true;
}

/* ---- the header ---- */

static bool read_length(struct MHD_Connection *c, struct request *r)
{
	const char *text = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
						       "Content-Length");
	char *end = NULL;
	unsigned long long len = 0;

	if (MHD_lookup_connection_value(c, MHD_HEADER_KIND,
					"Transfer-Encoding")) {
		set_problem(r, PROBLEM_BAD_REQUEST,
			    "a body needs its Content-Length");
		return false;
	}
	if (!text)
		return true;
	errno = 0;
	len = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno) {
		set_problem(r, PROBLEM_BAD_REQUEST, "no such Content-Length");
		return false;
	}
	if (len > REQUEST_LIMIT) {
		set_problem(r, PROBLEM_TOO_LARGE, "a body has up to 1 MiB");
		return false;
	}
	secret_alloc(&r->body, len);
	return true;
}

static bool is_too_long(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info && info->header_size > HTTP_HEADER_LIMIT;
}

static void read_header(struct MHD_Connection *c, struct request *r,
			const char *method, const char *path)
{
	if (is_too_long(c)) {
		set_problem(r, PROBLEM_TOO_LARGE, "a header has up to 8 KiB");
		return;
	}
	switch (route_find(method, path, &r->arena, &r->route, &r->component)) {
	case ROUTE_FOUND:
		(void)!read_length(c, r);
		return;
	case ROUTE_WRONG_METHOD:
		set_problem(r, PROBLEM_WRONG_METHOD, "");
		return;
	case ROUTE_UNKNOWN:
		set_problem(r, PROBLEM_UNKNOWN_PATH, "");
		return;
	}
}

/* ---- the other half ---- */

static size_t free_place(const struct http *h)
{
	size_t i = 0;

	while (i < HTTP_REQUESTS && h->asked[i])
		i++;
	return i;
}

static bool send_request(const struct http *h, const struct request *r)
{
	AUTO(message) m = { .kind = MESSAGE_REQUEST, .number = r->number };
	size_t len = strlen(r->component);
	struct fields f = fields_begin(&m.body, 16 + len + r->got);
	struct err ignored = { 0 };

	fields_put_number(&f, r->route);
	fields_put_number(&f, len);
	fields_put(&f, r->component, len);
	fields_put(&f, r->body.bytes, r->got);
	return channel_send(h->requests, &m, &ignored);
}

/* The reply is sent when the answer is there: then it is called again. */
static void hand_over(struct http *h, struct MHD_Connection *c,
		      struct request *r)
{
	size_t place = free_place(h);

	if (place == HTTP_REQUESTS) {
		set_problem(r, PROBLEM_BUSY, "too much is under way");
		return;
	}
	r->number = ++h->last_number;
	if (!send_request(h, r)) {
		set_problem(r, PROBLEM_CANNOT,
			    "the other half does not listen");
		return;
	}
	secret_release(&r->body);
	h->waiting[place] = c;
	h->asked[place] = r;
	door_phase(r->guest, GUEST_WORK);
	MHD_suspend_connection(c);
}

static void take_reply(struct message *m, struct request *r)
{
	struct fields f = fields_of(&m->body);
	uint64_t status = fields_number(&f);
	size_t len = 0;
	const unsigned char *body = fields_rest(&f, &len);

	if (f.failed || status < 200 || status > 599) {
		set_problem(r, PROBLEM_CANNOT, "no answer");
		return;
	}
	secret_copy(&r->reply, body, len);
	r->status = (int)status;
	r->answered = true;
}

bool http_take_answer(struct http *h, struct err *e)
{
	AUTO(message) m = { 0 };

	if (!channel_receive(h->requests, &m, e))
		return false;
	for (size_t i = 0; i < HTTP_REQUESTS; i++) {
		if (!h->asked[i] || h->asked[i]->number != m.number)
			continue;
		take_reply(&m, h->asked[i]);
		h->asked[i] = NULL;
		MHD_resume_connection(h->waiting[i]);
		break;
	}
	return true;
}

/* ---- one request ---- */

static void take_body(struct request *r, const char *bytes, size_t len)
{
	/* what is refused is read to its end, and dropped */
	if (r->answered || len > r->body.len - r->got)
		return;
	memcpy(r->body.bytes + r->got, bytes, len);
	r->got += len;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
				  const char *path, const char *method,
				  const char *version, const char *bytes,
				  size_t *len, void **slot)
{
	struct http *h = ctx;
	struct request *r = *slot;

	(void)version;
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		*slot = r;
		r->guest = guest_of(c);
		door_phase(r->guest, GUEST_BODY);
		read_header(c, r, method, path);
		return r->answered ? reply(c, r) : MHD_YES;
	}
	if (*len) {
		take_body(r, bytes, *len);
		*len = 0;
		return MHD_YES;
	}
	if (!r->answered && r->route == ROUTE_HEALTH)
		set_healthy(r);
	if (!r->answered)
		hand_over(h, c, r);
	return r->answered ? reply(c, r) : MHD_YES;
}

static void on_end(void *ctx, struct MHD_Connection *c, void **slot,
		   enum MHD_RequestTerminationCode why)
{
	struct request *r = *slot;

	(void)ctx;
	(void)c;
	(void)why;
	if (!r)
		return;
	door_phase(r->guest, GUEST_IDLE);
	request_free(r);
	*slot = NULL;
}

/* ---- life ---- */

static void say_nothing(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	(void)format;
	(void)args;
}

/* A component's name is decoded by its route, not before. */
static size_t keep_escapes(void *ctx, struct MHD_Connection *c, char *text)
{
	(void)ctx;
	(void)c;
	return strlen(text);
}

bool http_new(struct tls_server *tls, int requests, struct door *door,
	      struct http **out, struct err *e)
{
	AUTO(http) h = xcalloc(1, sizeof(*h));
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)say_nothing, NULL },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, h },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_end, h },
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_server_callback() },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (char *)TLS_SERVER_PRIORITIES },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_HEADER_ROOM, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT,
		  DOOR_STRANGERS + DOOR_CALLERS + 64, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	h->tls = tls;
	h->door = door;
	h->requests = requests;
	h->daemon = MHD_start_daemon(
		MHD_USE_TLS | MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, h, MHD_OPTION_ARRAY, options,
		MHD_OPTION_END);
	if (!h->daemon)
		return err_set(e, ERR_IO, "cannot start the HTTP server");
	*out = TAKE(h);
	return true;
}

void http_free(struct http *h)
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

int http_fd(const struct http *h)
{
	return MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		->epoll_fd;
}

int http_wait_ms(const struct http *h, int most)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	if (MHD_get_timeout(h->daemon, &wait) != MHD_YES ||
	    wait > (unsigned)most)
		return most;
	return (int)wait;
}

void http_run(struct http *h)
{
	MHD_run(h->daemon);
}
