/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/contact_list.h"

#include "model/http_spec.h"

static void contact_http_add_access(struct contact_list *c, const char *origin,
				    const struct http_access *a)
{
	if (a->ca)
		contact_add(c, CONTACT_SECRET,
			    contact_trusted(c,
					    arena_printf(&c->d->scratch, "authority of %s", origin),
					    a->ca));
}

static void contact_http_add_request(struct contact_list *c, const struct http_request *r)
{
	bool gives = request_needs_pair(r);

	contact_add(c, gives ? CONTACT_KEYS : CONTACT_REQUEST,
		    arena_printf(&c->d->scratch, "%s %s", http_method_names[r->method],
				 http_url_text(&r->url, &c->d->scratch)));
}

void contact_add_caddy(struct contact_list *c, const struct caddy *caddy)
{
	const char *admin = *caddy->admin == '/' ? contact_path(c, caddy->admin) : caddy->admin;

	contact_add(c, CONTACT_KEYS, arena_printf(&c->d->scratch, "%s id %s", admin, caddy->id));
}

void contact_add_etcd(struct contact_list *c, const struct etcd *etcd)
{
	for (const char *const *at = etcd->endpoints; *at; at++)
		contact_add(c, CONTACT_KEYS,
			    arena_printf(&c->d->scratch, "%s key %s", *at, etcd->key));
	contact_http_add_access(c, etcd->endpoints[0], &etcd->access);
}

void contact_add_http(struct contact_list *c, const struct http *http)
{
	contact_http_add_access(c, http->origin, &http->access);
	for (int verb = 0; verb < DECLARED_COUNT; verb++)
		if (http->requests[verb])
			contact_http_add_request(c, http->requests[verb]);
}

void contact_add_call(struct contact_list *c, const struct http_call *call)
{
	contact_http_add_access(c, call->request.url.origin, &call->access);
	contact_http_add_request(c, &call->request);
}
