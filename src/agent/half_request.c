/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install_half.h"

#include "agent/order_verify.h"
#include "base/clock.h"
#include "base/program_version.h"
#include "pki/foreign.h"
#include "wire/report.h"
#include "wire/request.h"

enum {
	LONGEST_S = 24 * 60 * 60, /* added for an activation */
};

void half_request_release(struct half_request *q)
{
	secret_release(&q->body);
	arena_release(&q->arena);
}

static struct report_identity identity_of(const struct half_request *q)
{
	return (struct report_identity){
		.spki = q->spki,
		.program = "certfleet " CERTFLEET_VERSION,
		.time = clock_now(),
	};
}

static void serve_components(struct half_request *q, struct response *out)
{
	const struct agent_config *c = q->config;
	struct component_report *list = arena_array(&q->arena, c->component_count, sizeof(*list));
	struct report_identity self = identity_of(q);

	for (size_t i = 0; i < c->component_count; i++)
		component_inspect(c, &c->components[i], &q->arena, &list[i]);
	response_json(200, report_all(&self, list, c->component_count), out);
}

static void serve_component(struct half_request *q, struct response *out)
{
	struct component_report report;
	struct report_identity self = identity_of(q);

	component_inspect(q->config, q->component, &q->arena, &report);
	component_inspect_running(q->component, &q->arena, &report);
	response_json(200, report_one(&self, &report), out);
}

static void serve_order(struct half_request *q, struct response *out)
{
	AUTO(order_request) request = { 0 };
	struct verified_order checked = { 0 };
	const struct order_verification check = {
		.config = q->config,
		.signers = q->signers,
		.spki = q->spki,
		.action = route_action(q->route),
		.component = q->component,
		.request = &request,
		.now = clock_now(),
	};
	const struct order_execution execution = { .config = q->config,
						   .component = q->component,
						   .checked = &checked,
						   .request = &request };
	struct problem problem = { 0 };
	struct err e = { 0 };

	if (q->facts && q->route != ROUTE_STAGE)
		foreign_import(&q->facts[q->component - q->config->components]);
	if (!order_request_read(&q->body, &q->arena, &request, &e))
		response_problem(PROBLEM_BAD_REQUEST, e.text, out);
	else if (order_verify(&check, &q->arena, &checked, &problem) &&
		 order_execute(&execution, &q->arena, &problem))
		response_json(200, json_object(), out);
	else
		response_problem(problem.kind, problem.detail, out);
	out->signer = checked.signer;
	if (q->route == ROUTE_STAGE && out->status == 200)
		foreign_export(&out->facts);
}

/*
 * Requests by route.  Seconds are those without an activation, whose own are
 * added: for reading, and for a slow disk.
 */
static const struct {
	void (*serve)(struct half_request *q, struct response *out); /* NULL: refused */
	int seconds;
} dispatch[ROUTE_COUNT] = {
	[ROUTE_COMPONENTS] = { serve_components, 120 },
	[ROUTE_COMPONENT] = { serve_component, 60 },
	[ROUTE_STAGE] = { serve_order, 60 },
	[ROUTE_COMMIT] = { serve_order, 60 },
	[ROUTE_ABORT] = { serve_order, 60 },
	[ROUTE_ACTIVATE] = { serve_order, 60 },
	[ROUTE_REVERT] = { serve_order, 60 },
};

bool half_request_read(struct message *m, struct half_request *q, struct err *e)
{
	struct fields f = fields_of(&m->body);
	uint64_t route = fields_number(&f);
	uint64_t name_len = fields_number(&f);
	const unsigned char *name = fields_bytes(&f, name_len);
	size_t len = 0;
	const unsigned char *body = fields_rest(&f, &len);

	if (f.failed || name_len > MESSAGE_NAME_LIMIT || m->kind != MESSAGE_REQUEST ||
	    route >= ROUTE_COUNT || !dispatch[route].serve || len > REQUEST_LIMIT)
		return err_set(e, ERR_REMOTE,
			       "refused a malformed request of the agent's network process");
	q->route = (enum route)route;
	q->number = m->number;
	q->name = arena_strndup(&q->arena, (const char *)name, name_len);
	q->component = agent_component(q->config, q->name);
	secret_copy(&q->body, body, len);
	return true;
}

int half_request_seconds(enum route route, const struct agent_component *component)
{
	int more = route == ROUTE_ACTIVATE && component ? (int)component->activate.timeout : 0;

	if (more < 0 || more > LONGEST_S)
		more = LONGEST_S;
	return dispatch[route].seconds + more;
}

void half_request_serve(void *ctx, struct response *out)
{
	struct half_request *q = ctx;

	if (q->component || q->route == ROUTE_COMPONENTS)
		dispatch[q->route].serve(q, out);
	else
		response_problem(PROBLEM_UNKNOWN_COMPONENT, q->name, out);
}
