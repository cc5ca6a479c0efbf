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

static void activate_http_forget(struct visit *v)
{
	http_words_release(v->memory);
}

static enum turn activate_http_activate(struct visit *v, struct exchange *ask, struct err *e)
{
	const struct http_call *call = call_of(v->job->component);

	if (v->reply)
		return http_expected(v, &call->request, e) ? TURN_DONE : TURN_FAILED;
	v->memory = ARENA_NEW(v->arena, struct http_words);
	if (!http_render(v->memory, v, &call->request, &call->access, ask, e))
		return TURN_FAILED;
	ask->timeout_ms = v->job->component->activate.timeout * 1000;
	return TURN_ASK;
}

const struct driver call_driver = {
	.turns = { [DRIVER_ACTIVATE] = activate_http_activate },
	.origin = activate_http_origin,
	.forget = activate_http_forget,
};
