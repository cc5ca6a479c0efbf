/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket of an S3 service, as the first part of the path.  libcurl signs.  A
 * PUT is not made conditional: services that do not know the condition refuse
 * the request.
 */
#include "base/text.h"
#include "copies/copy_kind.h"
#include "crypto/crypto.h"
#include "remote/exchange.h"

#include <string.h>

enum {
	LIST_PAGES = 100, /* of a thousand names */
};

static bool s3_is_printable(const struct secret *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->bytes[i] <= ' ' || s->bytes[i] > '~')
			return false;
	return s->len > 0;
}

static bool s3_prepare(struct copy_session *s, struct err *e)
{
	const struct web_access *web = s->job->copy->web;

	s->s3.region = web->region;
	if (!copy_identity(s, e) || !copy_secret(s, &web->key_id, &s->s3.key_id, e) ||
	    !copy_secret(s, &web->secret, &s->s3.secret, e))
		return err_in(e, "cannot log in to '%s%s'", web->origin, web->path);
	if (s3_is_printable(s->s3.key_id) && s3_is_printable(s->s3.secret))
		return true;
	return err_set(e, ERR_INPUT,
		       "'key_id' and 'secret' for '%s%s' must be one line of printable characters",
		       web->origin, web->path);
}

/* The hash is part of what is signed; services ask for it in a header as well. */
static bool s3_request(struct copy_session *s, struct exchange *x, struct err *e)
{
	struct arena *a = s->job->arena;
	struct exchange_header *header = ARENA_NEW(a, struct exchange_header);
	struct secret *value = ARENA_NEW(a, struct secret); /* none: the hash of what is sent */
	char *digest = arena_array(a, SHA256_TEXT, 1);

	sha256_text(x->body.len ? (const void *)x->body.bytes : "", x->body.len, digest);
	*value = (struct secret){ (unsigned char *)digest, strlen(digest) };
	*header = (struct exchange_header){ "x-amz-content-sha256", value };
	x->headers = header;
	x->header_count = 1;
	x->s3 = &s->s3;
	return copy_request(s, x, e);
}

static bool s3_get(struct copy_session *s, struct secret *out, struct err *e)
{
	AUTO(exchange) x = { .method = "GET", .path = copy_url_path(s), .reads = true };

	return s3_request(s, &x, e) && copy_http_got(s, &x, out, e);
}

static bool s3_send(struct copy_session *s, struct err *e)
{
	AUTO(exchange) x = { .method = "PUT", .path = copy_url_path(s), .reads = true };

	secret_copy(&x.body, buf_text(s->job->bytes), s->job->bytes->len);
	if (!s3_request(s, &x, e))
		return false;
	return x.status == 200 || copy_refused(s, &x, e);
}

/* In a query everything but plain characters is quoted, the slash as well. */
static const char *page_path(const struct copy_session *s, const char *after)
{
	const char *path = s->job->copy->path + 1;
	size_t bucket = strcspn(path, "/");
	AUTO(buf) query = { 0 };

	buf_printf(&query, "/%.*s?list-type=2&prefix=", (int)bucket, path);
	for (int part = 0; part < (after ? 2 : 1); part++) {
		buf_puts(&query, part ? "&start-after=" : "");
		if (path[bucket]) {
			text_percent(&query, path + bucket + 1);
			buf_puts(&query, "%2F");
		}
		text_percent(&query, part ? after : s->job->name);
	}
	return arena_strdup(s->job->arena, buf_text(&query));
}

static bool s3_list(struct copy_session *s, copy_names *out, struct err *e)
{
	const char *last = NULL;

	for (int page = 0; page < LIST_PAGES; page++) {
		AUTO(exchange) x = { .method = "GET", .path = page_path(s, last), .reads = true };
		const char *next = last;
		size_t before = out->count;

		if (!s3_request(s, &x, e))
			return false;
		if (x.status != 200)
			return copy_refused(s, &x, e);
		copy_find_names(s, x.reply.bytes, x.reply.len, out);
		/* the answer also repeats what was asked for */
		for (size_t i = before; i < out->count; i++)
			if (!next || strcmp(out->items[i], next) > 0)
				next = out->items[i];
		if (next == last)
			return true;
		last = next;
	}
	return true;
}

const struct copy_kind_ops copy_s3 = {
	.prepare = s3_prepare,
	.get = s3_get,
	.send = s3_send,
	.list = s3_list,
};
