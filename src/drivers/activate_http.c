/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `activate: {http: ...}`: one HTTP request, sent from this host, that makes a
 * process load its pair, whichever driver delivered it.
 */
#include "drivers/driver_table.h"

#include "drivers/http_render.h"
#include "model/http_spec.h"

static const struct http_call *call_of(const struct component *c)
{
	return c->activate.http;
}

static const char *activate_http_origin(const struct component *c)
{
	return call_of(c)->request.url.origin;
}

static bool activate_http_activate(struct driver_session *v, struct err *e)
{
	const struct http_call *call = call_of(v->job->component);
	AUTO(http_words) words = { 0 };
	AUTO(exchange) x = { 0 };

	if (!http_render(&words, v, &call->request, &call->access, &x, e))
		return false;
	x.timeout_ms = v->job->component->activate.timeout * 1000;
	return driver_request(v, &x, e) && http_expected(v, &x, &call->request, e);
}

const struct driver call_driver = {
	.sessions = { [DRIVER_ACTIVATE] = activate_http_activate },
	.origin = activate_http_origin,
};
