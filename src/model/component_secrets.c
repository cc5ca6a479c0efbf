/* SPDX-License-Identifier: Apache-2.0 */
#include "model/component_secrets.h"

#include "model/http_spec.h"

struct secret_visitor {
	secret_visit_fn *visit;
	void *ctx;
};

static void visit_secret(const struct secret_visitor *v, const struct secret_ref *ref)
{
	if (ref->kind != SECRET_NONE)
		v->visit(v->ctx, ref);
}

static void visit_access(const struct secret_visitor *v, const struct http_access *a)
{
	visit_secret(v, &a->key);
	visit_secret(v, &a->password);
}

static void visit_request(const struct secret_visitor *v, const struct http_request *r)
{
	for (size_t i = 0; r && i < r->header_count; i++)
		visit_secret(v, &r->headers[i].secret);
}

static void visit_http(const struct secret_visitor *v, const struct http *http)
{
	visit_access(v, &http->access);
	visit_secret(v, &http->pkcs12_password);
	for (int verb = 0; verb < DECLARED_COUNT; verb++)
		visit_request(v, http->requests[verb]);
}

void notify_secrets(const struct notify *n, secret_visit_fn *visit, void *ctx)
{
	const struct secret_visitor v = { visit, ctx };

	visit_secret(&v, &n->secret_path);
	if (!n->http)
		return;
	visit_access(&v, &n->http->access);
	visit_request(&v, &n->http->request);
}

void component_secrets(const struct component *c, const struct fleet_access *access,
		       secret_visit_fn *visit, void *ctx)
{
	const struct secret_visitor v = { visit, ctx };

	switch (c->deliver.kind) {
	case DRIVER_SFTP:
		visit_secret(&v, &access->ssh.key);
		visit_secret(&v, &access->ssh.passphrase);
		break;
	case DRIVER_ETCD:
		visit_access(&v, &c->deliver.etcd->access);
		break;
	case DRIVER_HANDOFF:
		visit_secret(&v, &c->deliver.handoff->password);
		break;
	case DRIVER_HTTP:
		visit_http(&v, c->deliver.http);
		break;
	default:
		break;
	}
	if (c->appmon.kind != APPMON_NONE)
		visit_secret(&v, &access->appmon.password);
	if (c->activate.http) {
		visit_access(&v, &c->activate.http->access);
		visit_request(&v, &c->activate.http->request);
	}
}
