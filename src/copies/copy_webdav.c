/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of a WebDAV server, RFC 4918; a plain HTTP server with PUT is enough. */
#include "base/text.h"
#include "copies/copy_kind.h"
#include "remote/exchange.h"

#include <string.h>

static bool webdav_prepare(struct copy_session *s, struct err *e)
{
	const struct web_access *web = s->job->copy->web;
	const struct secret *password = NULL;
	AUTO(secret) both = { 0 };

	if (!web)
		return true;
	if (!copy_identity(s, e) || !copy_secret(s, &web->secret, &password, e))
		return err_in(e, "cannot log in to '%s%s'", web->origin, web->path);
	secret_add(&both, web->user, strlen(web->user));
	secret_add(&both, ":", 1);
	secret_add(&both, password->bytes, password->len);
	secret_copy(&s->authorization, "Basic ", 6);
	text_base64_secret(&s->authorization, both.bytes, both.len);
	return true;
}

/* The login, and up to one more header; `list` has room for two. */
static void webdav_headers(const struct copy_session *s, const struct exchange_header *more,
			   struct exchange_header *list, struct exchange *x)
{
	if (s->authorization.len)
		list[x->header_count++] =
			(struct exchange_header){ "Authorization", &s->authorization };
	if (more)
		list[x->header_count++] = *more;
	x->headers = list;
}

static bool webdav_get(struct copy_session *s, struct secret *out, struct err *e)
{
	struct exchange_header headers[2];
	AUTO(exchange) x = { .method = "GET", .path = copy_url_path(s), .reads = true };

	webdav_headers(s, NULL, headers, &x);
	return copy_request(s, &x, e) && copy_http_got(s, &x, out, e);
}

static bool webdav_send(struct copy_session *s, struct err *e)
{
	AUTO(secret) any = { 0 };
	struct exchange_header headers[3] = { 0 };
	AUTO(exchange) x = { .method = "PUT", .path = copy_url_path(s), .reads = true };

	secret_copy(&any, "*", 1);
	webdav_headers(s, &(struct exchange_header){ "If-None-Match", &any }, headers, &x);
	secret_copy(&x.body, buf_text(s->job->bytes), s->job->bytes->len);
	if (!copy_request(s, &x, e))
		return false;
	return (x.status >= 200 && x.status < 300) || copy_refused(s, &x, e);
}

static bool webdav_list(struct copy_session *s, copy_names *out, struct err *e)
{
	AUTO(secret) depth = { 0 };
	struct exchange_header headers[2];
	AUTO(exchange) x = { .method = "PROPFIND",
			     .path = arena_printf(s->job->arena, "%s/", s->job->copy->path),
			     .reads = true };

	secret_copy(&depth, "1", 1);
	webdav_headers(s, &(struct exchange_header){ "Depth", &depth }, headers, &x);
	if (!copy_request(s, &x, e))
		return false;
	if (x.status == 405 || x.status == 501) /* files only, no WebDAV */
		return true;
	if (x.status != 207)
		return copy_refused(s, &x, e);
	copy_find_names(s, x.reply.bytes, x.reply.len, out);
	return true;
}

const struct copy_kind_ops copy_webdav = {
	.prepare = webdav_prepare,
	.get = webdav_get,
	.send = webdav_send,
	.list = webdav_list,
};
