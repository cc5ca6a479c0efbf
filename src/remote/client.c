/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/client.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/loop.h"
#include "base/text.h"
#include "pki/tls_peer.h"
#include "remote/identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	FIRST_ROOM = 4096,
};

/* ---- initialization ---- */

static void start_curl(void)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup,
				 calloc) != CURLE_OK)
		abort();
}

void client_global(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_curl);
}

/* ---- address and URL ---- */

static bool is_unix(const struct exchange *x)
{
	return *x->origin == '/';
}

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;

		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)a;

		return IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
	}
	return a->sa_family == AF_UNIX;
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_client *c = ctx;
	bool encrypted =
		c->exchange->kind == EXCHANGE_SSH || !strncmp(c->exchange->origin, "https://", 8);

	(void)purpose;
	if (!encrypted && !is_loopback(&a->addr)) {
		c->not_loopback = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* ---- the reply ---- */

static size_t reply_limit(const struct exchange *x)
{
	if (x->bulk)
		return EXCHANGE_BULK_LIMIT;
	return x->reply_limit ? x->reply_limit : EXCHANGE_REPLY_LIMIT;
}

bool client_take(struct http_client *c, const void *bytes, size_t len)
{
	if (len > reply_limit(c->exchange) - c->got) {
		c->too_long = true;
		return false;
	}
	if (c->got + len > c->reply.len) {
		struct secret wider = { 0 };

		secret_alloc(&wider, 2 * (c->got + len) + FIRST_ROOM);
		if (c->got)
			memcpy(wider.bytes, c->reply.bytes, c->got);
		secret_release(&c->reply);
		c->reply = wider;
	}
	if (len)
		memcpy(c->reply.bytes + c->got, bytes, len);
	c->got += len;
	return true;
}

static size_t write_reply(char *bytes, size_t size, size_t count, void *ctx)
{
	return client_take(ctx, bytes, size * count) ? size * count : 0;
}

static void *client_session(CURL *easy)
{
	struct curl_tlssessioninfo *tls = NULL;

	return !curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) && tls &&
			       tls->backend == CURLSSLBACKEND_GNUTLS
		       ? tls->internals
		       : NULL;
}

/* Header callback: the only time at which curl still exposes its connection. */
static size_t note_peer(char *line, size_t size, size_t count, void *ctx)
{
	struct http_client *c = ctx;
	void *session = *c->peer.spki ? NULL : client_session(c->easy);

	(void)line;
	if (session)
		tls_peer_read(session, &c->peer);
	return size * count;
}

/* Called for each request when the handshake is complete and before anything is sent. */
static int check_accepted_leaf(void *ctx, char *to, char *from, int to_port, int from_port)
{
	struct http_client *c = ctx;
	const struct exchange *x = c->exchange;
	void *session = client_session(c->easy);
	struct tls_peer peer = { 0 };

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	if (session)
		tls_peer_read(session, &peer);
	for (size_t i = 0; *peer.leaf && i < x->leaf_count; i++)
		if (!strcmp(x->leaves[i], peer.leaf))
			return CURL_PREREQFUNC_OK;
	c->peer = peer;
	c->other_leaf = true;
	return CURL_PREREQFUNC_ABORT;
}

/* ---- the handle ---- */

static CURLcode set_numbers(CURL *easy)
{
	static const struct {
		CURLoption option;
		long value;
	} rows[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		/* without it, cleanup blocks on a stalled name lookup */
		{ CURLOPT_QUICK_EXIT, 1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS },
	};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !rc; i++)
		rc = curl_easy_setopt(easy, rows[i].option, rows[i].value);
	return rc;
}

static CURLcode set_texts(CURL *easy, const char *url)
{
	const struct {
		CURLoption option;
		const char *value;
	} rows[] = {
		{ CURLOPT_URL, url },
		{ CURLOPT_PROXY, "" },
		{ CURLOPT_PROTOCOLS_STR, "http,https" },
		{ CURLOPT_CAPATH, NULL },
		{ CURLOPT_USERAGENT, "certfleet" },
	};
	CURLcode rc = CURLE_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !rc; i++)
		rc = curl_easy_setopt(easy, rows[i].option, rows[i].value);
	return rc;
}

static CURLcode set_callbacks(struct http_client *c)
{
	CURLcode rc = curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);

	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETDATA, c);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, write_reply);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->why);
	if (!rc && c->exchange->wants_peer)
		rc = curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, note_peer);
	if (!rc && c->exchange->wants_peer)
		rc = curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	return rc;
}

static void client_add_header(struct http_client *c, const char *line)
{
	struct curl_slist *longer = curl_slist_append(c->headers, line);

	if (!longer)
		abort();
	c->headers = longer;
}

/* curl's copy of the header is wiped too: see client_global(). */
static void add_secret_header(struct http_client *c, const struct exchange_header *h)
{
	AUTO(secret) line = { 0 };
	size_t len = strlen(h->name);

	secret_alloc(&line, len + 2 + h->value->len);
	memcpy(line.bytes, h->name, len);
	memcpy(line.bytes + len, ": ", 2);
	memcpy(line.bytes + len + 2, h->value->bytes, h->value->len);
	client_add_header(c, (const char *)line.bytes);
}

static void client_add_headers(struct http_client *c, const struct exchange *x)
{
	bool typed = false;

	if (is_unix(x))
		client_add_header(c, "Host;"); /* empty: a unix socket has no host name */
	for (size_t i = 0; i < x->header_count; i++) {
		typed |= !strcasecmp(x->headers[i].name, "Content-Type");
		add_secret_header(c, &x->headers[i]);
	}
	if (x->body.len && !typed)
		client_add_header(c, "Content-Type: application/json");
	if (x->body.len)
		client_add_header(c, "Expect:"); /* do not wait for 100 Continue */
	if (x->if_match) {
		AUTO(buf) line = { 0 };

		buf_printf(&line, "If-Match: %s", x->if_match);
		client_add_header(c, buf_text(&line));
	}
}

static CURLcode set_s3_login(CURL *easy, const struct s3_login *l)
{
	AUTO(buf) provider = { 0 };
	CURLcode rc = CURLE_OK;

	buf_printf(&provider, "aws:amz:%s:s3", l->region);
	rc = curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, buf_text(&provider));
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_USERNAME, (const char *)l->key_id->bytes);
	if (!rc)
		rc = curl_easy_setopt(easy, CURLOPT_PASSWORD, (const char *)l->secret->bytes);
	return rc;
}

static CURLcode set_stall_limit(CURL *easy)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);

	return rc ? rc
		  : curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, EXCHANGE_TIMEOUT_MS / 1000L);
}

static CURLcode set_request(struct http_client *c, const struct exchange *x)
{
	CURLcode rc = curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, x->method);

	client_add_headers(c, x);
	if (!rc && x->s3)
		rc = set_s3_login(c->easy, x->s3);
	if (!rc && x->bulk)
		rc = set_stall_limit(c->easy);
	if (!rc && x->fresh)
		rc = curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
	if (!rc && x->body.len)
		rc = curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				      (curl_off_t)x->body.len);
	if (!rc && x->body.len)
		rc = curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, x->body.bytes);
	return rc;
}

/* The handshake proves that the peer has the key of the leaf that check_accepted_leaf() looks at.
 */
static CURLcode set_accepted_leaves(struct http_client *c, const struct exchange *x)
{
	CURLcode rc = CURLE_OK;

	if (!x->leaves)
		return CURLE_OK;
	rc = curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_PREREQFUNCTION, check_accepted_leaf);
	return rc ? rc : curl_easy_setopt(c->easy, CURLOPT_PREREQDATA, c);
}

/* curl reads these files anew at every connect. */
static CURLcode set_identity(struct http_client *c, const struct identity *i)
{
	const struct {
		CURLoption option;
		const char *path;
	} rows[] = {
		{ CURLOPT_CAINFO, i ? identity_authorities(i) : NULL },
		{ CURLOPT_SSLCERT, i ? identity_certificate(i) : NULL },
		{ CURLOPT_SSLKEY, i ? identity_key(i) : NULL },
	};
	CURLcode rc = CURLE_OK;

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows) && !rc; k++)
		if (rows[k].path)
			rc = curl_easy_setopt(c->easy, rows[k].option, rows[k].path);
	return rc;
}

bool client_open(struct http_client *c, const struct exchange *x, CURLM *multi, struct err *e)
{
	AUTO(buf) url = { 0 };

	*c = (struct http_client){ .easy = curl_easy_init(), .multi = multi, .exchange = x };
	if (!c->easy)
		abort();
	/* Lines and SSH use curl only to connect, so their URL claims to be HTTP. */
	if (is_unix(x))
		buf_puts(&url, "http://localhost");
	else if (x->kind != EXCHANGE_HTTP)
		buf_printf(&url, "http://%s", strstr(x->origin, "://") + 3);
	else
		buf_puts(&url, x->origin);
	if (x->kind == EXCHANGE_HTTP)
		buf_puts(&url, x->path);

	CURLcode rc = set_numbers(c->easy);

	if (!rc)
		rc = set_texts(c->easy, buf_text(&url));
	if (!rc)
		rc = set_callbacks(c);
	if (!rc)
		rc = set_identity(c, x->identity);
	if (!rc)
		rc = set_accepted_leaves(c, x);
	if (!rc && is_unix(x))
		rc = curl_easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, x->origin);
	if (!rc && x->kind != EXCHANGE_HTTP)
		rc = curl_easy_setopt(c->easy, CURLOPT_CONNECT_ONLY, 1L);
	if (!rc && x->kind == EXCHANGE_HTTP)
		rc = set_request(c, x);
	if (!rc)
		rc = curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	if (rc)
		return err_set(e, ERR_REMOTE, "cannot set up a connection: %s",
			       curl_easy_strerror(rc));
	if (curl_multi_add_handle(multi, c->easy) != CURLM_OK)
		abort();
	return true;
}

void client_close(struct http_client *c)
{
	if (c->easy) {
		curl_multi_remove_handle(c->multi, c->easy); /* fails unless it was added */
		curl_easy_cleanup(c->easy);
	}
	curl_slist_free_all(c->headers);
	secret_release(&c->reply);
	*c = (struct http_client){ 0 };
}

/* ---- result ---- */

/* In TLS 1.3 a server refuses the client certificate after our handshake is complete. */
static bool was_sent_away(const struct http_client *c, CURLcode rc)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	switch (rc) {
	case CURLE_COULDNT_CONNECT:
		return c->exchange->identity && strstr(c->why, "getpeername");
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return c->exchange->identity && !status;
	default: /* about a hundred other codes */
		return false;
	}
}

/* The reason of a failure, in our words where curl's message is about curl itself. */
/* What refused to connect, as curl names "localhost port 80" for a socket of this machine. */
static int connect_errno(const struct http_client *c, CURLcode rc)
{
	long number = 0;

	return rc == CURLE_COULDNT_CONNECT &&
			       curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK
		       ? (int)number
		       : 0;
}

/* For this cause; NULL: none but to bring it back. */
static const char *client_remedy(const struct http_client *c)
{
	if (c->rc == CURLE_COULDNT_RESOLVE_HOST)
		return "correct the name, or how this machine resolves it";
	switch (connect_errno(c, c->rc)) {
	case ECONNREFUSED:
		return "start what listens there, or correct the address";
	case ENOENT:
		return "start what makes that socket, or correct its path";
	}
	return NULL;
}

static const char *client_reason(const struct http_client *c, CURLcode rc)
{
	int refused = connect_errno(c, rc);

	if (was_sent_away(c, rc))
		return "it ended the connection when it saw our certificate, which it may not allow";
	if (rc == CURLE_PEER_FAILED_VERIFICATION && strstr(c->why, "CAfile"))
		return "its certificate does not lead to an authority that is trusted for it, or has ended";
	if (refused)
		return strerror(refused);
	return *c->why ? c->why : curl_easy_strerror(rc);
}

/*
 * Removes the elapsed time from curl's message, which differs each time: two
 * plans of the same fleet must have the same text.
 */
static void drop_waiting_time(char *text)
{
	static const char after[] = " after ";
	static const char *const units[] = { " milliseconds", " ms" };

	for (char *at = strstr(text, after); at; at = strstr(at + 1, after)) {
		char *number = at + sizeof(after) - 1;
		size_t digits = strspn(number, "0123456789");
		char *unit = number + digits;

		for (size_t i = 0; digits && i < 2; i++) {
			size_t len = strlen(units[i]);

			if (strncmp(unit, units[i], len) != 0)
				continue;
			memmove(at, unit + len, strlen(unit + len) + 1);
			return;
		}
	}
}

bool client_expired(const struct exchange *x, int64_t after_ms, struct err *e)
{
	return err_set(e, ERR_REMOTE, "'%s' did not answer within %d seconds", x->origin,
		       (int)(after_ms / 1000));
}

static bool set_error(const struct http_client *c, struct err *e)
{
	curl_off_t resolved = 0;

	if (c->other_leaf)
		return err_set(e, ERR_REMOTE,
			       "the certificate of '%s', sha256:%s, is none of those accepted",
			       c->exchange->origin, *c->peer.leaf ? c->peer.leaf : "unknown");
	if (c->not_loopback)
		return err_set(
			e, ERR_REMOTE,
			"'%s' is not on this machine, and other machines are only contacted over TLS",
			c->exchange->origin);
	if (c->too_long)
		return err_set(e, ERR_REMOTE, "'%s' answers with more than %zu bytes",
			       c->exchange->origin, reply_limit(c->exchange));
	curl_easy_getinfo(c->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	if (c->rc == CURLE_OPERATION_TIMEDOUT && resolved)
		return client_expired(c->exchange, CONNECT_TIMEOUT_MS, e);
	if (c->rc == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_REMOTE, "the name in '%s' was not resolved within %d seconds",
			       c->exchange->origin, CONNECT_TIMEOUT_MS / 1000);

	const char *why = client_reason(c, c->rc);
	const char *remedy = client_remedy(c);
	AUTO(buf) shown = { 0 };

	text_escape(&shown, why, strlen(why)); /* curl may quote the peer */
	if (shown.len)
		drop_waiting_time(shown.data);
	err_set(e, ERR_REMOTE, "cannot talk to '%s': %s", c->exchange->origin, buf_text(&shown));
	return remedy ? err_remedy(e, remedy) : false;
}

bool client_answer(struct http_client *c, struct exchange *x, struct err *e)
{
	struct curl_header *etag = NULL;

	x->untrusted = c->other_leaf || c->rc == CURLE_PEER_FAILED_VERIFICATION;
	if (c->rc)
		return set_error(c, e);
	if (x->kind == EXCHANGE_HTTP) {
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &x->status);
		/* The ETag may also follow the body, as a trailer. */
		curl_easy_header(c->easy, "ETag", 0, CURLH_HEADER | CURLH_TRAILER, -1, &etag);
		if (etag && strlen(etag->value) < sizeof(x->etag))
			strcpy(x->etag, etag->value);
		x->peer = c->peer;
	}
	secret_release(&x->reply);
	x->reply = TAKE(c->reply);
	if (!x->reply.bytes)
		secret_alloc(&x->reply, 0);
	x->reply.len = c->got; /* bytes beyond were never written */
	return true;
}

int64_t client_retry_after(const struct http_client *c)
{
	curl_off_t seconds = 0;
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (status == 429 || (status == 503 && seconds > 0))
		return seconds;
	return -1;
}

/* ---- lines and SSH on the connected socket ---- */

bool client_take_socket(const struct http_client *c, int *out, struct err *e)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
	*out = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return *out >= 0 || err_sys(e, "cannot keep a connection");
}

bool client_lines(struct http_client *c, int64_t end_ms)
{
	const struct secret *body = &c->exchange->body;
	AUTO(secret) piece = { 0 };
	curl_socket_t fd = CURL_SOCKET_BAD;
	size_t sent = 0;
	size_t some = 0;

	curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
	while (sent < body->len) {
		c->rc = curl_easy_send(c->easy, body->bytes + sent, body->len - sent, &some);
		if (c->rc == CURLE_AGAIN && !loop_wait(fd, POLLOUT, end_ms))
			return false;
		if (c->rc && c->rc != CURLE_AGAIN)
			return true;
		sent += c->rc ? 0 : some;
	}
	secret_alloc(&piece, FIRST_ROOM);
	for (;;) {
		c->rc = curl_easy_recv(c->easy, piece.bytes, piece.len, &some);
		if (c->rc == CURLE_AGAIN && loop_wait(fd, POLLIN, end_ms))
			continue;
		if (c->rc == CURLE_AGAIN)
			return false;
		if (c->rc || !some)
			return true;
		if (!client_take(c, piece.bytes, some)) {
			c->rc = CURLE_WRITE_ERROR;
			return true;
		}
	}
}
