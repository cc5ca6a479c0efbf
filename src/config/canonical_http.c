/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical text of requests. */
#include "config/writer.h"

#include "base/text.h"
#include "config/deliver_http.h"

static void put_request_text(struct writer *w, const char *field, const struct http_text *t)
{
	if (!t->count)
		return;
	buf_printf(w->out, " %s=", field);
	for (size_t i = 0; i < t->count; i++) {
		const struct http_piece *p = &t->pieces[i];

		if (p->what == MATERIAL_TEXT)
			text_percent(w->out, p->text);
		else
			buf_printf(w->out, "${%s}", material_names[p->what]);
	}
	buf_puts(w->out, "\n");
}

static void put_header(struct writer *w, const struct http_header *h)
{
	put_text(w, "header", h->name);
	put_secret(w, "header_value", &h->secret);
	put_request_text(w, "header_value", &h->text);
}

static void canonical_http_put_request(struct writer *w, const char *verb,
				       const struct http_request *r)
{
	put_text(w, "request", verb);
	put_text(w, "method", http_method_names[r->method]);
	put_text(w, "origin", r->url.origin);
	put_request_text(w, "path", &r->url.path);
	for (size_t i = 0; i < r->header_count; i++)
		put_header(w, &r->headers[i]);
	put_request_text(w, "body", &r->body);
	put_request_text(w, "json", &r->json);
	for (const unsigned *s = r->expect; s && *s; s++)
		put_number(w, "expect", *s);
	put_text(w, "fingerprint_at", r->fingerprint);
	put_text(w, "version_at", r->version);
	if (r->timeout)
		put_number(w, "request_timeout", r->timeout);
}

void write_request(struct writer *w, const struct field *f, const void *slot)
{
	const struct http_request *r = *(const struct http_request *const *)slot;

	if (r)
		canonical_http_put_request(w, f->key, r);
}

void put_call(struct writer *w, const char *verb, const struct http_call *c)
{
	write_rows(w, &http_access_record, &c->access);
	canonical_http_put_request(w, verb, &c->request);
}
