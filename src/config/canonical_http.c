/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical text of everything reached over HTTP. */
#include "config/writer.h"

#include "base/text.h"

static void canonical_http_put_access(struct writer *w, const struct http_access *a)
{
	put_path(w, "ca", a->ca);
	put_path(w, "identity_certificate", a->certificate);
	put_secret(w, "identity_key", &a->key);
	put_text(w, "user", a->user);
	put_secret(w, "password", &a->password);
}

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

void put_caddy(struct writer *w, const struct caddy *c)
{
	if (*c->admin == '/')
		put_path(w, "caddy_admin", c->admin);
	else
		put_text(w, "caddy_admin", c->admin);
	put_text(w, "caddy_id", c->id);
}

void put_etcd(struct writer *w, const struct etcd *d)
{
	for (const char *const *at = d->endpoints; *at; at++)
		put_text(w, "etcd_endpoint", *at);
	put_text(w, "etcd_key", d->key);
	canonical_http_put_access(w, &d->access);
}

void put_http(struct writer *w, const struct http *h)
{
	canonical_http_put_access(w, &h->access);
	put_secret(w, "pkcs12_password", &h->pkcs12_password);
	for (int verb = 0; verb < DECLARED_COUNT; verb++)
		if (h->requests[verb])
			canonical_http_put_request(w, declared_verb_names[verb], h->requests[verb]);
}

void put_call(struct writer *w, const struct http_call *c)
{
	canonical_http_put_access(w, &c->access);
	canonical_http_put_request(w, "activate", &c->request);
}
