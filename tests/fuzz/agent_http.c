/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller sends an agent over HTTP, without the TLS around it: header
 * lines, paths and bodies, in pieces, and what the other half answers.
 */
#include "harness.h"

#include "agent/http_server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	OPTIONS = 32,
	ROUNDS = 64,
	REPLY = 4096,
};

/* ---- in place of TLS ---- */

struct MHD_Daemon *__real_MHD_start_daemon(unsigned flags, uint16_t port,
					   MHD_AcceptPolicyCallback accept, void *accept_ctx,
					   MHD_AccessHandlerCallback handler, void *ctx, ...);
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
					   MHD_AcceptPolicyCallback accept, void *accept_ctx,
					   MHD_AccessHandlerCallback handler, void *ctx, ...);
/* The same options but for those of TLS. */
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
					   MHD_AcceptPolicyCallback accept, void *accept_ctx,
					   MHD_AccessHandlerCallback handler, void *ctx, ...)
{
	struct MHD_OptionItem kept[OPTIONS];
	const struct MHD_OptionItem *given = NULL;
	size_t count = 0;
	va_list args;

	va_start(args, ctx);
	HOLDS(va_arg(args, int) == MHD_OPTION_ARRAY);
	given = va_arg(args, const struct MHD_OptionItem *);
	va_end(args);
	for (; given->option != MHD_OPTION_END && count < OPTIONS - 1; given++)
		if (given->option != MHD_OPTION_HTTPS_CERT_CALLBACK &&
		    given->option != MHD_OPTION_HTTPS_PRIORITIES)
			kept[count++] = *given;
	kept[count] = (struct MHD_OptionItem){ .option = MHD_OPTION_END };
	return __real_MHD_start_daemon(flags & ~(unsigned)MHD_USE_TLS, port, accept, accept_ctx,
				       handler, ctx, MHD_OPTION_ARRAY, kept, MHD_OPTION_END);
}

const union MHD_ConnectionInfo *
__real_MHD_get_connection_info(struct MHD_Connection *c, enum MHD_ConnectionInfoType type, ...);
const union MHD_ConnectionInfo *
__wrap_MHD_get_connection_info(struct MHD_Connection *c, enum MHD_ConnectionInfoType type, ...);
const union MHD_ConnectionInfo *
__wrap_MHD_get_connection_info(struct MHD_Connection *c, enum MHD_ConnectionInfoType type, ...)
{
	static const union MHD_ConnectionInfo none;

	return type == MHD_CONNECTION_INFO_GNUTLS_SESSION ? &none
							  : __real_MHD_get_connection_info(c, type);
}

void __wrap_tls_server_take(struct tls_server *s, void *session, struct tls_session *conn);
void __wrap_tls_server_take(struct tls_server *s, void *session, struct tls_session *conn)
{
	(void)s;
	(void)session;
	(void)conn;
}

/* ---- the agent ---- */

struct world {
	struct conn_table conns;
	struct ipc requests;
	struct ipc other; /* the half that installs */
	struct http_server *http;
	int caller;
	unsigned answer; /* which */
};

static void open_world(struct world *w)
{
	const struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr_storage from = { 0 };
	int halves[2];
	int caller[2];
	struct err e = { 0 };

	memcpy(&from, &address, sizeof(address));
	HOLDS(ipc_pair(halves, &e));
	w->requests = ipc_of(halves[0]);
	w->other = ipc_of(halves[1]);
	HOLDS(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, caller));
	w->caller = caller[1];
	HOLDS(http_new(NULL, &w->requests, &w->conns, &w->http, &e));
	http_take(w->http, conn_table_admit(&w->conns, caller[0], &from, sizeof(address)));
}

static void close_world(struct world *w)
{
	close(w->caller);
	http_free(w->http);
	HOLDS(!w->conns.count);
	ipc_release(&w->requests);
	ipc_release(&w->other);
}

/* A good answer, one that is none, a long one, or none at all. */
static void answer(struct world *w, struct message *question)
{
	static const unsigned statuses[] = { 200, 99, 409, 600 };
	unsigned status = statuses[w->answer % 4];
	AUTO(message) m = { .kind = MESSAGE_ANSWER, .number = question->number };
	struct fields f = fields_begin(&m.body, w->answer & 4 ? 8 : 10);

	if (w->answer & 8)
		return;
	fields_put_number(&f, status);
	if (!(w->answer & 4))
		fields_put(&f, "{}", 2);
	http_take_answer(w->http, &m);
}

static void run_other(struct world *w)
{
	AUTO(message) m = { 0 };
	bool whole = false;
	struct err e = { 0 };

	HOLDS(ipc_flush(&w->requests, &e));
	HOLDS(ipc_take(&w->other, &m, &whole, &e));
	if (whole)
		answer(w, &m);
}

/* False: the agent has closed the connection. */
static bool run_once(struct world *w)
{
	struct sockets s = { .highest = -1 };
	struct timeval now = { 0 };
	char reply[REPLY];
	int wait_ms = 0;
	ssize_t some = 0;

	http_watch(w->http, &s, &wait_ms);
	select(s.highest + 1, &s.reads, &s.writes, &s.errors, &now);
	http_run(w->http, &s);
	run_other(w);
	do
		some = read(w->caller, reply, sizeof(reply));
	while (some > 0);
	return some < 0;
}

/* Which answer, how large a piece is, and the pieces. */
void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	struct world w = { .answer = feed_byte(&f) - '0' };
	size_t piece = feed_byte(&f) - '0';
	bool open = true;

	piece = piece && piece < 64 ? 16 * piece : SIZE_MAX;
	open_world(&w);
	for (int i = 0; i < ROUNDS && open; i++) {
		size_t some = f.left < piece ? f.left : piece;
		ssize_t sent = some ? write(w.caller, f.at, some) : 0;

		if (i == ROUNDS / 2)
			shutdown(w.caller, SHUT_WR);
		if (sent > 0) {
			f.at += sent;
			f.left -= (size_t)sent;
		}
		open = run_once(&w);
	}
	close_world(&w);
}

/* ---- seeds ---- */

static void seed_request(const char *text)
{
	for (unsigned i = 0; i < 4; i++) {
		AUTO(buf) out = { 0 };

		buf_printf(&out, "%u%u%s", i, i % 2, text);
		seed(out.data, out.len);
	}
}

void fuzz_seeds(void)
{
	seed_request("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
	seed_request("GET /v1/components HTTP/1.1\r\nHost: h\r\n\r\n"
		     "GET /v1/component/edge%2Fe1 HTTP/1.1\r\nHost: h\r\n"
		     "Connection: close\r\n\r\n");
	seed_request("POST /v1/commit/web HTTP/1.1\r\nHost: h\r\n"
		     "Content-Type: application/json\r\n"
		     "Content-Length: 13\r\n\r\n{\"order\":\"\"}\n");
	seed_request("PUT /v1/staged/web HTTP/1.1\r\nHost: h\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	seed_request("PUT /v1/staged/web HTTP/1.1\r\nHost: h\r\n"
		     "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab");
	seed_request("PUT /v1/staged/web HTTP/1.1\r\nHost: h\r\n"
		     "Content-Length: 99999999999\r\n\r\nab");
	seed_request("POST /v1/components HTTP/1.0\r\n\r\n");
	seed_request("GET http://h/x?y=%zz HTTP/1.1\r\nHost: h\r\n"
		     "Cookie: a=b\r\n folded\r\n\r\n");
	seed_many("00GET / HTTP/1.1\r\n", "A: b\r\n", "\r\n");
	seed_many("00GET /", "/", " HTTP/1.1\r\n\r\n");
	seed_many("00", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", "");
	seed_many("00PUT /v1/staged/web HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n", "a",
		  "");
	seed_many("01PUT /v1/staged/web HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		  "1\r\na\r\n", "");
	seed_many("00GET /v1/component/", "%2F", " HTTP/1.1\r\nHost: h\r\n\r\n");
}
