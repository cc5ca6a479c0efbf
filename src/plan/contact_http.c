/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/contact_list.h"

#include "model/http_spec.h"

static void add_access(struct reach_list *c, const char *origin, const struct http_access *a)
{
	if (a->ca)
		reach_add(c, REACH_SECRET,
			  reach_trusted(c, arena_printf(&c->d->scratch, "authority of %s", origin),
					a->ca));
	reach_add_secret(c, &a->key);
	reach_add_secret(c, &a->password);
}

/* What is filled in later stands there by its name. */
static const char *url_text(const struct reach_list *c, const struct http_url *url)
{
	AUTO(buf) out = { 0 };

	buf_puts(&out, url->origin);
	for (size_t i = 0; i < url->path.count; i++) {
		const struct http_piece *p = &url->path.pieces[i];

		if (p->what == MATERIAL_TEXT)
			buf_puts(&out, p->text);
		else
			buf_printf(&out, "${%s}", material_names[p->what]);
	}
	return arena_strdup(&c->d->scratch, buf_text(&out));
}

static void add_request(struct reach_list *c, const struct http_request *r)
{
	bool gives = request_needs_pair(r);

	reach_add(c, gives ? REACH_KEYS : REACH_REQUEST,
		  arena_printf(&c->d->scratch, "%s %s", http_method_names[r->method],
			       url_text(c, &r->url)));
	for (size_t i = 0; i < r->header_count; i++)
		reach_add_secret(c, &r->headers[i].secret);
}

void reach_add_caddy(struct reach_list *c, const struct caddy *caddy)
{
	const char *admin = *caddy->admin == '/' ? reach_path(c, caddy->admin) : caddy->admin;

	reach_add(c, REACH_KEYS, arena_printf(&c->d->scratch, "%s id %s", admin, caddy->id));
}

void reach_add_etcd(struct reach_list *c, const struct etcd *etcd)
{
	for (const char *const *at = etcd->endpoints; *at; at++)
		reach_add(c, REACH_KEYS, arena_printf(&c->d->scratch, "%s key %s", *at, etcd->key));
	add_access(c, etcd->endpoints[0], &etcd->access);
}

void reach_add_http(struct reach_list *c, const struct http *http)
{
	add_access(c, http->origin, &http->access);
	reach_add_secret(c, &http->pkcs12_password);
	for (int verb = 0; verb < HTTP_VERB_COUNT; verb++)
		if (http->requests[verb])
			add_request(c, http->requests[verb]);
}

void reach_add_call(struct reach_list *c, const struct http_call *call)
{
	add_access(c, call->request.url.origin, &call->access);
	add_request(c, &call->request);
}
